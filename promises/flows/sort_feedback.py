"""Staff deal with what customers wrote: it becomes a problem, a case of one, or is set aside."""

import datetime as dt
import uuid

from promises.catalogue.models import ProblemSource
from promises.catalogue.problem_models import EvidenceKind
from promises.catalogue.problems import NewCase, NewProblem, add_case, note_problem
from promises.db.session import UnitOfWork
from promises.feedback.models import TextState
from promises.feedback.texts import get_text, mark_text


def link_text(
    uow: UnitOfWork, *, answer_id: uuid.UUID, problem_id: uuid.UUID | None, text: str = ""
) -> uuid.UUID:
    """Put a customer's words behind a problem, or behind a new one in the words of `text` (else in
    the customer's). Returns the problem. Of two at once one succeeds, the other gets TextTaken."""
    found = get_text(uow.session, organisation_id=uow.organisation_id, answer_id=answer_id)
    mark_text(
        uow.session,
        organisation_id=uow.organisation_id,
        answer_id=answer_id,
        to=TextState.LINKED,
        before=TextState.NEW,
    )
    if problem_id is None:
        made = note_problem(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            problem=NewProblem(
                text=text or found.body,
                branch_id=found.branch_id,
                service_kind_id=found.service_kind_id,
                segment=found.segment or "",
                source=ProblemSource.FEEDBACK,
            ),
        )
        problem_id = made.id
    add_case(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        problem_id=problem_id,
        case=NewCase(
            kind=EvidenceKind.FEEDBACK,
            answer_id=answer_id,
            branch_id=found.branch_id,
            service_kind_id=found.service_kind_id,
            segment=found.segment or "",
            note=found.body,
            happened_at=_when(found.month_on, uow.now),
        ),
    )
    return problem_id


def set_aside(uow: UnitOfWork, *, answer_id: uuid.UUID) -> None:
    """Nothing to be done about it; it stays among those set aside."""
    _move(uow, answer_id, TextState.SET_ASIDE, TextState.NEW)


def take_up_again(uow: UnitOfWork, *, answer_id: uuid.UUID) -> None:
    _move(uow, answer_id, TextState.NEW, TextState.SET_ASIDE)


def _move(uow: UnitOfWork, answer_id: uuid.UUID, to: TextState, before: TextState) -> None:
    get_text(uow.session, organisation_id=uow.organisation_id, answer_id=answer_id)
    mark_text(
        uow.session,
        organisation_id=uow.organisation_id,
        answer_id=answer_id,
        to=to,
        before=before,
    )


def _when(month_on: dt.date, now: dt.datetime) -> dt.datetime:
    """An answer has a month only: its middle stands for it, or now in the present month."""
    middle = dt.datetime.combine(month_on.replace(day=15), dt.time(12), dt.UTC)
    return min(middle, now)
