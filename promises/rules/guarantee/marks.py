"""At which instants a part may change although nothing happens."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil, floor
from typing import Any

from promises.kernel.calendars import BeyondCalendar
from promises.kernel.zones import local_date, resolve_local
from promises.rules.guarantee import conditions as c
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.case import Case, known
from promises.rules.guarantee.clauses import DatedRows
from promises.rules.guarantee.facts import midnight
from promises.rules.guarantee.lists import SPAN_UNITS, entries_of
from promises.rules.guarantee.reaching import (
    comes_to,
    days_reach,
    elapsed_reaches,
    months_reach,
    spells_reach,
)
from promises.rules.guarantee.vocabulary import Node
from promises.rules.guarantee.walk import children, inner_parts, named_part

_DAY = timedelta(days=1)
_AHEAD = 3
"""How many further steps of something that goes on for ever are looked at: one is enough where
each changes the answer, and a cap or a rounding may hide a few."""
_MOST = 2_000
"""How many questions one search asks of the parts: nested roundings of what goes on for ever ask
endlessly, and sane terms a few dozen."""


class Marks:
    """One search through the parts of a case. It asks each part each question once."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.entry: tuple[int, int] | None = None
        self._asked: set[tuple[object, ...]] = set()

    def of(self, part: object) -> Iterator[datetime]:
        """Instants at which the part may change, a few too many rather than one too few."""
        if not self._first_time(part, None):
            return
        own = _OWN_MARKS.get(type(part))
        if own is not None:
            yield from self._within_calendars(own(self, part))
        for inner in inner_parts(self.case.terms, part):
            yield from self.of(inner)

    def crossings(self, part: object, target: Fraction) -> Iterator[datetime]:
        """Instants at which the part may come to the target, or leave it."""
        if not self._first_time(part, target):
            return
        named = named_part(self.case.terms, part)
        if named is not None:
            yield from self.crossings(named, target)
            return
        spans = _SPANS.get(type(part))
        work = _CROSSINGS.get(type(part))
        if spans is not None:
            yield from self._within_calendars(spans(self.case, part, target))
        elif work is not None:
            yield from self._within_calendars(work(self, part, target))

    def of_rows(self, group: DatedRows) -> Iterator[datetime]:
        """When another row of values comes into force, or none does."""
        if self.case.moves(group.by):
            edges = {row.first for row in group.rows if row.first is not None}
            edges |= {row.last + _DAY for row in group.rows if row.last is not None}
            for day in sorted(edges):
                at = midnight(day, self.case.zone)
                yield from comes_to(self.case, group.by, at, by_day=True)

    def _first_time(self, part: object, target: Fraction | None) -> bool:
        question = (id(part), target, self.entry)
        if not self.case.moves(part) or question in self._asked or len(self._asked) > _MOST:
            return False
        self._asked.add(question)
        return True

    def _within_calendars(self, found: Iterator[datetime]) -> Iterator[datetime]:
        """What calendars and dates reach; beyond their end nothing is known."""
        try:
            yield from found
        except (BeyondCalendar, OverflowError, ValueError):
            return


# --- marks of conditions -----------------------------------------------------------------------


def _compare_marks(marks: Marks, part: c.Compare) -> Iterator[datetime]:
    for moving, fixed in ((part.left, part.right), (part.right, part.left)):
        target = known(marks.case, fixed)
        if target is not None:
            yield from marks.crossings(moving, target)


def _before_marks(marks: Marks, part: c.Before) -> Iterator[datetime]:
    for moving, fixed in ((part.first, part.second), (part.second, part.first)):
        at = known(marks.case, fixed)
        if at is not None and marks.case.moves(moving):
            yield from comes_to(marks.case, moving, at)


def _clock_marks(marks: Marks, part: c.TimeIn) -> Iterator[datetime]:
    for day in _coming_days(marks.case):
        for clock in (part.start, part.end):
            yield resolve_local(datetime.combine(day, clock), marks.case.zone).instant


