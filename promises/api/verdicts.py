"""Reading commitments and breaches."""

import uuid
from typing import Any

from promises.api.operations import Asked, Operation, operation
from promises.api.reading import as_it_is, page, row
from promises.api.schemas import verdicts as schemas
from promises.api.schemas.pages import page_example
from promises.identity.models import Scope
from promises.reporting.registers import BREACHES, COMMITMENTS


@operation(
    "/commitments",
    Operation(
        name="listCommitments",
        tag="Commitments",
        summary="List commitments",
        description="Open ones too. Filters narrow it down; they add up.",
        scope=Scope.READ,
        query=schemas.CommitmentsQuery,
        answer=schemas.CommitmentPage,
        example=page_example(schemas.COMMITMENT),
        errors=(404,),
    ),
)
def list_commitments(asked: Asked) -> dict[str, Any]:
    return page(asked, COMMITMENTS)


@operation(
    "/commitments/<uuid:commitment_id>",
    Operation(
        name="readCommitment",
        tag="Commitments",
        summary="Read a commitment",
        description="Its deadline, and its verdict with the reason.",
        scope=Scope.READ,
        answer=schemas.CommitmentSchema,
        example=schemas.COMMITMENT,
        errors=(404,),
    ),
)
def read_commitment(asked: Asked, commitment_id: uuid.UUID) -> dict[str, Any]:
    return dict(as_it_is(row(asked, COMMITMENTS, commitment_id)))


@operation(
    "/breaches",
    Operation(
        name="listBreaches",
        tag="Breaches",
        summary="List breaches",
        description="Annulled ones too.",
        scope=Scope.READ,
        query=schemas.BreachesQuery,
        answer=schemas.BreachPage,
        example=page_example(schemas.BREACH),
        errors=(404,),
    ),
)
def list_breaches(asked: Asked) -> dict[str, Any]:
    return page(asked, BREACHES)


@operation(
    "/breaches/<uuid:breach_id>",
    Operation(
        name="readBreach",
        tag="Breaches",
        summary="Read a breach",
        description="When it was missed, when that was noticed, and by what.",
        scope=Scope.READ,
        answer=schemas.BreachSchema,
        example=schemas.BREACH,
        errors=(404,),
    ),
)
def read_breach(asked: Asked, breach_id: uuid.UUID) -> dict[str, Any]:
    return dict(as_it_is(row(asked, BREACHES, breach_id)))
