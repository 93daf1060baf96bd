"""The closed vocabulary of guarantees, and the three kinds of parts that they are made of.

Nothing in `numbers`, `instants`, `conditions` and `clauses` computes: the readers make them from a
document, the interpreter gives them a value.
"""

from enum import StrEnum


class FactType(StrEnum):
    """What a fact may be. `date` is a local day, read as its first instant where an instant is
    wanted; `period` a local month or year; `intervals` are pairs of instants, an open end being
    null; `by_period` gives a number for each period by its name ("2026", "2026-04")."""

    INSTANT = "instant"
    DATE = "date"
    PERIOD = "period"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    INSTANTS = "instants"
    INTERVALS = "intervals"
    NUMBERS = "numbers"
    RECORDS = "records"
    BY_PERIOD = "by_period"


class Unit(StrEnum):
    """Spans. The first four are real time, the open ones count while a calendar is open, the rest
    are counted on the local calendar."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    OPEN_SECOND = "open_second"
    OPEN_MINUTE = "open_minute"
    OPEN_HOUR = "open_hour"
    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Whole(StrEnum):
    """How a span becomes a whole number of its unit."""

    NO = "no"
    DOWN = "down"
    UP = "up"


class Count(StrEnum):
    """Whether a period counts when it begins or only when it is over."""

    BEGUN = "begun"
    COMPLETED = "completed"


class Rounding(StrEnum):
    UP = "up"
    DOWN = "down"
    HALF_UP = "half_up"
    HALF_EVEN = "half_even"


class At(StrEnum):
    """To which moment of its last day a deadline runs; a time of day is the fifth choice."""

    END_OF_DAY = "end_of_day"
    START_OF_DAY = "start_of_day"
    SAME_TIME = "same_time"
    CLOSING_TIME = "closing_time"


class Receipt(StrEnum):
    """When a matter that comes in on a closed day, or after the cut-off, counts as received."""

    COUNTS = "counts"
    NEXT_OPEN_DAY = "next_open_day"
    NEXT_OPENING = "next_opening"


class Roll(StrEnum):
    NEXT_OPEN_DAY = "next_open_day"
    PREVIOUS_OPEN_DAY = "previous_open_day"


class Comparator(StrEnum):
    LESS = "<"
    AT_MOST = "<="
    EQUAL = "="
    OTHER = "!="
    AT_LEAST = ">="
    MORE = ">"


class Take(StrEnum):
    """Which of several merged spells is measured."""

    LONGEST = "longest"
    TOTAL = "total"
    LATEST = "latest"


class Remedy(StrEnum):
    MONEY = "money"
    VOUCHER = "voucher"
    BILL_CREDIT = "bill_credit"
    FEE_WAIVER = "fee_waiver"
    EXPENSE = "expense"
    GOODS = "goods"
    APOLOGY = "apology"
    RIGHT_TO_CANCEL = "right_to_cancel"


class Node:
    """A part of a guarantee."""

    __slots__ = ()


class Number(Node):
    __slots__ = ()


class Instant(Node):
    __slots__ = ()


class Condition(Node):
    __slots__ = ()
