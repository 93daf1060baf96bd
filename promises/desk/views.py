"""What the desk's queries return: plain rows for screens."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from promises.desk.models import EventKind, EventSource, TicketKind, TicketState
from promises.identity.models import ServiceStart
from promises.kernel.actors import ActorKind

Names = Mapping[str, str]
"""A name by language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingTicket:
    """Somebody in the queue. `next_due_at` is the earliest open deadline, counted from
    `started_at`; at `at_risk_at` four fifths of that time are gone. None without a promise."""

    ticket_id: uuid.UUID
    label: str
    service_kind_id: uuid.UUID
    service_names: Names
    started_at: dt.datetime
    waited: dt.timedelta
    next_due_at: dt.datetime | None
    disputed: bool

    @property
    def at_risk_at(self) -> dt.datetime | None:
        if self.next_due_at is None:
            return None
        return self.next_due_at - (self.next_due_at - self.started_at) / 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentTicket:
    """The customer at a counter. Times of call and start are those of this stay at it.

    `no_show_from_at`: from then on the clerk may note that nobody came.
    """

    ticket_id: uuid.UUID
    label: str
    state: TicketState
    service_kind_id: uuid.UUID
    service_names: Names
    arrived_at: dt.datetime | None
    called_at: dt.datetime | None
    service_started_at: dt.datetime | None
    no_show_from_at: dt.datetime | None
    next_due_at: dt.datetime | None
    disputed: bool
    locale: str | None
    customer_id: uuid.UUID | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CounterView:
    """A counter, its branch, and who is at it. `version` is the branch's."""

    counter_id: uuid.UUID
    counter_name: str
    branch_id: uuid.UUID
    branch_name: str
    branch_slug: str
    time_zone: str
    service_start: ServiceStart
    version: int
    current: CurrentTicket | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HallCall:
    """A number that was called, with the time of its latest call or recall."""

    ticket_id: uuid.UUID
    label: str
    counter_name: str
    called_at: dt.datetime
    state: TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class HallView:
    """What the hall sees: the latest calls, newest first, and how many wait."""

    calls: tuple[HallCall, ...]
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketVersion:
    """Both change when the ticket's page does: a 304 needs no more than this."""

    ticket_id: uuid.UUID
    version: int
    branch_id: uuid.UUID
    branch_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketView:
    """One ticket with the names of what it refers to."""

    ticket_id: uuid.UUID
    label: str
    public_code: str
    kind: TicketKind
    state: TicketState
    source: EventSource
    branch_id: uuid.UUID
    branch_name: str
    time_zone: str
    service_kind_id: uuid.UUID
    service_names: Names
    counter_name: str | None
    day_on: dt.date
    locale: str | None
    arrived_at: dt.datetime | None
    queued_at: dt.datetime
    called_at: dt.datetime | None
    service_started_at: dt.datetime | None
    ended_at: dt.datetime | None
    waited: dt.timedelta | None
    presence_shown_at: dt.datetime | None
    disputed_at: dt.datetime | None
    next_due_at: dt.datetime | None
    customer_id: uuid.UUID | None
    contact_id: uuid.UUID | None
    device_id: uuid.UUID | None
    import_id: uuid.UUID | None
    external_ref: str | None
    flags: tuple[str, ...]
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEvent:
    """An event as evidence: what, by whom, when it is said to have been and when we learnt it."""

    event_id: uuid.UUID
    kind: EventKind
    source: EventSource
    occurred_at: dt.datetime
    recorded_at: dt.datetime
    verified: bool
    actor_kind: ActorKind
    actor_id: uuid.UUID | None
    counter_name: str | None
    service_names: Names | None
    corrects_id: uuid.UUID | None
    undone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedAct:
    """An event that a person may want to take back, with the number it was about."""

    event_id: uuid.UUID
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    label: str
    kind: EventKind
    recorded_at: dt.datetime
    undone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow:
    """A line of the list of tickets."""

    ticket_id: uuid.UUID
    label: str
    external_ref: str | None
    kind: TicketKind
    state: TicketState
    service_names: Names
    counter_name: str | None
    queued_at: dt.datetime
    waited: dt.timedelta | None
    disputed: bool
