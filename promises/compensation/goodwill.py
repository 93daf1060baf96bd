"""Gifts of goodwill: reserved from a small purse, or waiting for a manager."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.errors import ReasonMissing
from promises.compensation.goodwill_errors import (
    GiftDecided,
    GiftTooLarge,
    OwnGift,
    PurseEmpty,
)
from promises.compensation.goodwill_models import (
    GiftState,
    GoodwillReason,
    WaitsFor,
)
from promises.compensation.goodwill_rule import Rule, require_on
from promises.db.sql import execute, one_or_none, rows
from promises.kernel.actors import Actor
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id

AGAIN_WITHIN = dt.timedelta(days=30)
UNKNOWN_WITHIN = dt.timedelta(days=1)

# The row of a purse is locked by whoever reserves; of any number at once, so many get through as
# the purse holds. It costs the same however many gifts there were.
_RESERVE = """
INSERT INTO goodwill_purses AS p (organisation_id, branch_id, month_on, used_minor)
SELECT %(organisation_id)s, %(branch_id)s, %(month_on)s, %(amount_minor)s
FROM goodwill_rules r
WHERE r.organisation_id = %(organisation_id)s AND %(amount_minor)s <= r.purse_minor
ON CONFLICT (organisation_id, branch_id, month_on) DO UPDATE
SET used_minor = p.used_minor + excluded.used_minor
WHERE p.used_minor + excluded.used_minor <= (
    SELECT r.purse_minor FROM goodwill_rules r WHERE r.organisation_id = %(organisation_id)s)
RETURNING p.used_minor
"""

_GIVE_BACK = """
UPDATE goodwill_purses SET used_minor = used_minor - %(amount_minor)s
WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
  AND month_on = %(month_on)s
"""

# A customer's gifts are counted one after the other.
_LOCK_CUSTOMER = """
SELECT id FROM customers
WHERE organisation_id = %(organisation_id)s AND id = %(customer_id)s
FOR NO KEY UPDATE
"""

# So are a giver's gifts to people whom nobody knows.
_LOCK_GIVER = """
SELECT id FROM members
WHERE organisation_id = %(organisation_id)s AND id = %(member_id)s
FOR NO KEY UPDATE
"""

_TO_UNKNOWN = """
SELECT count(*)::int AS n FROM goodwill_gifts
WHERE organisation_id = %(organisation_id)s AND given_by = %(member_id)s AND customer_id IS NULL
  AND given_at > %(since)s AND state IN ('given', 'waiting')
"""

_BEFORE = """
SELECT count(*) FILTER (WHERE g.given_at > %(again_since)s OR g.ticket_id = %(ticket_id)s)::int
        AS again,
    coalesce(sum(g.amount_minor) FILTER (WHERE g.month_on = %(month_on)s), 0)::bigint
        AS month_minor
FROM goodwill_gifts g
WHERE g.organisation_id = %(organisation_id)s AND g.state IN ('given', 'waiting')
  AND (g.ticket_id = %(ticket_id)s OR g.customer_id = %(customer_id)s)
"""

_INSERT = """
INSERT INTO goodwill_gifts (organisation_id, id, ticket_id, branch_id, customer_id, amount_minor,
    currency, vat_treatment, reason, words, state, waits_for, month_on, given_by, given_at,
    decision_reason)
VALUES (%(organisation_id)s, %(id)s, %(ticket_id)s, %(branch_id)s, %(customer_id)s,
    %(amount_minor)s, %(currency)s, %(vat_treatment)s, %(reason)s, %(words)s, %(state)s,
    %(waits_for)s, %(month_on)s, %(given_by)s, %(now)s, '')
"""

_LOCK = """
SELECT g.id AS gift_id, g.ticket_id, g.branch_id, g.amount_minor, g.currency, g.state, g.month_on,
    g.given_by, g.given_at
