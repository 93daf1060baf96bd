"""What is known about a ticket, as the engine sees it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from promises.kernel.zones import require_utc

LONGEST_WAIT = timedelta(days=3660)


class TicketKind(StrEnum):
    VISIT = "visit"
    COMPLAINT = "complaint"
    CALLBACK = "callback"
    REQUEST = "request"
    APPLICATION = "application"


class EventKind(StrEnum):
    ARRIVED = "arrived"
    CALLED = "called"
    RECALLED = "recalled"
    SERVICE_STARTED = "service_started"
    SERVED = "served"
    LEFT = "left"
    NO_SHOW = "no_show"
    CLOSED = "closed"
    TRANSFERRED = "transferred"
    UNDONE = "undone"
    DISPUTED = "disputed"
    PRESENCE_SHOWN = "presence_shown"
    DISPUTE_RESOLVED = "dispute_resolved"
    PROMISED = "promised"
    TOLD = "told"
    ANSWERED = "answered"
    CALLED_BACK = "called_back"
    HANDED_OVER = "handed_over"
    HANDED_BACK = "handed_back"
    REOPENED = "reopened"
    NOTED = "noted"
    BOOKED = "booked"


@dataclass(frozen=True, slots=True)
class FactEvent:
    """One thing that happened. The time is kept in UTC; a naive one is a ValueError."""

    kind: EventKind
    occurred_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", EventKind(self.kind))
        object.__setattr__(self, "occurred_at", require_utc(self.occurred_at))


@dataclass(frozen=True, slots=True)
class Facts:
    """The events in any order, already folded: the caller leaves out what was undone or corrected.

    `measured_wait` is the source's own duration of the wait. Where it is given, the wait ended
    that long after the arrival, whatever the time of the event that ended it says.
    """

    ticket_kind: TicketKind
    service_kind_id: UUID | None
    branch_id: UUID | None
    events: tuple[FactEvent, ...]
    measured_wait: timedelta | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "ticket_kind", TicketKind(self.ticket_kind))
        if (
            self.measured_wait is not None
            and not timedelta(0) <= self.measured_wait <= LONGEST_WAIT
        ):
            raise ValueError("a measured wait lies between nothing and ten years")
