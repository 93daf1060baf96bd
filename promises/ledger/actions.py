"""Posting to the ledger: whole transactions, set-based, each business fact once for ever."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from promises.db.sql import execute, one, one_or_none, rows
from promises.kernel.ids import new_ids
from promises.ledger.accounts import kind_of
from promises.ledger.facts import (
    ONLY_AFTER,
    REVERSES,
    TAKES_BACK_VAT,
    By,
    PostingKind,
    sides_of,
)
from promises.ledger.vat import TaxTreatment, Vat

__all__ = ["Posting", "PostingKind", "post"]

# Held until the transaction ends: a month that is being closed waits for what is being posted, and
# what comes after it sees the month as closed.
_OPEN = """
SELECT greatest((%(now)s AT TIME ZONE o.time_zone)::date, b.open_from) AS posted_on
FROM ledger_books b
JOIN organisations o ON o.organisation_id = b.organisation_id
WHERE b.organisation_id = %(organisation_id)s
FOR SHARE OF b
"""

_MAKE_BOOKS = """
INSERT INTO ledger_books (organisation_id) VALUES (%(organisation_id)s) ON CONFLICT DO NOTHING
"""

# What the debts' own transactions say of VAT: a correction takes back what was posted.
_SPLITS = """
SELECT t.reference_id AS debt_id, t.vat_treatment, t.vat_rate_bp,
    coalesce(e.amount_minor, 0) AS vat_minor
FROM ledger_transactions t
LEFT JOIN ledger_entries e ON e.organisation_id = t.organisation_id AND e.transaction_id = t.id
    AND e.account_code = 'vat_payable'
WHERE t.organisation_id = %(organisation_id)s AND t.key = ANY(%(keys)s)
  AND t.vat_treatment IS NOT NULL
"""

# Keys that are posted already are skipped whole: their entries find no transaction to belong to.
_POST = """
WITH charted AS (
    INSERT INTO ledger_accounts (organisation_id, code, currency, kind)
    SELECT %(organisation_id)s, side.code, %(currency)s, side.kind
    FROM unnest(%(codes)s::text[], %(code_kinds)s::text[]) AS side (code, kind)
    ON CONFLICT DO NOTHING
), asked AS (
    SELECT * FROM unnest(%(ids)b::uuid[], %(references)b::uuid[], %(debts)b::uuid[],
        %(amounts)b::bigint[], %(vats)b::bigint[], %(facts_on)s::date[], %(reversed)s::text[])
        AS a (id, reference_id, debt_id, amount_minor, vat_minor, fact_on, reverses)
), posted AS (
    INSERT INTO ledger_transactions
        (organisation_id, id, key, kind, reference_id, reverses_id, recorded_at, posted_on,
         fact_on, debt_id, vat_treatment, vat_rate_bp)
    SELECT %(organisation_id)s, a.id, %(kind)s::text || ':' || a.reference_id, %(kind)s::text,
        a.reference_id, o.id, %(now)s, %(posted_on)s,
        nullif(a.fact_on, %(posted_on)s), a.debt_id, %(treatment)s, %(rate_bp)s
    FROM asked a
    LEFT JOIN ledger_transactions o
        ON o.organisation_id = %(organisation_id)s AND o.key = a.reverses
    WHERE o.id IS NOT NULL OR NOT %(only_after)s
    ON CONFLICT (organisation_id, key) DO NOTHING
    RETURNING id
), written AS (
    INSERT INTO ledger_entries
        (organisation_id, transaction_id, account_code, currency, amount_minor, posted_on)
    SELECT %(organisation_id)s, a.id, side.code, %(currency)s,
        side.of_sum * a.amount_minor + side.of_vat * a.vat_minor, %(posted_on)s
    FROM asked a
    JOIN posted ON posted.id = a.id
    CROSS JOIN unnest(%(codes)s::text[], %(of_sums)s::int[], %(of_vats)s::int[])
        AS side (code, of_sum, of_vat)
    WHERE side.of_sum * a.amount_minor + side.of_vat * a.vat_minor <> 0
)
SELECT count(*)::int AS n FROM posted
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """One transaction. `reference_id` is the compensation, payout, voucher or gift it is about;
    with the kind it makes the key, so the same fact cannot be posted twice. `rail` is by which way
    the money of a payout goes; `debt_id` the compensation or gift behind it, where the reference is
    not that itself; `vat` what a debt has of it; `fact_on` the local day of what happened."""

    kind: PostingKind
    reference_id: uuid.UUID
    amount_minor: int
    currency: str
    rail: str = ""
    debt_id: uuid.UUID | None = None
    vat: Vat | None = None
    fact_on: dt.date | None = None

    def __post_init__(self) -> None:
        if self.amount_minor <= 0:
            raise ValueError("a posting moves an amount above zero")

    @property
    def debt(self) -> uuid.UUID:
        return self.debt_id or self.reference_id


