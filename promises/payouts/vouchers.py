"""Vouchers: issued once a payout, redeemed whole and once, issued anew, expired."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none, rows
from promises.kernel.actors import Actor
from promises.kernel.ids import new_id
from promises.payouts.codes import code_mac, shown, voucher_code
from promises.payouts.errors import (
    AlreadyRedeemed,
    NoSuchVoucher,
    ReissueReasonMissing,
    VoucherExpired,
    VoucherNotActive,
)
from promises.payouts.exchanges import ASKED_IN_TIME
from promises.payouts.models import VoucherState

_ISSUE = """
INSERT INTO vouchers (organisation_id, id, payout_id, generation, code_mac, last4, amount_minor,
    currency, state, issued_at, expires_at)
SELECT %(organisation_id)s, v.id, v.payout_id, 1, v.code_mac, v.last4, v.amount_minor,
    v.currency, 'active', %(now)s, %(expires_at)s
FROM unnest(%(ids)b::uuid[], %(payout_ids)b::uuid[], %(code_macs)s::bytea[], %(last4s)b::text[],
    %(amounts)b::bigint[], %(currencies)b::text[])
    AS v (id, payout_id, code_mac, last4, amount_minor, currency)
ON CONFLICT (organisation_id, payout_id) DO NOTHING
RETURNING id, payout_id, amount_minor, currency
"""

# One conditional statement: of any number of tills at once, one finds the row active. It sees what
# was shown before it began; members take `lock_by_code` first, which a showing waits for.
_REDEEM = """
WITH redeemed AS (
    UPDATE vouchers SET state = 'redeemed', redeemed_at = %(now)s
    WHERE organisation_id = %(organisation_id)s AND code_mac = %(code_mac)s
      AND state = 'active' AND expires_at > %(now)s
    RETURNING id, payout_id, amount_minor, currency, last4
), noted AS (
    INSERT INTO voucher_redemptions (organisation_id, id, voucher_id, use, actor_kind, actor_id,
        counter_id, redeemed_at, shown_before)
    SELECT %(organisation_id)s, %(redemption_id)s, r.id, %(use)s, %(actor_kind)s, %(actor_id)s,
        %(counter_id)s, %(now)s,
        EXISTS (
            SELECT 1 FROM voucher_showings s
            WHERE s.organisation_id = %(organisation_id)s AND s.voucher_id = r.id
              AND s.actor_kind = %(actor_kind)s AND s.actor_id = %(actor_id)s
        ) OR EXISTS (
            SELECT 1 FROM voucher_reissues i
            WHERE i.organisation_id = %(organisation_id)s AND i.voucher_id = r.id
              AND i.actor_kind = %(actor_kind)s AND i.actor_id = %(actor_id)s
        )
    FROM redeemed r
    RETURNING voucher_id, shown_before
), paid AS (
    UPDATE payouts p SET state = 'paid', changed_at = %(now)s
    FROM redeemed r
    WHERE p.organisation_id = %(organisation_id)s AND p.id = r.payout_id AND p.state = 'submitted'
)
SELECT r.id, r.payout_id, r.amount_minor, r.currency, r.last4,
    coalesce(y.compensation_id, y.gift_id) AS debt_id, n.shown_before
FROM redeemed r
JOIN noted n ON n.voucher_id = r.id
JOIN payouts y ON y.organisation_id = %(organisation_id)s AND y.id = r.payout_id
"""

_FIND = """
SELECT v.id, v.payout_id, v.generation, v.last4, v.amount_minor, v.currency, v.state,
    v.issued_at, v.expires_at, v.redeemed_at
FROM vouchers v
WHERE v.organisation_id = %(organisation_id)s AND {condition}
"""
_FIND_BY_CODE = _FIND.format(condition="v.code_mac = %(code_mac)s")
_LOCK_BY_CODE = _FIND.format(condition="v.code_mac = %(code_mac)s FOR UPDATE")
_LOCK_BY_ID = _FIND.format(condition="v.id = %(voucher_id)s FOR UPDATE")
_FIND_BY_TICKETS = """
SELECT v.id, v.payout_id, v.generation, v.last4, v.amount_minor, v.currency, v.state,
    v.issued_at, v.expires_at, v.redeemed_at, d.compensation_id, d.gift_id, d.ticket_id
