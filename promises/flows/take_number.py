"""A customer arrives and takes a number."""

from promises.breaches.commitments import Opening, open_commitments
from promises.catalogue.queries import versions_in_force
from promises.db.session import UnitOfWork
from promises.desk.actions import issue_ticket, set_next_due, touch_branches
from promises.desk.values import IssuedTicket, NewTicket
from promises.flows.tell_customers import tell_turn_near


def take_number(uow: UnitOfWork, *, request: NewTicket) -> IssuedTicket:
    """Issue a ticket and open a commitment for each promise in force for it.

    A ticket is judged for ever by the versions in force when it arrived.
    """
    ticket = issue_ticket(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        request=request,
    )
    commit_to(uow, ticket)
    if ticket.contact_id is not None:
        tell_turn_near(uow, ticket.branch_id)
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[ticket.branch_id],
        staff_acted_at=None,
    )
    return ticket


def commit_to(uow: UnitOfWork, ticket: IssuedTicket) -> None:
    """Open the commitments of a ticket that has arrived; a walk-in has none."""
    if ticket.arrived_at is None:
        return
    versions = versions_in_force(
        uow.session,
        organisation_id=uow.organisation_id,
        at=ticket.arrived_at,
        branch_id=ticket.branch_id,
        service_kind_id=ticket.service_kind_id,
        ticket_kind=ticket.kind.value,
    )
    due = open_commitments(
        uow.session,
        organisation_id=uow.organisation_id,
        opening=Opening(
            ticket_id=ticket.ticket_id,
            branch_id=ticket.branch_id,
            day_on=ticket.day_on,
            started_at=ticket.arrived_at,
            verified=ticket.verified,
        ),
        versions=versions,
    )
    if due is not None:
        set_next_due(uow.session, organisation_id=uow.organisation_id, due={ticket.ticket_id: due})
