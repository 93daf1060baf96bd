"""Letting debts go to a payout, holding them, and ending them without one."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.budgets import Room, lock_room, reserve
from promises.compensation.ceiling_room import Ceilings, Full, ceilings_of
from promises.compensation.ceilings import KEEP, lock_shared
from promises.compensation.control_models import CeilingReaction
from promises.compensation.errors import ReasonMissing
from promises.compensation.models import CompensationState, Hold
from promises.compensation.rolling import KEY_COLUMNS, Sums, count, lock_sums
from promises.db.sql import execute, rows
from promises.kernel.actors import SYSTEM, Actor
from promises.kernel.ids import new_id

# The money set aside is what the promise says now, not what it said when the debt arose.
_LOCK = f"""
WITH kept AS MATERIALIZED ({KEEP})
SELECT c.id, c.amount_minor, c.currency, c.state, c.holds, c.created_at,
    (SELECT (v.terms ->> 'budget_month_minor')::bigint FROM promise_versions v
     WHERE v.organisation_id = c.organisation_id AND v.promise_id = c.promise_id
       AND v.valid_from <= %(now)s
     ORDER BY v.valid_from DESC LIMIT 1) AS budget_minor,
    (SELECT (v.terms ->> 'approval_threshold_minor')::bigint FROM promise_versions v
     WHERE v.organisation_id = c.organisation_id AND v.id = c.version_id) AS threshold_minor,
    EXISTS (SELECT 1 FROM compensation_decisions d
        WHERE d.organisation_id = c.organisation_id AND d.compensation_id = c.id
          AND d.kind = 'approved') AS approved,
    {KEY_COLUMNS}
FROM compensations c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
  AND (SELECT count(*) FROM kept) = 1
ORDER BY c.id
FOR UPDATE OF c
"""

_LIFT = """
UPDATE compensations c
SET holds = CASE WHEN rest.holds = '{}' THEN '{clearance}' ELSE rest.holds END,
    held_until = CASE WHEN %(lifted)s::text[] && '{approval,evidence}' THEN NULL
        ELSE c.held_until END
FROM (
    SELECT o.id, ARRAY(SELECT h FROM unnest(o.holds) AS h WHERE NOT h = ANY(%(lifted)s)) AS holds
    FROM compensations o
    WHERE o.organisation_id = %(organisation_id)s AND o.state = 'owed' AND o.id = ANY(%(ids)s)
      AND o.holds && %(lifted)s::text[]
    ORDER BY o.id
    FOR UPDATE
) rest
WHERE c.organisation_id = %(organisation_id)s AND c.id = rest.id
RETURNING c.id, c.holds = '{clearance}' AS clear
"""

_HOLD = """
UPDATE compensations c
SET holds = array_remove(array_remove(c.holds, %(hold)s), 'clearance') || %(hold)s::text
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed' AND c.id = ANY(%(ids)s)
RETURNING c.id
"""

_OWED_OF_TICKETS = """
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed'
  AND c.ticket_id = ANY(%(ticket_ids)s)
ORDER BY c.id
"""

_DEBTS_OF_TICKETS = """
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.state IN ('owed', 'released')
  AND c.ticket_id = ANY(%(ticket_ids)s)
ORDER BY c.id
"""

_DEBTS_OF_BREACHES = """
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.state IN ('owed', 'released')
  AND c.breach_id = ANY(%(breach_ids)s)
ORDER BY c.id
"""

_RELEASE = """
UPDATE compensations SET state = 'released', holds = '{}', held_until = NULL,
    released_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND state = 'owed'
"""

_CLOSE = """
UPDATE compensations
SET state = %(state)s, holds = '{}', held_until = NULL, closing_reason = %(reason)s,
    closed_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(ids)s) AND state = 'owed'
RETURNING id, amount_minor, currency
"""

_DECIDE = """
INSERT INTO compensation_decisions (organisation_id, id, compensation_id, kind, holds, reason,
    actor_kind, actor_id, decided_at, until_at)
SELECT %(organisation_id)s, d.id, d.compensation_id, %(kind)s, %(holds)s, %(reason)s,
    %(actor_kind)s, %(actor_id)s, %(now)s, %(until_at)s
