"""Customers' problems: written down, given evidence, merged, closed.

Locks: problems by id, before their evidence.
"""

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from promises.catalogue.checks import Check, tidy
from promises.catalogue.models import Problem, ProblemSource, ProblemState
from promises.catalogue.problem_errors import (
    NoSuchCase,
    NoSuchProblem,
    NotMerged,
    ProblemHoldsOthers,
    ProblemNotOpen,
    SameProblem,
    TextHandled,
)
from promises.catalogue.problem_models import EvidenceKind, ProblemEvidence
from promises.db import sql
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.ids import new_id
from promises.kernel.masking import mask_personal

LONGEST_PROBLEM = 1000
LONGEST_SEGMENT = 80

_ADD_CASE = """
INSERT INTO problem_evidence (
    organisation_id, id, problem_id, kind, ticket_id, answer_id, branch_id, service_kind_id,
    segment, note, happened_at, created_by, created_at
) VALUES (
    %(organisation_id)s, %(id)s, %(problem_id)s, %(kind)s, %(ticket_id)s, %(answer_id)s,
    %(branch_id)s, %(service_kind_id)s, %(segment)s, %(note)s, %(happened_at)s, %(created_by)s,
    %(now)s
) ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProblem:
    text: str
    branch_id: uuid.UUID | None = None
    service_kind_id: uuid.UUID | None = None
    segment: str = ""
    source: ProblemSource = ProblemSource.STAFF


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCase:
    """One more case of a problem. `answer_id` goes with the kind feedback only."""

    kind: EvidenceKind
    happened_at: dt.datetime
    ticket_id: uuid.UUID | None = None
    answer_id: uuid.UUID | None = None
    branch_id: uuid.UUID | None = None
    service_kind_id: uuid.UUID | None = None
    segment: str = ""
    note: str = ""


def note_problem(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    problem: NewProblem,
) -> Problem:
    """Write a problem down; what looks like personal data in it is hidden. Raises DraftRefused."""
    text, segment = mask_personal(tidy(problem.text)), tidy(problem.segment)
    check = Check()
    check.text("text", text, longest=LONGEST_PROBLEM)
    check.text("segment", segment, longest=LONGEST_SEGMENT, needed=False)
    check.done()
    row = Problem(
        organisation_id=organisation_id,
        id=new_id(),
        text=text,
        branch_id=problem.branch_id,
        service_kind_id=problem.service_kind_id,
        segment=segment or None,
        source=problem.source.value,
        state=ProblemState.OPEN.value,
        created_by=_member(actor),
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def add_case(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    problem_id: uuid.UUID,
    case: NewCase,
) -> bool:
    """Put one more case behind a problem; behind the other one, where it was merged. False where
    the ticket counts there already. Raises NoSuchProblem, ProblemNotOpen, TextHandled where the
    answer counts elsewhere, and DraftRefused."""
    note, segment = mask_personal(tidy(case.note)), tidy(case.segment)
    check = Check()
    check.text("note", note, longest=LONGEST_PROBLEM, needed=False)
    check.text("segment", segment, longest=LONGEST_SEGMENT, needed=False)
    check.done()
    root = _root(session, organisation_id, problem_id)
    if root.state != ProblemState.OPEN:
        raise ProblemNotOpen()
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "problem_id": root.id,
        "kind": case.kind.value,
        "ticket_id": case.ticket_id,
        "answer_id": case.answer_id,
        "branch_id": case.branch_id,
        "service_kind_id": case.service_kind_id,
        "segment": segment or None,
        "note": note or None,
        "happened_at": case.happened_at,
        "created_by": _member(actor),
        "now": now,
    }
    added = sql.execute(session, _ADD_CASE, params) == 1
    if not added and case.answer_id is not None:
        raise TextHandled()
    return added


def take_case_back(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    case_id: uuid.UUID,
) -> ProblemEvidence:
    """It no longer counts; it stays in the books. Raises NoSuchCase."""
    key = (organisation_id, case_id)
    row = session.get(ProblemEvidence, key, with_for_update=True, populate_existing=True)
    if row is None or row.taken_back_at is not None or row.kind == EvidenceKind.BREACH:
        raise NoSuchCase()
    row.taken_back_at, row.taken_back_by = now, _member(actor)
    session.flush()
    return row


def merge_problems(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    problem_id: uuid.UUID,
    into_id: uuid.UUID,
) -> None:
    """From now on the cases of `problem_id` count with those of `into_id`. Nothing moves, so it can
    be undone. Both must be open, and `problem_id` may hold no merged ones itself."""
    if problem_id == into_id:
        raise SameProblem()
    rows = _lock(session, organisation_id, (problem_id, into_id))
    if any(row.state != ProblemState.OPEN for row in rows.values()):
        raise ProblemNotOpen()
    query = select(Problem.id).where(
        Problem.organisation_id == organisation_id, Problem.merged_into == problem_id
    )
    if session.scalars(query.limit(1)).first() is not None:
        raise ProblemHoldsOthers()
    merged = rows[problem_id]
    merged.merged_into = into_id
    _change(merged, ProblemState.MERGED, actor, now, "")
    session.flush()


def undo_merge(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    problem_id: uuid.UUID,
) -> None:
    """The problem stands for itself again, with its cases. Raises NotMerged."""
    row = _lock(session, organisation_id, (problem_id,))[problem_id]
    if row.state != ProblemState.MERGED:
        raise NotMerged()
    row.merged_into = None
    _change(row, ProblemState.OPEN, actor, now, "")
    session.flush()


def close_problem(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    problem_id: uuid.UUID,
    reason: str,
) -> None:
    """Everybody on staff reads the reason. Raises ProblemNotOpen, DraftRefused."""
    check = Check()
    check.text("reason", tidy(reason), longest=LONGEST_PROBLEM)
    check.done()
    row = _lock(session, organisation_id, (problem_id,))[problem_id]
    if row.state != ProblemState.OPEN:
        raise ProblemNotOpen()
    _change(row, ProblemState.CLOSED, actor, now, tidy(reason))
    session.flush()


def reopen_problem(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    problem_id: uuid.UUID,
) -> None:
    """A closed problem that came back. One that is open stays as it is."""
    row = _lock(session, organisation_id, (problem_id,))[problem_id]
    if row.state == ProblemState.CLOSED:
        _change(row, ProblemState.OPEN, actor, now, "")
        session.flush()


def _change(row: Problem, state: ProblemState, actor: Actor, now: dt.datetime, reason: str) -> None:
    row.state, row.reason = state.value, reason
    row.changed_by, row.changed_at = _member(actor), now


def _lock(
    session: Session, organisation_id: uuid.UUID, ids: Collection[uuid.UUID]
) -> dict[uuid.UUID, Problem]:
    """Nobody else's to change until the transaction ends. Raises NoSuchProblem."""
    query = (
        select(Problem)
        .where(Problem.organisation_id == organisation_id, Problem.id.in_(ids))
        .order_by(Problem.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = {row.id: row for row in session.scalars(query)}
    if len(found) != len(set(ids)):
        raise NoSuchProblem()
    return found


def _root(session: Session, organisation_id: uuid.UUID, problem_id: uuid.UUID) -> Problem:
    """Where cases of the problem count, locked: itself, or the one that it was merged into."""
    query = select(func.coalesce(Problem.merged_into, Problem.id)).where(
        Problem.organisation_id == organisation_id, Problem.id == problem_id
    )
    root_id = session.scalars(query).one_or_none()
    if root_id is None:
        raise NoSuchProblem()
    return _lock(session, organisation_id, (root_id,))[root_id]


def _member(actor: Actor) -> uuid.UUID | None:
    return actor.id if actor.kind is ActorKind.MEMBER else None
