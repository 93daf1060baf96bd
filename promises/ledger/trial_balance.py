"""What each account came to in a month: opening, debits, credits, closing.

A closed month is read from what was kept when it was closed. An open one begins with the last
closed month and adds up an index, account by account.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.ledger.accounts import Account, AccountKind, kind_of, read_code
from promises.ledger.months import last_of

_KEPT = """
SELECT b.account_code, b.currency, b.opening_minor, b.debit_minor, b.credit_minor
FROM ledger_closing_balances b
WHERE b.organisation_id = %(organisation_id)s AND b.month_on = %(month_on)s
ORDER BY b.account_code COLLATE "C", b.currency
"""

_ADDED_UP = """
WITH base AS (
    SELECT max(c.month_on) AS month_on,
        coalesce((max(c.month_on) + interval '1 month')::date, '-infinity') AS from_on
    FROM ledger_closings c
    WHERE c.organisation_id = %(organisation_id)s AND c.month_on < %(month_on)s
), added AS (
    SELECT a.code AS account_code, a.currency,
        coalesce(k.opening_minor + k.debit_minor - k.credit_minor, 0) + e.before_minor
            AS opening_minor, e.debit_minor, e.credit_minor
    FROM base
    CROSS JOIN ledger_accounts a
    LEFT JOIN ledger_closing_balances k ON k.organisation_id = a.organisation_id
        AND k.month_on = base.month_on AND k.account_code = a.code AND k.currency = a.currency
    CROSS JOIN LATERAL (
        SELECT
            coalesce(sum(amount_minor) FILTER (WHERE posted_on < %(month_on)s), 0)::bigint
                AS before_minor,
            coalesce(sum(amount_minor)
                FILTER (WHERE posted_on >= %(month_on)s AND amount_minor > 0), 0)::bigint
                AS debit_minor,
            coalesce(-sum(amount_minor)
                FILTER (WHERE posted_on >= %(month_on)s AND amount_minor < 0), 0)::bigint
                AS credit_minor
        FROM ledger_entries
        WHERE organisation_id = %(organisation_id)s AND account_code = a.code
          AND currency = a.currency AND posted_on BETWEEN base.from_on AND %(to_on)s
    ) e
    WHERE a.organisation_id = %(organisation_id)s
)
SELECT * FROM added
WHERE opening_minor <> 0 OR debit_minor <> 0 OR credit_minor <> 0
ORDER BY account_code COLLATE "C", currency
"""


@dataclass(frozen=True, slots=True)
class AccountMonth:
    """One account in one currency, in minor units; what is credited is counted up, not negative.
    Opening and closing are debit positive."""

    account_code: str
    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + self.debit_minor - self.credit_minor

    @property
    def account(self) -> Account:
        return read_code(self.account_code)[0]

    @property
    def kind(self) -> AccountKind:
        return kind_of(self.account_code)


@dataclass(frozen=True, slots=True)
class Totals:
    currency: str
    opening_minor: int
    debit_minor: int
    credit_minor: int
    closing_minor: int


def kept_balance(
    session: Session, *, organisation_id: uuid.UUID, month_on: dt.date
) -> list[AccountMonth]:
    """As it was kept when the month was closed; empty for a month that is open."""
    params = {"organisation_id": organisation_id, "month_on": month_on}
    return [AccountMonth(*row) for row in rows(session, _KEPT, params)]


def added_up(
    session: Session, *, organisation_id: uuid.UUID, month_on: dt.date
) -> list[AccountMonth]:
    """From the entries themselves, on the ground of the closed month before."""
    params = {
        "organisation_id": organisation_id,
        "month_on": month_on,
        "to_on": last_of(month_on),
    }
    return [AccountMonth(*row) for row in rows(session, _ADDED_UP, params)]


def trial_balance(
    session: Session, *, organisation_id: uuid.UUID, month_on: dt.date
) -> list[AccountMonth]:
    kept = kept_balance(session, organisation_id=organisation_id, month_on=month_on)
    return kept or added_up(session, organisation_id=organisation_id, month_on=month_on)


def totals(lines: Sequence[AccountMonth]) -> list[Totals]:
    """By currency; opening and closing are zero, debits and credits the same."""
    found = []
    for currency in sorted({line.currency for line in lines}):
        own = [line for line in lines if line.currency == currency]
        found.append(
            Totals(
                currency,
                sum(line.opening_minor for line in own),
                sum(line.debit_minor for line in own),
                sum(line.credit_minor for line in own),
                sum(line.closing_minor for line in own),
            )
        )
    return found
