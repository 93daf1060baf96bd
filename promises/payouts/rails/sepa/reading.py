"""What banks answer: pain.002, camt.053, camt.054 and pacs.004, in whatever version.

Names are read without their namespace, so that a bank's next version of a message is read as well.
"""

import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal

from lxml import etree

from promises.kernel.money import is_currency, minor_digits
from promises.kernel.text import N_
from promises.payouts.rails.answers import AnswerFile, Balance, FileKind, Line, LineKind
from promises.payouts.rails.sepa.iban import plain_iban
from promises.payouts.run_errors import FileNotReadable

LARGEST_BYTES = 20 * 1024 * 1024
_LONGEST_ID = 35
_MOST_DIGITS = 18

_BY_STATUS = {
    "RJCT": LineKind.REJECTED,
    "RCVD": LineKind.RECEIVED,
    "PDNG": LineKind.RECEIVED,
    "ACTC": LineKind.ACCEPTED,
    "ACCP": LineKind.ACCEPTED,
    "ACSP": LineKind.ACCEPTED,
    "ACSC": LineKind.ACCEPTED,
    "ACWC": LineKind.ACCEPTED,
    "ACCC": LineKind.ACCEPTED,
}
"""Settled at the bank (ACSC, ACCC) is not yet on a statement: only a booking proves a payment."""

_NO_AMOUNT = N_("This file holds an amount that is none.")

_DUPLICATE = frozenset({"DUPL", "AM05"})


def read_bank_file(content: bytes, is_ours: Callable[[str], bool]) -> AnswerFile:
    """A bank's message as a whole; of statements only those of accounts (plain IBANs) that are
    ours.

    Raises FileNotReadable.
    """
    root = _parsed(content)
    for name, read in (
        ("CstmrPmtStsRpt", _status_report),
        ("BkToCstmrStmt", _statement),
        ("BkToCstmrDbtCdtNtfctn", _statement),
        ("PmtRtr", _returns),
    ):
        body = root.find(name)
        if body is not None:
            return read(body, is_ours)
    raise FileNotReadable(N_("This is no answer of a bank that we can read."))


def _parsed(content: bytes) -> etree._Element:
    if len(content) > LARGEST_BYTES:
        raise FileNotReadable(N_("This file is too large."))
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FileNotReadable(N_("This file is no XML.")) from error
    if root.getroottree().docinfo.doctype:
        raise FileNotReadable(N_("This file defines its own document type, and is not read."))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _status_report(body: etree._Element, _is_ours: Callable[[str], bool]) -> AnswerFile:
    group = body.find("OrgnlGrpInfAndSts")
    answers_to = "" if group is None else _text(group, "OrgnlMsgId")
    if group is None or not answers_to:
        raise FileNotReadable(N_("This file does not say which payment file it answers."))
    whole, reason = _judged(group, "GrpSts")
    lines: list[Line] = []
    for batch in body.findall("OrgnlPmtInfAndSts"):
        judged, why = _judged(batch, "PmtInfSts")
        whole, reason = (judged, why) if whole is None else (whole, reason)
        lines += _status_lines(batch, len(lines))
    return AnswerFile(FileKind.STATUS, _message_id(body), tuple(lines), answers_to, whole, reason)


def _status_lines(batch: etree._Element, before: int) -> Iterator[Line]:
    for number, one in enumerate(batch.findall("TxInfAndSts"), before + 1):
        kind, reason = _judged(one, "TxSts")
        if kind is not None:
            amount, currency = _amount(one.find("OrgnlTxRef/Amt/InstdAmt"))
            mark = _text(one, "OrgnlEndToEndId") or _text(one, "OrgnlInstrId")
            yield Line(kind, f"tx-{number}", mark, amount, currency, reason)


def _judged(element: etree._Element, name: str) -> tuple[LineKind | None, str | None]:
    """None where the bank says something of each payment only, or nothing."""
    reason = _text(element, "StsRsnInf/Rsn/Cd") or _text(element, "StsRsnInf/Rsn/Prtry") or None
    kind = _BY_STATUS.get(_text(element, name))
    if kind is LineKind.REJECTED and reason in _DUPLICATE:
        return LineKind.DUPLICATE, reason
    return kind, reason


def _statement(body: etree._Element, is_ours: Callable[[str], bool]) -> AnswerFile:
    is_notice = body.tag == "BkToCstmrDbtCdtNtfctn"
    accounts: set[str] = set()
    lines: list[Line] = []
    balances: list[Balance] = []
    for part in body.findall("Ntfctn" if is_notice else "Stmt"):
        owner = plain_iban(_text(part, "Acct/Id/IBAN") or _text(part, "Acct/Id/Othr/Id"))
        if not is_ours(owner):
            continue
        accounts.add(owner)
        part_id = _text(part, "Id")
        entries = part.findall("Ntry")
        for number, entry in enumerate(entries, 1):
            lines += _entry_lines(entry, f"{part_id}/{number}")
        if not is_notice:
            balances.append(_balance(part, part_id, entries))
    return AnswerFile(
        FileKind.NOTICE if is_notice else FileKind.STATEMENT,
        _message_id(body),
        tuple(lines),
        accounts=frozenset(accounts),
        balances=tuple(balances),
    )