FROM unnest(%(ids)s::uuid[], %(compensation_ids)s::uuid[]) AS d (id, compensation_id)
"""


@dataclass(frozen=True, slots=True)
class Released:
    """A debt that a payout may now settle."""

    compensation_id: uuid.UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A debt that ended without a payout."""

    compensation_id: uuid.UUID
    amount_minor: int
    currency: str


def lift_holds(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    compensation_ids: Sequence[uuid.UUID],
    holds: Iterable[Hold],
) -> list[uuid.UUID]:
    """Take these holds off; the ids returned are held by nothing any more and may be released."""
    if not compensation_ids:
        return []
    lifted = rows(
        session,
        _LIFT,
        {
            "organisation_id": organisation_id,
            "ids": list(compensation_ids),
            "lifted": [hold.value for hold in holds],
        },
    )
    return [row.id for row in lifted if row.clear]


def place_hold(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    compensation_ids: Sequence[uuid.UUID],
    hold: Hold,
) -> list[uuid.UUID]:
    """Hold what is still owed; a debt that went to a payout already is not touched."""
    if not compensation_ids:
        return []
    held = rows(
        session,
        _HOLD,
        {
            "organisation_id": organisation_id,
            "ids": list(compensation_ids),
            "hold": hold.value,
        },
    )
    return [row.id for row in held]


def owed_of_tickets(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    found = rows(
        session,
        _OWED_OF_TICKETS,
        {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)},
    )
    return [row.id for row in found]


def debts_of_tickets(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """What is owed, and what went on to a payout, sent or not."""
    found = rows(
        session,
        _DEBTS_OF_TICKETS,
        {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)},
    )
    return [row.id for row in found]


