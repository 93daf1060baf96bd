"""The mapping: what a file's columns mean. A pure value, read from its document by `document`."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from promises.desk.models import TicketKind

DEFAULT_BACK_S = 12 * 3600
"""A time this much earlier than the one before it belongs to the next day. One that is less early
contradicts it, as clocks that run wrong do."""


class Encoding(StrEnum):
    UTF_8 = "utf-8"
    UTF_8_SIG = "utf-8-sig"
    UTF_16 = "utf-16"
    ISO_8859_1 = "iso-8859-1"
    ISO_8859_15 = "iso-8859-15"
    WINDOWS_1252 = "windows-1252"


class Meaning(StrEnum):
    """What a row of the file says of the customer. The last two open no ticket."""

    SERVED = "served"
    LEFT = "left"
    NO_SHOW = "no_show"
    LEFT_BEFORE_QUEUE = "left_before_queue"
    IGNORED = "ignored"


class Test(StrEnum):
    """What a condition asks of a cell."""

    IS = "is"
    IS_NOT = "is_not"
    STARTS_WITH = "starts_with"
    EMPTY = "empty"
    ZERO = "zero"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Column:
    """A column by its header, or by its place counted from 1. `pointer` is where the mapping names
    it."""

    name: str | None
    position: int | None
    pointer: str


@dataclass(frozen=True, slots=True)
class Condition:
    """`operand` is a tuple of texts, a boolean or a number, as the test asks."""

    column: Column
    test: Test
    operand: tuple[str, ...] | bool | Decimal


@dataclass(frozen=True, slots=True)
class When:
    """Holds where all of `all_of` hold and not all of `unless`; empty, it always holds. A group
    within `all_of` or `unless` holds where any of its conditions does."""

    all_of: tuple[tuple[Condition, ...], ...] = ()
    unless: tuple[tuple[Condition, ...], ...] = ()

    @property
    def always(self) -> bool:
        return not self.all_of and not self.unless


@dataclass(frozen=True, slots=True)
class Cell:
    """A column, and the form of what stands in it."""

    column: Column
    form: str


@dataclass(frozen=True, slots=True)
class RollOver:
    """The time belongs to the next day where it is at least `back_us` before the one it follows:
    that of `after` on the same date, or the ticket's moment before."""

    back_us: int
    after: Cell | None = None


@dataclass(frozen=True, slots=True)
class DateAndTime:
    """A moment from two cells. Without a date it is on the day of arrival."""

    date: Cell | None
    time: Cell
    roll_over: RollOver | None


@dataclass(frozen=True, slots=True)
class MomentChoice:
    """`use` None: there is no such moment where the condition holds."""

    when: When
    use: Cell | DateAndTime | None


@dataclass(frozen=True, slots=True)
class Measured:
    """A duration in a column; `decimal` is the mark before a fraction."""

    column: Column
    form: str
    decimal: str


@dataclass(frozen=True, slots=True)
class DurationChoice:
    """`use` is a column, a fixed number of microseconds, or None where there is no duration."""

    when: When
    use: Measured | int | None


@dataclass(frozen=True, slots=True)
class Filter:
    keep: bool
    when: When


@dataclass(frozen=True, slots=True)
class Outcome:
    """The first rule that holds, else what the column's value means, else `otherwise`."""

    rules: tuple[tuple[When, Meaning], ...]
    column: Column | None
    values: dict[str, Meaning]
    otherwise: Meaning | None


@dataclass(frozen=True, slots=True)
class Service:
    """The letter of the kind of service: by the column's value, else `otherwise`. `places` says
    where the mapping names each letter."""

    column: Column | None
    letters: dict[str, str]
    otherwise: str | None
    places: dict[str, str]


@dataclass(frozen=True, slots=True)
class Customer:
    """The customer's reference; `nobody` are values that stand for no customer."""

    column: Column
    nobody: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileForm:
    """`delimiter` None: found from the file. `quote` None: quotation marks mean nothing."""

    delimiter: str | None
    quote: str | None
    encoding: Encoding
    header: bool
    skip_lines: int
    empty_values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportMapping:
    """`time_zone` None: the branch's."""

    file: FileForm
    time_zone: str | None
    ticket_kind: TicketKind
    filters: tuple[Filter, ...]
    reference: tuple[Column, ...]
    joined_by: str
    outcome: Outcome
    service: Service
    customer: Customer | None
    arrived: tuple[MomentChoice, ...]
    called: tuple[MomentChoice, ...]
    service_started: tuple[MomentChoice, ...]
    served: tuple[MomentChoice, ...]
    left: tuple[MomentChoice, ...]
    no_show: tuple[MomentChoice, ...]
    waited: tuple[DurationChoice, ...]
