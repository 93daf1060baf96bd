"""Figures as files for spreadsheets."""

import csv
import io
from collections.abc import Iterable, Sequence

from flask import Response

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MARK = "\ufeff"  # without it spreadsheets take the letters of other languages for something else


def csv_answer(filename: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A CSV file to download. Numbers stay numbers; a text that a spreadsheet would take for a
    formula gets an apostrophe; None is an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([csv_cell(one) for one in head])
    for row in rows:
        writer.writerow([csv_cell(one) for one in row])
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(MARK + out.getvalue(), headers=headers, mimetype="text/csv")


def csv_cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
