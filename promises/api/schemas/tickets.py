"""Tickets and what happens to them. Nothing here tells who the customer is."""

import uuid
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from promises.api.fields import (
    NOT_AN_OBJECT,
    NOT_NULL,
    Choice,
    Day,
    Flag,
    Id,
    Instant,
    Many,
    Nested,
    PageQuery,
    Part,
    Text,
    Whole,
    length,
)
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID, page_of
from promises.api.schemas.payments import payment_field
from promises.desk.events import LONGEST_BATCH
from promises.desk.models import EventKind, EventSource, TicketKind, TicketState
from promises.identity.customers import LONGEST_REFERENCE
from promises.kernel.text import LOCALES, N_

SAYABLE = frozenset(EventKind) - {
    EventKind.ARRIVED,  # the ticket itself says it
    EventKind.CLOSED,  # by rule only
    EventKind.DISPUTED,  # the customer's own word
    EventKind.DISPUTE_RESOLVED,  # a person's decision: it may release money
}
"""What a program may say of a ticket."""

LONGEST_TEXT = 1000
_NEEDED = N_("This is needed for this kind of event.")
_NOT_HERE = N_("This does not belong to this kind of event.")
WHEN = "When it happened; now if left out. Up to 60 s back is vouched for, older is unverified."


FACTS = (
    "Facts by name for the terms of promises: whole numbers, texts, truth, lists and objects of "
    "these; fractions as text. Nothing that tells who the customer is."
)


class Facts(fields.Dict):
    """An object with any names; the desk looks at names and values."""

    default_error_messages = {"invalid": NOT_AN_OBJECT, "null": NOT_NULL}


class NewTicketBody(Part):
    branch_id = Id(required=True)
    service_kind_id = Id(
        required=True, metadata={"description": "What the customer came for; see the services."}
    )
    kind = Choice(TicketKind, of=frozenset({TicketKind.VISIT}), load_default=TicketKind.VISIT)
    occurred_at = Instant(load_default=None, metadata={"description": WHEN})
    customer_reference = Text(
        load_default=None,
        validate=length(1, LONGEST_REFERENCE, N_("Give a reference of 1 to 200 characters.")),
        metadata={
            "description": "Your reference of a known customer. Only a keyed hash of it is kept, "
            "so that caps per customer bind."
        },
    )
    locale = fields.String(
        load_default=None,
        validate=lambda value: _one_of_locales(value),
        error_messages={"invalid": N_("This is none of the values that are possible here.")},
        metadata={"enum": list(LOCALES), "description": "The customer's language."},
    )
    attributes = Facts(load_default=dict, metadata={"description": FACTS})
    payment = payment_field()


def _one_of_locales(value: str) -> None:
    if value not in LOCALES:
        raise ValidationError(N_("This is none of the values that are possible here."))


class TicketSchema(Part):
    """One customer matter."""

    class Meta:
        title = "Ticket"

    id = Id(required=True)
    label = Text(required=True, metadata={"description": "What the display shows, such as A042."})
    number = Whole(required=True, allow_none=True)
    kind = Choice(TicketKind, required=True)
    state = Choice(TicketState, required=True)
    source = Choice(EventSource, required=True)
    branch_id = Id(required=True)
    service_kind_id = Id(required=True)
    counter_id = Id(required=True, allow_none=True)
    day_on = Day(required=True, metadata={"description": "The branch's own date of the arrival."})
    arrived_at = Instant(required=True, allow_none=True)
    called_at = Instant(required=True, allow_none=True)
    service_started_at = Instant(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)
    next_due_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "The earliest open deadline; from this instant on it is missed."},
    )
    disputed = Flag(required=True)


class IssuedSchema(Part):
    """A number that was just taken. The code is given here and never again."""

    id = Id(required=True)
    number = Whole(required=True)
    label = Text(required=True)
    public_code = Text(
        required=True, metadata={"description": "Whoever has it has the ticket: keep it secret."}
    )
    url = Text(required=True, metadata={"description": "The customer's own page of the ticket."})
    kind = Choice(TicketKind, required=True)
    branch_id = Id(required=True)
    service_kind_id = Id(required=True)
    day_on = Day(required=True)
    arrived_at = Instant(required=True)
    verified = Flag(required=True, metadata={"description": "Whether we vouch for the arrival."})


class TicketsQuery(PageQuery):
    branch_id = Id(required=True)
    day_on = Day(required=True, metadata={"description": "The branch's own date."})
    state = Choice(TicketState, of=frozenset(TicketState) - {TicketState.WITHDRAWN})


class EventBody(Part):
    kind = Choice(EventKind, of=SAYABLE, required=True)
    occurred_at = Instant(load_default=None, metadata={"description": WHEN})
    counter_id = Id(
        load_default=None, metadata={"description": "The counter of a call or of a service."}
    )
    service_kind_id = Id(
        load_default=None, metadata={"description": "Where a transfer leads; only for transfers."}
    )
    corrects_id = Id(
        load_default=None,
        metadata={"description": "The event that no longer holds; only for `undone`."},
    )
    promised_at = Instant(
        load_default=None,
        metadata={"description": "The date that the customer was given; only for `promised`."},
    )
    partner = Text(
        load_default=None,
        validate=length(1, 63, N_("Give the partner's name in terms.")),
        metadata={"description": "Who gets the matter; only for `handed_over`."},
    )
    text = Text(
        load_default=None,
        validate=length(1, LONGEST_TEXT, N_("Give a text of 1 to 1,000 characters.")),
        metadata={"description": "What the customer reads of it; only for matters."},
    )
    attributes = Facts(load_default=dict, metadata={"description": f"Only for matters. {FACTS}"})

    @validates_schema
    def _fits(self, data: dict[str, Any], **_kwargs: Any) -> None:
        for name, kind in _BELONGS:
            given, wanted = data.get(name) is not None, data.get("kind") is kind
            if given != wanted and "kind" in data:
                raise ValidationError(_NEEDED if wanted else _NOT_HERE, name)


