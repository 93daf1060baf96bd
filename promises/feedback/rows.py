"""Reading the rows of a file of answers: which column means what, and what is wrong with a row.

Pure: cells in, an answer or a problem out. The file itself is opened by the flow.
"""

import datetime as dt
import hashlib
import re
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from promises.feedback.models import Question
from promises.feedback.questions import on_scale
from promises.kernel.masking import mask_personal
from promises.kernel.text import N_

LONGEST_BODY = 1000
LONGEST_SEGMENT = 80
FIRST_YEAR = 2000


class RowProblem(StrEnum):
    """Why a row was not taken. Stored, so the values never change."""

    SPLIT = "split"
    DATE = "date"
    FUTURE = "future"
    SCORE = "score"
    BRANCH = "branch"
    TOO_LONG = "too_long"
    NOTHING = "nothing"


PROBLEM_TEXTS = {
    RowProblem.SPLIT: N_("This row cannot be split into the file's columns."),
    RowProblem.DATE: N_("This is not a date that we can read."),
    RowProblem.FUTURE: N_("This date is in the future."),
    RowProblem.SCORE: N_("This is not a whole number on the scale of the question."),
    RowProblem.BRANCH: N_("There is no branch of this name."),
    RowProblem.TOO_LONG: N_("This text is too long."),
    RowProblem.NOTHING: N_("The row holds neither a score nor words."),
}


class DateForm(StrEnum):
    """How dates are written. A time behind the date is left out."""

    AUTO = "auto"  # 2026-11-03 or 3.11.2026
    DAY_FIRST = "day_first"  # 3/11/2026
    MONTH_FIRST = "month_first"  # 11/3/2026


class Meaning(StrEnum):
    """What a column may hold."""

    SCORE = "score"
    BODY = "body"
    DATE = "date"
    BRANCH = "branch"
    SEGMENT = "segment"
    REFERENCE = "reference"


_GUESSES = {
    Meaning.REFERENCE: ("id", "ref", "tunnus", "vastausnumero", "svarsnummer"),
    Meaning.SCORE: ("score", "nps", "arvosana", "suosit", "betyg", "pisteet", "poäng"),
    Meaning.DATE: ("date", "pvm", "päiv", "aika", "datum", "tid", "time"),
    Meaning.BRANCH: ("branch", "toimipiste", "konttori", "kontor", "office"),
    Meaning.SEGMENT: ("segment", "asiakasryhm", "kundgrupp", "customer type"),
    Meaning.BODY: ("comment", "text", "palaute", "kommentti", "vapaa", "svar", "perustelu"),
}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})(?:[T ].*)?")
_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:[T ].*)?")


@dataclass(frozen=True, slots=True)
class RowMapping:
    """`columns` by meaning, each the place of a column counted from 0. `branch_id`: of rows that
    name no branch."""

    question: Question
    columns: Mapping[Meaning, int]
    dates: DateForm = DateForm.AUTO
    branch_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class ReadAnswer:
    """A row as it would be stored, personal data hidden. The same `key` is the same row."""

    line: int
    score: int | None
    body: str | None
    month_on: dt.date
    branch_id: uuid.UUID | None
    segment: str | None
    key: bytes


