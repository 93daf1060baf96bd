"""Conditions: true, false, or not known yet."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any

from promises.rules.guarantee.vocabulary import (
    Comparator,
    Condition,
    Instant,
    Number,
)


@dataclass(frozen=True, slots=True)
class Always(Condition):
    value: bool


@dataclass(frozen=True, slots=True)
class Compare(Condition):
    left: Number
    op: Comparator
    right: Number


@dataclass(frozen=True, slots=True)
class BooleanFact(Condition):
    name: str


@dataclass(frozen=True, slots=True)
class OneOf(Condition):
    name: str
    values: frozenset[Any]


@dataclass(frozen=True, slots=True)
class IsKnown(Condition):
    """Always decided: whether the fact is known by now."""

    name: str


@dataclass(frozen=True, slots=True)
class All(Condition):
    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(Condition):
    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not(Condition):
    of: Condition


@dataclass(frozen=True, slots=True)
class NamedCondition(Condition):
    name: str


@dataclass(frozen=True, slots=True)
class Before(Condition):
    """`first` lies before `second`, or at it where `or_at`."""

    first: Instant
    second: Instant
    or_at: bool


@dataclass(frozen=True, slots=True)
class TimeIn(Condition):
    """The local time of day lies in [start, end); past midnight where end is before start."""

    of: Instant
    start: time
    end: time


@dataclass(frozen=True, slots=True)
class DateIn(Condition):
    """The local date is one of the dates, or of the days of the year (month, day), or lies in the
    span of the year from `first` to `last`, both included."""

    of: Instant
    dates: frozenset[date]
    days: frozenset[tuple[int, int]]
    first: tuple[int, int] | None
    last: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class WeekdayIn(Condition):
    """0 is Monday."""

    of: Instant
    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class OpenOn(Condition):
    """Whether the calendar opens on that local day, or is open at that instant."""

    of: Instant
    calendar: str
    at_instant: bool