def _is_booked(entry: etree._Element) -> bool:
    return (_text(entry, "Sts/Cd") or _text(entry, "Sts")) == "BOOK"


def _entry_lines(entry: etree._Element, place: str) -> Iterator[Line]:
    """The booked payments and returns of one entry. `place` is its position where the bank gave it
    no reference."""
    if not _is_booked(entry):
        return
    ref = _text(entry, "AcctSvcrRef") or _text(entry, "NtryRef") or place
    details = entry.findall("NtryDtls/TxDtls")
    for number, one in enumerate(details, 1):
        mark = _text(one, "Refs/EndToEndId") or _text(one, "Refs/InstrId")
        kind = _movement(entry, one)
        if not mark or kind is None:
            continue
        element = one.find("Amt")
        if element is None:
            element = one.find("AmtDtls/TxAmt/Amt")
        if element is None and len(details) == 1:
            element = entry.find("Amt")
        amount, currency = _amount(element)
        reason = _text(one, "RtrInf/Rsn/Cd") or None
        yield Line(kind, f"{ref}/{number}", mark, amount, currency, reason)


def _movement(entry: etree._Element, one: etree._Element) -> LineKind | None:
    """Money that left, or came back. Other money that arrives is not ours to judge, nor is the
    taking back of a return."""
    reversed_ = _text(entry, "RvslInd") == "true"
    direction = _text(one, "CdtDbtInd") or _text(entry, "CdtDbtInd")
    if direction == "DBIT":
        return None if reversed_ else LineKind.BOOKED
    family = _text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd")
    came_back = one.find("RtrInf") is not None or reversed_ or family == "RRTN"
    return LineKind.RETURNED if came_back else None


def _balance(part: etree._Element, ref: str, entries: list[etree._Element]) -> Balance:
    said: dict[str, int] = {}
    for one in part.findall("Bal"):
        amount = _signed(one)
        if amount is not None:
            said[_text(one, "Tp/CdOrPrtry/Cd")] = amount
    moved = sum(_signed(one) or 0 for one in entries if _is_booked(one))
    if abs(moved) >= 10**_MOST_DIGITS:
        raise FileNotReadable(_NO_AMOUNT)
    return Balance(ref, said.get("OPBD", said.get("PRCD")), moved, said.get("CLBD"))


def _signed(element: etree._Element) -> int | None:
    amount, _currency = _amount(element.find("Amt"))
    if amount is None:
        return None
    return -amount if _text(element, "CdtDbtInd") == "DBIT" else amount


def _returns(body: etree._Element, _is_ours: Callable[[str], bool]) -> AnswerFile:
    lines = []
    numbers = itertools.count(1)
    for one in body.findall("TxInf"):
        element = one.find("RtrdInstdAmt")
        if element is None:
            element = one.find("RtrdIntrBkSttlmAmt")
        amount, currency = _amount(element)
        ref = _text(one, "RtrId") or f"tx-{next(numbers)}"
        mark = _text(one, "OrgnlEndToEndId") or _text(one, "OrgnlInstrId")
        reason = _text(one, "RtrRsnInf/Rsn/Cd") or None
        lines.append(Line(LineKind.RETURNED, ref, mark, amount, currency, reason))
    return AnswerFile(FileKind.RETURN, _message_id(body), tuple(lines))


def _message_id(body: etree._Element) -> str:
    found = _text(body, "GrpHdr/MsgId")
    if not found or len(found) > _LONGEST_ID:
        raise FileNotReadable(N_("This file has no id of its own."))
    return found


def _text(element: etree._Element, path: str) -> str:
    found = element.findtext(path)
    return (found or "").strip()


def _amount(element: etree._Element | None) -> tuple[int | None, str | None]:
    if element is None:
        return None, None
    currency = element.get("Ccy") or ""
    said = (element.text or "").strip()
    if not is_currency(currency) or not _is_plain(said):
        raise FileNotReadable(_NO_AMOUNT)
    minor = Decimal(said).scaleb(minor_digits(currency))
    whole = int(minor)
    if whole != minor or whole >= 10**_MOST_DIGITS:
        raise FileNotReadable(_NO_AMOUNT)
    return whole, currency


def _is_plain(said: str) -> bool:
    """Digits and at most one point: no exponent, which would make a few characters a number that
    fills the memory."""
    digits = said.removeprefix("+").replace(".", "", 1)
    return digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DIGITS
