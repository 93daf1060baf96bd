"""Staff write a problem down, or put a ticket behind one that is known."""

import uuid
from dataclasses import dataclass

from promises.catalogue.models import Problem, ProblemSource
from promises.catalogue.problem_models import EvidenceKind
from promises.catalogue.problems import (
    NewCase,
    NewProblem,
    add_case,
    note_problem,
    take_case_back,
)
from promises.db.session import UnitOfWork
from promises.desk.models import TicketKind
from promises.desk.queries import ticket_by_id
from promises.desk.views import TicketView
from promises.feedback.models import TextState
from promises.feedback.texts import mark_text
from promises.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Reported:
    """`added` is False where the ticket counted there already."""

    problem_id: uuid.UUID
    added: bool


def report(uow: UnitOfWork, *, problem: NewProblem) -> Problem:
    """In a sentence; who wrote it down is its first case."""
    return note_problem(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        problem=problem,
    )


def heard_again(uow: UnitOfWork, *, problem_id: uuid.UUID, case: NewCase) -> bool:
    return add_case(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        problem_id=problem_id,
        case=case,
    )


def link_ticket(
    uow: UnitOfWork,
    *,
    ticket_id: uuid.UUID,
    problem_id: uuid.UUID | None,
    text: str = "",
) -> Reported:
    """Put a ticket behind a problem, or behind a new one in the words of `text`.

    A ticket counts once a problem. Raises NotFound, NoSuchProblem, ProblemNotOpen, DraftRefused.
    """
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    if problem_id is None:
        made = note_problem(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            problem=NewProblem(
                text=text,
                branch_id=ticket.branch_id,
                service_kind_id=ticket.service_kind_id,
                source=ProblemSource.TICKET,
            ),
        )
        problem_id = made.id
    case = NewCase(
        kind=_kind(ticket),
        ticket_id=ticket.ticket_id,
        branch_id=ticket.branch_id,
        service_kind_id=ticket.service_kind_id,
        happened_at=ticket.queued_at,
    )
    return Reported(problem_id, heard_again(uow, problem_id=problem_id, case=case))


def _kind(ticket: TicketView) -> EvidenceKind:
    if ticket.disputed_at is not None:
        return EvidenceKind.DISPUTE
    if ticket.kind is TicketKind.COMPLAINT:
        return EvidenceKind.COMPLAINT
    return EvidenceKind.TICKET


def take_back(uow: UnitOfWork, *, case_id: uuid.UUID) -> uuid.UUID:
    """A case that was noted by mistake no longer counts; a customer's words are new again. Returns
    its problem."""
    case = take_case_back(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        case_id=case_id,
    )
    if case.answer_id is not None:
        mark_text(
            uow.session,
            organisation_id=uow.organisation_id,
            answer_id=case.answer_id,
            to=TextState.NEW,
            before=TextState.LINKED,
        )
    return case.problem_id
