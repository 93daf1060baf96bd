"""Applications in bulk, as lines of text: a reference, when it came, an address. Pure."""

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass

from promises.desk.claims import OLDEST
from promises.kernel.text import N_, Message
from promises.kernel.zones import resolve_local

MOST_LINES = 500
LONGEST_REFERENCE = 100
_DELIMITERS = ("\t", ";", ",")
_FORMATS = (
    "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S",
    "%d.%m.%Y %H:%M", "%d.%m.%Y %H.%M", "%Y-%m-%d", "%d.%m.%Y",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ApplicationLine:
    """`received_at` is None where the line does not say when: then it is now. `address` is an
    e-mail address or a phone number, or empty."""

    line: int
    reference: str
    received_at: dt.datetime | None
    address: str


@dataclass(frozen=True, slots=True)
class LineProblem:
    line: int
    text: Message


def read_lines(
    text: str, zone: str, now: dt.datetime
) -> tuple[list[ApplicationLine], list[LineProblem]]:
    """The applications and what is wrong, by the number of the line. Columns by tab, semicolon or
    comma; a first line without any digit is taken as the headings. Local times are the branch's,
    a day alone is its first minute."""
    rows = [(number, row) for number, row in _rows(text) if any(cell.strip() for cell in row)]
    if rows and not any(sign.isdigit() for cell in rows[0][1] for sign in cell):
        rows = rows[1:]
    found: list[ApplicationLine] = []
    problems: list[LineProblem] = []
    seen: set[str] = set()
    if len(rows) > MOST_LINES:
        words = Message(N_("At most %(most)s lines at once."), {"most": MOST_LINES})
        return [], [LineProblem(rows[MOST_LINES][0], words)]
    for number, row in rows:
        try:
            one = _read(number, row, zone, now)
            if one.reference in seen:
                raise _Wrong(N_("This reference stands here twice."))
        except _Wrong as wrong:
            problems.append(LineProblem(number, Message(str(wrong), {})))
        else:
            seen.add(one.reference)
            found.append(one)
    return found, problems


class _Wrong(Exception):
    """What is wrong with a line, as a msgid."""


def _rows(text: str) -> list[tuple[int, list[str]]]:
    sample = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((one for one in _DELIMITERS if one in sample), ";")
    reader = csv.reader(io.StringIO(text.replace("\0", "")), delimiter=delimiter)
    return [(reader.line_num, row) for row in reader]


def _read(number: int, row: Sequence[str], zone: str, now: dt.datetime) -> ApplicationLine:
    cells = [cell.strip() for cell in row] + ["", ""]
    reference, received, address = cells[:3]
    if len([cell for cell in cells[3:] if cell]) > 0:
        raise _Wrong(N_("There are more than three columns."))
    if not reference or len(reference) > LONGEST_REFERENCE or not reference.isprintable():
        raise _Wrong(N_("The reference is missing or too long."))
    at = _instant(received, zone) if received else None
    if at is not None and at > now:
        raise _Wrong(N_("This time lies in the future."))
    if at is not None and now - at > OLDEST:
        raise _Wrong(N_("What came so long ago is brought in by an import."))
    return ApplicationLine(number, reference, at, address)


def _instant(text: str, zone: str) -> dt.datetime:
    for form in _FORMATS:
        try:
            local = dt.datetime.strptime(text, form)  # noqa: DTZ007  the branch's zone is added below
        except ValueError:
            continue
        return resolve_local(local, zone).instant
    raise _Wrong(N_("Give the time as 2026-03-02 10:15, or only the day."))