_BELONGS = (
    ("service_kind_id", EventKind.TRANSFERRED),
    ("corrects_id", EventKind.UNDONE),
    ("promised_at", EventKind.PROMISED),
    ("partner", EventKind.HANDED_OVER),
)


class TicketEventBody(EventBody):
    ticket_id = Id(required=True)


class EventsBody(Part):
    events = Many(
        Nested(TicketEventBody),
        required=True,
        validate=length(1, LONGEST_BATCH, N_("A batch holds 1 to 1,000 events.")),
    )


class TicketNowSchema(Part):
    """The ticket as the event left it."""

    id = Id(required=True)
    label = Text(required=True)
    state = Choice(TicketState, required=True)
    branch_id = Id(required=True)
    service_kind_id = Id(required=True)


class LoggedSchema(Part):
    """An event that was logged, and judged."""

    id = Id(required=True)
    kind = Choice(EventKind, required=True)
    occurred_at = Instant(required=True)
    recorded_at = Instant(required=True)
    verified = Flag(
        required=True,
        metadata={"description": "False where the claimed time is too far back to vouch for."},
    )
    ticket = Nested(TicketNowSchema, required=True)


class ItemProblem(Part):
    """Why one event of a batch was refused; it changed nothing."""

    type = Text(required=True)
    title = Text(required=True)
    status = Whole(required=True)
    detail = Text(required=True)
    code = Text(required=True)


class ItemSchema(Part):
    """The answer to one event of a batch: either `event` or `problem` is set."""

    status = Whole(required=True, metadata={"description": "201, or the status of the problem."})
    event = Nested(LoggedSchema, required=True, allow_none=True)
    problem = Nested(ItemProblem, required=True, allow_none=True)


class BatchSchema(Part):
    results = Many(Nested(ItemSchema), required=True, metadata={"description": "In your order."})
    logged = Whole(required=True)
    refused = Whole(required=True)


class EventSchema(Part):
    """A fact on a ticket, with two times: claimed, and ours."""

    id = Id(required=True)
    ticket_id = Id(required=True)
    kind = Choice(EventKind, required=True)
    source = Choice(EventSource, required=True)
    occurred_at = Instant(required=True)
    recorded_at = Instant(required=True)
    verified = Flag(required=True)
    counter_id = Id(required=True, allow_none=True)
    service_kind_id = Id(required=True, allow_none=True)
    corrects_id = Id(required=True, allow_none=True)
    undone = Flag(required=True, metadata={"description": "Whether a later event took it back."})
    ticket_version = Whole(required=True, metadata={"description": "Orders a ticket's events."})


TicketPage = page_of(TicketSchema)
EventPage = page_of(EventSchema)

_AT = "2026-03-02T10:00:00+00:00"
TICKET = {
    "id": EXAMPLE_ID,
    "label": "A042",
    "number": 42,
    "kind": "visit",
    "state": "waiting",
    "source": "api",
    "branch_id": OTHER_ID,
    "service_kind_id": str(uuid.UUID(int=7, version=4)),
    "counter_id": None,
    "day_on": "2026-03-02",
    "arrived_at": _AT,
    "called_at": None,
    "service_started_at": None,
    "ended_at": None,
    "next_due_at": "2026-03-02T10:15:00.000001+00:00",
    "disputed": False,
}
ISSUED = {
    name: TICKET[name]
    for name in ("id", "number", "label", "kind", "branch_id", "service_kind_id", "day_on")
} | {
    "public_code": "q3Zr8mV0cJk1xUuT5yB7Wg",
    "url": "https://promises.example/o/saastopankki/t/q3Zr8mV0cJk1xUuT5yB7Wg",
    "arrived_at": _AT,
    "verified": True,
}
LOGGED = {
    "id": OTHER_ID,
    "kind": "service_started",
    "occurred_at": "2026-03-02T10:09:30+00:00",
    "recorded_at": "2026-03-02T10:09:30.250000+00:00",
    "verified": True,
    "ticket": {name: TICKET[name] for name in ("id", "label", "branch_id", "service_kind_id")}
    | {"state": "in_service"},
}
EVENT = {
    "id": OTHER_ID,
    "ticket_id": EXAMPLE_ID,
    "kind": "service_started",
    "source": "api",
    "occurred_at": LOGGED["occurred_at"],
    "recorded_at": LOGGED["recorded_at"],
    "verified": True,
    "counter_id": None,
    "service_kind_id": None,
    "corrects_id": None,
    "undone": False,
    "ticket_version": 2,
}
PROBLEM = {
    "type": "/api/v1/problems#ticket_not_waiting",
    "title": "This does not fit how things stand",
    "status": 409,
    "detail": "A042 is not waiting any more.",
    "code": "ticket_not_waiting",
}
BATCH = {
    "results": [
        {"status": 201, "event": LOGGED, "problem": None},
        {"status": 409, "event": None, "problem": PROBLEM},
    ],
    "logged": 1,
    "refused": 1,
}
