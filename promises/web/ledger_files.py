"""The books as files: streamed, so that a month of a million entries needs no more memory than one
of a hundred. Numbers stay numbers, texts are never taken for formulas."""

import csv
import datetime as dt
import io
import tempfile
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter
from flask import Blueprint, Response, stream_with_context

from promises.db.session import UnitOfWork
from promises.http.context import current, work
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.http.tables import MARK, csv_cell
from promises.kernel.money import Money
from promises.kernel.text import N_
from promises.ledger.chart import Chart, chart
from promises.ledger.trial_balance import trial_balance
from promises.reporting.journal import JournalFilter, JournalRow, whole_journal
from promises.web.ledger import Month, chosen_filter, chosen_month
from promises.web.ledger_words import KIND_NAMES, TREATMENTS, account_name

blueprint = Blueprint("ledger_files", __name__)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PIECE = 64 * 1024
MOST_LINES = 1_000_000
"""A sheet holds 1,048,576 rows; what is more goes to a further one."""

BALANCE_HEAD = (
    N_("Number"), N_("Account"), N_("Currency"), N_("At its beginning"), N_("Debit"), N_("Credit"),
    N_("At its end"), N_("Our account"),
)  # fmt: skip
JOURNAL_HEAD = (
    N_("Transaction"), N_("Day"), N_("Happened on"), N_("Recorded"), N_("What"), N_("Number"),
    N_("Account"), N_("Debit"), N_("Credit"), N_("Currency"), N_("VAT treatment"), N_("VAT rate"),
    N_("Takes back"), N_("Promise"), N_("Ticket"), N_("Payout"), N_("Our kind"),
    N_("Our reference"), N_("Our account"), N_("Minor units"),
)  # fmt: skip
_TAILS = ("", ".0", ".00", ".000")
"""How amounts are shown by the decimals of their currency."""

Cell = str | int | Decimal | dt.date | None


@dataclass(frozen=True, slots=True)
class _Words:
    """What cells are called in the reader's language: looked up once a file."""

    own: Chart
    kinds: Mapping[str, str]
    treatments: Mapping[str, str]
    locale: str
    names: dict[str, str]

    def account(self, code: str) -> str:
        if code not in self.names:
            self.names[code] = account_name(self.own, code)
        return self.names[code]


@blueprint.get("/staff/ledger/journal.csv")
@staff(Permission.EXPORT)
def journal() -> Response:
    """The month's journal, or what of it the address asks for, the oldest first."""
    with work() as uow:
        month = chosen_month(uow)
        words = _words(uow)
        only = chosen_filter(uow, month)

    def lines() -> Iterator[Sequence[Cell]]:
        yield tuple(gettext(word) for word in JOURNAL_HEAD)
        with work() as uow:
            for row in _rows(uow, only):
                yield from _journal_lines(row, words)

    return _csv(lines(), f"journal-{month.text}")


@blueprint.get("/staff/ledger/balance.csv")
@staff(Permission.EXPORT)
def balance() -> Response:
    with work() as uow:
        month = chosen_month(uow)
        words = _words(uow)
        lines = _balance_lines(uow, month, words)
    return _csv([tuple(gettext(word) for word in BALANCE_HEAD), *lines], f"balance-{month.text}")


