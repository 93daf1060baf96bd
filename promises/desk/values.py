"""What goes into the desk's verbs and what comes out."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from promises.desk.models import EventKind, EventSource, TicketKind, TicketState


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTicket:
    """A customer who arrives. `occurred_at` is the claimed arrival; None means now."""

    branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    source: EventSource
    kind: TicketKind = TicketKind.VISIT
    customer_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    device_id: uuid.UUID | None = None
    locale: str | None = None
    occurred_at: dt.datetime | None = None
    attributes: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMatter:
    """A matter that comes in without a number. `occurred_at` None means now.

    `subject` is what it is about; it may hold personal data and can be erased. `promised_at`: a
    date that the customer was given at once. `external_ref` names it in another system, once a
    branch. `attributes` are facts by name, without personal data.
    """

    branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    kind: TicketKind
    source: EventSource
    subject: str | None = None
    promised_at: dt.datetime | None = None
    owner_id: uuid.UUID | None = None
    customer_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    locale: str | None = None
    occurred_at: dt.datetime | None = None
    external_ref: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMatter:
    """A new matter; `promise_event_id` where a date was promised with it."""

    ticket_id: uuid.UUID
    event_id: uuid.UUID
    public_code: str
    day_on: dt.date
    arrived_at: dt.datetime
    verified: bool
    branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    kind: TicketKind
    promised_at: dt.datetime | None = None
    promise_event_id: uuid.UUID | None = None
    owner_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an event on a matter says besides its time: the date that is promised, the partner who
    gets it, a text (which may be erased), facts by name."""

    promised_at: dt.datetime | None = None
    partner_id: uuid.UUID | None = None
    text: str | None = None
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedTicket:
    """A new ticket. `arrived_at` is None for a walk-in: nobody logged when that person came.

    `verified` is false where the arrival was claimed too far back to be vouched for.
    """

    ticket_id: uuid.UUID
    event_id: uuid.UUID
    number: int
    label: str
    public_code: str
    day_on: dt.date
    arrived_at: dt.datetime | None
    verified: bool
    branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    kind: TicketKind
    customer_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    device_id: uuid.UUID | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventClaim:
    """That something happened to a ticket. `occurred_at` None means now; `service_kind_id` is for
    a transfer, `corrects_id` for an event of kind undone. `seen_version` is the ticket's as it was
    looked at; where something happened since, the claim is refused."""

    ticket_id: uuid.UUID
    kind: EventKind
    source: EventSource
    occurred_at: dt.datetime | None = None
    counter_id: uuid.UUID | None = None
    service_kind_id: uuid.UUID | None = None
    corrects_id: uuid.UUID | None = None
    said: Said | None = None
    seen_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketChange:
    """A ticket after an act on it. `event_id` is the act's event that an undo would name."""

    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    state: TicketState
    kind: TicketKind
    label: str
    public_code: str
    day_on: dt.date
    service_kind_id: uuid.UUID
    arrived_at: dt.datetime | None
    disputed: bool
    present: bool
    event_id: uuid.UUID
    customer_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    device_id: uuid.UUID | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """`verified` is false where the claimed time cannot be vouched for, or where what was undone
    had stood for longer than the desk's ten seconds."""

    event_id: uuid.UUID
    ticket: TicketChange
    verified: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What the screen showed as the counter's customer when its button was pressed."""

    ticket_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class CallResult:
    """Who was called, None where nobody waits, and whose visit ended by it."""

    called: TicketChange | None
    closed: TicketChange | None


def label_of(letter: str | None, number: int | None) -> str:
    """`A042`; only imported tickets may have neither."""
    return f"{letter or ''}{number:03d}" if number is not None else (letter or "–")
