"""What becomes of tickets that are still open when the branch closes."""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.desk.events import HELD_COLUMNS, held_ticket, write
from promises.desk.hours import closing_after, end_of_day
from promises.desk.models import EventKind, EventSource, TicketState
from promises.desk.states import Happening, apply
from promises.desk.steps import Held, Past
from promises.desk.values import TicketChange
from promises.identity.calendars import prepared_calendar
from promises.kernel.actors import SYSTEM
from promises.kernel.calendars import PreparedCalendar
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from promises.kernel.zones import local_date

LIMIT = 500

_CALENDAR = """
SELECT calendar_id FROM branches
WHERE organisation_id = %(organisation_id)s AND id = %(branch_id)s
"""

# Tickets that somebody holds are left to the next round.
_LIVE = f"""
SELECT {HELD_COLUMNS},
       (SELECT max(e.occurred_at) FROM service_events e
        WHERE e.organisation_id = t.organisation_id AND e.ticket_id = t.id AND e.kind = 'called'
       ) AS last_called_at
FROM tickets t
JOIN branches b ON b.organisation_id = t.organisation_id AND b.id = t.branch_id
WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = %(branch_id)s
  AND t.kind = 'visit' AND t.state IN ('waiting', 'called', 'in_service')
ORDER BY t.queued_at, t.id
LIMIT %(limit)s
FOR NO KEY UPDATE OF t SKIP LOCKED
"""


def close_day(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, branch_id: uuid.UUID
) -> list[TicketChange]:
    """Close by rule the visits whose closing time is past, today's and those of days before.

    Who waits is closed at the closing time. Who was called gets the branch's usual wait, beyond
    the closing time if need be, and then did not come. Who is being served stays until the clerk
    is ready, at the latest until midnight. Each event says when its rule took hold, not when this
    ran; done twice it finds nothing. At most 500 tickets a time.
    """
    branch = one_or_none(
        session, _CALENDAR, {"organisation_id": organisation_id, "branch_id": branch_id}
    )
    if branch is None:
        raise NotFound(branch_id=str(branch_id))
    calendar = prepared_calendar(
        session, organisation_id=organisation_id, calendar_id=branch.calendar_id, now=now
    )
    params = {"organisation_id": organisation_id, "branch_id": branch_id, "limit": LIMIT}
    changes = []
    held = [held_ticket(row, []) for row in rows(session, _LIVE, params)]
    for ticket in held:
        event = _ending(ticket, calendar)
        if event.occurred_at <= now:
            changes.append(ticket.change(_close(ticket, event, now)))
    write(session, organisation_id=organisation_id, actor=SYSTEM, now=now, held=held)
    return changes


def _ending(ticket: Held, calendar: PreparedCalendar) -> Happening:
    """How and when the visit ends if nobody does anything any more."""
    row, state = ticket.row, ticket.fold.state
    if state is TicketState.IN_SERVICE:
        since = max(row.queued_at, row.service_started_at or row.queued_at)
        closing = closing_after(calendar, since)
        midnight = end_of_day(local_date(closing - dt.timedelta.resolution, calendar.spec.zone),
                              calendar.spec.zone)  # fmt: skip
        return Happening(EventKind.SERVED, midnight, row.counter_id)
    closing = closing_after(calendar, row.queued_at)
    if state is TicketState.CALLED:
        called_at = row.last_called_at or row.called_at
        waited = called_at + dt.timedelta(seconds=row.no_show_after_s)
        return Happening(EventKind.NO_SHOW, max(closing, waited), row.counter_id)
    return Happening(EventKind.CLOSED, closing)


def _close(ticket: Held, event: Happening, now: dt.datetime) -> uuid.UUID:
    ticket.fold = apply(ticket.fold, event)
    ticket.version += 1
    past = Past(
        event_id=new_id(),
        kind=event.kind,
        source=EventSource.RULE,
        occurred_at=event.occurred_at,
        recorded_at=now,
        verified=True,
        ticket_version=ticket.version,
        counter_id=event.counter_id,
    )
    ticket.added.append(past)
    return past.event_id
