"""The inbox of messages from providers: each stored once, and believed in nothing but what it is
about. What it is about is looked at again."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.ids import new_id
from promises.payouts.rail_models import EventState
from promises.payouts.retries import MAY_SETTLE

BATCH = 200

_STORE = """
INSERT INTO provider_events (organisation_id, id, provider, event_id, kind, object_ref, payout_id,
    live, body_hash, state, received_at, handled_at)
VALUES (%(organisation_id)s, %(id)s, %(provider)s, %(event_id)s, %(kind)s, %(object_ref)s,
    %(payout_id)s, %(live)s, %(body_hash)s, %(state)s, %(now)s, %(handled_at)s)
ON CONFLICT (organisation_id, provider, event_id) DO NOTHING
"""

_NEW = """
SELECT id, provider, event_id, kind, object_ref, payout_id, received_at FROM provider_events
WHERE organisation_id = %(organisation_id)s AND state = 'new'
ORDER BY received_at, id
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

# A payout is named by its own id or by the provider's; another organisation's is not there.
_NAMED = """
SELECT e.id AS event_id, p.id AS payout_id, p.state
FROM unnest(%(ids)b::uuid[], %(payout_ids)b::uuid[]) AS e (id, payout_id)
JOIN payouts p ON p.organisation_id = %(organisation_id)s AND p.id = e.payout_id
WHERE p.rail = ANY(%(rails)s)
UNION
SELECT e.id, p.id, p.state
FROM unnest(%(ids)b::uuid[], %(refs)b::text[]) AS e (id, ref)
JOIN payouts p ON p.organisation_id = %(organisation_id)s AND p.rail = ANY(%(rails)s)
    AND p.provider_ref = e.ref
"""

_LOOK_AGAIN = """
UPDATE payouts p
SET look_at = CASE WHEN p.state = 'unknown' THEN p.look_at ELSE %(now)s END,
    lease_until = CASE WHEN p.state = 'unknown' THEN %(now)s ELSE p.lease_until END
FROM (SELECT id FROM payouts
      WHERE organisation_id = %(organisation_id)s AND id = ANY(%(payout_ids)s)
        AND (state IN ('submitted', 'paid', 'unknown')
             OR (state = 'needs_review' AND trouble = ANY(%(may_settle)s) AND NOT by_run))
      ORDER BY id FOR UPDATE) AS s
WHERE p.organisation_id = %(organisation_id)s AND p.id = s.id
"""

_HANDLED = """
UPDATE provider_events SET state = %(state)s, handled_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND state = 'new'
"""

# What nobody has looked into yet stays, however old it is.
_PRUNE = """
DELETE FROM provider_events
WHERE organisation_id = %(organisation_id)s AND id IN (
    SELECT id FROM provider_events
    WHERE organisation_id = %(organisation_id)s AND state <> 'new' AND received_at <= %(before)s
    ORDER BY received_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
"""

KEPT = dt.timedelta(days=90)
"""How long messages are kept: three times as long as Stripe can send one again."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A message that was verified."""

    provider: str
    event_id: str
    kind: str
    object_ref: str
    payout_id: uuid.UUID | None
    live: bool
    body_hash: bytes
    state: EventState


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A message that waits, and the payouts that it names. `says_ours`: it carries an id of a
    payout. `in_hand`: a payout that it names is being submitted right now."""

    id: uuid.UUID
    provider: str
    event_id: str
    kind: str
    object_ref: str
    says_ours: bool
    received_at: dt.datetime
    payout_ids: tuple[uuid.UUID, ...]
    in_hand: bool


def store_event(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, new: NewEvent
) -> bool:
    """Whether it is new: a message that comes again is stored once."""
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "provider": new.provider,
        "event_id": new.event_id,
        "kind": new.kind,
        "object_ref": new.object_ref,
        "payout_id": new.payout_id,
        "live": new.live,
        "body_hash": new.body_hash,
        "state": new.state.value,
        "now": now,
        "handled_at": None if new.state is EventState.NEW else now,
    }
    return execute(session, _STORE, params) == 1


def waiting_events(
    session: Session, *, organisation_id: uuid.UUID, rails: Sequence[str], limit: int = BATCH
) -> list[StoredEvent]:
    """Messages to look into, the oldest first, locked. `rails`: those of the provider."""
    params = {"organisation_id": organisation_id}
    found = rows(session, _NEW, params | {"limit": limit})
    named: dict[uuid.UUID, list[tuple[uuid.UUID, str]]] = {}
    if found:
        lists = {
            "ids": [row.id for row in found],
            "payout_ids": [row.payout_id for row in found],
            "refs": [row.object_ref for row in found],
            "rails": list(rails),
        }
        for row in rows(session, _NAMED, params | lists):
            named.setdefault(row.event_id, []).append((row.payout_id, row.state))
    return [
        StoredEvent(
            row.id,
            row.provider,
            row.event_id,
            row.kind,
            row.object_ref,
            row.payout_id is not None,
            row.received_at,
            tuple(payout_id for payout_id, _ in named.get(row.id, ())),
            any(state == "submitting" for _, state in named.get(row.id, ())),
        )
        for row in found
    ]


def look_again(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    payout_ids: Sequence[uuid.UUID],
) -> int:
    """Make payouts that are sent, paid, unknown, or under review because the provider was silent or
    could not be asked, be looked at now; how many."""
    params = {"organisation_id": organisation_id, "now": now, "payout_ids": list(payout_ids)}
    troubles = [trouble.value for trouble in MAY_SETTLE]
    return execute(session, _LOOK_AGAIN, params | {"may_settle": troubles})


def mark_events(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    ids: Sequence[uuid.UUID],
    state: EventState,
) -> None:
    params = {"organisation_id": organisation_id, "now": now, "ids": list(ids)}
    execute(session, _HANDLED, params | {"state": state.value})


def prune_events(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int = 5000
) -> int:
    """Forget messages that were dealt with long ago; how many. One that came once more after that
    is new again: like every message it makes us look, and a look pays nothing."""
    params = {"organisation_id": organisation_id, "before": now - KEPT, "limit": limit}
    return execute(session, _PRUNE, params)
