"""What a customer reads of what happened to their matter: nothing of who did it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from promises.desk.matters import Statement
from promises.desk.models import EventKind
from promises.desk.views import TimelineEvent
from promises.http.i18n import gettext, locale
from promises.kernel.text import N_, format_datetime

SEEN = {
    EventKind.ARRIVED: (N_("It came to us"), "inbox", "info"),
    EventKind.SERVICE_STARTED: (N_("We began to work on it"), "person", "info"),
    EventKind.PROMISED: (N_("We promised a date"), "promise", "accent"),
    EventKind.TOLD: (N_("We told you that we are still on it"), "mail", "info"),
    EventKind.CALLED_BACK: (N_("We called you"), "phone", "info"),
    EventKind.HANDED_OVER: (N_("A partner took it up"), "transfer", "info"),
    EventKind.HANDED_BACK: (N_("It came back from the partner"), "back", "info"),
    EventKind.ANSWERED: (N_("We answered"), "check", "success"),
    EventKind.LEFT: (N_("You took it back"), "leave", "neutral"),
    EventKind.REOPENED: (N_("We opened it again"), "recall", "info"),
    EventKind.DISPUTED: (N_("You told us that something is wrong"), "flag", "accent"),
    EventKind.DISPUTE_RESOLVED: (N_("We looked at what you told us"), "check", "accent"),
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What the macro `timeline` draws."""

    at: dt.datetime
    title: str
    detail: str
    tone: str
    icon: str
    late: None = None


def seen_events(
    events: Sequence[TimelineEvent], said: Iterable[Statement], zone: str
) -> list[Seen]:
    """In the order of recording; what was taken back did not happen. That work began is left out
    where it was noted with the answer."""
    by_event = {one.event_id: one for one in said}
    answered = {one.recorded_at for one in events if one.kind is EventKind.ANSWERED}
    return [
        _seen(event, by_event.get(event.event_id), zone)
        for event in events
        if event.kind in SEEN
        and not event.undone
        and not (event.kind is EventKind.SERVICE_STARTED and event.recorded_at in answered)
    ]


def _seen(event: TimelineEvent, said: Statement | None, zone: str) -> Seen:
    title, icon, tone = SEEN[event.kind]
    details: list[str] = []
    if said is not None and said.promised_at is not None:
        at = format_datetime(locale(), said.promised_at, zone)
        details.insert(0, gettext("by %(time)s", time=at))
    if said is not None and said.partner_name is not None:
        details.insert(0, said.partner_name)
    if said is not None and said.text is not None:
        details.insert(0, said.text)
    return Seen(event.occurred_at, gettext(title), " · ".join(details), tone, icon)
