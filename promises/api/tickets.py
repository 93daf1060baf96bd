"""Taking numbers, and reading tickets."""

import uuid
from typing import Any

from flask import current_app

from promises.api.fields import PageQuery
from promises.api.operations import Asked, Operation, operation
from promises.api.reading import as_it_is, page, row
from promises.api.refusals import unseen_is_not_found
from promises.api.schemas import tickets as schemas
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID, page_example
from promises.desk.models import EventSource
from promises.desk.values import IssuedTicket, NewTicket, label_of
from promises.flows.name_payment import name_payment
from promises.flows.take_number import take_number
from promises.http.context import current, own_branch
from promises.identity.actions import known_customer
from promises.identity.models import Scope
from promises.kernel.errors import DomainError, FieldProblem, Refused
from promises.reporting.registers import EVENTS, TICKETS


def ticket_document(found: Any) -> dict[str, Any]:
    document = dict(as_it_is(found))
    document["label"] = label_of(document.pop("letter"), found.number)
    return document


@operation(
    "/tickets",
    Operation(
        name="takeNumber",
        tag="Tickets",
        summary="Take a number",
        description="A customer arrives. The number is the next of the branch's day; each promise "
        "in force for the ticket becomes a commitment with its deadline.",
        scope=Scope.TICKETS_WRITE,
        body=schemas.NewTicketBody,
        body_example={"branch_id": OTHER_ID, "service_kind_id": EXAMPLE_ID, "kind": "visit"},
        answer=schemas.IssuedSchema,
        example=schemas.ISSUED,
        status=201,
        errors=(404,),
    ),
)
def take(asked: Asked) -> dict[str, Any]:
    given = dict(asked.data)
    own_branch(given["branch_id"])
    reference, payment = given.pop("customer_reference"), given.pop("payment")
    request = NewTicket(
        source=EventSource.API,
        customer_id=customer_of(asked, reference) if reference is not None else None,
        **given,
    )
    try:
        issued = take_number(asked.uow, request=request)
    except DomainError as refusal:
        raise unseen_is_not_found(asked, refusal, service_kind_id=request.service_kind_id) from None
    if payment is not None:
        name_payment(asked.uow, ticket_id=issued.ticket_id, named=payment)
    return _issued(issued)


def customer_of(asked: Asked, reference: str) -> uuid.UUID:
    """The customer of that reference, made at first sight. Raises Refused."""
    try:
        return known_customer(
            asked.uow.session,
            organisation_id=asked.uow.organisation_id,
            now=asked.uow.now,
            reference=reference,
        )
    except Refused as error:
        raise Refused(
            FieldProblem("/customer_reference", one.message, one.params) for one in error.problems
        ) from error


def _issued(issued: IssuedTicket) -> dict[str, Any]:
    slug = current().organisation.slug
    base = current_app.config["LUPAUS"].base_url
    return {
        "id": issued.ticket_id,
        "number": issued.number,
        "label": issued.label,
        "public_code": issued.public_code,
        "url": f"{base}/o/{slug}/t/{issued.public_code}",
        "kind": issued.kind,
        "branch_id": issued.branch_id,
        "service_kind_id": issued.service_kind_id,
        "day_on": issued.day_on,
        "arrived_at": issued.arrived_at,
        "verified": issued.verified,
    }


@operation(
    "/tickets",
    Operation(
        name="listTickets",
        tag="Tickets",
        summary="List the tickets of a branch's day",
        description="The newest first.",
        scope=Scope.READ,
        query=schemas.TicketsQuery,
        answer=schemas.TicketPage,
        example=page_example(schemas.TICKET),
        errors=(404,),
    ),
)
def list_tickets(asked: Asked) -> dict[str, Any]:
    return page(asked, TICKETS, ticket_document)


@operation(
    "/tickets/<uuid:ticket_id>",
    Operation(
        name="readTicket",
        tag="Tickets",
        summary="Read a ticket",
        description="Its state and times. Who the customer is stands nowhere in the API.",
        scope=Scope.READ,
        answer=schemas.TicketSchema,
        example=schemas.TICKET,
        errors=(404,),
    ),
)
def read(asked: Asked, ticket_id: uuid.UUID) -> dict[str, Any]:
    return ticket_document(row(asked, TICKETS, ticket_id))


@operation(
    "/tickets/<uuid:ticket_id>/events",
    Operation(
        name="listTicketEvents",
        tag="Tickets",
        summary="List what happened to a ticket",
        description="The oldest first, events that were taken back included.",
        scope=Scope.READ,
        query=PageQuery,
        answer=schemas.EventPage,
        example=page_example(schemas.EVENT),
        errors=(404,),
    ),
)
def list_events(asked: Asked, ticket_id: uuid.UUID) -> dict[str, Any]:
    row(asked, TICKETS, ticket_id)
    return page(asked, EVENTS, ticket_id=ticket_id)
