"""The organisation's own chart: the number and the name that each of our accounts has there."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.ids import new_id
from promises.ledger.accounts import Account, AccountKind, kind_of, read_code

_SET = """
INSERT INTO ledger_chart_entries (organisation_id, id, account_code, number, name, set_at, set_by)
VALUES (%(organisation_id)s, %(id)s, %(account_code)s, %(number)s, %(name)s, %(now)s, %(set_by)s)
"""

_CHART = """
SELECT DISTINCT ON (c.account_code) c.account_code, c.number, c.name
FROM ledger_chart_entries c
WHERE c.organisation_id = %(organisation_id)s
ORDER BY c.account_code, c.set_at DESC, c.id DESC
"""

_HISTORY = """
SELECT c.account_code, c.number, c.name, c.set_at, m.name AS set_by_name
FROM ledger_chart_entries c
LEFT JOIN members m ON m.organisation_id = c.organisation_id AND m.id = c.set_by
WHERE c.organisation_id = %(organisation_id)s AND c.account_code = %(account_code)s
ORDER BY c.set_at DESC, c.id DESC
LIMIT 100
"""

_USED = """
SELECT DISTINCT code FROM ledger_accounts WHERE organisation_id = %(organisation_id)s
"""

DEFAULT_NUMBERS = {
    Account.COMPENSATION_EXPENSE: "4900",
    Account.SALES_ADJUSTMENT: "3900",
    Account.VAT_PAYABLE: "2939",
    Account.COMPENSATION_OWED: "2890",
    Account.VOUCHERS_ISSUED: "2891",
    Account.GOODWILL_EXPENSE: "4910",
    Account.GOODWILL_OWED: "2892",
    Account.PAYOUTS_UNDER_WAY: "2895",
    Account.MONEY_OUT: "1910",
    Account.DESK_SETTLEMENT: "1900",
    Account.BANK_FEES: "8590",
}
"""What stands until the accountant has said otherwise; the name is then ours, translated."""


@dataclass(frozen=True, slots=True)
class OwnAccount:
    """`name` is empty where the organisation has given none."""

    account_code: str
    number: str
    name: str
    own: bool

    @property
    def kind(self) -> AccountKind:
        return kind_of(self.account_code)


@dataclass(frozen=True, slots=True)
class ChartChange:
    account_code: str
    number: str
    name: str
    set_at: dt.datetime
    set_by_name: str | None


@dataclass(frozen=True, slots=True)
class Chart:
    entries: dict[str, OwnAccount]

    def of(self, account_code: str) -> OwnAccount:
        """Of a rail's account nobody has named, that of its meaning."""
        found = self.entries.get(account_code)
        if found is not None:
            return found
        account, rail = read_code(account_code)
        if rail and account.value in self.entries:
            general = self.entries[account.value]
            return OwnAccount(account_code, general.number, general.name, own=True)
        return OwnAccount(account_code, DEFAULT_NUMBERS[account], "", own=False)


def chart(session: Session, *, organisation_id: uuid.UUID) -> Chart:
    found = rows(session, _CHART, {"organisation_id": organisation_id})
    return Chart(
        {
            row.account_code: OwnAccount(row.account_code, row.number, row.name, own=True)
            for row in found
        }
    )


def used_codes(session: Session, *, organisation_id: uuid.UUID) -> list[str]:
    """Every account there is: ours, and those of the rails that have moved money."""
    used = {row.code for row in rows(session, _USED, {"organisation_id": organisation_id})}
    known = {account.value for account in Account}
    order = list(Account)
    return sorted(used | known, key=lambda code: (order.index(read_code(code)[0]), code))


def set_account(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    set_by: uuid.UUID | None,
    account_code: str,
    number: str,
    name: str,
) -> None:
    """From now on. What was exported before keeps the number that it was exported with."""
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "account_code": account_code,
        "number": number,
        "name": name,
        "now": now,
        "set_by": set_by,
    }
    execute(session, _SET, params)


def account_history(
    session: Session, *, organisation_id: uuid.UUID, account_code: str
) -> list[ChartChange]:
    """The newest first."""
    params = {"organisation_id": organisation_id, "account_code": account_code}
    return [ChartChange(*row) for row in rows(session, _HISTORY, params)]
