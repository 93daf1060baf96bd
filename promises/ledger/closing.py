"""Closing a month: once, one after the other, for ever. Corrections go to the month after.

Who posts holds the organisation's books in share, who closes holds them alone: a posting is either
in the month before it is closed, or in the next one.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one, one_or_none, rows
from promises.ledger.errors import MonthNotNext, MonthNotOver, NothingToClose
from promises.ledger.months import first_of, last_of, next_month
from promises.ledger.trial_balance import AccountMonth, added_up

_NEXT = """
SELECT
    (SELECT max(c.month_on) FROM ledger_closings c
     WHERE c.organisation_id = %(organisation_id)s) AS closed_on,
    (SELECT min(t.posted_on) FROM ledger_transactions t
     WHERE t.organisation_id = %(organisation_id)s) AS first_on
"""

_HOLD = """
SELECT 1 FROM ledger_books WHERE organisation_id = %(organisation_id)s FOR UPDATE
"""

_COUNT = """
SELECT count(*)::int AS n FROM ledger_transactions
WHERE organisation_id = %(organisation_id)s AND posted_on BETWEEN %(month_on)s AND %(to_on)s
"""

# Whoever has the journal of the month can work it out anew: docs/accounting.md says how.
_DIGEST = """
WITH lines AS (
    SELECT concat_ws(';', t.id, t.posted_on, t.kind, t.reference_id, e.account_code, e.currency,
        e.amount_minor) AS line
    FROM ledger_transactions t
    JOIN ledger_entries e ON e.organisation_id = t.organisation_id AND e.transaction_id = t.id
    WHERE t.organisation_id = %(organisation_id)s
      AND t.posted_on BETWEEN %(month_on)s AND %(to_on)s
)
SELECT sha256(
    coalesce((SELECT c.digest FROM ledger_closings c
        WHERE c.organisation_id = %(organisation_id)s
          AND c.month_on = (%(month_on)s::date - interval '1 month')::date), ''::bytea)
    || coalesce(
        string_agg(sha256(convert_to(line, 'UTF8')), ''::bytea ORDER BY line COLLATE "C"),
        ''::bytea)
) AS digest
FROM lines
"""

_CLOSE = """
INSERT INTO ledger_closings (organisation_id, month_on, previous_on, transactions, digest,
    closed_at, closed_by)
VALUES (%(organisation_id)s, %(month_on)s, %(previous_on)s, %(transactions)s, %(digest)s, %(now)s,
    %(closed_by)s)
"""

_KEEP = """
INSERT INTO ledger_closing_balances (organisation_id, month_on, account_code, currency,
    opening_minor, debit_minor, credit_minor)
SELECT %(organisation_id)s, %(month_on)s, b.*
FROM unnest(%(codes)s::text[], %(currencies)s::text[], %(openings)s::bigint[],
    %(debits)s::bigint[], %(credits)s::bigint[]) AS b
"""

_OPEN_FROM = """
UPDATE ledger_books SET open_from = %(open_from)s WHERE organisation_id = %(organisation_id)s
"""

_CLOSINGS = """
SELECT c.month_on, c.transactions, c.digest, c.closed_at, m.name AS closed_by_name
FROM ledger_closings c
LEFT JOIN members m ON m.organisation_id = c.organisation_id AND m.id = c.closed_by
WHERE c.organisation_id = %(organisation_id)s
ORDER BY c.month_on DESC
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Closing:
    """A closed month. `digest` in hexadecimal, as the export names it."""

    month_on: dt.date
    transactions: int
    digest: str
    closed_at: dt.datetime
    closed_by_name: str | None


@dataclass(frozen=True, slots=True)
class _Content:
    """What a month held after another one was the last that was closed."""

    after: dt.date | None
    transactions: int
    digest: bytes
    balance: Sequence[AccountMonth]


def next_to_close(session: Session, *, organisation_id: uuid.UUID) -> dt.date | None:
    """The month whose turn it is; None before the first entry."""
    found = one(session, _NEXT, {"organisation_id": organisation_id})
    if found.closed_on is not None:
        return next_month(found.closed_on)
    return None if found.first_on is None else first_of(found.first_on)


def close_month(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    closed_by: uuid.UUID | None,
    month_on: dt.date,
    today: dt.date,
) -> Closing:
    """Close the next month, which must be over by the organisation's own calendar.

    Raises NothingToClose, MonthNotOver, MonthNotNext; then nothing changed.
    """
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    if today <= last_of(month_on):
        raise MonthNotOver
    before = _content(session, organisation_id, month_on)  # the long work, before others wait
    if one_or_none(session, _HOLD, tenant) is None:
        raise NothingToClose
    if next_to_close(session, organisation_id=organisation_id) != month_on:
        raise MonthNotNext
    content = before
    if _seen(session, organisation_id, month_on) != (before.after, before.transactions):
        content = _content(session, organisation_id, month_on)
    _keep(session, organisation_id, now, closed_by, month_on, content)
    return Closing(month_on, content.transactions, content.digest.hex(), now, None)


def month_digest(session: Session, *, organisation_id: uuid.UUID, month_on: dt.date) -> str:
    """Worked out anew from the entries and the digest of the month before."""
    return _digest(session, organisation_id, month_on).hex()


def closings(session: Session, *, organisation_id: uuid.UUID, limit: int = 120) -> list[Closing]:
    """The newest month first."""
    found = rows(session, _CLOSINGS, {"organisation_id": organisation_id, "limit": limit})
    return [
        Closing(row.month_on, row.transactions, row.digest.hex(), row.closed_at, row.closed_by_name)
        for row in found
    ]


def _content(session: Session, organisation_id: uuid.UUID, month_on: dt.date) -> _Content:
    """Counted first: what comes between the count and the rest makes the count differ later."""
    return _Content(
        *_seen(session, organisation_id, month_on),
        _digest(session, organisation_id, month_on),
        added_up(session, organisation_id=organisation_id, month_on=month_on),
    )


def _span(organisation_id: uuid.UUID, month_on: dt.date) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "month_on": month_on,
        "to_on": last_of(month_on),
    }


def _seen(
    session: Session, organisation_id: uuid.UUID, month_on: dt.date
) -> tuple[dt.date | None, int]:
    """The last closed month, and how many transactions this one has: entries never go away."""
    closed_on = one(session, _NEXT, {"organisation_id": organisation_id}).closed_on
    return closed_on, one(session, _COUNT, _span(organisation_id, month_on)).n


def _digest(session: Session, organisation_id: uuid.UUID, month_on: dt.date) -> bytes:
    return bytes(one(session, _DIGEST, _span(organisation_id, month_on)).digest)


def _keep(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    closed_by: uuid.UUID | None,
    month_on: dt.date,
    content: _Content,
) -> None:
    tenant = {"organisation_id": organisation_id, "month_on": month_on}
    closing = {
        "previous_on": content.after,
        "transactions": content.transactions,
        "digest": content.digest,
        "now": now,
        "closed_by": closed_by,
    }
    execute(session, _CLOSE, tenant | closing)
    balances = {
        "codes": [line.account_code for line in content.balance],
        "currencies": [line.currency for line in content.balance],
        "openings": [line.opening_minor for line in content.balance],
        "debits": [line.debit_minor for line in content.balance],
        "credits": [line.credit_minor for line in content.balance],
    }
    execute(session, _KEEP, tenant | balances)
    execute(session, _OPEN_FROM, tenant | {"open_from": next_month(month_on)})
