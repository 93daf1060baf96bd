"""What banks answer: pain.002, camt.052, camt.053, camt.054 and pacs.004, in whatever version.

Names are read without their namespace, so that a bank's next version of a message is read as well.
"""

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
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
    "CANC": LineKind.REJECTED,
    "RCVD": LineKind.RECEIVED,
    "PDNG": LineKind.RECEIVED,
    "PATC": LineKind.RECEIVED,
    "ACTC": LineKind.ACCEPTED,
    "ACCP": LineKind.ACCEPTED,
    "ACFC": LineKind.ACCEPTED,
    "ACSP": LineKind.ACCEPTED,
    "ACSC": LineKind.ACCEPTED,
    "ACWC": LineKind.ACCEPTED,
    "ACWP": LineKind.ACCEPTED,
    "ACCC": LineKind.ACCEPTED,
}
"""Settled at the bank (ACSC, ACCC) is not yet on a statement: only a booking proves a payment."""

_ACCOUNTS = {
    "BkToCstmrStmt": (FileKind.STATEMENT, "Stmt"),
    "BkToCstmrDbtCdtNtfctn": (FileKind.NOTICE, "Ntfctn"),
    "BkToCstmrAcctRpt": (FileKind.REPORT, "Rpt"),
}

_NO_AMOUNT = N_("This file holds an amount that is none.")

_DUPLICATE = frozenset({"DUPL", "AM05", "DU01", "DU02", "DU03", "DU04", "DU05"})
_FEES = frozenset({"CHRG", "COME", "COMI", "COMM", "COMT", "FEES", "TAXE"})
_TRUE = frozenset({"true", "1"})
_NAMELESS = frozenset({"NOTPROVIDED", "NOT PROVIDED", "NONREF"})

Said = tuple[LineKind | None, str | None]
"""What a bank says of a payment, and its reason; no kind where it says nothing."""


