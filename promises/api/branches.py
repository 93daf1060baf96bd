"""Reading branches, their services and their counters."""

import uuid
from typing import Any

from promises.api.fields import PageQuery
from promises.api.operations import Asked, Operation, operation
from promises.api.reading import as_it_is, page, row
from promises.api.schemas import branches as schemas
from promises.api.schemas.pages import page_example
from promises.identity.models import Scope
from promises.reporting import registers

TAG = "Branches"


@operation(
    "/branches",
    Operation(
        name="listBranches",
        tag=TAG,
        summary="List the branches",
        description="Closed ones too, unless `state` says otherwise.",
        scope=Scope.READ,
        query=schemas.BranchesQuery,
        answer=schemas.BranchPage,
        example=page_example(schemas.BRANCH),
    ),
)
def list_branches(asked: Asked) -> dict[str, Any]:
    return page(asked, registers.BRANCHES)


@operation(
    "/branches/<uuid:branch_id>",
    Operation(
        name="readBranch",
        tag=TAG,
        summary="Read a branch",
        description="Its name, its time zone and its state.",
        scope=Scope.READ,
        answer=schemas.BranchSchema,
        example=schemas.BRANCH,
        errors=(404,),
    ),
)
def read(asked: Asked, branch_id: uuid.UUID) -> dict[str, Any]:
    return dict(as_it_is(row(asked, registers.BRANCHES, branch_id)))


@operation(
    "/branches/<uuid:branch_id>/services",
    Operation(
        name="listServices",
        tag=TAG,
        summary="List what a branch serves",
        description="The kinds of service that a number can be taken for there now.",
        scope=Scope.READ,
        query=PageQuery,
        answer=schemas.ServicePage,
        example=page_example(schemas.SERVICE),
        errors=(404,),
    ),
)
def list_services(asked: Asked, branch_id: uuid.UUID) -> dict[str, Any]:
    row(asked, registers.BRANCHES, branch_id)
    return page(asked, registers.SERVICES, branch_id=branch_id)


@operation(
    "/branches/<uuid:branch_id>/counters",
    Operation(
        name="listCounters",
        tag=TAG,
        summary="List the counters of a branch",
        description="Those that are open; an event of a call names one.",
        scope=Scope.READ,
        query=PageQuery,
        answer=schemas.CounterPage,
        example=page_example(schemas.COUNTER),
        errors=(404,),
    ),
)
def list_counters(asked: Asked, branch_id: uuid.UUID) -> dict[str, Any]:
    row(asked, registers.BRANCHES, branch_id)
    return page(asked, registers.COUNTERS, branch_id=branch_id)
