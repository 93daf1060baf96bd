"""What a guarantee says besides its parts: steps of the amount, exclusions, remedies, payment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from promises.rules.guarantee.numbers import Window
from promises.rules.guarantee.vocabulary import (
    Condition,
    FactType,
    Instant,
    Number,
    Remedy,
    Rounding,
)


class Step:
    """One step of the ordered way from the amount to what is paid."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RoundStep(Step):
    to: Fraction
    how: Rounding


@dataclass(frozen=True, slots=True)
class UnpaidStep(Step):
    """Nothing is paid below the limit, or at it as well where `at_limit`."""

    limit: Number
    at_limit: bool


@dataclass(frozen=True, slots=True)
class CapStep(Step):
    most: Number


@dataclass(frozen=True, slots=True)
class FloorStep(Step):
    least: Number


@dataclass(frozen=True, slots=True)
class ExcessStep(Step):
    own: Number


@dataclass(frozen=True, slots=True)
class WindowCapStep(Step):
    """What one window gives at most. `used` names a fact: numbers by period, or the one number for
    the window of the case, which then needs no name; None reads the history. With
    `spread` the case is divided over the windows that it touches by its time in each."""

    most: Number
    window: Window | None
    used: str | None
    dated: Instant | None
    spread: tuple[Instant, Instant] | None


@dataclass(frozen=True, slots=True)
class WindowCountStep(Step):
    most: Number
    window: Window | None
    used: str | None
    dated: Instant | None


@dataclass(frozen=True, slots=True)
class OncePerStep(Step):
    """Nothing where the history holds an award with the same value of this text fact."""

    key: str


@dataclass(frozen=True, slots=True)
class NothingStep(Step):
    """Nothing where the condition holds: a limit was reached of which the facts tell."""

    when: Condition


@dataclass(frozen=True, slots=True)
class Exclusion:
    """`proof`, where given, must hold as well: who excuses himself has to show it."""

    code: str
    when: Condition
    proved_by: str | None
    proof: Condition | None


@dataclass(frozen=True, slots=True)
class RemedyOption:
    kind: Remedy
    amount: Number | None


@dataclass(frozen=True, slots=True)
class Remedies:
    """One remedy, or several among which the text fact `chosen_by` chooses; else the first."""

    options: tuple[RemedyOption, ...]
    chosen_by: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """On request: the money goes only to who asks, in the window [not_before, until)."""

    on_request: bool
    claimed_at: str | None
    not_before: Instant | None
    until: Instant | None


@dataclass(frozen=True, slots=True)
class Payment:
    """`due` is the first instant at which paying is late; `penalty` is then owed on top."""

    due: Instant
    paid_at: str | None
    penalty: Number | None


@dataclass(frozen=True, slots=True)
class Row:
    """Values in force from a local date to another, both included; None is open."""

    first: date | None
    last: date | None
    values: Mapping[str, Number]


@dataclass(frozen=True, slots=True)
class DatedRows:
    by: Instant
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class FactSpec:
    """`fields` are those of records, where the terms declare them; None takes any."""

    type: FactType
    when_missing: object = None
    fields: Mapping[str, "FactSpec"] | None = None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """Each deadline of a repeated promise is a case of its own: `word` is the list of instants at
    which it was kept, `ends` the instant from which it is over. In the terms, `period_start` is
    where the case begins and `word_at` the first word in it."""

    start: Instant
    word: str
    ends: Instant | None
    most: int


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A guarantee, read and checked. `document` is what it was read from; `moving` are the parts,
    by identity, whose value changes with time alone."""

    currency: str
    time_zone: str
    facts: Mapping[str, FactSpec]
    values: Mapping[str, Number]
    dated: tuple[DatedRows, ...]
    deadlines: Mapping[str, Instant]
    measures: Mapping[str, Number]
    conditions: Mapping[str, Condition]
    applies_when: Condition | None
    broken_when: Condition
    exclusions: tuple[Exclusion, ...]
    amount: Number
    steps: tuple[Step, ...]
    remedies: Remedies
    claim: Claim
    payment: Payment | None
    recurrence: Recurrence | None
    calendars: frozenset[str]
    document: Mapping[str, Any]
    moving: frozenset[int] = field(default=frozenset(), compare=False, repr=False)
