"""Payouts of gifts: prepared with a moment to take them back, stopped while nobody has begun."""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.db.sql import execute
from promises.kernel.ids import new_id

# Held back until `lease_until`: so long nobody claims it.
_PREPARE = """
INSERT INTO payouts (organisation_id, id, gift_id, rail, amount_minor, currency, state, key,
    lease_until, created_at, changed_at)
VALUES (%(organisation_id)s, %(id)s, %(gift_id)s, %(rail)s, %(amount_minor)s, %(currency)s,
    'ready', 'payout-' || %(id)s::text, %(not_before)s, %(now)s, %(now)s)
ON CONFLICT (organisation_id, gift_id)
    WHERE gift_id IS NOT NULL AND state NOT IN ('failed', 'cancelled', 'returned') DO NOTHING
"""

_STOP = """
UPDATE payouts SET state = 'cancelled', changed_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND gift_id = %(gift_id)s AND state = 'ready'
  AND lease_until > %(now)s
"""


def prepare_gift(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    rail: str,
    gift: tuple[uuid.UUID, int, str],
    not_before: dt.datetime,
) -> bool:
    """One live payout a gift, given as (id, amount, currency); whether it is new."""
    gift_id, amount_minor, currency = gift
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "gift_id": gift_id,
        "rail": rail,
        "amount_minor": amount_minor,
        "currency": currency,
        "not_before": not_before,
        "now": now,
    }
    return execute(session, _PREPARE, params) == 1


def stop_gift(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, gift_id: uuid.UUID
) -> bool:
    """Cancel the payout of a gift while it is held back; whether it was stopped."""
    params = {"organisation_id": organisation_id, "gift_id": gift_id, "now": now}
    return execute(session, _STOP, params) == 1
