"""By which ways the money of a ticket can go, and which one its customer chose."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none, rows
from promises.payouts.accounts import rail_states
from promises.payouts.exchanges import ASKED_IN_TIME
from promises.payouts.rail_models import Proof
from promises.payouts.rails.names import SEPA, UNASKED
from promises.payouts.rails.voucher import VOUCHER

CONFIRM_WITHIN = dt.timedelta(days=7)
"""How long the link that confirms works; details that nobody confirmed by then are erased."""

REST = dt.timedelta(hours=24)
"""How long details rest that only a link vouches for, or that take the place of others."""

EURO = "EUR"
"""What a SEPA transfer carries."""

MOST_CASES = 3
SAME_WITHIN = dt.timedelta(days=30)
"""An account given for more cases than this in that time is looked at by a manager."""

# What failed a debt that is still owed is not offered for it again.
_KNOWN = """
SELECT d.id, d.rail, d.last4, d.chosen, d.usable_at, d.created_at, d.proof,
    EXISTS (SELECT 1 FROM payouts f
        JOIN compensations k ON k.organisation_id = f.organisation_id AND k.id = f.compensation_id
        WHERE f.organisation_id = d.organisation_id AND f.destination_id = d.id
          AND f.state IN ('failed', 'returned') AND k.state = 'owed') AS failed
FROM payout_destinations d
WHERE d.organisation_id = %(organisation_id)s AND d.ticket_id = %(ticket_id)s
  AND d.replaced_at IS NULL AND d.purged_at IS NULL
ORDER BY d.created_at, d.id
"""

# One whose key a provider may know is not ours to stop any more.
_DEBTS = f"""
SELECT k.id, k.state, k.holds, k.created_at, k.amount_minor, k.currency, y.rail,
    y.destination_id,
    CASE WHEN y.state = 'ready' AND y.key_used_at IS NOT NULL THEN 'submitting' ELSE y.state END
        AS payout_state,
    v.state = 'active' AND (v.expires_at > %(now)s OR {ASKED_IN_TIME}) AS exchangeable
FROM compensations k
LEFT JOIN payouts y ON y.organisation_id = k.organisation_id AND y.compensation_id = k.id
    AND y.state NOT IN ('failed', 'cancelled', 'returned')
LEFT JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
WHERE k.organisation_id = %(organisation_id)s AND k.ticket_id = %(ticket_id)s
  AND k.state IN ('owed', 'released') AND k.remedy = 'money'
ORDER BY k.id
"""

_UNCHOOSE = """
UPDATE payout_destinations SET chosen = false
WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s AND chosen
  AND replaced_at IS NULL AND id <> %(destination_id)s
"""

_CHOOSE = """
UPDATE payout_destinations SET chosen = true, applied_at = NULL
WHERE organisation_id = %(organisation_id)s AND id = %(destination_id)s AND replaced_at IS NULL
"""

_PROVE = """
UPDATE payout_destinations SET proof = %(proof)s, confirm_mac = %(confirm_mac)s
WHERE organisation_id = %(organisation_id)s AND id = %(destination_id)s
"""

_TO_CONFIRM = """
SELECT d.id, d.last4, c.created_at AS contact_since,
    EXISTS (SELECT 1 FROM payout_destinations o
        WHERE o.organisation_id = d.organisation_id AND o.ticket_id = d.ticket_id
          AND o.rail = d.rail AND o.id <> d.id AND o.usable_at IS NOT NULL) AS replaces
FROM payout_destinations d
JOIN tickets t ON t.organisation_id = d.organisation_id AND t.id = d.ticket_id
LEFT JOIN contacts c ON c.organisation_id = t.organisation_id AND c.id = t.contact_id
WHERE d.organisation_id = %(organisation_id)s AND d.ticket_id = %(ticket_id)s
  AND d.confirm_mac = %(confirm_mac)s AND d.replaced_at IS NULL AND d.purged_at IS NULL
  AND d.usable_at IS NULL AND d.created_at > %(since)s
"""

_CASES = """
SELECT count(DISTINCT ticket_id)::int AS n FROM payout_destinations
WHERE organisation_id = %(organisation_id)s AND fingerprint = %(fingerprint)s
  AND created_at > %(since)s
"""

_DUE = """
SELECT d.ticket_id FROM payout_destinations d
WHERE d.organisation_id = %(organisation_id)s AND d.chosen AND d.applied_at IS NULL
  AND d.replaced_at IS NULL AND d.usable_at <= %(now)s
