"""A call back that took the place of a visit was made: the customer of that visit is thereby known
to have been there, so what its broken promise owes need not wait any more."""

import uuid
from collections.abc import Sequence

from promises.db.session import UnitOfWork
from promises.desk.actions import log_event
from promises.desk.callbacks import hold_calls
from promises.desk.errors import AlreadyThere, TicketOver
from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim
from promises.flows.judge_tickets import judge


def show_presence(uow: UnitOfWork, matter_ids: Sequence[uuid.UUID]) -> None:
    """Safe to repeat; most call backs took nobody's place, and then nothing is done."""
    if not matter_ids:
        return
    visits = hold_calls(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        matter_ids=list(matter_ids),
    )
    shown = [visit for visit in visits if _shown(uow, visit)]
    if shown:
        judge(uow, sorted(shown))


def _shown(uow: UnitOfWork, ticket_id: uuid.UUID) -> bool:
    claim = EventClaim(ticket_id=ticket_id, kind=EventKind.PRESENCE_SHOWN, source=EventSource.RULE)
    try:
        log_event(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            claim=claim,
        )
    except (AlreadyThere, TicketOver):  # known before, or served at a desk after all
        return False
    return True
