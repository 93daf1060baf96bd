"""The journal: transactions of a span of days with their entries, and where each leads."""

import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one, one_or_none, rows

# The keys of payouts, vouchers and gifts of one debt lead to it; a voucher leads to its payout.
_FROM = """
FROM ledger_transactions t
LEFT JOIN compensations k ON k.organisation_id = t.organisation_id AND k.id = t.debt_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = t.organisation_id AND g.id = t.debt_id
LEFT JOIN vouchers v ON v.organisation_id = t.organisation_id AND v.id = t.reference_id
LEFT JOIN payouts y ON y.organisation_id = t.organisation_id
    AND y.id = coalesce(v.payout_id, t.reference_id)
LEFT JOIN promises p ON p.organisation_id = k.organisation_id AND p.id = k.promise_id
WHERE t.organisation_id = %(organisation_id)s
  AND t.posted_on BETWEEN %(from_on)s AND %(to_on)s
  AND (%(kind)s::text IS NULL OR t.kind = %(kind)s)
  AND (%(promise_id)s::uuid IS NULL OR k.promise_id = %(promise_id)s)
  AND (%(account_code)s::text IS NULL OR EXISTS (
      SELECT 1 FROM ledger_entries e
      WHERE e.organisation_id = t.organisation_id AND e.transaction_id = t.id
        AND e.account_code = %(account_code)s
        AND (%(currency)s::text IS NULL OR e.currency = %(currency)s)
        AND (%(sign)s::int IS NULL OR sign(e.amount_minor) = %(sign)s)))
"""

_PAGE = f"""
SELECT t.id, t.posted_on, t.fact_on, t.recorded_at, t.kind, t.reference_id, t.reverses_id,
    t.vat_treatment, t.vat_rate_bp, coalesce(k.ticket_id, g.ticket_id) AS ticket_id, k.breach_id,
    k.promise_id, p.slug AS promise_slug, p.titles AS promise_titles, y.id AS payout_id, y.rail
{_FROM}
  AND (%(at_id)s::uuid IS NULL
       OR (t.posted_on, t.recorded_at, t.id) {{after}} (%(at_on)s, %(at)s, %(at_id)s))
ORDER BY t.posted_on {{way}}, t.recorded_at {{way}}, t.id {{way}}
LIMIT %(limit)s
"""
_NEWEST_FIRST = _PAGE.format(after="<", way="DESC")
_OLDEST_FIRST = _PAGE.format(after=">", way="ASC")

_PLACE = """
SELECT posted_on, recorded_at FROM ledger_transactions
WHERE organisation_id = %(organisation_id)s AND id = %(id)s
"""

_ENTRIES = """
SELECT transaction_id, account_code, currency, amount_minor FROM ledger_entries
WHERE organisation_id = %(organisation_id)s AND transaction_id = ANY(%(ids)s)
ORDER BY transaction_id, amount_minor DESC, account_code
"""

_OF_ACCOUNT = """
SELECT count(*) AS transactions, coalesce(sum(abs(e.amount_minor)), 0)::bigint AS minor
FROM ledger_entries e
WHERE e.organisation_id = %(organisation_id)s AND e.account_code = %(account_code)s
  AND e.posted_on BETWEEN %(from_on)s AND %(to_on)s
  AND (%(currency)s::text IS NULL OR e.currency = %(currency)s)
  AND (%(sign)s::int IS NULL OR sign(e.amount_minor) = %(sign)s)
"""

_COUNT = f"SELECT count(*) AS transactions, NULL::bigint AS minor {_FROM}"

EXPORT_PAGE = 2_000


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """A span of days, and what else narrows it. `sign`: 1 debits, -1 credits of the account."""

    from_on: dt.date
    to_on: dt.date
    account_code: str | None = None
    currency: str | None = None
    sign: int | None = None
    kind: str | None = None
    promise_id: uuid.UUID | None = None

    def params(self, organisation_id: uuid.UUID) -> dict[str, Any]:
        return {
            "organisation_id": organisation_id,
            "from_on": self.from_on,
            "to_on": self.to_on,
            "account_code": self.account_code,
            "currency": self.currency,
            "sign": self.sign,
            "kind": self.kind,
            "promise_id": self.promise_id,
        }


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A transaction with its entries, debits first. `fact` is the row with what it leads to."""

    fact: Any
    entries: list[Any]


@dataclass(frozen=True, slots=True)
class JournalTotal:
    """`minor` where one side of one account is looked at: what those entries add up to."""

    transactions: int
    minor: int | None


def journal(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    only: JournalFilter,
    limit: int,
    after: uuid.UUID | None = None,
    newest_first: bool = True,
) -> list[JournalRow]:
    """A page; `after` is the last transaction already seen."""
    place = _place(session, organisation_id, after)
    params = only.params(organisation_id) | place | {"limit": limit}
    found = rows(session, _NEWEST_FIRST if newest_first else _OLDEST_FIRST, params)
    entries = entries_of(
        session, organisation_id=organisation_id, transaction_ids=[row.id for row in found]
    )
    return [JournalRow(row, entries[row.id]) for row in found]


def entries_of(
    session: Session, *, organisation_id: uuid.UUID, transaction_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[Any]]:
    """The entries of each transaction, debits first."""
    entries: dict[uuid.UUID, list[Any]] = {one: [] for one in transaction_ids}
    asked = {"organisation_id": organisation_id, "ids": list(entries)}
    for entry in rows(session, _ENTRIES, asked) if entries else ():
        entries[entry.transaction_id].append(entry)
    return entries


def whole_journal(
    session: Session, *, organisation_id: uuid.UUID, only: JournalFilter
) -> Iterator[JournalRow]:
    """All of it, the oldest first, never more than a page of it in memory."""
    after: uuid.UUID | None = None
    while True:
        page = journal(
            session,
            organisation_id=organisation_id,
            only=only,
            limit=EXPORT_PAGE,
            after=after,
            newest_first=False,
        )
        yield from page
        if len(page) < EXPORT_PAGE:
            return
        after = page[-1].fact.id


def journal_total(
    session: Session, *, organisation_id: uuid.UUID, only: JournalFilter
) -> JournalTotal:
    plain = only.kind is None and only.promise_id is None
    statement = _OF_ACCOUNT if plain and only.account_code else _COUNT
    found = one(session, statement, only.params(organisation_id))
    summed = only.sign is not None and only.currency is not None
    return JournalTotal(found.transactions, found.minor if summed else None)


def _place(session: Session, organisation_id: uuid.UUID, after: uuid.UUID | None) -> dict[str, Any]:
    """Where a page begins; a transaction that is not there begins anew."""
    found = None
    if after is not None:
        found = one_or_none(session, _PLACE, {"organisation_id": organisation_id, "id": after})
    if found is None:
        return {"at_on": None, "at": None, "at_id": None}
    return {"at_on": found.posted_on, "at": found.recorded_at, "at_id": after}
