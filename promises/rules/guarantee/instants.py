"""Instants: facts, deadlines, and what is chosen among them. All in UTC once they have a value."""

from dataclasses import dataclass
from datetime import datetime, time

from promises.rules.guarantee.numbers import Pauses
from promises.rules.guarantee.vocabulary import (
    At,
    Condition,
    Instant,
    Number,
    Receipt,
    Roll,
    Unit,
)


@dataclass(frozen=True, slots=True)
class InstantFact(Instant):
    name: str


@dataclass(frozen=True, slots=True)
class Now(Instant):
    pass


@dataclass(frozen=True, slots=True)
class FixedInstant(Instant):
    at: datetime


@dataclass(frozen=True, slots=True)
class NamedDeadline(Instant):
    name: str


@dataclass(frozen=True, slots=True)
class OrNow(Instant):
    """The instant, or now as long as it is missing: what makes a promise break by the clock."""

    of: Instant


@dataclass(frozen=True, slots=True)
class Extreme(Instant):
    """The earliest or the latest. Missing ones are passed over, or make the whole missing."""

    latest: bool
    of: tuple[Instant, ...]
    skip_missing: bool


@dataclass(frozen=True, slots=True)
class FirstKnown(Instant):
    of: tuple[Instant, ...]


@dataclass(frozen=True, slots=True)
class ChosenInstant(Instant):
    rows: tuple[tuple[Condition, Instant], ...]
    otherwise: Instant


@dataclass(frozen=True, slots=True)
class InList(Instant):
    """The earliest or latest of a list of instants, of those after `after` where it is given."""

    fact: str
    latest: bool
    after: Instant | None


@dataclass(frozen=True, slots=True)
class EdgeOf(Instant):
    """The first instant of a local period, or the first one after it."""

    period: str
    end: bool


@dataclass(frozen=True, slots=True)
class InstantField(Instant):
    """A time of the record that is looked at, inside `count` and `total`."""

    name: str


@dataclass(frozen=True, slots=True)
class NextOpening(Instant):
    """The first open instant from `of` on: `of` itself while the calendar is open."""

    of: Instant
    calendar: str


@dataclass(frozen=True, slots=True)
class LastInTime(Instant):
    """Not of the language: the instant for which a part stands where days are counted, which for a
    deadline is the last that is in time. One that merely has a name among the deadlines is none."""

    of: Instant


@dataclass(frozen=True, slots=True)
class Deadline(Instant):
    """The first instant that is too late. See `moments`."""

    start: Instant
    add: Number
    unit: Unit
    calendar: str | None = None
    cut_off: time | None = None
    cut_off_inclusive: bool = True
    receipt: Receipt = Receipt.COUNTS
    roll: Roll | None = None
    at: At | time | None = None
    inclusive: bool = True
    pauses: Pauses | None = None