FROM goodwill_gifts g
WHERE g.organisation_id = %(organisation_id)s AND g.id = %(gift_id)s
FOR NO KEY UPDATE
"""

# Whoever made evidence on the ticket has a part in it.
_TOOK_PART = """
SELECT 1 AS found FROM service_events e
WHERE e.organisation_id = %(organisation_id)s AND e.ticket_id = %(ticket_id)s
  AND e.actor_kind = 'member' AND e.actor_id = %(member_id)s
LIMIT 1
"""

_DECIDE = """
UPDATE goodwill_gifts SET state = %(state)s, month_on = %(month_on)s, decided_by = %(member_id)s,
    decided_at = %(now)s, decision_reason = %(reason)s
WHERE organisation_id = %(organisation_id)s AND id = %(gift_id)s
"""

_TAKE_BACK = """
UPDATE goodwill_gifts SET state = 'taken_back'
WHERE organisation_id = %(organisation_id)s AND id = %(gift_id)s
"""

_WIPE = """
UPDATE goodwill_gifts SET words = ''
WHERE organisation_id = %(organisation_id)s AND ticket_id = ANY(%(ticket_ids)s) AND words <> ''
"""

_TICKETS = """
SELECT DISTINCT ticket_id FROM goodwill_gifts
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(gift_ids)s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGift:
    """What a clerk gives on a ticket. `month_on` is the month in the organisation's zone."""

    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    customer_id: uuid.UUID | None
    amount_minor: int
    currency: str
    reason: GoodwillReason
    words: str
    month_on: dt.date


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift as it now stands."""

    gift_id: uuid.UUID
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    amount_minor: int
    currency: str
    state: GiftState


def give(
    session: Session, *, organisation_id: uuid.UUID, actor: Actor, now: dt.datetime, gift: NewGift
) -> Gift:
    """Given at once within the limits, else waiting for a manager. The caller holds the ticket's
    lock. Raises GoodwillOff, GiftTooLarge, PurseEmpty; then nothing changed."""
    rule = require_on(session, organisation_id)
    if not 0 < gift.amount_minor <= rule.purse_minor:
        raise GiftTooLarge
    waits_for = _waits_for(session, organisation_id, now, rule, gift)
    if waits_for is None and gift.customer_id is None:
        waits_for = _too_many_unknown(session, organisation_id, now, rule, actor)
    state = GiftState.GIVEN if waits_for is None else GiftState.WAITING
    if state is GiftState.GIVEN:
        _reserve(session, organisation_id, gift.branch_id, gift.month_on, gift.amount_minor)
    gift_id = new_id()
    execute(
        session,
        _INSERT,
        {
            "organisation_id": organisation_id,
            "id": gift_id,
            "now": now,
            "ticket_id": gift.ticket_id,
            "branch_id": gift.branch_id,
            "customer_id": gift.customer_id,
            "amount_minor": gift.amount_minor,
            "currency": gift.currency,
            "vat_treatment": rule.vat_treatment.value,
            "reason": gift.reason.value,
            "words": gift.words.strip(),
            "state": state.value,
            "waits_for": waits_for,
            "month_on": gift.month_on if state is GiftState.GIVEN else None,
            "given_by": actor.id,
        },
    )
    return Gift(gift_id, gift.ticket_id, gift.branch_id, gift.amount_minor, gift.currency, state)


def _waits_for(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, rule: Rule, gift: NewGift
) -> str | None:
    """Why a manager has to look at it; None where a clerk gives it alone."""
    tenant = {"organisation_id": organisation_id, "customer_id": gift.customer_id}
    execute(session, _LOCK_CUSTOMER, tenant)
    before = rows(
        session,
        _BEFORE,
        tenant
        | {
            "ticket_id": gift.ticket_id,
            "month_on": gift.month_on,
            "again_since": now - AGAIN_WITHIN,
        },
    )[0]
    if gift.amount_minor > rule.most_gift_minor:
        return WaitsFor.AMOUNT.value
    if before.month_minor + gift.amount_minor > rule.most_customer_minor:
        return WaitsFor.MONTH.value
    return WaitsFor.AGAIN.value if before.again else None


def _too_many_unknown(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, rule: Rule, actor: Actor
) -> str | None:
    """A clerk with a friend who takes one number after the other comes before a manager."""
    params = {"organisation_id": organisation_id, "member_id": actor.id}
    execute(session, _LOCK_GIVER, params)
    before = rows(session, _TO_UNKNOWN, params | {"since": now - UNKNOWN_WITHIN})[0].n
    return WaitsFor.UNKNOWN.value if before >= rule.most_unknown_day else None


def _reserve(
    session: Session,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    month_on: dt.date,
    amount_minor: int,
) -> None:
    params = {
        "organisation_id": organisation_id,
        "branch_id": branch_id,
        "month_on": month_on,
        "amount_minor": amount_minor,
    }
    if one_or_none(session, _RESERVE, params) is None:
        raise PurseEmpty


def decide_gift(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    gift_id: uuid.UUID,
    month_on: dt.date,
    reason: str,
    approve: bool,
) -> Gift:
    """A second person lets a waiting gift go, out of the purse of `month_on`, or says no with a
    reason. Raises NotFound, GiftDecided, OwnGift, GoodwillOff, PurseEmpty, ReasonMissing; then
    nothing changed."""
    row = _locked(session, organisation_id, gift_id)
    if row.state != GiftState.WAITING:
        raise GiftDecided
    _require_second(session, organisation_id, actor, row)
    if approve:
        require_on(session, organisation_id)
        _reserve(session, organisation_id, row.branch_id, month_on, row.amount_minor)
    elif not reason.strip():
        raise ReasonMissing
    state = GiftState.GIVEN if approve else GiftState.REFUSED
    execute(
        session,
        _DECIDE,
        {
            "organisation_id": organisation_id,
            "gift_id": gift_id,
            "state": state.value,
            "month_on": month_on if approve else None,
            "member_id": actor.id,
            "now": now,
            "reason": reason.strip(),
        },
    )
    return _gift(row, state)


def take_back_gift(
    session: Session, *, organisation_id: uuid.UUID, gift_id: uuid.UUID, actor: Actor
) -> Gift:
    """Put a gift whose payout was stopped back into its purse. Raises GiftDecided, also for
    anybody but the giver."""
    row = _locked(session, organisation_id, gift_id)
    if row.state != GiftState.GIVEN or row.given_by != actor.id:
        raise GiftDecided
    execute(
        session,
        _GIVE_BACK,
        {
            "organisation_id": organisation_id,
            "branch_id": row.branch_id,
            "month_on": row.month_on,
            "amount_minor": row.amount_minor,
        },
    )
    execute(session, _TAKE_BACK, {"organisation_id": organisation_id, "gift_id": gift_id})
    return _gift(row, GiftState.TAKEN_BACK)


def tickets_of_gifts(
    session: Session, *, organisation_id: uuid.UUID, gift_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """The tickets whose pages show these gifts."""
    if not gift_ids:
        return []
    params = {"organisation_id": organisation_id, "gift_ids": list(gift_ids)}
    return [row.ticket_id for row in rows(session, _TICKETS, params)]


def wipe_words(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> int:
    """What givers wrote on these tickets is erased; how many texts. The gifts stay."""
    params = {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)}
    return execute(session, _WIPE, params)


def _locked(session: Session, organisation_id: uuid.UUID, gift_id: uuid.UUID) -> Any:
    found = one_or_none(session, _LOCK, {"organisation_id": organisation_id, "gift_id": gift_id})
    if found is None:
        raise NotFound(gift_id=str(gift_id))
    return found


def _require_second(session: Session, organisation_id: uuid.UUID, actor: Actor, row: Any) -> None:
    params = {
        "organisation_id": organisation_id,
        "ticket_id": row.ticket_id,
        "member_id": actor.id,
    }
    if row.given_by == actor.id or rows(session, _TOOK_PART, params):
        raise OwnGift


def _gift(row: Any, state: GiftState) -> Gift:
    return Gift(row.gift_id, row.ticket_id, row.branch_id, row.amount_minor, row.currency, state)
