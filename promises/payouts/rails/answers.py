"""What a bank or a core system says in a file about payouts, in one form whatever its format."""

import datetime as dt
import enum
from dataclasses import dataclass


class FileKind(enum.StrEnum):
    STATUS = "pain.002"
    STATEMENT = "camt.053"
    NOTICE = "camt.054"
    REPORT = "camt.052"  # of the day so far
    RETURN = "pacs.004"
    RESULTS = "results"  # of a core system


class LineKind(enum.StrEnum):
    RECEIVED = "received"  # seen, nothing decided
    ACCEPTED = "accepted"
    REJECTED = "rejected"  # no money moved
    DUPLICATE = "duplicate"  # the file was there before: says nothing about the first one
    BOOKED = "booked"  # it left the account
    RETURNED = "returned"  # it came back
    UNCLEAR = "unclear"  # money moved under its id, and not as a payment or a return does


@dataclass(frozen=True, slots=True)
class Line:
    """One statement about one payout. `ref` is unique within its message; `mark` is the id that our
    file gave the payout; the amount is None where the bank does not repeat it. `lasting`: the bank
    gives this booking the same ref in every message. `booked_on`: the day on which the bank says
    that it booked it."""

    kind: LineKind
    ref: str
    mark: str
    amount_minor: int | None = None
    currency: str | None = None
    reason: str | None = None
    lasting: bool = False
    booked_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Balance:
    """One account's part of a statement: what it was, what all its entries come to, what it is.
    None where the bank does not say."""

    ref: str
    opening_minor: int | None
    entries_minor: int
    closing_minor: int | None

    @property
    def gap_minor(self) -> int:
        """What is missing between the entries and the balances."""
        if self.opening_minor is None or self.closing_minor is None:
            return 0
        return self.closing_minor - self.opening_minor - self.entries_minor


@dataclass(frozen=True, slots=True)
class AnswerFile:
    """A file read to its end. `answers_to` is the message id of the file that it answers; `whole`
    is what it says of all payouts of that file that have no line. `accounts` are those of
    ours that a statement is of, with their `balances`. `totals` are of whole payment files, whose
    message ids are their marks."""

    kind: FileKind
    message_id: str
    lines: tuple[Line, ...]
    answers_to: str | None = None
    whole: LineKind | None = None
    whole_reason: str | None = None
    accounts: frozenset[str] = frozenset()
    balances: tuple[Balance, ...] = ()
    totals: tuple[Line, ...] = ()
