"""Where the money of a ticket goes by each rail: sealed, found by a blind index, purged in time."""

import datetime as dt
import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.identity.keys import Purpose, organisation_key, seal
from promises.kernel.actors import Actor
from promises.kernel.ids import mac, new_id
from promises.payouts.rails.names import UNASKED
from promises.payouts.rails.voucher import VOUCHER

_REPLACE = """
UPDATE payout_destinations SET replaced_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s AND rail = %(rail)s
  AND replaced_at IS NULL
"""

# One choice a ticket: choosing one rail unchooses the others.
_UNCHOOSE = """
UPDATE payout_destinations SET chosen = false
WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s AND chosen
  AND replaced_at IS NULL
"""

_GIVE = """
INSERT INTO payout_destinations (organisation_id, id, ticket_id, rail, details_sealed,
    fingerprint, last4, chosen, usable_at, created_at, actor_kind, actor_id)
VALUES (%(organisation_id)s, %(id)s, %(ticket_id)s, %(rail)s, %(details_sealed)s,
    %(fingerprint)s, %(last4)s, %(chosen)s, %(usable_at)s, %(now)s, %(actor_kind)s, %(actor_id)s)
"""

_CONFIRM = """
UPDATE payout_destinations SET usable_at = %(usable_at)s
WHERE organisation_id = %(organisation_id)s AND id = %(destination_id)s AND usable_at IS NULL
  AND replaced_at IS NULL
"""

# The customer's choice first, then what needs nothing of the customer, in the organisation's
# order. Where the terms give a voucher, it stays one.
_ROUTES = """
SELECT DISTINCT ON (k.id) k.id AS compensation_id, d.id AS destination_id, d.rail,
    CASE WHEN d.last4 <> '' THEN d.fingerprint END AS account
FROM compensations k
JOIN payout_destinations d ON d.organisation_id = k.organisation_id AND d.ticket_id = k.ticket_id
JOIN organisations o ON o.organisation_id = k.organisation_id
LEFT JOIN rail_settings s ON s.organisation_id = d.organisation_id AND s.rail = d.rail
    AND s.live = (o.money_mode = 'live')
WHERE k.organisation_id = %(organisation_id)s AND k.id = ANY(%(compensation_ids)s)
  AND k.remedy <> 'voucher'
  AND d.replaced_at IS NULL AND d.purged_at IS NULL AND d.usable_at <= %(now)s
  AND (d.rail = 'voucher' OR (s.enabled AND s.paused_at IS NULL))
  AND (d.chosen OR d.rail = ANY(%(unasked)s))
  AND k.amount_minor <= coalesce((s.settings ->> 'max_minor')::bigint, k.amount_minor)
  AND NOT EXISTS (SELECT 1 FROM payouts f
      WHERE f.organisation_id = k.organisation_id AND f.compensation_id = k.id
        AND f.destination_id = d.id AND f.state IN ('failed', 'returned'))
ORDER BY k.id, d.chosen DESC, s.preference, array_position(%(unasked)s::text[], d.rail),
    d.created_at DESC
"""

# Two who send money to the same account wait for each other.
_TAKE_TURNS = """
SELECT pg_advisory_xact_lock(k.key) FROM (
    SELECT hashtextextended('paid_to:' || encode(w.account, 'hex'), 0) AS key
    FROM unnest(%(accounts)s::bytea[]) AS w (account) ORDER BY 1
) k
"""

_PAID_TO = """
SELECT d.fingerprint AS account, sum(p.amount_minor)::bigint AS amount_minor
FROM payout_destinations d
JOIN payouts p ON p.organisation_id = d.organisation_id AND p.destination_id = d.id
WHERE d.organisation_id = %(organisation_id)s AND d.fingerprint = ANY(%(accounts)s::bytea[])
  AND p.state NOT IN ('failed', 'cancelled', 'returned') AND p.created_at > %(since)s
GROUP BY d.fingerprint
"""


@dataclass(frozen=True, slots=True)
class NewDestination:
    """`details` as `rails.base.Destination` says. `usable_at` None: not before it is confirmed."""

    ticket_id: uuid.UUID
    rail: str
    details: Mapping[str, str]
    chosen: bool
    usable_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Route:
    """`account` is the blind index of the account that it leads to, if it leads to one."""

    rail: str
    destination_id: uuid.UUID | None
    account: bytes | None = None


BY_VOUCHER = Route(VOUCHER, None)


def give_destination(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    new: NewDestination,
) -> uuid.UUID:
    """Put a destination in the place of the ticket's earlier one of the same rail; its id. The
    caller holds the ticket's lock. Payouts under way keep the one that they were frozen with."""
    tenant = {"organisation_id": organisation_id, "ticket_id": new.ticket_id}
    if new.chosen:
        execute(session, _UNCHOOSE, tenant)
    execute(session, _REPLACE, {**tenant, "rail": new.rail, "now": now})
    destination_id = new_id()
    text = json.dumps(dict(new.details), sort_keys=True)
    key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.BANK)
    execute(
        session,
        _GIVE,
        {
            **tenant,
            "id": destination_id,
            "rail": new.rail,
            "details_sealed": seal(key, text),
            "fingerprint": fingerprint(
                session, organisation_id=organisation_id, rail=new.rail, details=new.details
            ),
            "last4": account_of(new.details)[-4:],
            "chosen": new.chosen,
            "usable_at": new.usable_at,
            "now": now,
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
        },
    )
    return destination_id


def confirm_destination(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    destination_id: uuid.UUID,
    usable_at: dt.datetime,
) -> bool:
    """The holder of the ticket's contact says that it is right; whether this is new."""
    params = {
        "organisation_id": organisation_id,
        "destination_id": destination_id,
        "usable_at": usable_at,
    }
    return execute(session, _CONFIRM, params) == 1


def fingerprint(
    session: Session, *, organisation_id: uuid.UUID, rail: str, details: Mapping[str, str]
) -> bytes:
    """The blind index of an account: the same for the same account, whatever the name on it."""
    key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.BANK)
    plain = account_of(details).replace(" ", "").upper()
    return mac(key, f"{rail}:{plain}")


def account_of(details: Mapping[str, str]) -> str:
    """What names the account among the details; empty where the rail needs none."""
    for name in ("iban", "account", "payment", "customer", "recipient"):
        if name in details:
            return details[name]
    return ""


def routes(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    compensation_ids: Sequence[uuid.UUID],
) -> dict[uuid.UUID, Route]:
    """By which rail each debt goes out now: the customer's choice, else one that needs nothing of
    the customer, else a voucher. A destination that has failed a debt is not taken for it again,
    nor a rail for more than the organisation pays by it at once."""
    found = rows(
        session,
        _ROUTES,
        {
            "organisation_id": organisation_id,
            "now": now,
            "compensation_ids": list(compensation_ids),
            "unasked": list(UNASKED),
        },
    )
    by_debt = {
        row.compensation_id: Route(
            row.rail, row.destination_id, None if row.account is None else bytes(row.account)
        )
        for row in found
    }
    return {debt: by_debt.get(debt, BY_VOUCHER) for debt in compensation_ids}


def lock_paid_to(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    accounts: Collection[bytes],
    since: dt.datetime,
) -> dict[bytes, int]:
    """What was sent, or is to be sent, to each of these accounts since then, by whatever ticket;
    nobody else adds to it before the transaction ends."""
    ordered = sorted(set(accounts))
    params = {"organisation_id": organisation_id, "accounts": ordered, "since": since}
    rows(session, _TAKE_TURNS, {"accounts": ordered})
    return {bytes(row.account): row.amount_minor for row in rows(session, _PAID_TO, params)}
