"""For which account a person approved a debt, and when one has to before money goes to an account.

An approval counts for its account only; what was approved while it went out by voucher was approved
for none. Much for one account is approved by a person, however many cases it is split over.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.compensation.rolling import KEY_COLUMNS, USUAL_WINDOW_DAYS, peek_sums
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

# The limit is the lower of the terms' threshold and of the rule on what one customer gets.
_STANDINGS = """
SELECT c.id, c.amount_minor,
    least((v.terms ->> 'approval_threshold_minor')::bigint, r.customer_minor) AS limit_minor,
    coalesce(r.window_days, %(usual)s) AS window_days, d.asked, d.accounts
FROM compensations c
JOIN promise_versions v ON v.organisation_id = c.organisation_id AND v.id = c.version_id
LEFT JOIN approval_rules r ON r.organisation_id = c.organisation_id
CROSS JOIN LATERAL (
    SELECT coalesce(bool_or('approval' = ANY (d.holds)), false) AS asked,
        coalesce(array_agg(d.account) FILTER (WHERE d.account IS NOT NULL), '{}') AS accounts
    FROM compensation_decisions d
    WHERE d.organisation_id = c.organisation_id AND d.compensation_id = c.id
      AND d.kind = 'approved'
) d
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY c.created_at, c.id
"""

OTHER_ACCOUNT = "approved_for_another_account"
MUCH_TO_ACCOUNT = "much_to_one_account"
"""Why a debt waits for a person before it goes to an account: the reason of the hold's decision."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a debt stands to approvals. `asked`: it had one because the amount or a sum asked for
    it; `accounts` are those that it was approved for. `limit_minor` is how much may go to one
    account within so many days without a person, None for any sum."""

    compensation_id: uuid.UUID
    amount_minor: int
    asked: bool
    accounts: frozenset[bytes]
    limit_minor: int | None
    window_days: int


def why_look(
    standings: Sequence[Standing],
    accounts: Mapping[uuid.UUID, bytes],
    paid: Mapping[bytes, int],
) -> dict[uuid.UUID, str]:
    """Which of these debts a person has to approve before they go to their accounts, and why.
    `paid` is what goes to each account already; the debts add to it in their order."""
    sums = dict(paid)
    reasons = {}
    for one in standings:
        account = accounts[one.compensation_id]
        total = sums.get(account, 0) + one.amount_minor
        much = one.limit_minor is not None and total > one.limit_minor
        if account not in one.accounts and (one.asked or much):
            reasons[one.compensation_id] = OTHER_ACCOUNT if one.asked else MUCH_TO_ACCOUNT
        else:
            sums[account] = total
    return reasons


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


def standings_of(
    session: Session, *, organisation_id: uuid.UUID, compensation_ids: Sequence[uuid.UUID]
) -> list[Standing]:
    """The oldest debt first."""
    params = {
        "organisation_id": organisation_id,
        "ids": list(compensation_ids),
        "usual": USUAL_WINDOW_DAYS,
    }
    return [
        Standing(
            row.id,
            row.amount_minor,
            row.asked,
            frozenset(map(bytes, row.accounts)),
            row.limit_minor,
            row.window_days,
        )
        for row in rows(session, _STANDINGS, params)
    ]


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