def debts_of_breaches(
    session: Session, *, organisation_id: uuid.UUID, breach_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """What is owed, and what went on to a payout, sent or not."""
    found = rows(
        session,
        _DEBTS_OF_BREACHES,
        {"organisation_id": organisation_id, "breach_ids": list(breach_ids)},
    )
    return [row.id for row in found]


def release(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    today_on: dt.date,
    compensation_ids: Sequence[uuid.UUID],
) -> list[Released]:
    """Let debts go that nothing holds, as far as limits, ceilings and the month's money reach.

    What makes a rolling sum exceed its limit, or a ceiling that asks for it, and nobody has
    approved, gets the hold `approval`, with the reason where only a ceiling asks. Budgets and
    ceilings are reserved here, in this transaction, under the locks of their rows, all that apply
    or none. Where one does not reach, the debt gets the hold `budget` and stays; an older debt goes
    first. What is not owed, or still held by something else, is skipped.
    """
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    if not compensation_ids:
        return []
    found = rows(session, _LOCK, tenant | {"ids": list(compensation_ids), "now": now})
    free = [row for row in found if row.state == CompensationState.OWED and _is_free(row)]
    if not free:
        return []
    free.sort(key=lambda row: (row.created_at, row.id))
    month_on = today_on.replace(day=1)
    capped = lock_shared(session, **tenant, debts=free)
    sums = lock_sums(session, **tenant, today_on=today_on, debts=free)
    ceilings = ceilings_of(session, **tenant, today_on=today_on, debts=free) if capped else None
    room = lock_room(
        session,
        **tenant,
        month_on=month_on,
        limits={row.promise_id: row.budget_minor for row in free},
    )
    going, held, asked = _choose(free, sums, ceilings, room)
    _hold_back(session, organisation_id, now, held, asked)
    if ceilings:
        ceilings.note(session)
    if going:
        reserve(session, **tenant, month_on=month_on, room=room)
        execute(session, _RELEASE, tenant | {"ids": _ids(going), "now": now})
        count(session, **tenant, today_on=today_on, sums=sums, compensation_ids=_ids(going))
    return [Released(row.id, row.amount_minor, row.currency) for row in going]


def _hold_back(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    held: Mapping[Hold, Sequence[Any]],
    asked: Mapping[str, Sequence[uuid.UUID]],
) -> None:
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    for hold, waiting in held.items():
        place_hold(session, **tenant, compensation_ids=_ids(waiting), hold=hold)
    # what a person has approved waits for money only where a release says so again
    waited = [row.id for row in held[Hold.APPROVAL] if Hold.BUDGET in row.holds]
    lift_holds(session, **tenant, compensation_ids=waited, holds=[Hold.BUDGET])
    for reason, those in sorted(asked.items()):
        record_decisions(
            session, **tenant, now=now, actor=SYSTEM, compensation_ids=those, kind="held",
            holds=[Hold.APPROVAL], reason=reason,
        )  # fmt: skip


def _is_free(row: Any) -> bool:
    return set(row.holds) <= {"clearance", Hold.BUDGET.value}


def _ids(found: Sequence[Any]) -> list[uuid.UUID]:
    return [row.id for row in found]


def _choose(
    free: Sequence[Any], sums: Sums, ceilings: Ceilings | None, room: Room
) -> tuple[list[Any], dict[Hold, list[Any]], dict[str, list[uuid.UUID]]]:
    """Which debts go, which wait for what, and which come before a person for a ceiling alone, by
    the reason."""
    going: list[Any] = []
    held: dict[Hold, list[Any]] = {Hold.APPROVAL: [], Hold.BUDGET: []}
    asked: dict[str, list[uuid.UUID]] = {}
    lines = ceilings or Ceilings(uuid.UUID(int=0), dt.date.min)
    for row in free:
        full = lines.full_for(row, sums.added)
        ask = sums.exceeded(row.id, row.amount_minor, row.threshold_minor)
        if (ask or full.asks) and not row.approved:
            held[Hold.APPROVAL].append(row)
            lines.ask(row, Full() if ask else full)
            if not ask:
                asked.setdefault(full.reason, []).append(row.id)
        elif full.of(CeilingReaction.WAIT) or not room.take(row.promise_id, row.amount_minor):
            held[Hold.BUDGET].append(row)
            lines.wait(row, full)
        else:
            sums.add(row.id, row.amount_minor)
            lines.add(row, sums.added)
            going.append(row)
    return going, held, asked


def close(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    compensation_ids: Sequence[uuid.UUID],
    state: CompensationState,
    reason: str,
) -> list[Closed]:
    """End debts as refused or cancelled, with the reason that the customer sees.

    Only what is still owed ends: a debt that went to a payout is past this door.
    """
    if state not in (CompensationState.REFUSED, CompensationState.CANCELLED):
        raise ValueError(f"a debt does not end as {state}")
    if not reason.strip():
        raise ReasonMissing
    closed = rows(
        session,
        _CLOSE,
        {
            "organisation_id": organisation_id,
            "ids": list(compensation_ids),
            "state": state.value,
            "reason": reason.strip(),
            "now": now,
        },
    )
    return [Closed(row.id, row.amount_minor, row.currency) for row in closed]


def record_decisions(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    actor: Actor,
    compensation_ids: Sequence[uuid.UUID],
    kind: str,
    holds: Sequence[Hold],
    reason: str,
) -> None:
    """Keep who decided what: one row a compensation, never changed."""
    by = {"now": now, "actor_kind": actor.kind.value, "actor_id": actor.id}
    what = {"kind": kind, "holds": [hold.value for hold in holds], "until_at": None}
    _record(session, organisation_id, compensation_ids, by | what | {"reason": reason})


def record_hold(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    actor: Actor,
    compensation_ids: Sequence[uuid.UUID],
    reason: str,
    until_at: dt.datetime,
) -> None:
    """Keep who held them back, why, and by when somebody has looked."""
    by = {"now": now, "actor_kind": actor.kind.value, "actor_id": actor.id}
    what = {"kind": "held", "holds": [Hold.EVIDENCE.value], "until_at": until_at}
    _record(session, organisation_id, compensation_ids, by | what | {"reason": reason})


def _record(
    session: Session,
    organisation_id: uuid.UUID,
    compensation_ids: Sequence[uuid.UUID],
    params: dict[str, Any],
) -> None:
    params |= {"organisation_id": organisation_id, "compensation_ids": list(compensation_ids)}
    execute(session, _DECIDE, params | {"ids": [new_id() for _ in compensation_ids]})