FROM (
    SELECT p.id, p.compensation_id, NULL::uuid AS gift_id, c.ticket_id
    FROM compensations c
    JOIN payouts p ON p.organisation_id = c.organisation_id AND p.compensation_id = c.id
    WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = ANY(%(ticket_ids)s)
    UNION ALL
    SELECT p.id, NULL, g.id, g.ticket_id
    FROM goodwill_gifts g
    JOIN payouts p ON p.organisation_id = g.organisation_id AND p.gift_id = g.id
    WHERE g.organisation_id = %(organisation_id)s AND g.ticket_id = ANY(%(ticket_ids)s)
) d
JOIN vouchers v ON v.organisation_id = %(organisation_id)s AND v.payout_id = d.id
ORDER BY v.issued_at, v.id
"""

_TICKET = """
SELECT coalesce(c.ticket_id, g.ticket_id) AS ticket_id
FROM vouchers v
JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
WHERE v.organisation_id = %(organisation_id)s AND v.id = ANY(%(voucher_ids)s)
ORDER BY 1
"""

_REISSUE = """
UPDATE vouchers SET generation = %(generation)s, code_mac = %(code_mac)s, last4 = %(last4)s
WHERE organisation_id = %(organisation_id)s AND id = %(voucher_id)s
"""

_NOTE_REISSUE = """
INSERT INTO voucher_reissues (organisation_id, id, voucher_id, generation, reason, actor_kind,
    actor_id, reissued_at)
VALUES (%(organisation_id)s, %(id)s, %(voucher_id)s, %(generation)s, %(reason)s, %(actor_kind)s,
    %(actor_id)s, %(now)s)
"""

_NOTE_SHOWING = """
INSERT INTO voucher_showings (organisation_id, id, voucher_id, generation, actor_kind, actor_id,
    shown_at)
VALUES (%(organisation_id)s, %(id)s, %(voucher_id)s, %(generation)s, %(actor_kind)s, %(actor_id)s,
    %(now)s)
ON CONFLICT (organisation_id, voucher_id, generation, actor_kind, actor_id) DO NOTHING
"""

_EXPIRE = f"""
WITH due AS (
    SELECT v.id FROM vouchers v
    JOIN payouts y ON y.organisation_id = v.organisation_id AND y.id = v.payout_id
    LEFT JOIN compensations k
        ON k.organisation_id = y.organisation_id AND k.id = y.compensation_id
    WHERE v.organisation_id = %(organisation_id)s AND v.state = 'active'
      AND v.expires_at <= %(now)s AND NOT {ASKED_IN_TIME}
    ORDER BY v.expires_at LIMIT %(limit)s
    FOR UPDATE OF v SKIP LOCKED
)
UPDATE vouchers v SET state = 'expired'
FROM due, payouts p
WHERE v.organisation_id = %(organisation_id)s AND v.id = due.id
  AND p.organisation_id = v.organisation_id AND p.id = v.payout_id
RETURNING v.id, v.amount_minor, v.currency, p.gift_id IS NOT NULL AS of_a_gift,
    coalesce(p.compensation_id, p.gift_id) AS debt_id
