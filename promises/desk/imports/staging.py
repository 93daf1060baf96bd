"""Reading a file into a temporary stage.

COPY into a guarded table is refused, and a stage that ends with its transaction leaves nothing
behind. The loop over the rows is the only place that looks at them one by one.
"""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from sqlalchemy.orm import Session

from promises.db.sql import driver
from promises.desk.imports.files import Row
from promises.desk.imports.local_times import SECOND, LocalTimes, instant_of
from promises.desk.imports.mapping import Meaning
from promises.desk.imports.problems import Flag, Problem, Unreadable
from promises.desk.imports.reading import Understand, Understood

MOST_PROBLEMS = 50_000
"""How many problems of one file are kept for the list; all are counted."""
TELL_EVERY = 5_000
_WRITE_EVERY = 500
_LONGEST_VALUE = 60
_DISAGREEING = 60 * SECOND
_MOMENTS = ("arrived", "called", "service_started", "served", "left")

_MAKE = """
CREATE TEMPORARY TABLE import_stage (
    line integer NOT NULL, reference text NOT NULL, meaning text NOT NULL,
    service_kind_id uuid NOT NULL, customer text, arrived bigint NOT NULL, called bigint,
    started bigint, served bigint, gone bigint, waited bigint, day integer NOT NULL,
    flags text[] NOT NULL, content_hash bytea NOT NULL
) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_set_aside (
    line integer NOT NULL, first_line integer, same boolean NOT NULL
) ON COMMIT DROP
"""

# Python writes None for what is missing; a reference of that very text is escaped.
_COPY = "COPY import_stage FROM STDIN WITH (NULL 'None')"


@dataclass(frozen=True, slots=True)
class RowProblem:
    """`value` is the text of the cell, cut, for a look at the file; it is not stored."""

    line: int
    code: Problem
    column: str | None
    params: dict[str, object]
    value: str | None = None


@dataclass(slots=True)
class Reading:
    """What became of the rows while they were read."""

    read: int = 0
    refused: int = 0
    filtered: int = 0
    stopped_early: bool = False
    problems: list[RowProblem] = field(default_factory=list)

    def note(self, line: int, problem: Unreadable) -> None:
        self.refused += 1
        if len(self.problems) < MOST_PROBLEMS:
            params = dict(problem.params)
            value = None if problem.value is None else problem.value[:_LONGEST_VALUE]
            self.problems.append(RowProblem(line, problem.code, problem.column, params, value))


@dataclass(frozen=True, slots=True)
class Clocks:
    """The file's local times, the branch's, and the database's present."""

    file: LocalTimes
    branch: LocalTimes
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Manner:
    """How rows are read: by which function, of how many cells, as tickets of which kind, at most
    how many. `tell` hears now and then how many rows were read; it must not use the session of
    the stage, whose connection is busy meanwhile."""

    understand: Understand
    width: int
    kind: str
    clocks: Clocks
    tell: Callable[[int], None]
    most_rows: int | None = None


def read_into_stage(session: Session, source: Iterable[Row], manner: Manner) -> Reading:
    """Fill the stage of this transaction. Raises FileUnreadable; the transaction is then lost."""
    with driver(session).cursor() as cursor:
        cursor.execute(cast(Any, _MAKE))
        with cursor.copy(_COPY) as copy:
            reading = _read(source, manner, copy.write)
        cursor.execute("ANALYZE import_stage")
    return reading


def _read(source: Iterable[Row], manner: Manner, write: Callable[[bytes], None]) -> Reading:
    reading = Reading()
    understand, width = manner.understand, manner.width
    line_of = _writer(manner.kind, manner.clocks)
    texts: list[str] = []
    for line, cells in source:
        if reading.read == manner.most_rows:
            reading.stopped_early = True
            break
        reading.read += 1
        try:
            if isinstance(cells, Unreadable):
                raise cells
            if len(cells) != width and (len(cells) < width or any(cells[width:])):
                raise Unreadable(Problem.FIELD_COUNT, found=len(cells), expected=width)
            understood = understand(cells)
            if understood is None:
                reading.filtered += 1
            else:
                texts.append(line_of(line, understood))
        except Unreadable as problem:
            reading.note(line, problem)
        manner.clocks.file.ambiguous = False
        if len(texts) == _WRITE_EVERY:
            write("".join(texts).encode())
            texts.clear()
        if reading.read % TELL_EVERY == 0:
            manner.tell(reading.read)
    write("".join(texts).encode())
    return reading


def _writer(kind: str, clocks: Clocks) -> Callable[[int, Understood], str]:
    """Makes a row's line for COPY. `content` is what makes a known row the same or another: a
    change to its form would turn every known row into a conflict."""
    times, day_of = clocks.file, clocks.branch.local_day
    now, sha256 = instant_of(clocks.now), hashlib.sha256

    def line_of(line: int, row: Understood) -> str:
        arrived, called, started = row.arrived, row.called, row.started
        served, gone = row.served, row.gone
        for at in (arrived, called, started, served, gone):
            if at is not None and at > now:
                raise Unreadable(Problem.IN_FUTURE, _first_after(now, row))
        content = (
            f"{row.meaning}\t{row.service_kind_id}\t{row.customer}\t{arrived}\t{called}\t{started}"
            f"\t{served}\t{gone}\t{row.waited}"
        )
        digest = sha256(f"{kind}\t{content}".encode()).hexdigest()
        reference = row.reference
        if "\\" in reference or reference == "None":
            reference = reference.replace("\\", "\\\\").replace("None", "N\\one")
        flags = _flags(row, times.ambiguous)
        return f"{line}\t{reference}\t{content}\t{day_of(arrived)}\t{flags}\t\\\\x{digest}\n"

    return line_of


def _first_after(now: int, row: Understood) -> str:
    moments = (row.arrived, row.called, row.started, row.served, row.gone)
    return next(
        name for name, at in zip(_MOMENTS, moments, strict=True) if at is not None and at > now
    )


def _flags(row: Understood, ambiguous: bool) -> str:
    """What is odd about the times, as an array's text."""
    arrived, called, waited = row.arrived, row.called, row.waited
    ended = row.started
    if ended is None:
        ended = called if row.meaning == Meaning.NO_SHOW else row.gone
    found = []
    if ended is not None:
        if ended < arrived:
            found.append(Flag.ENDS_BEFORE_ARRIVAL)
        if waited is not None and not -_DISAGREEING <= ended - arrived - waited <= _DISAGREEING:
            found.append(Flag.TIMES_DISAGREE)
        if called is not None and not arrived <= called <= ended:
            found.append(Flag.CALL_OUT_OF_ORDER)
        if row.served is not None and row.served < ended:
            found.append(Flag.SERVED_BEFORE_START)
    if row.negative:
        found.append(Flag.NEGATIVE_DURATION)
    if ambiguous:
        found.append(Flag.AMBIGUOUS_TIME)
    return "{" + ",".join(found) + "}" if found else "{}"
