"""A customer arrives and takes a number."""

from promises.breaches.commitments import Opening, first_deadline
from promises.catalogue.queries import versions_in_force
from promises.db.session import UnitOfWork
from promises.desk.actions import issue_ticket, touch_branches
from promises.desk.claims import claimed_time
from promises.desk.values import IssuedTicket, NewTicket
from promises.flows.commit import commit_to
from promises.flows.judge_tickets import judge
from promises.flows.tell_customers import tell_turn_near


def take_number(uow: UnitOfWork, *, request: NewTicket) -> IssuedTicket:
    """Issue a ticket and open a commitment for each promise in force for it.

    A ticket is judged for ever by the versions in force when it arrived.
    """
    arrived_at = claimed_time(request.occurred_at, uow.now).occurred_at
    versions = versions_in_force(
        uow.session,
        organisation_id=uow.organisation_id,
        at=arrived_at,
        branch_id=request.branch_id,
        service_kind_id=request.service_kind_id,
        ticket_kind=request.kind.value,
    )
    ticket = issue_ticket(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        request=request,
        next_due_at=first_deadline(versions, arrived_at),
    )
    opening = Opening(
        ticket_id=ticket.ticket_id,
        branch_id=ticket.branch_id,
        day_on=ticket.day_on,
        started_at=arrived_at,
        verified=ticket.verified,
    )
    if commit_to(uow, [(opening, versions)]):
        judge(uow, [ticket.ticket_id])
    if ticket.contact_id is not None:
        tell_turn_near(uow, ticket.branch_id)
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[ticket.branch_id],
        staff_acted_at=None,
    )
    return ticket
