"""Attempts counted in the database, so that a limit holds over all processes."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one
from promises.identity import keys
from promises.kernel.errors import TooMany
from promises.kernel.ids import mac

KEPT = dt.timedelta(days=1)

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

_COUNT = """
INSERT INTO throttles (organisation_id, key, window_at, hits)
VALUES (%(organisation_id)s, %(key)s, %(window_at)s, 1)
ON CONFLICT (organisation_id, key, window_at) DO UPDATE SET hits = throttles.hits + 1
RETURNING hits
"""

_GIVE_BACK = """
UPDATE throttles SET hits = hits - 1
WHERE organisation_id = %(organisation_id)s AND key = %(key)s AND window_at = %(window_at)s
  AND hits > 0
"""

_FORGET = """
DELETE FROM throttles WHERE ctid IN (
    SELECT ctid FROM throttles
    WHERE organisation_id = %(organisation_id)s AND window_at < %(before)s
    LIMIT 500 FOR UPDATE SKIP LOCKED
)
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `hits` attempts in each window of `window_s` seconds."""

    hits: int
    window_s: int


def throttle(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    key: str,
    limit: int,
    window_s: int,
) -> None:
    """Count one attempt at `key` (an address, an account: stored as a MAC only).

    Raises TooMany with the seconds until the window ends. Call it in a unit of work of its own
    before the work that it guards: a refusal that rolls the work back must not roll the count
    back. Attempts that are refused here are not counted, so nobody can lengthen a lock.
    """
    throttle_all(
        session,
        organisation_id=organisation_id,
        now=now,
        key=key,
        limits=(Limit(limit, window_s),),
    )


def throttle_all(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    key: str,
    limits: Sequence[Limit],
) -> None:
    """Several limits on one key: few attempts a minute, and not many more an hour."""
    waits = []
    for limit in limits:
        params = _params(session, organisation_id, now, key, limit)
        hits = one(session, _COUNT, params).hits
        if hits > limit.hits:
            end = params["window_at"] + dt.timedelta(seconds=limit.window_s)
            waits.append(max(1, -((now - end) // dt.timedelta(seconds=1))))
        elif hits == 1:
            execute(session, _FORGET, {"organisation_id": organisation_id, "before": now - KEPT})
    if waits:
        raise TooMany(retry_after=max(waits))


def give_back(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    key: str,
    limits: Sequence[Limit],
) -> None:
    """Take one counted attempt back: it was right. `now` is the instant it was counted at."""
    for limit in limits:
        execute(session, _GIVE_BACK, _params(session, organisation_id, now, key, limit))


def _params(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, key: str, limit: Limit
) -> dict[str, Any]:
    secret = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.TOKEN
    )
    width = dt.timedelta(seconds=limit.window_s)
    return {
        "organisation_id": organisation_id,
        "key": mac(secret, f"throttle:{limit.window_s}:{key}"),
        "window_at": _EPOCH + (now - _EPOCH) // width * width,
    }
