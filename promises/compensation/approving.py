"""For which account a person approved a debt: an approval counts for no other.

What was approved while it went out by voucher was approved for no account at all.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.compensation.rolling import KEY_COLUMNS, peek_sums
from promises.db.sql import execute, rows
from promises.kernel.actors import Actor
from promises.kernel.ids import new_id

# What the approval lifts is read from the debt itself, before it is lifted.
_APPROVE = """
INSERT INTO compensation_decisions (organisation_id, id, compensation_id, kind, holds, reason,
    actor_kind, actor_id, decided_at, account)
SELECT c.organisation_id, w.id, c.id, 'approved',
    ARRAY(SELECT DISTINCT h FROM unnest(c.holds
            || CASE WHEN c.id = ANY(%(over)s::uuid[]) THEN '{approval}'::text[] END) AS h
        WHERE h <> 'clearance' ORDER BY h),
    %(reason)s, %(actor_kind)s, %(actor_id)s, %(now)s, w.account
FROM unnest(%(ids)s::uuid[], %(compensation_ids)s::uuid[], %(accounts)s::bytea[])
    AS w (id, compensation_id, account)
JOIN compensations c ON c.organisation_id = %(organisation_id)s AND c.id = w.compensation_id
"""

_SUMMED = f"""
SELECT {KEY_COLUMNS}, c.id, c.amount_minor,
    (v.terms ->> 'approval_threshold_minor')::bigint AS threshold_minor
FROM compensations c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN promise_versions v ON v.organisation_id = c.organisation_id AND v.id = c.version_id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY c.created_at, c.id
"""

_APPROVALS = """
SELECT d.compensation_id, bool_or('approval' = ANY (d.holds)) AS asked,
    coalesce(array_agg(d.account) FILTER (WHERE d.account IS NOT NULL), '{}') AS accounts
FROM compensation_decisions d
WHERE d.organisation_id = %(organisation_id)s AND d.compensation_id = ANY(%(ids)s)
  AND d.kind = 'approved'
GROUP BY d.compensation_id
"""


@dataclass(frozen=True, slots=True)
class Approval:
    """`asked`: the amount or a sum asked for it; `accounts` are those it was given for."""

    asked: bool
    accounts: frozenset[bytes]

    def covers(self, account: bytes) -> bool:
        """Whether nobody has to look again before the money goes to this account."""
        return not self.asked or account in self.accounts


def record_approvals(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    actor: Actor,
    today_on: dt.date,
    accounts: Mapping[uuid.UUID, bytes | None],
    reason: str,
) -> None:
    """Keep who approved which debts, what held them or would have, and for which account, by its
    blind index; None for no account. Call it before the holds are lifted."""
    debts = sorted(accounts)
    execute(
        session,
        _APPROVE,
        {
            "organisation_id": organisation_id,
            "ids": [new_id() for _ in debts],
            "compensation_ids": debts,
            "accounts": [accounts[debt] for debt in debts],
            "over": _over_their_sums(session, organisation_id, today_on, debts),
            "reason": reason,
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
            "now": now,
        },
    )


def approvals_of(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Approval]:
    """Of those of the debts that a person has approved."""
    params = {"organisation_id": organisation_id, "ids": list(compensation_ids)}
    return {
        row.compensation_id: Approval(row.asked, frozenset(map(bytes, row.accounts)))
        for row in rows(session, _APPROVALS, params)
    }


def _over_their_sums(
    session: Session, organisation_id: uuid.UUID, today_on: dt.date, debts: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """What a rolling sum would have held back, one after the other as they are released."""
    params = {"organisation_id": organisation_id, "ids": list(debts)}
    found = rows(session, _SUMMED, params)
    sums = peek_sums(session, organisation_id=organisation_id, today_on=today_on, debts=found)
    over = []
    for row in found:
        if sums.exceeded(row.id, row.amount_minor, row.threshold_minor):
            over.append(row.id)
        sums.add(row.id, row.amount_minor)
    return over
