"""Opening matters that take no number. What happens to them is logged like other events."""

from typing import Any

from flask import current_app

from promises.api.operations import Asked, Operation, operation
from promises.api.refusals import unseen_is_not_found
from promises.api.schemas import matters as schemas
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID
from promises.api.tickets import customer_of
from promises.desk.models import EventSource
from promises.desk.values import NewMatter, OpenedMatter
from promises.flows.name_payment import name_payment
from promises.flows.open_matter import open_matter
from promises.http.context import current, own_branch
from promises.identity.models import Scope
from promises.kernel.errors import DomainError


@operation(
    "/matters",
    Operation(
        name="openMatter",
        tag="Tickets",
        summary="Open a matter without a number",
        description="A complaint, a call back, a request or an application comes in. It stands on "
        "the work list of its branch; each promise in force for it becomes a commitment with its "
        "deadline. What happens to it is logged as events of the ticket of the same id.",
        scope=Scope.TICKETS_WRITE,
        body=schemas.NewMatterBody,
        body_example={
            "branch_id": OTHER_ID,
            "service_kind_id": EXAMPLE_ID,
            "kind": "complaint",
            "reference": "K-2210",
            "attributes": {"price_minor": 4900},
        },
        answer=schemas.OpenedSchema,
        example=schemas.OPENED,
        status=201,
        errors=(404,),
    ),
)
def open_one(asked: Asked) -> dict[str, Any]:
    given = dict(asked.data)
    own_branch(given["branch_id"])
    customer, payment = given.pop("customer_reference"), given.pop("payment")
    request = NewMatter(
        source=EventSource.API,
        external_ref=given.pop("reference"),
        customer_id=customer_of(asked, customer) if customer is not None else None,
        **given,
    )
    try:
        opened = open_matter(asked.uow, request=request)
    except DomainError as refusal:
        raise unseen_is_not_found(asked, refusal, service_kind_id=request.service_kind_id) from None
    if payment is not None:
        name_payment(asked.uow, ticket_id=opened.ticket_id, named=payment)
    return _opened(opened)


def _opened(opened: OpenedMatter) -> dict[str, Any]:
    base = current_app.config["LUPAUS"].base_url
    return {
        "id": opened.ticket_id,
        "public_code": opened.public_code,
        "url": f"{base}/o/{current().organisation.slug}/t/{opened.public_code}",
        "kind": opened.kind,
        "branch_id": opened.branch_id,
        "service_kind_id": opened.service_kind_id,
        "day_on": opened.day_on,
        "arrived_at": opened.arrived_at,
        "promised_at": opened.promised_at,
        "verified": opened.verified,
    }