def read_bank_file(content: bytes, is_ours: Callable[[str], bool]) -> AnswerFile:
    """A bank's message as a whole; of statements only those of accounts (plain IBANs) that are
    ours.

    Raises FileNotReadable.
    """
    root = _parsed(content)
    for name, read in (
        ("CstmrPmtStsRpt", _status_report),
        *((name, _statement) for name in _ACCOUNTS),
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
    whole = of_group = _judged(group, "GrpSts")
    lines: list[Line] = []
    for batch in body.findall("OrgnlPmtInfAndSts"):
        of_batch = _judged(batch, "PmtInfSts", of_group)
        whole = whole if of_batch[0] is None else of_batch
        lines += _status_lines(batch, len(lines), whole)
    return AnswerFile(FileKind.STATUS, _message_id(body), tuple(lines), answers_to, *whole)


def _status_lines(batch: etree._Element, before: int, above: Said) -> Iterator[Line]:
    for number, one in enumerate(batch.findall("TxInfAndSts"), before + 1):
        kind, reason = _judged(one, "TxSts", above)
        if kind is not None:
            amount, currency = _amount(one.find("OrgnlTxRef/Amt/InstdAmt"))
            mark = _mark(one, "OrgnlEndToEndId", "OrgnlInstrId")
            yield Line(kind, f"tx-{number}", mark, amount, currency, reason)


def _judged(element: etree._Element, name: str, above: Said = (None, None)) -> Said:
    """What is said at one level, which counts before what is said above it. Where all of a file was
    there before, nothing below is a refusal of the first one."""
    reasons = [
        _text(one, "Rsn/Cd") or _text(one, "Rsn/Prtry") for one in element.findall("StsRsnInf")
    ]
    reasons = [one for one in reasons if one]
    kind = _BY_STATUS.get(_text(element, name))
    reason = reasons[0] if reasons else None
    if kind is not LineKind.REJECTED:
        return kind, reason
    double = next((one for one in reasons if one in _DUPLICATE), None)
    if double is not None or above[0] is LineKind.DUPLICATE:
        return LineKind.DUPLICATE, double or above[1]
    inherited = above[1] if above[0] is LineKind.REJECTED else None
    return kind, reason or inherited


def _mark(element: etree._Element, *paths: str) -> str:
    """The first of our ids that the bank gives back."""
    found = (_text(element, path) for path in paths)
    return next((one for one in found if one and one.upper() not in _NAMELESS), "")


def _statement(body: etree._Element, is_ours: Callable[[str], bool]) -> AnswerFile:
    kind, part_name = _ACCOUNTS[body.tag]
    accounts: set[str] = set()
    lines: list[Line] = []
    totals: list[Line] = []
    balances: list[Balance] = []
    for part in body.findall(part_name):
        owner = plain_iban(_text(part, "Acct/Id/IBAN") or _text(part, "Acct/Id/Othr/Id"))
        if not is_ours(owner):
            continue
        accounts.add(owner)
        part_id, in_pages = _place(body, part)
        entries = part.findall("Ntry")
        for number, entry in enumerate(entries, 1):
            if _is_booked(entry):
                lines += _entry_lines(entry, part_id, number)
                totals += _entry_totals(entry, part_id, number)
        if kind is FileKind.STATEMENT:
            balance = _balance(part, part_id, entries)
            balances.append(replace(balance, opening_minor=None) if in_pages else balance)
    return AnswerFile(
        kind,
        _message_id(body),
        tuple(lines),
        accounts=frozenset(accounts),
        balances=tuple(balances),
        totals=tuple(totals),
    )


def _place(body: etree._Element, part: etree._Element) -> tuple[str, bool]:
    """Where entries stand that the bank gives no reference; and whether this is one page of
    several, whose entries do not explain its balances."""
    page, last = "", ""
    for at, path in ((part, "StmtPgntn"), (part, "RptPgntn"), (body, "GrpHdr/MsgPgntn")):
        page = page or _text(at, f"{path}/PgNb")
        last = last or _text(at, f"{path}/LastPgInd")
    later = page.lstrip("0") not in ("", "1")
    name = _text(part, "Id")
    return (f"{name}.{page}" if later else name), later or bool(last) and last not in _TRUE


def _is_booked(entry: etree._Element) -> bool:
    return (_text(entry, "Sts/Cd") or _text(entry, "Sts")) == "BOOK"


def _reference(entry: etree._Element, part_id: str, number: int) -> str:
    """The bank's own where it gave one, which another message gives as well."""
    own = _text(entry, "AcctSvcrRef")
    return own or f"{part_id}/{_text(entry, 'NtryRef') or number}"


def _entry_lines(entry: etree._Element, part_id: str, place: int) -> Iterator[Line]:
    """The payments and returns of one booked entry."""
    ref, lasting = _reference(entry, part_id, place), bool(_text(entry, "AcctSvcrRef"))
    booked_on = _booked_on(entry)
    details = entry.findall("NtryDtls/TxDtls")
    for number, one in enumerate(details, 1):
        mark = _mark(one, "Refs/EndToEndId", "Refs/InstrId")
        kind = _movement(entry, one)
        if not mark or kind is None:
            continue
        amount, currency = _amount(_booked_amount(entry, one, alone=len(details) == 1))
        reason = _text(one, "RtrInf/Rsn/Cd") or None
        yield Line(kind, f"{ref}/{number}", mark, amount, currency, reason, lasting, booked_on)


def _booked_on(entry: etree._Element) -> dt.date | None:
    """None where the bank does not say, or says no day of the calendar: nothing hangs on it."""
    said = _text(entry, "BookgDt/Dt") or _text(entry, "BookgDt/DtTm")
    with suppress(ValueError):
        return dt.date.fromisoformat(said[:10])
    return None


def _booked_amount(
    entry: etree._Element, one: etree._Element, *, alone: bool
) -> etree._Element | None:
    """What was paid, before anything was added for charges; the entry's own where nothing else is
    said."""
    for path in ("Amt", "AmtDtls/TxAmt/Amt", "AmtDtls/InstdAmt/Amt"):
        found = one.find(path)
        if found is not None:
            return found
    return entry.find("Amt") if alone else None


def _entry_totals(entry: etree._Element, part_id: str, place: int) -> Iterator[Line]:
    """What an entry says of a whole payment file: one sum, and no payment by itself."""
    ids = ("Refs/EndToEndId", "Refs/InstrId")
    named = [one for one in entry.findall("NtryDtls/TxDtls") if _mark(one, *ids)]
    mark = _mark(
        entry,
        *(f"NtryDtls/Btch/{name}" for name in ("PmtInfId", "MsgId")),
        *(f"NtryDtls/TxDtls/Refs/{name}" for name in ("PmtInfId", "MsgId")),
    )
    kind = _movement(entry, entry)
    if mark and kind is not None and not named:
        amount, currency = _amount(entry.find("Amt"))
        ref, day = _reference(entry, part_id, place), _booked_on(entry)
        yield Line(kind, ref, mark, amount, currency, booked_on=day)


def _movement(entry: etree._Element, one: etree._Element) -> LineKind | None:
    """Money that left, or came back. What else moved under a payment's id is for a person; the
    bank's own charges are no payment."""
    families = {_text(at, "BkTxCd/Domn/Fmly/SubFmlyCd") for at in (entry, one)}
    if families & _FEES:
        return None
    direction = _text(one, "CdtDbtInd") or _text(entry, "CdtDbtInd")
    came_back = (
        one.find("RtrInf") is not None or _text(entry, "RvslInd") in _TRUE or "RRTN" in families
    )
    if direction == "DBIT":
        return LineKind.UNCLEAR if came_back else LineKind.BOOKED
    return LineKind.RETURNED if came_back else LineKind.UNCLEAR


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
        mark = _mark(one, "OrgnlEndToEndId", "OrgnlInstrId")
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
