"""The desk's verbs, gathered from their modules."""

from promises.desk.calling import call_next
from promises.desk.closing import close_day
from promises.desk.events import LONGEST_BATCH, log_event, log_events, undo_last
from promises.desk.issue import issue_ticket, walk_in
from promises.desk.upkeep import set_next_due, touch_branches, touch_tickets
from promises.desk.values import (
    CallResult,
    EventClaim,
    IssuedTicket,
    LoggedEvent,
    NewTicket,
    Seen,
    TicketChange,
)

__all__ = [
    "LONGEST_BATCH",
    "CallResult",
    "EventClaim",
    "IssuedTicket",
    "LoggedEvent",
    "NewTicket",
    "Seen",
    "TicketChange",
    "call_next",
    "close_day",
    "issue_ticket",
    "log_event",
    "log_events",
    "set_next_due",
    "touch_branches",
    "touch_tickets",
    "undo_last",
    "walk_in",
]
