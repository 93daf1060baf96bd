"""Commitments and breaches."""

from marshmallow import fields

from promises.api.fields import Choice, Day, Id, Instant, PageQuery, Part, Text, Whole
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID, page_of
from promises.breaches.models import AnnulmentState, CommitmentState, Detection, Evidence
from promises.rules.verdicts import ReasonCode


class CommitmentSchema(Part):
    """One promise applied to one ticket, judged by one version."""

    id = Id(required=True)
    promise_id = Id(required=True)
    version_id = Id(required=True)
    ticket_id = Id(required=True)
    branch_id = Id(required=True)
    occurrence = Whole(required=True)
    day_on = Day(required=True)
    started_at = Instant(required=True)
    due_at = Instant(
        required=True,
        allow_none=True,
        metadata={
            "description": "The first instant that is too late; null where time alone breaks "
            "nothing, or where it is not known yet."
        },
    )
    state = Choice(CommitmentState, required=True)
    reason = Text(
        required=True,
        allow_none=True,
        metadata={
            "description": "Of waits one of: " + ", ".join(ReasonCode) + ". General terms add "
            "reasons of their own and the codes of their exclusions."
        },
    )
    evidence = Choice(
        Evidence, required=True, metadata={"description": "How well the facts are known."}
    )
    decided_at = Instant(required=True, allow_none=True)
    ended_at = Instant(required=True, allow_none=True)
    detail = fields.Dict(
        required=True,
        allow_none=True,
        metadata={
            "description": "Of general terms: the facts used, the engine's answer and its steps. "
            "Null for waits, whose verdict is whole without it."
        },
    )


class CommitmentsQuery(PageQuery):
    branch_id = Id()
    promise_id = Id()
    ticket_id = Id()
    state = Choice(CommitmentState)
    from_on = Day(metadata={"description": "The first day of the branch that counts."})
    to_on = Day(metadata={"description": "The last day that counts."})


class BreachSchema(Part):
    """A missed commitment, recorded once. It is never deleted; it may be annulled."""

    id = Id(required=True)
    commitment_id = Id(required=True)
    promise_id = Id(required=True)
    version_id = Id(required=True)
    ticket_id = Id(required=True)
    branch_id = Id(required=True)
    day_on = Day(required=True)
    breached_at = Instant(required=True, metadata={"description": "The deadline."})
    detected_at = Instant(required=True, metadata={"description": "When we noticed."})
    found_by = Choice(Detection, required=True)
    evidence = Choice(Evidence, required=True)
    annulment = Choice(
        AnnulmentState,
        of=frozenset({AnnulmentState.ASKED, AnnulmentState.CONFIRMED}),
        required=True,
        allow_none=True,
    )


class BreachesQuery(PageQuery):
    branch_id = Id()
    promise_id = Id()
    commitment_id = Id()
    from_at = Instant(metadata={"description": "Missed at this instant or later."})
    before_at = Instant(metadata={"description": "Missed before this instant."})


CommitmentPage = page_of(CommitmentSchema)
BreachPage = page_of(BreachSchema)

_IDS = {
    "promise_id": EXAMPLE_ID,
    "version_id": OTHER_ID,
    "ticket_id": EXAMPLE_ID,
    "branch_id": OTHER_ID,
    "day_on": "2026-03-02",
}
COMMITMENT = (
    {"id": EXAMPLE_ID}
    | _IDS
    | {
        "occurrence": 1,
        "started_at": "2026-03-02T10:00:00+00:00",
        "due_at": "2026-03-02T10:15:00.000001+00:00",
        "state": "kept",
        "reason": "in_time",
        "detail": None,
        "evidence": "live",
        "decided_at": "2026-03-02T10:09:30.250000+00:00",
        "ended_at": "2026-03-02T10:09:30+00:00",
    }
)
BREACH = (
    {"id": OTHER_ID, "commitment_id": EXAMPLE_ID}
    | _IDS
    | {
        "breached_at": "2026-03-02T10:15:00.000001+00:00",
        "detected_at": "2026-03-02T10:15:00.020000+00:00",
        "found_by": "clock",
        "evidence": "live",
        "annulment": None,
    }
)
