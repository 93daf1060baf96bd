"""Files of payouts that people release: what goes into one, and how a rail makes and reads them."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from promises.payouts.rails.answers import AnswerFile
from promises.payouts.rails.base import (
    CannotList,
    Listed,
    Outcome,
    PayoutRequest,
    RailAccount,
    RailMaker,
    RailVerdict,
    Trouble,
)


@dataclass(frozen=True, slots=True)
class RunItem:
    """One payout in a file. `mark` names it there, and in every answer; `tracking_id` is the id by
    which banks follow a payment (UETR)."""

    request: PayoutRequest
    mark: str
    tracking_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class RunHead:
    """`message_id` names the file for ever. `sequence` counts the files of a rail from 1."""

    message_id: str
    sequence: int
    created_at: dt.datetime
    execute_on: dt.date
    currency: str
    amount_minor: int


class RunMaker(RailMaker, Protocol):
    """A rail whose payouts go out in files. `ending` is that of the file's name;
    `currency` the only one it carries, None: any."""

    ending: str
    media_type: str
    currency: str | None

    def account_name(self, account: RailAccount) -> str:
        """The account that the files draw on, in one spelling; it is compared by its blind index
        with the one that a statement is of."""
        ...

    def write(self, account: RailAccount, head: RunHead, items: Sequence[RunItem]) -> bytes:
        """The same bytes for the same arguments."""
        ...

    def read(
        self, account: RailAccount, content: bytes, is_ours: Callable[[str], bool]
    ) -> AnswerFile:
        """`is_ours` tells whether runs have drawn on an account. Raises FileNotReadable."""
        ...

    def trouble(self, reason: str | None) -> Trouble:
        """What a reason that the file gives means for people."""
        ...


class RunRail:
    """One organisation's end of such a rail. Nothing can be asked of it: only files tell."""

    def __init__(self, name: str) -> None:
        self.name = name

    def submit(self, request: PayoutRequest) -> Outcome:
        return Outcome(RailVerdict.RETRY, detail="goes out in a run")

    def find(self, request: PayoutRequest) -> Outcome | None:
        return Outcome(RailVerdict.UNKNOWN, detail="known from files only")

    def look(self, request: PayoutRequest, provider_ref: str) -> Outcome:
        return Outcome(RailVerdict.UNKNOWN, detail="known from files only")

    def listed(self, since: dt.datetime, until: dt.datetime) -> Iterator[Listed]:
        raise CannotList("known from files only")