ORDER BY d.usable_at, d.id LIMIT %(limit)s
"""

_APPLIED = """
UPDATE payout_destinations SET applied_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s AND chosen
  AND applied_at IS NULL AND replaced_at IS NULL AND usable_at <= %(now)s
"""

_ALLOW = """
UPDATE payout_destinations d SET usable_at = %(now)s
FROM compensations k
WHERE k.organisation_id = %(organisation_id)s AND k.id = ANY(%(compensation_ids)s)
  AND d.organisation_id = k.organisation_id AND d.ticket_id = k.ticket_id
  AND d.id = ANY(%(destination_ids)s::uuid[])
  AND d.proof = 'person' AND d.usable_at IS NULL AND d.replaced_at IS NULL
RETURNING k.id
"""

# Nothing was tried of late, nothing else holds it, and no choice rests or is looked at.
_UNPAID = """
SELECT k.id, k.ticket_id FROM compensations k
WHERE k.organisation_id = %(organisation_id)s AND k.state = 'owed' AND 'payment' = ANY (k.holds)
  AND k.holds = '{payment}'
  AND NOT EXISTS (SELECT 1 FROM payouts p
      WHERE p.organisation_id = k.organisation_id AND p.compensation_id = k.id
        AND p.changed_at > %(before)s)
  AND NOT EXISTS (SELECT 1 FROM payout_destinations d
      WHERE d.organisation_id = k.organisation_id AND d.ticket_id = k.ticket_id AND d.chosen
        AND d.replaced_at IS NULL AND d.purged_at IS NULL
        AND (d.usable_at > %(now)s OR (d.usable_at IS NULL AND d.proof = 'person')))
ORDER BY k.created_at, k.id LIMIT %(limit)s
"""

_TYPED_BY = """
SELECT DISTINCT k.id FROM compensations k
JOIN payout_destinations d ON d.organisation_id = k.organisation_id AND d.ticket_id = k.ticket_id
WHERE k.organisation_id = %(organisation_id)s AND k.id = ANY(%(compensation_ids)s)
  AND d.proof = 'person' AND d.usable_at IS NULL AND d.replaced_at IS NULL
  AND d.actor_kind = 'member' AND d.actor_id = %(member_id)s
"""


@dataclass(frozen=True, slots=True)
class Known:
    """One current destination of a ticket. `failed`: it has failed a debt that is owed still."""

    id: uuid.UUID
    rail: str
    last4: str
    chosen: bool
    usable_at: dt.datetime | None
    created_at: dt.datetime
    proof: Proof
    failed: bool

    def usable(self, now: dt.datetime) -> bool:
        return self.usable_at is not None and self.usable_at <= now


@dataclass(frozen=True, slots=True)
class Debt:
    """One debt whose way may be chosen: still owed, or with its live payout. `exchangeable`: an
    unused voucher of it can give way."""

    compensation_id: uuid.UUID
    amount_minor: int
    currency: str
    owed: bool
    holds: tuple[str, ...]
    created_at: dt.datetime
    rail: str | None
    destination_id: uuid.UUID | None
    payout_state: str | None
    exchangeable: bool

    @property
    def open(self) -> bool:
        """Whether its money has not begun to go another way than by voucher."""
        return self.owed or self.exchangeable or self.payout_state == "ready" or self.being_issued

    @property
    def being_issued(self) -> bool:
        return self.rail == VOUCHER and self.payout_state in ("submitting", "unknown")


@dataclass(frozen=True, slots=True)
class ToConfirm:
    """Details that a link is about, while they wait for it: since when the ticket has its contact,
    and whether others could be used before them."""

    id: uuid.UUID
    last4: str
    contact_since: dt.datetime | None
    replaces: bool


@dataclass(frozen=True, slots=True)
class Ways:
    """By which rails the debts of a ticket can go, best first; `chosen` is the customer's choice,
    which may have to rest or be confirmed first."""

    rails: tuple[str, ...]
    known: tuple[Known, ...]
    debts: tuple[Debt, ...]

    @property
    def chosen(self) -> Known | None:
        return next((one for one in self.known if one.chosen), None)

    def of(self, rail: str) -> Known | None:
        return next((one for one in self.known if one.rail == rail), None)


def ways_of_ticket(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, ticket_id: uuid.UUID
) -> Ways:
    """No rails where nothing is left to choose for."""
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    debts = tuple(_debt(row) for row in rows(session, _DEBTS, params | {"now": now}))
    if not any(debt.open for debt in debts):
        return Ways((), (), debts)
    known = tuple(_known(row) for row in rows(session, _KNOWN, params))
    in_use = {
        name
        for name, state in rail_states(session, organisation_id=organisation_id).items()
        if state.in_use
    }
    given = {one.rail for one in known if one.usable(now) and not one.failed}
    rails = [rail for rail in UNASKED if rail in given and rail in in_use]
    if SEPA in in_use and all(debt.currency == EURO for debt in debts if debt.open):
        rails.append(SEPA)
    return Ways((*rails, VOUCHER), known, debts)


def choose_known(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID, destination_id: uuid.UUID
) -> None:
    """Choose what stands there already. The caller holds the ticket's lock."""
    params = {
        "organisation_id": organisation_id,
        "ticket_id": ticket_id,
        "destination_id": destination_id,
    }
    execute(session, _UNCHOOSE, params)
    execute(session, _CHOOSE, params)


