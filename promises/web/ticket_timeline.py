"""A ticket's evidence in words: what happened, who says so, and when we learnt it."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from promises.desk.matters import Statement
from promises.desk.models import EventKind, EventSource
from promises.desk.views import TimelineEvent
from promises.http.i18n import gettext, locale
from promises.kernel.text import N_, format_datetime, format_time
from promises.kernel.zones import local_date
from promises.rules.guarantee.naming import shown_name
from promises.rules.steps import Step

A_SECOND = dt.timedelta(seconds=1)

TITLES = {
    EventKind.ARRIVED: N_("Took a number"),
    EventKind.CALLED: N_("Called"),
    EventKind.RECALLED: N_("Called again"),
    EventKind.SERVICE_STARTED: N_("Service started"),
    EventKind.SERVED: N_("Served"),
    EventKind.LEFT: N_("Left the queue"),
    EventKind.NO_SHOW: N_("Did not come"),
    EventKind.CLOSED: N_("Closed at closing time"),
    EventKind.TRANSFERRED: N_("Moved to another service"),
    EventKind.UNDONE: N_("An earlier step was taken back"),
    EventKind.DISPUTED: N_("The customer disagrees"),
    EventKind.DISPUTE_RESOLVED: N_("The dispute was settled"),
    EventKind.PRESENCE_SHOWN: N_("The customer showed to be there"),
    EventKind.PROMISED: N_("A date was promised"),
    EventKind.TOLD: N_("The customer was told that we are on it"),
    EventKind.ANSWERED: N_("Answered"),
    EventKind.CALLED_BACK: N_("Called back"),
    EventKind.HANDED_OVER: N_("Handed to a partner"),
    EventKind.HANDED_BACK: N_("Back from the partner"),
    EventKind.REOPENED: N_("Opened again"),
    EventKind.NOTED: N_("Facts were noted"),
    EventKind.BOOKED: N_("The customer chose a call back"),
}
SOURCES = {
    EventSource.DESK: N_("At the desk"),
    EventSource.KIOSK: N_("At the kiosk"),
    EventSource.CUSTOMER: N_("By the customer"),
    EventSource.API: N_("By another system"),
    EventSource.IMPORT: N_("By an import"),
    EventSource.RULE: N_("By rule"),
}
LOOKS = {
    EventKind.ARRIVED: ("ticket", "info"),
    EventKind.CALLED: ("bell", "info"),
    EventKind.RECALLED: ("recall", "info"),
    EventKind.SERVICE_STARTED: ("person", "info"),
    EventKind.SERVED: ("check", "success"),
    EventKind.LEFT: ("leave", "neutral"),
    EventKind.NO_SHOW: ("leave", "neutral"),
    EventKind.CLOSED: ("lock", "neutral"),
    EventKind.TRANSFERRED: ("transfer", "info"),
    EventKind.UNDONE: ("undo", "warning"),
    EventKind.DISPUTED: ("flag", "accent"),
    EventKind.DISPUTE_RESOLVED: ("check", "accent"),
    EventKind.PRESENCE_SHOWN: ("qr", "info"),
    EventKind.PROMISED: ("promise", "accent"),
    EventKind.TOLD: ("mail", "info"),
    EventKind.ANSWERED: ("check", "success"),
    EventKind.CALLED_BACK: ("bell", "success"),
    EventKind.HANDED_OVER: ("transfer", "info"),
    EventKind.HANDED_BACK: ("undo", "info"),
    EventKind.REOPENED: ("recall", "warning"),
    EventKind.NOTED: ("edit", "info"),
    EventKind.BOOKED: ("phone", "info"),
}


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """What the macro `timeline` draws; `late` is the text of a mark."""

    at: dt.datetime
    title: str
    detail: str
    tone: str
    icon: str
    late: str | None


OF_MATTERS = {
    EventKind.ARRIVED: N_("Came in"),
    EventKind.SERVICE_STARTED: N_("The work began"),
    EventKind.LEFT: N_("The customer took it back"),
}


def timeline_items(
    events: Sequence[TimelineEvent],
    names: Mapping[uuid.UUID, str],
    zone: str,
    said: Mapping[uuid.UUID, Statement] | None = None,
) -> list[TimelineItem]:
    """`names` of the members who may be named to the reader; nobody else is. `said`: what events of
    a matter say besides their time; None for a visit."""
    if said is None:
        return [_item(event, _details(event, names, zone)) for event in events]
    items = [
        _item(event, [*_statement(said.get(event.event_id), zone), *_about(event, names, zone)])
        for event in events
    ]
    return [
        dataclasses.replace(item, title=gettext(OF_MATTERS.get(event.kind, TITLES[event.kind])))
        for item, event in zip(items, events, strict=True)
    ]


def _item(event: TimelineEvent, details: Iterable[str]) -> TimelineItem:
    icon, tone = LOOKS[event.kind]
    mark = None
    if event.undone:
        mark = gettext("Taken back")
    elif not event.verified:
        mark = gettext("Unverified")
    return TimelineItem(
        at=event.occurred_at,
        title=gettext(TITLES[event.kind]),
        detail=" · ".join(details),
        tone="neutral" if event.undone else tone,
        icon=icon,
        late=mark,
    )


def _statement(said: Statement | None, zone: str) -> Iterable[str]:
    if said is None:
        return
    if said.promised_at is not None:
        at = format_datetime(locale(), said.promised_at, zone)
        yield gettext("by %(time)s", time=at)
    if said.partner_name is not None:
        yield said.partner_name
    if said.attributes:
        yield ", ".join(
            shown_name(locale(), Step("name", {"name": name})) for name in said.attributes
        )
    if said.text is not None:
        yield said.text
    elif said.erased_at is not None:
        yield gettext("The text was erased.")


def _details(event: TimelineEvent, names: Mapping[uuid.UUID, str], zone: str) -> Iterable[str]:
    """To the second, as a visit is judged."""
    yield format_time(locale(), event.occurred_at, zone, seconds=True)
    yield from _about(event, names, zone)


def _about(event: TimelineEvent, names: Mapping[uuid.UUID, str], zone: str) -> Iterable[str]:
    yield gettext(SOURCES[event.source])
    if event.counter_name is not None:
        yield gettext("Counter %(counter)s", counter=event.counter_name)
    if event.service_names:
        yield event.service_names.get(locale()) or next(iter(event.service_names.values()))
    if event.actor_id is not None and event.actor_id in names:
        yield names[event.actor_id]
    if abs(event.recorded_at - event.occurred_at) >= A_SECOND:
        same_day = local_date(event.recorded_at, zone) == local_date(event.occurred_at, zone)
        words = format_time if same_day else format_datetime
        recorded = words(locale(), event.recorded_at, zone, seconds=True)
        yield gettext("recorded %(time)s", time=recorded)