@blueprint.get("/staff/ledger/books.xlsx")
@staff(Permission.EXPORT)
def workbook() -> Response:
    """The balance on one sheet, the journal on the next."""
    out = tempfile.TemporaryFile()  # noqa: SIM115  closed when it has been sent
    with work() as uow:
        month = chosen_month(uow)
        words = _words(uow)
        made = xlsxwriter.Workbook(
            out, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        made.set_properties({"title": f"{current().organisation.name} {month.text}"})
        heads = [gettext(word) for word in BALANCE_HEAD], [gettext(word) for word in JOURNAL_HEAD]
        _sheet(made, gettext("Balance"), heads[0], _balance_lines(uow, month, words))
        only = replace(chosen_filter(uow, month), account_code=None, sign=None)
        journal_lines = (line for row in _rows(uow, only) for line in _journal_lines(row, words))
        _sheet(made, gettext("Journal"), heads[1], journal_lines)
        made.close()
    out.seek(0)
    return _file(_pieces(out), f"books-{month.text}.xlsx", XLSX)


def _rows(uow: UnitOfWork, only: JournalFilter) -> Iterator[JournalRow]:
    return whole_journal(uow.session, organisation_id=uow.organisation_id, only=only)


def _words(uow: UnitOfWork) -> _Words:
    return _Words(
        chart(uow.session, organisation_id=uow.organisation_id),
        {one.value: gettext(name) for one, name in KIND_NAMES.items()},
        {one.value: gettext(name) for one, name in TREATMENTS.items()},
        locale(),
        {},
    )


def _balance_lines(uow: UnitOfWork, month: Month, words: _Words) -> list[tuple[Cell, ...]]:
    return [
        (
            words.own.of(line.account_code).number,
            words.account(line.account_code),
            line.currency,
            _major(line.opening_minor, line.currency),
            _major(line.debit_minor, line.currency),
            _major(line.credit_minor, line.currency),
            _major(line.closing_minor, line.currency),
            line.account_code,
        )
        for line in trial_balance(
            uow.session, organisation_id=uow.organisation_id, month_on=month.month_on
        )
    ]


def _journal_lines(row: JournalRow, words: _Words) -> Iterator[tuple[Cell, ...]]:
    """One line an entry; the last columns are those that the seal of a month is made of."""
    fact = row.fact
    titles = fact.promise_titles or {}
    promise = titles.get(words.locale) or next(iter(titles.values()), None)
    rate = None if not fact.vat_rate_bp else Decimal(fact.vat_rate_bp) / 100
    for entry in row.entries:
        minor = entry.amount_minor
        yield (
            str(fact.id),
            fact.posted_on,
            fact.fact_on,
            fact.recorded_at.isoformat(timespec="seconds"),
            words.kinds[fact.kind],
            words.own.of(entry.account_code).number,
            words.account(entry.account_code),
            _major(minor, entry.currency) if minor > 0 else None,
            _major(-minor, entry.currency) if minor < 0 else None,
            entry.currency,
            fact.vat_treatment and words.treatments[fact.vat_treatment],
            rate,
            _text(fact.reverses_id),
            promise,
            _text(fact.ticket_id),
            _text(fact.payout_id),
            fact.kind,
            str(fact.reference_id),
            entry.account_code,
            minor,
        )


def _text(one: uuid.UUID | None) -> str | None:
    return None if one is None else str(one)


def _major(minor: int, currency: str) -> Decimal:
    return Money(minor, currency).major


def _csv(lines: Iterable[Sequence[Cell]], name: str) -> Response:
    return _file(stream_with_context(_written(lines)), f"{name}.csv", "text/csv")


def _written(lines: Iterable[Sequence[Cell]]) -> Iterator[str]:
    out = io.StringIO()
    out.write(MARK)
    writer = csv.writer(out)
    for line in lines:
        writer.writerow([csv_cell(cell) for cell in line])
        if out.tell() > PIECE:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _file(content: Any, name: str, mimetype: str) -> Response:
    shown = f"{current().organisation.slug}-{name}"
    headers = {"Content-Disposition": f'attachment; filename="{shown}"'}
    return Response(content, headers=headers, mimetype=mimetype)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _sheet(book: Any, title: str, head: Sequence[str], lines: Iterable[Sequence[Cell]]) -> None:
    bold = book.add_format({"bold": True})
    amounts = [book.add_format({"num_format": f"#,##0{tail}"}) for tail in _TAILS]
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet, place = None, MOST_LINES
    for line in lines:
        if sheet is None or place >= MOST_LINES:
            sheet = _begun(book, title, head, bold, number=1 if sheet is None else 2)
            place = 0
        place += 1
        for column, cell in enumerate(line):
            _write(sheet, place, column, cell, amounts, day)
    if sheet is None:
        _begun(book, title, head, bold, number=1)


def _begun(book: Any, title: str, head: Sequence[str], bold: Any, *, number: int) -> Any:
    sheet = book.add_worksheet(title if number == 1 else None)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(head), 16)
    for column, words in enumerate(head):
        sheet.write_string(0, column, words, bold)
    return sheet


def _write(sheet: Any, row: int, column: int, cell: Cell, amounts: Sequence[Any], day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, dt.date):
        sheet.write_datetime(row, column, dt.datetime.combine(cell, dt.time()), day)
    elif isinstance(cell, Decimal):
        digits = max(-int(cell.as_tuple().exponent), 0)
        sheet.write_number(row, column, cell, amounts[min(digits, len(amounts) - 1)])
    else:
        sheet.write_number(row, column, cell)
