"""pain.001: the payment file, the same bytes for the same payments."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from promises.kernel.money import Money
from promises.payouts.rails.sepa.characters import bank_text

VERSIONS = ("09", "03")
_NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.%s"
_NAME, _NOTE, _ID = 70, 140, 35
NAMELESS = "NOTPROVIDED"


@dataclass(frozen=True, slots=True)
class Payment:
    """`mark` is both the instruction's and the end-to-end id: at most 35 capitals and digits."""

    mark: str
    tracking_id: uuid.UUID
    amount: Money
    iban: str
    name: str
    note: str


@dataclass(frozen=True, slots=True)
class PaymentFile:
    """Who pays, from which account and when. `service_id` is what the bank knows the sender by."""

    message_id: str
    created_at: dt.datetime
    execute_on: dt.date
    debtor_name: str
    debtor_iban: str
    debtor_bic: str = ""
    service_id: str = ""
    version: str = "09"


def write_payments(head: PaymentFile, payments: Sequence[Payment]) -> bytes:
    """A whole file with one batch, booked payment by payment. No payee's address: within the area
    none is needed, and an unstructured one is refused."""
    root = etree.Element("Document", nsmap={None: _NAMESPACE % head.version})
    body = _in(root, "CstmrCdtTrfInitn")
    count = str(len(payments))
    total = str(sum(one.amount.major for one in payments))
    _group_header(body, head, count, total)
    batch = _in(body, "PmtInf")
    _batch_header(batch, head, count, total)
    for one in payments:
        _payment(batch, one, head.version)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _group_header(body: etree._Element, head: PaymentFile, count: str, total: str) -> None:
    group = _in(body, "GrpHdr")
    _in(group, "MsgId", head.message_id)
    _in(group, "CreDtTm", head.created_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))
    _in(group, "NbOfTxs", count)
    _in(group, "CtrlSum", total)
    sender = _in(group, "InitgPty")
    _in(sender, "Nm", bank_text(head.debtor_name, _NAME))
    if head.service_id:
        other = _in(_in(_in(sender, "Id"), "OrgId"), "Othr")
        _in(other, "Id", bank_text(head.service_id, _ID))


def _batch_header(batch: etree._Element, head: PaymentFile, count: str, total: str) -> None:
    _in(batch, "PmtInfId", head.message_id)
    _in(batch, "PmtMtd", "TRF")
    _in(batch, "BtchBookg", "false")
    _in(batch, "NbOfTxs", count)
    _in(batch, "CtrlSum", total)
    _in(_in(_in(batch, "PmtTpInf"), "SvcLvl"), "Cd", "SEPA")
    day = _in(batch, "ReqdExctnDt")
    if head.version == "09":
        day = _in(day, "Dt")
    day.text = head.execute_on.isoformat()
    _in(_in(batch, "Dbtr"), "Nm", bank_text(head.debtor_name, _NAME))
    _in(_in(_in(batch, "DbtrAcct"), "Id"), "IBAN", head.debtor_iban)
    bank = _in(_in(batch, "DbtrAgt"), "FinInstnId")
    if head.debtor_bic:
        _in(bank, "BICFI" if head.version == "09" else "BIC", head.debtor_bic)
    else:
        _in(_in(bank, "Othr"), "Id", NAMELESS)
    _in(batch, "ChrgBr", "SLEV")


def _payment(batch: etree._Element, one: Payment, version: str) -> None:
    payment = _in(batch, "CdtTrfTxInf")
    ids = _in(payment, "PmtId")
    _in(ids, "InstrId", one.mark)
    _in(ids, "EndToEndId", one.mark)
    if version == "09":
        _in(ids, "UETR", str(one.tracking_id))
    amount = _in(_in(payment, "Amt"), "InstdAmt", str(one.amount.major))
    amount.set("Ccy", one.amount.currency)
    _in(_in(payment, "Cdtr"), "Nm", bank_text(one.name, _NAME) or NAMELESS)
    _in(_in(_in(payment, "CdtrAcct"), "Id"), "IBAN", one.iban)
    note = bank_text(one.note, _NOTE)
    if note:
        _in(_in(payment, "RmtInf"), "Ustrd", note)


def _in(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    made = etree.SubElement(parent, name)
    made.text = text
    return made
