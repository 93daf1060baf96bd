"""Something happened to a ticket: log it, judge it, and let everything follow."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

from promises.db.session import UnitOfWork
from promises.desk.actions import log_event, log_events, touch_branches, undo_last
from promises.desk.models import EventKind, TicketKind
from promises.desk.values import EventClaim, LoggedEvent
from promises.flows.booked import show_presence
from promises.flows.judge_tickets import judge
from promises.flows.put_right import put_right
from promises.flows.tell_customers import tell_turn, tell_turn_near
from promises.flows.tell_matters import tell_news
from promises.kernel.actors import ActorKind
from promises.kernel.errors import DomainError


def record_event(uow: UnitOfWork, *, claim: EventClaim) -> LoggedEvent:
    """Log one event and judge its ticket. Raises what the desk raises; then nothing changed."""
    logged = log_event(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        claim=claim,
    )
    _follow(uow, [logged], undone={claim.ticket_id} if claim.kind is EventKind.UNDONE else ())
    if logged.ticket.kind is not TicketKind.VISIT:
        tell_news(uow, [claim], [logged])
    if claim.kind is EventKind.CALLED_BACK:
        show_presence(uow, [claim.ticket_id])
    if claim.kind is EventKind.CALLED:
        tell_turn(uow, logged.ticket)
        tell_turn_near(uow, logged.ticket.branch_id)
    return logged


def record_events(
    uow: UnitOfWork, *, claims: Sequence[EventClaim]
) -> list[LoggedEvent | DomainError]:
    """Many events at once, each with its own answer in their order; one judgement for all.

    Those refused change nothing; the others stand.
    """
    answers = log_events(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        claims=claims,
    )
    logged = [answer for answer in answers if isinstance(answer, LoggedEvent)]
    if logged:
        undone = {claim.ticket_id for claim in claims if claim.kind is EventKind.UNDONE}
        _follow(uow, logged, undone=undone & {one.ticket.ticket_id for one in logged})
        done = zip(claims, answers, strict=True)
        told = [claim for claim, answer in done if isinstance(answer, LoggedEvent)]
        tell_news(uow, told, logged)
        called_back = {claim.ticket_id for claim in told if claim.kind is EventKind.CALLED_BACK}
        show_presence(uow, sorted(called_back))
    return answers


def undo(uow: UnitOfWork, *, ticket_id: uuid.UUID, event_id: uuid.UUID) -> LoggedEvent:
    """Take the last event of a ticket back, as a new event that names it.

    A breach that was recorded meanwhile stays; it then waits for a second person. Money that went
    for it and is not sent waits again.
    """
    logged = undo_last(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        ticket_id=ticket_id,
        event_id=event_id,
    )
    _follow(uow, [logged], undone=[ticket_id])
    return logged


def _follow(uow: UnitOfWork, logged: Sequence[LoggedEvent], undone: Collection[uuid.UUID]) -> None:
    judge(uow, sorted({one.ticket.ticket_id for one in logged}))
    if undone:
        put_right(uow, sorted(undone))
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=sorted({one.ticket.branch_id for one in logged}),
        staff_acted_at=_staff_time(uow),
    )


def _staff_time(uow: UnitOfWork) -> dt.datetime | None:
    """Staff and the company's own systems keep a branch from looking silent; customers do not."""
    staff = uow.actor.kind in (ActorKind.MEMBER, ActorKind.API_KEY)
    return uow.now if staff else None
