"""What staff propose, and what becomes of it."""

from marshmallow import fields

from promises.api.fields import Choice, Id, Instant, PageQuery, Part, Text, Whole
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID, page_of
from promises.catalogue.models import ProposalState


class ProposalQuery(PageQuery):
    """Narrows the list."""

    state = Choice(ProposalState, metadata={"description": "Only proposals that stand here."})


class ProposalSchema(Part):
    """A proposal of staff. Who proposed it, and who talks about it, is for people only."""

    id = Id(required=True)
    title = Text(required=True)
    state = Choice(ProposalState, required=True)
    problem_id = Id(required=True, metadata={"description": "The problem that it answers first."})
    branch_id = Id(required=True, allow_none=True)
    terms = fields.Dict(required=True, metadata={"description": "What it would promise, whole."})
    way_of_working = Text(required=True)
    needs = Text(required=True, metadata={"description": "What staff need to keep it."})
    supports = Whole(required=True, metadata={"description": "How many colleagues support it."})
    created_at = Instant(required=True)
    changed_at = Instant(required=True)
    decide_before = Instant(
        required=True,
        allow_none=True,
        metadata={
            "description": "The first instant that is too late for management's answer. It rests "
            "while `state` is `asked`."
        },
    )
    answered_at = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "When management settled it, or began its shadow run."},
    )
    reason = Text(
        required=True,
        allow_none=True,
        metadata={"description": "What everybody on staff reads about its state."},
    )
    promise_id = Id(required=True, allow_none=True)
    merged_into = Id(required=True, allow_none=True)


ProposalPage = page_of(ProposalSchema)

PROPOSAL = {
    "id": EXAMPLE_ID,
    "title": "You are served within 15 minutes, or we pay you €10",
    "state": "open",
    "problem_id": OTHER_ID,
    "branch_id": None,
    "terms": {
        "format": 1,
        "currency": "EUR",
        "scope": {"ticket_kinds": ["visit"], "service_kinds": None, "branches": None},
        "measure": {"kind": "elapsed", "from": "arrived", "to": "service_started"},
        "limit": {"seconds": 900, "boundary": "inclusive"},
        "leavers": {"before_limit": "excluded", "after_limit": "owed"},
        "amount": {"kind": "flat", "amount_minor": 1000},
        "caps": {
            "per_case_minor": None,
            "per_customer": None,
            "per_device_day": None,
            "per_branch_day_anonymous": None,
        },
        "approval_threshold_minor": None,
        "budget_month_minor": None,
    },
    "way_of_working": "A second counter opens when five people wait.",
    "needs": "A third colleague on Fridays.",
    "supports": 4,
    "created_at": "2026-03-02T10:00:00+00:00",
    "changed_at": "2026-03-02T10:00:00+00:00",
    "decide_before": "2026-03-16T22:00:00+00:00",
    "answered_at": None,
    "reason": None,
    "promise_id": None,
    "merged_into": None,
}
