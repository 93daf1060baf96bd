"""The same payment file as text put together by hand, for one version and one kind of payment."""

from collections.abc import Sequence

from promises.payouts.rails.sepa.writing import Payment, PaymentFile

_HEAD = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"><CstmrCdtTrfInitn><GrpHdr>'
    "<MsgId>{0}</MsgId><CreDtTm>{1}</CreDtTm><NbOfTxs>{2}</NbOfTxs><CtrlSum>{3}</CtrlSum>"
    "<InitgPty><Nm>{4}</Nm></InitgPty></GrpHdr><PmtInf><PmtInfId>{0}</PmtInfId>"
    "<PmtMtd>TRF</PmtMtd><BtchBookg>false</BtchBookg><NbOfTxs>{2}</NbOfTxs><CtrlSum>{3}</CtrlSum>"
    "<PmtTpInf><SvcLvl><Cd>SEPA</Cd></SvcLvl></PmtTpInf><ReqdExctnDt><Dt>{5}</Dt></ReqdExctnDt>"
    "<Dbtr><Nm>{4}</Nm></Dbtr><DbtrAcct><Id><IBAN>{6}</IBAN></Id></DbtrAcct><DbtrAgt><FinInstnId>"
    "<Othr><Id>NOTPROVIDED</Id></Othr></FinInstnId></DbtrAgt><ChrgBr>SLEV</ChrgBr>"
)
_ONE = (
    "<CdtTrfTxInf><PmtId><InstrId>{0}</InstrId><EndToEndId>{0}</EndToEndId><UETR>{1}</UETR></PmtId>"
    '<Amt><InstdAmt Ccy="EUR">{2}</InstdAmt></Amt><Cdtr><Nm>{3}</Nm></Cdtr>'
    "<CdtrAcct><Id><IBAN>{4}</IBAN></Id></CdtrAcct><RmtInf><Ustrd>{5}</Ustrd></RmtInf></CdtTrfTxInf>"
)
_END = "</PmtInf></CstmrCdtTrfInitn></Document>"


def write(head: PaymentFile, payments: Sequence[Payment]) -> bytes:
    total = sum(one.amount.amount_minor for one in payments)
    begin = _HEAD.format(
        head.message_id,
        head.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        len(payments),
        f"{total // 100}.{total % 100:02d}",
        head.debtor_name,
        head.execute_on,
        head.debtor_iban,
    )
    lines = [
        _ONE.format(
            one.mark,
            one.tracking_id,
            f"{one.amount.amount_minor // 100}.{one.amount.amount_minor % 100:02d}",
            one.name,
            one.iban,
            one.note,
        )
        for one in payments
    ]
    return (begin + "".join(lines) + _END).encode()
