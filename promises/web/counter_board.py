"""What the counter shows, put together from the rooms."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from promises.catalogue.pause_queries import PausedHere, paused_at_branch
from promises.db.session import UnitOfWork
from promises.desk.claims import UNDO_SPAN
from promises.desk.models import EventKind, TicketState
from promises.desk.queries import counter_view, list_waiting, recorded_acts, ticket_by_id
from promises.desk.views import CounterView, RecordedAct, TicketView, WaitingTicket
from promises.http.context import current
from promises.http.i18n import gettext, locale
from promises.identity.queries import service_kinds_of_branch, service_name
from promises.kernel.text import N_
from promises.kernel.zones import local_date
from promises.reporting.customer_memory import Memory, customer_memory
from promises.reporting.queue_deadlines import QueueDeadline, queue_deadlines
from promises.reporting.scorecard import kept_on_day
from promises.reporting.ticket_panels import TicketPanel, ticket_panels
from promises.web.counter_rescue import Rescue, rescue_of

TOLD = {
    EventKind.CALLED: N_("%(label)s was called."),
    EventKind.RECALLED: N_("%(label)s was called again."),
    EventKind.SERVICE_STARTED: N_("The service of %(label)s has started."),
    EventKind.SERVED: N_("%(label)s was served."),
    EventKind.NO_SHOW: N_("%(label)s did not come."),
    EventKind.TRANSFERRED: N_("%(label)s waits for another service, in the same place."),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the queue."""

    ticket: WaitingTicket
    deadline: QueueDeadline | None


@dataclass(frozen=True, slots=True)
class Board:
    """All that the counter shows. `kinds` are (id, letter, name) of the branch's services;
    `memory` is of a known customer at the counter; `done` names the last press and keeps open menus
    apart from it."""

    view: CounterView
    waiting: list[Waiting]
    kinds: list[tuple[uuid.UUID, str, str]]
    panels: tuple[TicketPanel, ...]
    memory: Memory | None
    kept_today: int
    rescue: Rescue
    paused: list[PausedHere]
    now: dt.datetime
    done: str


@dataclass(frozen=True, slots=True)
class Toast:
    """What was just done, and until when it can be taken back."""

    text: str
    until: dt.datetime
    acts: str


def make_board(uow: UnitOfWork, counter_id: uuid.UUID, done: list[uuid.UUID]) -> Board:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    view = counter_view(uow.session, counter_id=counter_id, **tenant)
    waiting = list_waiting(uow.session, branch_id=view.branch_id, now=uow.now, **tenant)
    deadlines = queue_deadlines(
        uow.session, ticket_ids=[ticket.ticket_id for ticket in waiting], **tenant
    )
    kinds = service_kinds_of_branch(uow.session, branch_id=view.branch_id, **tenant)
    panels: tuple[TicketPanel, ...] = ()
    memory = None
    if view.current is not None:
        current_id, customer_id = view.current.ticket_id, view.current.customer_id
        memory = customer_memory(uow.session, customer_id=customer_id, but=current_id, **tenant)
        panels = ticket_panels(uow.session, ticket_id=view.current.ticket_id, **tenant)
    return Board(
        view=view,
        waiting=[Waiting(ticket, deadlines.get(ticket.ticket_id)) for ticket in waiting],
        kinds=[(kind.id, kind.letter, service_name(kind, locale())) for kind in kinds],
        panels=panels,
        memory=memory,
        kept_today=kept_on_day(
            uow.session,
            branch_id=view.branch_id,
            day_on=local_date(uow.now, view.time_zone),
            **tenant,
        ),
        paused=paused_at_branch(uow.session, at=uow.now, branch_id=view.branch_id, **tenant),
        rescue=rescue_of(uow, view, deadlines),
        now=uow.now,
        done=",".join(str(one) for one in done),
    )


def make_toast(uow: UnitOfWork, done: list[uuid.UUID]) -> Toast | None:
    """What `done` did, while it can still be taken back."""
    if not done:
        return None
    acts = recorded_acts(uow.session, organisation_id=uow.organisation_id, event_ids=done)
    acts = [act for act in acts if act.kind in TOLD and not act.undone]
    until = min((act.recorded_at for act in acts), default=uow.now - UNDO_SPAN) + UNDO_SPAN
    if until <= uow.now:
        return None
    names = ",".join(str(act.event_id) for act in acts)
    return Toast(" ".join(_told(act) for act in reversed(acts)), until, names)


def _told(act: RecordedAct) -> str:
    return gettext(TOLD[act.kind], label=act.label)


def issued_ticket(uow: UnitOfWork, ticket_id: uuid.UUID | None) -> TicketView | None:
    """The ticket that the last press issued, while it waits, for whoever may see it."""
    if ticket_id is None:
        return None
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None or ticket.state is not TicketState.WAITING:
        return None
    return ticket if current().branch_id in (None, ticket.branch_id) else None
