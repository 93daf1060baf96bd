"""One case: its facts, the time, and the values of the parts that were worked out for it.

A value comes with whether it is still moving: worked out with `now` in the place of something that
has not happened yet. None is a value that nobody knows. So a promise can be broken while it is
still getting worse, and can never count as kept by what is missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from promises.kernel.calendars import BeyondCalendar, PreparedCalendar
from promises.kernel.zones import local_date
from promises.rules.guarantee.clauses import DatedRows, Guarantee, Row
from promises.rules.guarantee.instants import LastInTime
from promises.rules.guarantee.vocabulary import Instant, Node, Number

Value = tuple[Any, bool]
UNKNOWN: Value = (None, False)
AFTER_MISSED = "period_start is a missed deadline"
"""Beside the facts of an occurrence: whether it begins with the missed deadline of the one before,
which stands for its last day like any deadline."""

Work = Mapping[type, Callable[["Case", Any], Value]]
"""How each kind of part gets its value."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An award made before, for caps: when it counts, how much, and its text facts."""

    at: datetime
    amount_minor: int
    keys: Mapping[str, str] = field(default_factory=dict)


class Case:
    """One case at one time. Named parts are worked out once.

    `blind` to what ended the case, `or_now` always gives now: so one finds when a promise would
    have been broken if nothing had happened.
    """

    __slots__ = (
        "_known", "blind", "calendars", "facts", "history", "item", "now", "terms", "work",
    )  # fmt: skip

    def __init__(
        self,
        work: Work,
        terms: Guarantee,
        facts: Mapping[str, Any],
        now: datetime | None,
        calendars: Mapping[str, PreparedCalendar],
        history: Sequence[Earlier] = (),
        *,
        blind: bool = False,
    ) -> None:
        self.work = work
        self.terms = terms
        self.facts = facts
        self.now = now
        self.calendars = calendars
        self.history = history
        self.blind = blind
        self.item: Mapping[str, Any] = {}
        self._known: dict[tuple[str, str], Value] = {}

    def at(self, now: datetime, *, blind: bool = False) -> "Case":
        """The same case at another time."""
        return Case(
            self.work, self.terms, self.facts, now, self.calendars, self.history, blind=blind
        )

    @property
    def zone(self) -> str:
        return self.terms.time_zone

    def value(self, part: Node) -> Value:
        return self.work[type(part)](self, part)

    def moves(self, part: object) -> bool:
        """Whether the value of the part changes with time alone."""
        return id(part) in self.terms.moving

    def named(self, kind: str, name: str, part: Node) -> Value:
        if self.item:
            return self.value(part)
        found = self._known.get((kind, name))
        if found is None:
            found = self._known[kind, name] = self.value(part)
        return found

    def day(self, part: Instant) -> tuple[date | None, bool]:
        """The local day of an instant; of a deadline the last day that is in time."""
        at, moving = self.value(LastInTime(part))
        return (None if at is None else local_date(at, self.zone)), moving

    def value_in_force(self, name: str) -> tuple[Number | None, bool]:
        """The number, and whether the date that decides still moves. None while that date is not
        known, or lies in no row."""
        fixed = self.terms.values.get(name)
        if fixed is not None:
            return fixed, False
        group = next(group for group in self.terms.dated if name in group.rows[0].values)
        row, _, moving = self.row_in_force(group)
        return (None if row is None else row.values[name]), moving

    def row_in_force(self, group: DatedRows) -> tuple[Row | None, date | None, bool]:
        """The row of the date that decides, that date, and whether it still moves."""
        day, moving = self.day(group.by)
        if day is None:
            return None, None, moving
        row = next((row for row in group.rows if in_force(row.first, row.last, day)), None)
        return row, day, moving


def known(case: Case, part: Node) -> Any:
    """The value, or None; beyond the end of a calendar nothing is known."""
    try:
        return case.value(part)[0]
    except BeyondCalendar:
        return None


def in_force(first: date | None, last: date | None, day: date | None) -> bool:
    if day is None:
        return False
    return (first is None or first <= day) and (last is None or day <= last)