def note_proof(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    destination_id: uuid.UUID,
    proof: Proof,
    confirm_mac: bytes | None = None,
) -> None:
    """What is to show that these details are the customer's."""
    params = {
        "organisation_id": organisation_id,
        "destination_id": destination_id,
        "proof": proof.value,
        "confirm_mac": confirm_mac,
    }
    execute(session, _PROVE, params)


def to_confirm(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    ticket_id: uuid.UUID,
    confirm_mac: bytes,
) -> ToConfirm | None:
    """None for a link that is old, or none of ours."""
    params = {
        "organisation_id": organisation_id,
        "ticket_id": ticket_id,
        "confirm_mac": confirm_mac,
        "since": now - CONFIRM_WITHIN,
    }
    row = one_or_none(session, _TO_CONFIRM, params)
    if row is None:
        return None
    return ToConfirm(row.id, row.last4, row.contact_since, row.replaces)


def cases_of_account(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, fingerprint: bytes
) -> int:
    """For how many tickets the account was given of late."""
    params = {
        "organisation_id": organisation_id,
        "fingerprint": fingerprint,
        "since": now - SAME_WITHIN,
    }
    return int(rows(session, _CASES, params)[0].n)


def due_choices(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int = 200
) -> list[uuid.UUID]:
    """Tickets whose choice has become usable, and has not reached their debts yet."""
    params = {"organisation_id": organisation_id, "now": now, "limit": limit}
    return [row.ticket_id for row in rows(session, _DUE, params)]


def note_applied(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, ticket_id: uuid.UUID
) -> None:
    params = {"organisation_id": organisation_id, "now": now, "ticket_id": ticket_id}
    execute(session, _APPLIED, params)


def allow_checked(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    compensation_ids: Sequence[uuid.UUID],
    destination_ids: Collection[uuid.UUID],
) -> list[uuid.UUID]:
    """A second person saw and approved these debts with these details, which may be used now.
    Returns the debts that can go to them."""
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "compensation_ids": list(compensation_ids),
        "destination_ids": list(destination_ids),
    }
    return sorted({row.id for row in rows(session, _ALLOW, params)})


def unpaid_without_choice(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    waited: dt.timedelta,
    limit: int = 200,
) -> dict[uuid.UUID, uuid.UUID]:
    """Debts whose money did not arrive and whose customer chose nothing for so long: the ticket by
    debt."""
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "before": now - waited,
        "limit": limit,
    }
    return {row.id: row.ticket_id for row in rows(session, _UNPAID, params)}


def typed_by(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    member_id: uuid.UUID | None,
    compensation_ids: Sequence[uuid.UUID],
) -> list[uuid.UUID]:
    """Those of these debts whose bank details this member typed, and nobody has approved."""
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "compensation_ids": list(compensation_ids),
    }
    return [row.id for row in rows(session, _TYPED_BY, params)]


def _known(row: Any) -> Known:
    return Known(
        row.id,
        row.rail,
        row.last4,
        row.chosen,
        row.usable_at,
        row.created_at,
        Proof(row.proof),
        row.failed,
    )


def _debt(row: Any) -> Debt:
    return Debt(
        row.id,
        row.amount_minor,
        row.currency,
        row.state == "owed",
        tuple(row.holds),
        row.created_at,
        row.rail,
        row.destination_id,
        row.payout_state,
        bool(row.exchangeable),
    )