def _day_marks(marks: Marks, part: c.DateIn | c.WeekdayIn) -> Iterator[datetime]:
    for day in _coming_days(marks.case):
        yield midnight(day, marks.case.zone)


def _opening_marks(marks: Marks, part: c.OpenOn) -> Iterator[datetime]:
    calendar = marks.case.calendars[part.calendar]
    for day in _coming_days(marks.case):
        yield midnight(day, marks.case.zone)
        for at in (calendar.opening_of_day(day), calendar.closing_of_day(day)):
            if at is not None:
                yield at


def _coming_days(case: Case) -> Iterator[date]:
    if case.now is not None:
        today = local_date(case.now, case.zone)
        for ahead in range(2 + _AHEAD):
            yield today + ahead * _DAY


def _row_marks(marks: Marks, part: n.DatedValue) -> Iterator[datetime]:
    for group in marks.case.terms.dated:
        if part.name in group.rows[0].values:
            yield from marks.of_rows(group)


# --- marks of numbers --------------------------------------------------------------------------


def _tier_marks(marks: Marks, part: n.Tiers) -> Iterator[datetime]:
    for row in part.rows:
        for edge in (row.low, row.high):
            if edge is not None:
                yield from marks.crossings(part.of, edge)


def _period_marks(marks: Marks, part: n.Periods) -> Iterator[datetime]:
    count = known(marks.case, part)
    after, every = known(marks.case, part.after), known(marks.case, part.every)
    if count is None or after is None or not every:
        return
    for ahead in range(_AHEAD):
        yield from marks.crossings(part.of, after + (count + ahead) * every)


def _interest_marks(marks: Marks, part: n.Interest) -> Iterator[datetime]:
    for day in _coming_days(marks.case):
        yield midnight(day, marks.case.zone)


def _spell_marks(marks: Marks, part: n.CountOf) -> Iterator[datetime]:
    """When an interval that lasts reaches a length that the condition names."""
    yield from _entry_marks(marks, part)
    if not part.spans:
        return
    lasting = [start for start, end, _ in marks.case.facts.get(part.fact, ()) if end is None]
    for field, limit in _lengths(part.where):
        span = timedelta(microseconds=ceil(limit * SPAN_UNITS[field] * 1_000_000))
        yield from (start + span for start in lasting)


def _entry_marks(marks: Marks, part: n.CountOf | n.TotalOf) -> Iterator[datetime]:
    """What changes with time for each entry of the list, as far as the search goes."""
    found = marks.case.facts.get(part.fact, ())
    if marks.entry is None and marks.case.moves(part.where):
        for index, _ in enumerate(entries_of(marks.case, found, None)):
            marks.entry = id(part), index
            yield from list(marks.of(part.where))
        marks.entry = None


def _lengths(part: object) -> Iterator[tuple[str, Fraction]]:
    """The fields of an interval's length that a condition compares, with the numbers."""
    if isinstance(part, c.Compare):
        for one, other in ((part.left, part.right), (part.right, part.left)):
            if isinstance(one, n.Field) and isinstance(other, n.Literal) and one.name in SPAN_UNITS:
                yield one.name, other.value
    for inner in children(part):
        yield from _lengths(inner)


def _unit_marks(marks: Marks, part: Node) -> Iterator[datetime]:
    """A number that goes on growing: when it reaches its next whole units."""
    value = known(marks.case, part)
    if value is not None:
        for ahead in range(1 - _AHEAD, _AHEAD + 1):
            yield from marks.crossings(part, Fraction(floor(value) + ahead))


