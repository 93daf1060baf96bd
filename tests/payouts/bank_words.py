"""What banks write, put together by hand: for what no bank of tests can be made to say."""

from promises.kernel.ids import new_id
from promises.payouts.rails.sepa.iban import TEST_IBAN

XMLNS = "urn:iso:std:iso:20022:tech:xsd:"
_PARTS = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
RETURNED = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"


def status(run, lines="", *, group="", batch="", why="", version="10", message_id=None):
    """`why`: the reason of the group."""
    return f"""<Document xmlns="{XMLNS}pain.002.001.{version}"><CstmrPmtStsRpt>
        <GrpHdr><MsgId>{message_id or new_id().hex}</MsgId></GrpHdr><OrgnlGrpInfAndSts>
        <OrgnlMsgId>{run}</OrgnlMsgId>{_tag("GrpSts", group)}{_why(why)}</OrgnlGrpInfAndSts>
        <OrgnlPmtInfAndSts><OrgnlPmtInfId>{run}</OrgnlPmtInfId>{_tag("PmtInfSts", batch)}{lines}
        </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""


def of_payment(mark, sts, *why, name="OrgnlEndToEndId"):
    reasons = "".join(map(_why, why))
    return f"<TxInfAndSts><{name}>{mark}</{name}><TxSts>{sts}</TxSts>{reasons}</TxInfAndSts>"


def account(*parts, kind="camt.053", message_id=None):
    """A message of accounts; `parts` by `part`."""
    name, inner = _PARTS[kind]
    body = "".join(f"<{inner}>{one}</{inner}>" for one in parts)
    return f"""<Document xmlns="{XMLNS}{kind}.001.08"><{name}><GrpHdr>
        <MsgId>{message_id or new_id().hex}</MsgId></GrpHdr>{body}</{name}></Document>"""


def part(*entries, name="day", iban=TEST_IBAN, more=""):
    return f"<Id>{name}</Id>{more}<Acct><Id><IBAN>{iban}</IBAN></Id></Acct>{''.join(entries)}"


def entry(details, *, amount="10.00", way="DBIT", ref="", more=""):
    return f"""<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>{more}
        <Sts><Cd>BOOK</Cd></Sts>{_tag("AcctSvcrRef", ref)}<NtryDtls>{details}</NtryDtls></Ntry>"""


def payment(mark, inside="", *, amount="10.00", other=""):
    return f"""<TxDtls><Refs><EndToEndId>{mark}</EndToEndId>{other}</Refs>
        <Amt Ccy="EUR">{amount}</Amt>{inside}</TxDtls>"""


def batch(run, inside=""):
    return f"<Btch><PmtInfId>{run}</PmtInfId>{inside}</Btch>"


def returned(mark, *, amount="10.00", other=""):
    return f"""<Document xmlns="{XMLNS}pacs.004.001.09"><PmtRtr><GrpHdr>
        <MsgId>{new_id().hex}</MsgId></GrpHdr><TxInf><OrgnlEndToEndId>{mark}</OrgnlEndToEndId>{other}
        <RtrdIntrBkSttlmAmt Ccy="EUR">{amount}</RtrdIntrBkSttlmAmt>
        <RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf></PmtRtr></Document>"""


def family(code):
    return f"<BkTxCd><Domn><Fmly><SubFmlyCd>{code}</SubFmlyCd></Fmly></Domn></BkTxCd>"


def _why(code):
    return f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf>" if code else ""


def _tag(name, text):
    return f"<{name}>{text}</{name}>" if text else ""
