"""What the counter shows of rescue: whom we are about to fail, who asks for help, what was
offered."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from promises.db.session import UnitOfWork
from promises.desk.callbacks import Offer, offers_of
from promises.desk.models import TicketState
from promises.desk.rescue import Help, shown_help
from promises.desk.rescue_models import HelpReason
from promises.desk.views import CounterView
from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.reporting.gestures import Gesture, gestures_of_ticket
from promises.reporting.queue_deadlines import QueueDeadline

RISK = 5
"""At risk is who has less than one in so many parts of the time left."""

REASONS = {
    HelpReason.AT_RISK: N_("Somebody is about to wait too long"),
    HelpReason.QUEUE: N_("The queue is too long"),
    HelpReason.SKILL: N_("A colleague who knows the matter is needed"),
}


@dataclass(frozen=True, slots=True)
class Rescue:
    """`at_risk` are tickets; `asked` the reasons for which help was asked and nobody came yet;
    `gestures` what the promise to the customer at this counter asks for at the end."""

    calls: list[Help]
    offers: Mapping[uuid.UUID, Offer]
    at_risk: frozenset[uuid.UUID]
    asked: frozenset[str]
    reasons: Mapping[str, str]
    me: uuid.UUID | None
    gestures: list[Gesture]


def rescue_of(
    uow: UnitOfWork,
    view: CounterView,
    deadlines: Mapping[uuid.UUID, QueueDeadline],
) -> Rescue:
    """`deadlines` of those who wait at the branch."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    calls = shown_help(uow.session, branch_id=view.branch_id, now=uow.now, **tenant)
    gestures = []
    if view.current is not None and view.current.state is TicketState.IN_SERVICE:
        gestures = gestures_of_ticket(uow.session, ticket_id=view.current.ticket_id, **tenant)
    return Rescue(
        calls=calls,
        offers=offers_of(uow.session, ticket_ids=list(deadlines), **tenant),
        at_risk=frozenset(_at_risk(deadlines, uow.now)),
        asked=frozenset(call.reason.value for call in calls if call.stands(uow.now)),
        reasons=reason_words(),
        me=uow.actor.id,
        gestures=gestures,
    )


def reason_words() -> dict[str, str]:
    return {reason.value: gettext(words) for reason, words in REASONS.items()}


def _at_risk(deadlines: Mapping[uuid.UUID, QueueDeadline], now: dt.datetime) -> Iterable[uuid.UUID]:
    for ticket_id, deadline in deadlines.items():
        left = deadline.due_at - now
        if left * RISK < deadline.due_at - deadline.started_at:
            yield ticket_id