@dataclass(frozen=True, slots=True)
class BadRow:
    line: int
    problem: RowProblem
    column: str | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The branches by their names in small letters, and the present day."""

    branches: Mapping[str, uuid.UUID]
    today: dt.date
    header: Sequence[str]


class _Refused(Exception):
    def __init__(self, problem: RowProblem, meaning: Meaning | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.meaning = meaning


@dataclass(slots=True)
class _Seen:
    """How often rows without a reference said the same so far: each time is an answer."""

    times: Counter[bytes] = field(default_factory=Counter)


def guess_columns(header: Sequence[str]) -> dict[Meaning, int]:
    """What the names of the columns seem to say; each column means one thing at most."""
    found: dict[Meaning, int] = {}
    for meaning, words in _GUESSES.items():
        for place, name in enumerate(header):
            low = name.casefold()
            fits = low in words if meaning is Meaning.REFERENCE else any(w in low for w in words)
            if fits and place not in found.values():
                found[meaning] = place
                break
    return found


def read_rows(
    rows: Iterable[tuple[int, Sequence[str] | None]], mapping: RowMapping, around: Surroundings
) -> Iterator[ReadAnswer | BadRow]:
    """One answer or problem for each row; cells None: the row could not be split."""
    seen = _Seen()
    for line, cells in rows:
        try:
            yield _read(line, cells, mapping, around, seen)
        except _Refused as refused:
            place = mapping.columns.get(refused.meaning) if refused.meaning else None
            column = None if place is None else around.header[place]
            yield BadRow(line, refused.problem, column)


def _read(
    line: int,
    cells: Sequence[str] | None,
    mapping: RowMapping,
    around: Surroundings,
    seen: _Seen,
) -> ReadAnswer:
    if cells is None or len(cells) < len(around.header) or any(cells[len(around.header) :]):
        raise _Refused(RowProblem.SPLIT)
    text = {meaning: cells[place].strip() for meaning, place in mapping.columns.items()}
    on = _date(text.get(Meaning.DATE, ""), mapping.dates, around.today)
    score = _score(text.get(Meaning.SCORE, ""), mapping.question)
    body = _text(text.get(Meaning.BODY, ""), Meaning.BODY, LONGEST_BODY)
    if score is None and (body is None or mapping.question is not Question.WORDS):
        raise _Refused(RowProblem.NOTHING)
    branch_id = _branch(text.get(Meaning.BRANCH, ""), mapping.branch_id, around)
    segment = _text(text.get(Meaning.SEGMENT, ""), Meaning.SEGMENT, LONGEST_SEGMENT)
    said = f"{mapping.question.value}\t{on}\t{score}\t{body}\t{branch_id}\t{segment}"
    key = _key(mapping.question, text.get(Meaning.REFERENCE, ""), said, seen)
    return ReadAnswer(line, score, body, on.replace(day=1), branch_id, segment, key)


def _key(question: Question, reference: str, said: str, seen: _Seen) -> bytes:
    if reference:
        return hashlib.sha256(f"reference\t{question.value}\t{reference}".encode()).digest()
    plain = hashlib.sha256(f"row\t{said}".encode()).digest()
    seen.times[plain] += 1
    return hashlib.sha256(plain + seen.times[plain].to_bytes(4)).digest()


def _date(text: str, form: DateForm, today: dt.date) -> dt.date:
    parts = _date_parts(text, form)
    if parts is None:
        raise _Refused(RowProblem.DATE, Meaning.DATE)
    try:
        on = dt.date(*parts)
    except ValueError:
        raise _Refused(RowProblem.DATE, Meaning.DATE) from None
    if on > today:
        raise _Refused(RowProblem.FUTURE, Meaning.DATE)
    if on.year < FIRST_YEAR:
        raise _Refused(RowProblem.DATE, Meaning.DATE)
    return on


def _date_parts(text: str, form: DateForm) -> tuple[int, int, int] | None:
    if found := _ISO.fullmatch(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _DOTTED.fullmatch(text):
        return int(found[3]), int(found[2]), int(found[1])
    found = None if form is DateForm.AUTO else _SLASHED.fullmatch(text)
    if found is None:
        return None
    first, second = int(found[1]), int(found[2])
    return (
        (int(found[3]), second, first)
        if form is DateForm.DAY_FIRST
        else (int(found[3]), first, second)
    )


def _score(text: str, question: Question) -> int | None:
    """A cell of a spreadsheet may say 9,0 for 9."""
    if question is Question.WORDS or not text:
        return None
    plain = re.sub(r"[.,]0+$", "", text)
    if not plain.isascii() or not plain.isdigit() or len(plain) > 2:
        raise _Refused(RowProblem.SCORE, Meaning.SCORE)
    score = int(plain)
    if not on_scale(question, score):
        raise _Refused(RowProblem.SCORE, Meaning.SCORE)
    return score


def _text(text: str, meaning: Meaning, longest: int) -> str | None:
    """Masked, on one line, without what cannot be printed."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    words = mask_personal(" ".join(plain.split()))
    if len(words) > longest:
        raise _Refused(RowProblem.TOO_LONG, meaning)
    return words or None


def _branch(text: str, otherwise: uuid.UUID | None, around: Surroundings) -> uuid.UUID | None:
    if not text:
        return otherwise
    found = around.branches.get(text.casefold())
    if found is None:
        raise _Refused(RowProblem.BRANCH, Meaning.BRANCH)
    return found