class _Group(NamedTuple):
    """Postings that one statement writes."""

    kind: PostingKind
    currency: str
    rail: str
    vat: Vat | None


_Split = tuple[Vat, int]
"""A debt's VAT as it was posted."""


def post(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    postings: Sequence[Posting],
) -> int:
    """Write the postings, one statement for each kind, currency, rail and rate; how many were new.

    What was posted before is skipped, so a repetition changes nothing. They stand in the books on
    the local day, or on the first open day where a closed month has come before it.
    """
    if not postings:
        return 0
    tenant = {"organisation_id": organisation_id, "now": now}
    posted_on = _posted_on(session, tenant)
    splits = _splits(session, organisation_id, postings)
    groups: dict[_Group, list[tuple[Posting, int]]] = {}
    for posting in postings:
        vat, vat_minor = _vat_of(posting, splits)
        group = _Group(posting.kind, posting.currency, posting.rail, vat)
        groups.setdefault(group, []).append((posting, vat_minor))
    fixed = tenant | {"posted_on": posted_on}
    new: int = sum(
        one(session, _POST, fixed | _params(group, groups[group])).n
        for group in sorted(groups, key=_order)
    )
    return new


def _order(group: _Group) -> tuple[str, ...]:
    """Accounts that are new are made in the same order by everybody."""
    vat = group.vat
    named = (vat.treatment.value, str(vat.rate_bp)) if vat else ()
    return (group.kind.value, group.currency, group.rail, *named)


def _posted_on(session: Session, tenant: Mapping[str, Any]) -> dt.date:
    found = one_or_none(session, _OPEN, tenant)
    if found is None:
        execute(session, _MAKE_BOOKS, tenant)
        found = one(session, _OPEN, tenant)
    day: dt.date = found.posted_on
    return day


def _splits(
    session: Session, organisation_id: uuid.UUID, postings: Sequence[Posting]
) -> dict[uuid.UUID, _Split]:
    keys = [
        f"{PostingKind.OWED}:{posting.debt}"
        for posting in postings
        if posting.kind in TAKES_BACK_VAT
    ]
    if not keys:
        return {}
    found = rows(session, _SPLITS, {"organisation_id": organisation_id, "keys": keys})
    return {
        row.debt_id: (Vat(TaxTreatment(row.vat_treatment), row.vat_rate_bp), row.vat_minor)
        for row in found
    }


def _vat_of(posting: Posting, splits: Mapping[uuid.UUID, _Split]) -> tuple[Vat | None, int]:
    if posting.kind in TAKES_BACK_VAT:
        return splits.get(posting.debt, (None, 0))
    if posting.vat is None:
        return None, 0
    return posting.vat, posting.vat.part_of(posting.amount_minor)


def _params(group: _Group, members: Sequence[tuple[Posting, int]]) -> dict[str, Any]:
    sides = sides_of(group.kind, group.rail, group.vat)
    postings = [posting for posting, _ in members]
    return {
        "kind": group.kind.value,
        "currency": group.currency,
        "treatment": group.vat and group.vat.treatment.value,
        "rate_bp": group.vat and group.vat.rate_bp,
        "only_after": group.kind in ONLY_AFTER,
        "codes": [side.code for side in sides],
        "code_kinds": [kind_of(side.code).value for side in sides],
        "of_sums": [side.of_sum for side in sides],
        "of_vats": [side.of_vat for side in sides],
        "ids": new_ids(len(members)),
        "references": [posting.reference_id for posting in postings],
        "debts": [posting.debt for posting in postings],
        "amounts": [posting.amount_minor for posting in postings],
        "vats": [vat_minor for _, vat_minor in members],
        "facts_on": [posting.fact_on for posting in postings],
        "reversed": [_reversed_key(posting) for posting in postings],
    }


def _reversed_key(posting: Posting) -> str | None:
    """The key of the transaction that it takes back."""
    if posting.kind not in REVERSES:
        return None
    kind, by = REVERSES[posting.kind]
    return f"{kind}:{posting.debt if by is By.DEBT else posting.reference_id}"
