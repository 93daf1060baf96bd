"""What providers tell us: verified, stored once, and taken as a hint to look again, never as news.

No provider is called here. A payout that is to be looked at is found by the worker by its time.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from promises.db.session import UnitOfWork
from promises.jobs.queue import HANDLE_EVENTS, defer
from promises.payouts.accounts import (
    FORMER_SECRET,
    WEBHOOK_SECRET,
    is_live,
    stored_secrets,
)
from promises.payouts.inbox import (
    NewEvent,
    StoredEvent,
    look_again,
    mark_events,
    prune_events,
    store_event,
    waiting_events,
)
from promises.payouts.incidents import Incident, open_incident
from promises.payouts.rail_models import EventState, IncidentKind
from promises.payouts.rails.names import STRIPE
from promises.payouts.rails.stripe_webhook import Forged, StripeMessage, read_message

PROVIDER = "stripe"
OTHERS = "others"
"""What carries no payout of ours was made elsewhere with the same account: one open incident tells
of all of them."""

ANSWER_WITHIN = dt.timedelta(minutes=2)
"""A message that names only the provider's id may come before we know that id."""

FORMER_FOR = dt.timedelta(days=3)
"""As long as Stripe goes on sending what was not taken in."""


def receive(uow: UnitOfWork, *, raw: bytes, headers: Mapping[str, str]) -> bool:
    """Keep a message of Stripe and put off what it makes us do; whether it is new.

    Raises Forged.
    """
    live = is_live(uow.session, organisation_id=uow.organisation_id)
    message = _read(_secrets(uow), raw, headers, live=live, now=uow.now)
    new = NewEvent(
        PROVIDER,
        message.event_id,
        message.kind,
        message.object_ref,
        message.payout_id,
        message.live,
        sha256(raw).digest(),
        _first_state(message),
    )
    if not store_event(uow.session, organisation_id=uow.organisation_id, now=uow.now, new=new):
        return False
    if new.state is EventState.PARKED:
        _open(uow, IncidentKind.WRONG_MODE, new.event_id, {"kind": new.kind, "live": new.live})
    elif new.state is EventState.NEW:
        defer(uow.session, HANDLE_EVENTS, organisation_id=uow.organisation_id)
    return True


def handle_events(uow: UnitOfWork) -> int:
    """Look into what waits; how many were dealt with. One that overtook the answer to our own call
    waits for it."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id, "now": uow.now}
    found = waiting_events(uow.session, organisation_id=uow.organisation_id, rails=STRIPE)
    ready = [one for one in found if not _too_early(one, uow.now)]
    named = [one for one in ready if one.payout_ids]
    strange = [one for one in ready if not one.payout_ids]
    look_again(
        uow.session,
        payout_ids=sorted({payout_id for one in named for payout_id in one.payout_ids}),
        **tenant,
    )
    for state, events in ((EventState.APPLIED, named), (EventState.PARKED, strange)):
        mark_events(uow.session, ids=[one.id for one in events], state=state, **tenant)
    for one in strange:
        ref = one.object_ref if one.says_ours else OTHERS
        _open(uow, IncidentKind.UNKNOWN_EVENT, ref, _told(one))
    return len(ready)


def forget_events(uow: UnitOfWork) -> int:
    """Messages that were dealt with long ago; how many."""
    return prune_events(uow.session, organisation_id=uow.organisation_id, now=uow.now)


def _too_early(one: StoredEvent, now: dt.datetime) -> bool:
    if one.payout_ids:
        return one.in_hand
    return not one.says_ours and now - one.received_at < ANSWER_WITHIN


def _secrets(uow: UnitOfWork) -> list[str]:
    """Of every rail of Stripe that was ever set up, also while it is off: what it sent is on its
    way still. For some days after a secret was replaced the former one counts too."""
    found = stored_secrets(uow.session, organisation_id=uow.organisation_id, rails=STRIPE)
    good = set()
    for secrets, changed_at in found.values():
        good.add(secrets.get(WEBHOOK_SECRET))
        if uow.now - changed_at < FORMER_FOR:
            good.add(secrets.get(FORMER_SECRET))
    return sorted(one for one in good if one)


def _read(
    secrets: Sequence[str],
    raw: bytes,
    headers: Mapping[str, str],
    *,
    live: bool,
    now: dt.datetime,
) -> StripeMessage:
    reason = "no secret"
    for secret in secrets:
        try:
            return read_message(raw, headers, secret=secret, live=live, now=now)
        except Forged as forged:
            reason = str(forged)
    raise Forged(reason)


def _first_state(message: StripeMessage) -> EventState:
    if not message.about_payout:
        return EventState.IGNORED
    return EventState.PARKED if message.wrong_mode else EventState.NEW


def _told(one: StoredEvent) -> dict[str, object]:
    return {"kind": one.kind, "event": one.event_id}


def _open(uow: UnitOfWork, kind: IncidentKind, ref: str, details: dict[str, object]) -> None:
    open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(kind, PROVIDER, ref, details=details),
    )