_OWN_MARKS: dict[type, Callable[[Marks, Any], Iterator[datetime]]] = {
    c.Compare: _compare_marks,
    c.Before: _before_marks,
    c.TimeIn: _clock_marks,
    c.DateIn: _day_marks,
    c.WeekdayIn: _day_marks,
    c.OpenOn: _opening_marks,
    n.Tiers: _tier_marks,
    n.Periods: _period_marks,
    n.Elapsed: _unit_marks,
    n.CalendarDays: _unit_marks,
    n.Months: _unit_marks,
    n.Spells: _unit_marks,
    n.DatedValue: _row_marks,
    n.Interest: _interest_marks,
    n.CountOf: _spell_marks,
    n.TotalOf: _entry_marks,
}


# --- when a number reaches another -------------------------------------------------------------


def _arithmetic_crossings(marks: Marks, part: n.Arithmetic, target: Fraction) -> Iterator[datetime]:
    values = [known(marks.case, one) for one in part.args]
    for index, arg in enumerate(part.args):
        others = values[:index] + values[index + 1 :]
        if not marks.case.moves(arg) or any(value is None for value in others):
            continue
        wanted = _solved(part.op, index, others, target)
        if wanted is not None:
            yield from marks.crossings(arg, wanted)


def _solved(op: str, index: int, others: list[Any], target: Fraction) -> Fraction | None:
    """What one argument must be for the whole to be the target."""
    rest = sum(others, Fraction(0))
    match op:
        case "add":
            return target - rest
        case "subtract":
            return target + rest if index == 0 else others[0] - sum(others[1:]) - target
        case "smallest" | "largest":
            return target
    factor = Fraction(1)
    for value in others:
        factor *= value
    if op == "divide":
        factor = 1 / others[0] if others[0] else Fraction(0)
        if index == 1:
            return others[0] / target if target else None
    if op == "percent":
        factor /= 100
    return target / factor if factor else None


def _rounded_crossings(marks: Marks, part: n.Rounded, target: Fraction) -> Iterator[datetime]:
    for shift in (Fraction(-1), Fraction(-1, 2), Fraction(0), Fraction(1, 2), Fraction(1)):
        yield from marks.crossings(part.of, target + shift * part.to)


def _inner_marks(marks: Marks, part: Any, target: Fraction) -> Iterator[datetime]:
    """A number that jumps: where it may jump."""
    yield from marks.of(part)


def _dated_crossings(marks: Marks, part: n.DatedValue, target: Fraction) -> Iterator[datetime]:
    yield from marks.of(part)
    for group in marks.case.terms.dated:
        for row in group.rows:
            if part.name in row.values:
                yield from marks.crossings(row.values[part.name], target)


def _chosen_crossings(
    marks: Marks, part: n.Choice | n.Tiers, target: Fraction
) -> Iterator[datetime]:
    """Where another value is chosen, and where one that may be chosen comes to the target."""
    yield from marks.of(part)
    rows = part.rows
    for value in (
        *(row.then if isinstance(row, n.Tier) else row[1] for row in rows),
        part.otherwise,
    ):
        yield from marks.crossings(value, target)


def _period_crossings(marks: Marks, part: n.Periods, target: Fraction) -> Iterator[datetime]:
    after, every = known(marks.case, part.after), known(marks.case, part.every)
    if after is not None and every:
        for count in (ceil(target) - 1, ceil(target), ceil(target) + 1):
            yield from marks.crossings(part.of, after + count * every)


_SPANS: dict[type, Callable[[Case, Any, Fraction], Iterator[datetime]]] = {
    n.Elapsed: elapsed_reaches,
    n.CalendarDays: days_reach,
    n.Months: months_reach,
    n.Spells: spells_reach,
}
_CROSSINGS: dict[type, Callable[[Marks, Any, Fraction], Iterator[datetime]]] = {
    n.Arithmetic: _arithmetic_crossings,
    n.Rounded: _rounded_crossings,
    n.Tiers: _chosen_crossings,
    n.Choice: _chosen_crossings,
    n.Accrual: _inner_marks,
    n.DatedValue: _dated_crossings,
    n.Interest: _inner_marks,
    n.CountOf: _inner_marks,
    n.TotalOf: _inner_marks,
    n.Periods: _period_crossings,
}
