"""Reading what staff propose. Proposing and deciding are a person's, never a program's."""

import uuid
from typing import Any

from promises.api.operations import Asked, Operation, operation
from promises.api.schemas import proposals as schemas
from promises.api.schemas.pages import page_document, page_example
from promises.catalogue.proposal_queries import (
    ProposalRow,
    Wanted,
    get_proposal,
    list_proposals,
)
from promises.identity.models import Scope
from promises.kernel.errors import NotFound
from promises.rules.terms import dump_terms


@operation(
    "/proposals",
    Operation(
        name="listProposals",
        tag="Promises",
        summary="List the proposals",
        description="What staff proposed, the newest first. A key that is bound to a branch sees "
        "what was proposed there.",
        scope=Scope.READ,
        query=schemas.ProposalQuery,
        answer=schemas.ProposalPage,
        example=page_example(schemas.PROPOSAL),
    ),
)
def list_all(asked: Asked) -> dict[str, Any]:
    state = asked.data.get("state")
    page = list_proposals(
        asked.uow.session,
        organisation_id=asked.uow.organisation_id,
        wanted=Wanted(states=[state] if state else (), branch_id=asked.branch_id),
        before=asked.data.get("after"),
        limit=asked.data["limit"],
    )
    return page_document([_document(row) for row in page.rows], page.next_before)


@operation(
    "/proposals/<uuid:proposal_id>",
    Operation(
        name="readProposal",
        tag="Promises",
        summary="Read a proposal",
        description="Where it stands, why, and until when management answers.",
        scope=Scope.READ,
        answer=schemas.ProposalSchema,
        example=schemas.PROPOSAL,
        errors=(404,),
    ),
)
def read(asked: Asked, proposal_id: uuid.UUID) -> dict[str, Any]:
    row = get_proposal(
        asked.uow.session, organisation_id=asked.uow.organisation_id, proposal_id=proposal_id
    )
    if asked.branch_id is not None and row.branch_id != asked.branch_id:
        raise NotFound(proposal_id=str(proposal_id))
    return _document(row)


_AS_THEY_ARE = (
    "title", "state", "problem_id", "branch_id", "way_of_working", "needs", "supports",
    "created_at", "changed_at", "decide_before", "answered_at", "reason", "promise_id",
    "merged_into",
)  # fmt: skip


def _document(row: ProposalRow) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in _AS_THEY_ARE}
    return plain | {"id": row.proposal_id, "terms": dump_terms(row.terms)}
