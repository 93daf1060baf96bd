"""Logging what happens to tickets, one by one or many at once."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from promises.api.errors import locale, problem
from promises.api.operations import Asked, Operation, operation
from promises.api.refusals import unseen_is_not_found
from promises.api.schemas import tickets as schemas
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID
from promises.desk.models import EventSource
from promises.desk.partners import partner_by_slug
from promises.desk.values import EventClaim, LoggedEvent, Said
from promises.flows.record_event import record_event, record_events
from promises.identity.models import Scope
from promises.kernel.errors import DomainError, NotFound
from promises.reporting.registers import tickets_of_branch


@operation(
    "/tickets/<uuid:ticket_id>/events",
    Operation(
        name="logEvent",
        tag="Events",
        summary="Log what happened to a ticket",
        description="The event is logged and the ticket judged in one transaction. The same act a "
        "second time is refused. `undone` takes back the event that `corrects_id` names and every "
        "later step; after ten seconds such a correction is unverified.",
        scope=Scope.EVENTS_WRITE,
        body=schemas.EventBody,
        body_example={"kind": "service_started", "counter_id": OTHER_ID},
        answer=schemas.LoggedSchema,
        example=schemas.LOGGED,
        status=201,
        errors=(404,),
    ),
)
def log(asked: Asked, ticket_id: uuid.UUID) -> dict[str, Any]:
    claim = _claim(asked, {"ticket_id": ticket_id, **asked.data})
    if ticket_id not in _touchable(asked, [ticket_id]):
        raise NotFound(ticket_id=str(ticket_id))
    try:
        logged = record_event(asked.uow, claim=claim)
    except DomainError as refusal:
        raise _seen(asked, claim, refusal) from None
    return _logged(claim, logged, asked.uow.now)


@operation(
    "/events",
    Operation(
        name="logEvents",
        tag="Events",
        summary="Log many events at once",
        description="Up to 1,000, in their order, each with its own answer: those refused change "
        "nothing, the others stand. A body that does not fit the schema is refused whole.",
        scope=Scope.EVENTS_WRITE,
        body=schemas.EventsBody,
        body_example={
            "events": [
                {"ticket_id": EXAMPLE_ID, "kind": "service_started"},
                {"ticket_id": EXAMPLE_ID, "kind": "called"},
            ]
        },
        answer=schemas.BatchSchema,
        example=schemas.BATCH,
    ),
)
def log_batch(asked: Asked) -> dict[str, Any]:
    claims = [_claim(asked, given) for given in asked.data["events"]]
    touchable = _touchable(asked, [claim.ticket_id for claim in claims])
    allowed = [claim for claim in claims if claim.ticket_id in touchable]
    outcomes = iter(record_events(asked.uow, claims=allowed) if allowed else ())
    answers: list[LoggedEvent | DomainError] = [
        next(outcomes) if claim.ticket_id in touchable else NotFound(id=str(claim.ticket_id))
        for claim in claims
    ]
    results = [_item(asked, claim, answer) for claim, answer in zip(claims, answers, strict=True)]
    logged = sum(result["event"] is not None for result in results)
    return {"results": results, "logged": logged, "refused": len(results) - logged}


def _claim(asked: Asked, given: Mapping[str, Any]) -> EventClaim:
    """Raises PartnerUnknown."""
    plain = dict(given)
    partner, text = plain.pop("partner"), plain.pop("text")
    promised_at, attributes = plain.pop("promised_at"), plain.pop("attributes")
    said = None
    if partner or text or promised_at or attributes:
        tenant = {"organisation_id": asked.uow.organisation_id}
        said = Said(
            promised_at=promised_at,
            partner_id=partner and partner_by_slug(asked.uow.session, slug=partner, **tenant),
            text=text,
            attributes=attributes,
        )
    return EventClaim(source=EventSource.API, said=said, **plain)


def _touchable(asked: Asked, ticket_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """A key of the whole organisation needs no look: the desk knows its tickets."""
    if asked.branch_id is None:
        return set(ticket_ids)
    return tickets_of_branch(
        asked.uow.session,
        organisation_id=asked.uow.organisation_id,
        branch_id=asked.branch_id,
        ticket_ids=sorted(set(ticket_ids)),
    )


def _seen(asked: Asked, claim: EventClaim, refusal: DomainError) -> DomainError:
    return unseen_is_not_found(
        asked, refusal, counter_id=claim.counter_id, service_kind_id=claim.service_kind_id
    )


def _item(asked: Asked, claim: EventClaim, answer: LoggedEvent | DomainError) -> dict[str, Any]:
    if isinstance(answer, LoggedEvent):
        return {"status": 201, "event": _logged(claim, answer, asked.uow.now), "problem": None}
    told = problem(_seen(asked, claim, answer), locale())
    return {"status": told["status"], "event": None, "problem": told}


def _logged(claim: EventClaim, logged: LoggedEvent, now: dt.datetime) -> dict[str, Any]:
    ticket = logged.ticket
    return {
        "id": logged.event_id,
        "kind": claim.kind,
        "occurred_at": min(claim.occurred_at or now, now),
        "recorded_at": now,
        "verified": logged.verified,
        "ticket": {
            "id": ticket.ticket_id,
            "label": ticket.label,
            "state": ticket.state,
            "branch_id": ticket.branch_id,
            "service_kind_id": ticket.service_kind_id,
        },
    }