"""


@dataclass(frozen=True, slots=True)
class VoucherOrder:
    """A payout that is to become a voucher."""

    payout_id: uuid.UUID
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class VoucherValue:
    """A voucher and what it is or was worth. `of_a_gift`: it paid no compensation; `debt_id` is
    the compensation or gift that it pays, where that was asked for; `shown_before`: who redeemed it
    had been shown its code, or had given it a new one."""

    voucher_id: uuid.UUID
    amount_minor: int
    currency: str
    of_a_gift: bool = False
    debt_id: uuid.UUID | None = None
    shown_before: bool = False


@dataclass(frozen=True, slots=True)
class Showing:
    """The code as people read it. `first`: this actor was not shown this code before."""

    code: str
    generation: int
    first: bool


def issue_vouchers(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    key: bytes,
    expires_at: dt.datetime,
    orders: Sequence[VoucherOrder],
) -> list[VoucherValue]:
    """One voucher a payout for ever; a payout that has one already gets no other."""
    if not orders:
        return []
    ids = [new_id() for _ in orders]
    codes = [voucher_code(key, voucher_id, 1) for voucher_id in ids]
    issued = rows(
        session,
        _ISSUE,
        {
            "organisation_id": organisation_id,
            "now": now,
            "expires_at": expires_at,
            "ids": ids,
            "payout_ids": [order.payout_id for order in orders],
            "code_macs": [code_mac(key, code) for code in codes],
            "last4s": [code[-4:] for code in codes],
            "amounts": [order.amount_minor for order in orders],
            "currencies": [order.currency for order in orders],
        },
    )
    return [VoucherValue(row.id, row.amount_minor, row.currency) for row in issued]


def redeem_voucher(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    actor: Actor,
    key: bytes,
    typed: str,
    use: str,
    counter_id: uuid.UUID | None,
) -> VoucherValue:
    """Redeem the whole value, once. Raises what stands against it, and then changed nothing."""
    mac = code_mac(key, typed)
    redeemed = one_or_none(
        session,
        _REDEEM,
        {
            "organisation_id": organisation_id,
            "now": now,
            "code_mac": mac,
            "redemption_id": new_id(),
            "use": use,
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
            "counter_id": counter_id,
        },
    )
    if redeemed is None:
        raise _refusal(
            one_or_none(
                session, _FIND_BY_CODE, {"organisation_id": organisation_id, "code_mac": mac}
            ),
            now,
        )
    return VoucherValue(
        redeemed.id,
        redeemed.amount_minor,
        redeemed.currency,
        debt_id=redeemed.debt_id,
        shown_before=redeemed.shown_before,
    )


def _refusal(found: Any, now: dt.datetime) -> Exception:
    if found is None:
        return NoSuchVoucher()
    if found.state == VoucherState.REDEEMED:
        return AlreadyRedeemed(redeemed_at=found.redeemed_at)
    if found.state == VoucherState.EXPIRED or found.expires_at <= now:
        return VoucherExpired(expires_at=found.expires_at)
    return VoucherNotActive()


def find_by_code(
    session: Session, *, organisation_id: uuid.UUID, key: bytes, typed: str
) -> Any | None:
    """The voucher with this code, in whatever state, or None."""
    return one_or_none(
        session,
        _FIND_BY_CODE,
        {"organisation_id": organisation_id, "code_mac": code_mac(key, typed)},
    )


def lock_by_code(
    session: Session, *, organisation_id: uuid.UUID, key: bytes, typed: str
) -> uuid.UUID | None:
    """The voucher with this code, which nobody else redeems until this transaction ends."""
    params = {"organisation_id": organisation_id, "code_mac": code_mac(key, typed)}
    found = one_or_none(session, _LOCK_BY_CODE, params)
    return None if found is None else found.id


def vouchers_of_tickets(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> list[Any]:
    return rows(
        session,
        _FIND_BY_TICKETS,
        {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)},
    )


def tickets_of_vouchers(
    session: Session, *, organisation_id: uuid.UUID, voucher_ids: Sequence[uuid.UUID]
) -> list[uuid.UUID]:
    """The tickets whose pages show these vouchers."""
    found = rows(
        session, _TICKET, {"organisation_id": organisation_id, "voucher_ids": list(voucher_ids)}
    )
    return [row.ticket_id for row in found]


def reissue_voucher(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    actor: Actor,
    key: bytes,
    voucher_id: uuid.UUID,
    reason: str,
) -> str:
    """Give an active voucher a new code, which voids every code before it. Returns the new code as
    people read it. Raises NoSuchVoucher, VoucherNotActive, VoucherExpired, AlreadyRedeemed."""
    if not reason.strip():
        raise ReissueReasonMissing
    tenant = {"organisation_id": organisation_id, "voucher_id": voucher_id}
    generation = _lock_active(session, tenant, now) + 1
    code = voucher_code(key, voucher_id, generation)
    execute(
        session,
        _REISSUE,
        {
            **tenant,
            "generation": generation,
            "code_mac": code_mac(key, code),
            "last4": code[-4:],
        },
    )
    execute(
        session,
        _NOTE_REISSUE,
        {
            **tenant,
            "id": new_id(),
            "generation": generation,
            "reason": reason.strip(),
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
            "now": now,
        },
    )
    return shown(code)


def show_voucher(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    actor: Actor,
    key: bytes,
    voucher_id: uuid.UUID,
) -> Showing:
    """Note that somebody is shown the present code of an active voucher, once a person and code.
    Raises NoSuchVoucher, VoucherNotActive, VoucherExpired, AlreadyRedeemed."""
    tenant = {"organisation_id": organisation_id, "voucher_id": voucher_id}
    generation = _lock_active(session, tenant, now)
    noted = execute(
        session,
        _NOTE_SHOWING,
        {
            **tenant,
            "id": new_id(),
            "generation": generation,
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
            "now": now,
        },
    )
    return Showing(shown(voucher_code(key, voucher_id, generation)), generation, noted == 1)


def _lock_active(session: Session, tenant: dict[str, uuid.UUID], now: dt.datetime) -> int:
    """The generation of a voucher that is good now, and stays so until this transaction ends."""
    found = one_or_none(session, _LOCK_BY_ID, tenant)
    if found is None or found.state != VoucherState.ACTIVE or found.expires_at <= now:
        raise _refusal(found, now)
    return int(found.generation)


def expire_vouchers(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int = 1000
) -> list[VoucherValue]:
    """Expire what is past its date, each once."""
    expired = rows(
        session, _EXPIRE, {"organisation_id": organisation_id, "now": now, "limit": limit}
    )
    return [
        VoucherValue(row.id, row.amount_minor, row.currency, row.of_a_gift, row.debt_id)
        for row in expired
    ]
