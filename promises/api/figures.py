"""How promises were kept: what the public page shows, for programs of the organisation."""

import uuid
from typing import Any

from promises.api.operations import Asked, Operation, operation
from promises.api.schemas import figures as schemas
from promises.catalogue.queries import promise_by_id
from promises.http.context import current
from promises.identity.models import Scope
from promises.kernel.errors import NotFound
from promises.reporting.public_document import figures_document
from promises.reporting.public_page import Asker, public_figures, settled
from promises.reporting.registers import versions_of_branch

_SHOWN = frozenset(schemas.FIGURES)


@operation(
    "/promises/<uuid:promise_id>/figures",
    Operation(
        name="readFigures",
        tag="Promises",
        summary="Read how a promise was kept",
        description="The same figures as on the public page, of all branches: the last 24 hours "
        "to the instant, the last 30, 90 and 365 days up to today, and ever, by the day of "
        "arrival.",
        scope=Scope.READ,
        answer=schemas.FiguresSchema,
        example=schemas.FIGURES,
        errors=(404,),
    ),
)
def read(asked: Asked, promise_id: uuid.UUID) -> dict[str, Any]:
    uow, organisation = asked.uow, current().organisation
    promise_by_id(
        uow.session, organisation_id=uow.organisation_id, promise_id=promise_id, at=uow.now
    )
    if asked.branch_id is not None:
        seen = versions_of_branch(
            uow.session, organisation_id=uow.organisation_id, branch_id=asked.branch_id
        )
        if promise_id not in seen.values():
            raise NotFound(promise_id=str(promise_id))
    asker = Asker(uow.organisation_id, (promise_id,), organisation.time_zone, organisation.currency)
    known = settled(uow.session, asker, now=uow.now)
    found = public_figures(uow.session, asker, now=uow.now, known=known)
    document = figures_document(found[promise_id])
    return {name: document[name] for name in document if name in _SHOWN}
