"""Raising alerts, once each, and putting them down when they are over."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.improvement.alerts_models import AlertKind, AlertLevel, AlertState
from promises.improvement.errors import AlertMoved, NoSuchAlert
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.ids import new_id

GRAVEST_FIRST = (AlertLevel.PAGE, AlertLevel.TELL, AlertLevel.NOTICE)

_COLUMNS = """
SELECT a.id, a.promise_id, a.branch_id, a.kind, a.level, a.month_on, a.state, a.seen, a.raised_at,
    a.tell_at, a.acknowledged_by, a.acknowledged_at, a.closed_at
FROM alerts a
WHERE a.organisation_id = %(organisation_id)s
"""

_LIVE = f"{_COLUMNS} AND a.state <> 'closed' ORDER BY a.raised_at DESC, a.id DESC"

# Closed ones too: a month's alert is raised once, whatever the forecast does afterwards.
_RAISE = """
INSERT INTO alerts (organisation_id, id, promise_id, branch_id, kind, level, month_on, state, seen,
    raised_at, tell_at)
VALUES (%(organisation_id)s, %(id)s, %(promise_id)s, %(branch_id)s, %(kind)s, %(level)s,
    %(month_on)s, 'open', %(seen)s, %(now)s, %(tell_at)s)
ON CONFLICT DO NOTHING
RETURNING id
"""

_CLOSE = """
UPDATE alerts SET state = 'closed', closed_at = %(now)s, tell_at = NULL
WHERE organisation_id = %(organisation_id)s AND id = ANY (%(ids)s) AND state <> 'closed'
"""

_TOLD = """
UPDATE alerts SET tell_at = NULL
WHERE organisation_id = %(organisation_id)s AND id = ANY (%(ids)s)
"""

_ACKNOWLEDGE = """
UPDATE alerts SET state = 'acknowledged', acknowledged_by = %(member_id)s,
    acknowledged_at = %(now)s, tell_at = NULL
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND state = 'open'
RETURNING promise_id
"""

_STATE = """
SELECT state FROM alerts WHERE organisation_id = %(organisation_id)s AND id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class Alert:
    alert_id: uuid.UUID
    promise_id: uuid.UUID
    branch_id: uuid.UUID | None
    kind: AlertKind
    level: AlertLevel
    month_on: dt.date | None
    state: AlertState
    seen: dict[str, Any]
    raised_at: dt.datetime
    tell_at: dt.datetime | None
    acknowledged_by: uuid.UUID | None
    acknowledged_at: dt.datetime | None
    closed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class NewAlert:
    """`tell_at`: when its people are written to; None: nobody is."""

    promise_id: uuid.UUID
    branch_id: uuid.UUID | None
    kind: AlertKind
    level: AlertLevel
    month_on: dt.date | None
    seen: dict[str, Any]
    tell_at: dt.datetime | None


def live_alerts(session: Session, *, organisation_id: uuid.UUID) -> list[Alert]:
    """Open and acknowledged ones, the newest first."""
    return [_alert(row) for row in rows(session, _LIVE, {"organisation_id": organisation_id})]


def gravest(found: Iterable[Alert]) -> list[Alert]:
    """Without those of a budget at 80 per cent of which all is used up."""
    alerts = list(found)
    emptied = {(one.promise_id, one.kind) for one in alerts if one.level is AlertLevel.ALL}
    return [
        one
        for one in alerts
        if one.level is not AlertLevel.MOST or (one.promise_id, one.kind) not in emptied
    ]


def _alert(row: Any) -> Alert:
    return Alert(
        row.id,
        row.promise_id,
        row.branch_id,
        AlertKind(row.kind),
        AlertLevel(row.level),
        row.month_on,
        AlertState(row.state),
        *row[7:],
    )


def raise_alert(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, new: NewAlert
) -> uuid.UUID | None:
    """The id of the alert; None where there is one already, or was one of the same month."""
    found = rows(
        session,
        _RAISE,
        {
            "organisation_id": organisation_id,
            "id": new_id(),
            "promise_id": new.promise_id,
            "branch_id": new.branch_id,
            "kind": new.kind.value,
            "level": new.level.value,
            "month_on": new.month_on,
            "seen": Jsonb(new.seen),
            "now": now,
            "tell_at": new.tell_at,
        },
    )
    return found[0].id if found else None


def close_alerts(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, ids: Sequence[uuid.UUID]
) -> int:
    """Who was not written to yet is not written to any more."""
    if not ids:
        return 0
    params = {"organisation_id": organisation_id, "now": now, "ids": list(ids)}
    return execute(session, _CLOSE, params)


def mark_told(session: Session, *, organisation_id: uuid.UUID, ids: Sequence[uuid.UUID]) -> None:
    execute(session, _TOLD, {"organisation_id": organisation_id, "ids": list(ids)})


def acknowledge(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    alert_id: uuid.UUID,
) -> uuid.UUID:
    """Somebody takes care of it; the id of its promise. Raises NoSuchAlert, AlertMoved."""
    params = {
        "organisation_id": organisation_id,
        "id": alert_id,
        "member_id": actor.id if actor.kind is ActorKind.MEMBER else None,
        "now": now,
    }
    found = rows(session, _ACKNOWLEDGE, params)
    if found:
        return uuid.UUID(str(found[0].promise_id))
    if not rows(session, _STATE, params):
        raise NoSuchAlert()
    raise AlertMoved()
