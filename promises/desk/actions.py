"""The desk's verbs, gathered from their modules."""

from promises.desk.calling import call_next
from promises.desk.closing import close_day
from promises.desk.events import LONGEST_BATCH, log_event, log_events, undo_last
from promises.desk.issue import issue_ticket, walk_in
from promises.desk.matter_events import erase_texts
from promises.desk.opening import MOST_AT_ONCE, open_matters
from promises.desk.partners import add_partner, assign, close_partner
from promises.desk.upkeep import set_next_due, touch_branches, touch_tickets
from promises.desk.values import (
    CallResult,
    EventClaim,
    IssuedTicket,
    LoggedEvent,
    NewMatter,
    NewTicket,
    OpenedMatter,
    Said,
    Seen,
    TicketChange,
)

__all__ = [
    "LONGEST_BATCH",
    "MOST_AT_ONCE",
    "CallResult",
    "EventClaim",
    "IssuedTicket",
    "LoggedEvent",
    "NewMatter",
    "NewTicket",
    "OpenedMatter",
    "Said",
    "Seen",
    "TicketChange",
    "add_partner",
    "assign",
    "call_next",
    "close_day",
    "close_partner",
    "erase_texts",
    "issue_ticket",
    "log_event",
    "log_events",
    "open_matters",
    "set_next_due",
    "touch_branches",
    "touch_tickets",
    "undo_last",
    "walk_in",
]
