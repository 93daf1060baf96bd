"""Tickets as columns: 37 bytes a ticket, sorted by day, never changed once made.

A block holds the tickets of one calendar month, so that a changed day costs the rebuilding of one
month and a span reads slices without copying.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, field, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from promises.rules.compile_numpy import Bytes, Ending, Numbers, Scoped, Waits
from promises.rules.facts import EventKind, TicketKind

Shorts = NDArray[np.uint16]
Days = NDArray[np.int32]

HOURS = 168
"""An hour of the week: 24 times the weekday from Monday, and the hour of the branch's clock."""

KIND_CODES: dict[Any, int] = {kind: code for code, kind in enumerate(TicketKind)}
_EPOCH_WEEKDAY = 3  # the first of January 1970 was a Thursday


def day_number(day: dt.date) -> int:
    """Days since 1970."""
    return day.toordinal() - _FIRST


def day_of(number: int) -> dt.date:
    return dt.date.fromordinal(number + _FIRST)


_FIRST = dt.date(1970, 1, 1).toordinal()


@dataclass(frozen=True, slots=True)
class Codes:
    """The number of each branch and kind of service of an organisation. Numbers are never given
    anew, so blocks of different ages agree."""

    branches: dict[uuid.UUID, int] = field(default_factory=dict)
    services: dict[uuid.UUID, int] = field(default_factory=dict)

    def branch(self, branch_id: uuid.UUID) -> int:
        return self.branches.setdefault(branch_id, len(self.branches))

    def service(self, service_kind_id: uuid.UUID) -> int:
        return self.services.setdefault(service_kind_id, len(self.services))


@dataclass(frozen=True, slots=True)
class Block:
    """Tickets with an arrival, by rising `day` (days since 1970).

    `service` and `call` are what ended the wait until service and until the call. `hour` is the
    hour of the week of the arrival. `customer` and `device` stand for the known ones, -1 is
    none; they are None unless they were asked for.
    """

    day: Days
    hour: Bytes
    branch: Shorts
    service_kind: Shorts
    ticket_kind: Bytes
    arrived: Numbers
    service: Waits
    call: Waits
    customer: Numbers | None
    device: Numbers | None

    def __len__(self) -> int:
        return len(self.day)

    @property
    def nbytes(self) -> int:
        return sum(one.nbytes for one in self._arrays().values())

    def waits(self, until: EventKind) -> Waits:
        return self.service if until is EventKind.SERVICE_STARTED else self.call

    def scoped(self, codes: Codes) -> Scoped:
        return Scoped(
            self.ticket_kind,
            self.service_kind,
            self.branch,
            KIND_CODES,
            dict(codes.services),
            dict(codes.branches),
        )

    def unended(self, until: EventKind) -> NDArray[np.intp]:
        return np.flatnonzero(self.waits(until).ending == Ending.NOTHING)

    def between(self, first: int, last: int) -> Self:
        """The tickets of these days, both included, as views."""
        start, stop = np.searchsorted(self.day, [first, last + 1])
        if start == 0 and stop == len(self):
            return self
        return self._each(lambda column: column[start:stop])

    def taken(self, places: NDArray[Any]) -> Self:
        """Copies of the rows at these places, in their order."""
        return self._each(lambda column: column[places])

    def _arrays(self) -> dict[str, NDArray[Any]]:
        found: dict[str, NDArray[Any]] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Waits):
                found |= {f"{one.name}.ending": value.ending, f"{one.name}.wait": value.wait}
            elif value is not None:
                found[one.name] = value
        return found

    def _each(self, change: Any) -> Self:
        made: dict[str, Any] = {}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, Waits):
                made[one.name] = Waits(change(value.ending), change(value.wait))
            else:
                made[one.name] = None if value is None else change(value)
        return replace(self, **made)


def joined(blocks: list[Block]) -> Block:
    """One block with the rows of all, sorted by day. The blocks agree in what they hold."""
    first = blocks[0]
    made: dict[str, Any] = {}
    for one in fields(first):
        values = [getattr(block, one.name) for block in blocks]
        if isinstance(values[0], Waits):
            made[one.name] = Waits(
                np.concatenate([value.ending for value in values]),
                np.concatenate([value.wait for value in values]),
            )
        else:
            made[one.name] = None if values[0] is None else np.concatenate(values)
    return by_day(replace(first, **made))


def by_day(block: Block) -> Block:
    """The same rows by rising day; rows of one day keep their order."""
    if not len(block) or bool((block.day[1:] >= block.day[:-1]).all()):
        return block
    day = block.day - block.day.min()
    narrow = day.astype(np.uint16) if day.max() < 1 << 16 else day  # sorted in a single pass
    return block.taken(np.argsort(narrow, kind="stable"))


def hours_of_week(day: Days, arrived: Numbers, offsets: Numbers) -> Bytes:
    """`arrived` in microseconds of UTC, `offsets` those of the local clocks to it."""
    hour = (arrived + offsets) // 3_600_000_000 % 24
    return ((day + _EPOCH_WEEKDAY) % 7 * 24 + hour).astype(np.uint8)
