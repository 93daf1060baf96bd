"""The board report as files: a workbook with numbers that can be added up, and a document to print.

The same report gives the same bytes, whenever it is made.
"""

import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any
from xml.sax.saxutils import escape

import xlsxwriter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as PdfTable

from promises.kernel.money import Money, minor_digits
from promises.kernel.text import format_count, format_money, format_percent
from promises.web.board_tables import Cell, Table

_FIRST_COLUMN, _OTHER_COLUMN = 46, 16
_SMALL = 7.5
_MARGIN = 36
_BOLD = "Helvetica-Bold"
_LONGEST_SHEET_NAME = 31


def words_of(cell: Cell, locale: str) -> str:
    """As people read it; nothing known is a dash."""
    if cell is None:
        return "–"
    if isinstance(cell, Money):
        return format_money(locale, cell)
    if isinstance(cell, Fraction):
        return format_percent(locale, cell)
    return cell if isinstance(cell, str) else format_count(locale, cell)


def workbook(title: str, subtitle: str, tables: Sequence[Table], made_on: dt.date) -> bytes:
    """One sheet a table; sums and shares are numbers. Texts are never taken for formulas."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False})
    made.set_properties(
        {"title": f"{title}, {subtitle}", "created": dt.datetime.combine(made_on, dt.time())}
    )
    formats = _Formats(made)
    for number, table in enumerate(tables):
        sheet = made.add_worksheet(_sheet_name(table.title))
        sheet.set_column(0, 0, _FIRST_COLUMN)
        sheet.set_column(1, len(table.head), _OTHER_COLUMN)
        first = 0
        if number == 0:
            sheet.write_string(0, 0, title, formats.bold)
            sheet.write_string(1, 0, subtitle)
            first = 3
        for column, words in enumerate(table.head):
            sheet.write_string(first, column, words, formats.bold)
        for place, row in enumerate(table.rows, start=first + 1):
            for column, cell in enumerate(row):
                _write(sheet, place, column, cell, formats)
        sheet.freeze_panes(first + 1, 1)
    made.close()
    return out.getvalue()


class _Formats:
    def __init__(self, book: Any) -> None:
        self.bold = book.add_format({"bold": True, "text_wrap": True})
        self.share = book.add_format({"num_format": "0.0 %"})
        self.hours = book.add_format({"num_format": "0.0"})
        self._book = book
        self._money: dict[str, Any] = {}

    def money(self, currency: str) -> Any:
        if currency not in self._money:
            decimals = "0" * minor_digits(currency)
            pattern = f'#,##0{"." if decimals else ""}{decimals} "{currency}"'
            self._money[currency] = self._book.add_format({"num_format": pattern})
        return self._money[currency]


def _write(sheet: Any, row: int, column: int, cell: Cell, formats: _Formats) -> None:
    if cell is None:
        return
    if isinstance(cell, str):
        sheet.write_string(row, column, cell)
    elif isinstance(cell, Money):
        sheet.write_number(row, column, cell.major, formats.money(cell.currency))
    elif isinstance(cell, Fraction):
        share = Decimal(cell.numerator) / Decimal(cell.denominator)
        sheet.write_number(row, column, share, formats.share)
    elif isinstance(cell, Decimal):
        sheet.write_number(row, column, cell, formats.hours)
    else:
        sheet.write_number(row, column, cell)


def _sheet_name(title: str) -> str:
    return "".join(sign for sign in title if sign not in "[]:*?/\\'")[:_LONGEST_SHEET_NAME]


def document(title: str, subtitle: str, tables: Sequence[Table], locale: str) -> bytes:
    """Real text on A4 across, with its title and language."""
    out = io.BytesIO()
    styles = getSampleStyleSheet()
    small = ParagraphStyle("small", parent=styles["BodyText"], fontSize=_SMALL, leading=9)
    heading = ParagraphStyle("small-head", parent=small, fontName=_BOLD)
    story: list[Any] = [
        Paragraph(escape(title), styles["Title"]),
        Paragraph(escape(subtitle), styles["Normal"]),
    ]
    page = landscape(A4)
    for table in tables:
        story += [Spacer(1, 12), Paragraph(escape(table.title), styles["Heading2"])]
        story.append(_drawn(table, locale, (small, heading), page[0] - 2 * _MARGIN))
    SimpleDocTemplate(
        out, pagesize=page, leftMargin=_MARGIN, rightMargin=_MARGIN, topMargin=_MARGIN,
        bottomMargin=_MARGIN, title=f"{title}, {subtitle}", author="Lupaus", lang=locale,
        invariant=1,
    ).build(story)  # fmt: skip
    return out.getvalue()


def _drawn(
    table: Table, locale: str, styles: tuple[ParagraphStyle, ParagraphStyle], width: float
) -> PdfTable:
    body, heading = styles
    cells = [[Paragraph(escape(words), heading) for words in table.head]]
    for place, row in enumerate(table.rows):
        last = table.has_total and place == len(table.rows) - 1
        style = heading if last else body
        cells.append([Paragraph(escape(words_of(cell, locale)), style) for cell in row])
    numbers = len(table.head) - 1
    texts = not any(isinstance(cell, int | Money) for row in table.rows for cell in row)
    first = width * (0.18 if texts else 0.26)
    widths = [first, *[(width - first) / numbers] * numbers]
    drawn = PdfTable(cells, colWidths=widths, repeatRows=1)
    drawn.setStyle(
        [
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.grey),
            ("LEFTPADDING", (0, 0), (-1, -1), 2),
            ("RIGHTPADDING", (0, 0), (-1, -1), 2),
        ]
    )
    return drawn
