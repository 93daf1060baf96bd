"""The books at a million entries: the balance of a month beside a bare sum, and closing a month."""

import datetime as dt
from collections.abc import Callable
from functools import partial

from bench.ground import Ground, ground
from bench.harness import Figure, interleave, wall
from promises.db.session import UnitOfWork, unit_of_work
from promises.db.sql import rows
from promises.kernel.actors import SYSTEM
from promises.ledger.closing import close_month, next_to_close
from promises.ledger.months import next_month
from promises.ledger.trial_balance import AccountMonth, added_up, kept_balance
from promises.reporting.journal import JournalFilter, journal

MONTHS = 12
FIRST = dt.date(2025, 1, 1)
LAST = dt.date(2025, 12, 1)

# Each debt is owed, and becomes a voucher: two transactions of two entries.
_SEED = """
WITH debts AS (
    SELECT n, md5('d' || n)::uuid AS debt_id, 500 + n %% 1500 AS minor,
        %(first_on)s::date + (n::bigint * 365 / %(count)s)::int AS day_on
    FROM generate_series(0, %(count)s - 1) AS n
), facts AS (
    SELECT d.*, f.kind, md5(f.kind || n)::uuid AS id, f.debited, f.credited
    FROM debts d, (VALUES ('owed', 'compensation_expense', 'compensation_owed'),
        ('voucher_issued', 'compensation_owed', 'vouchers_issued'))
        AS f (kind, debited, credited)
), charted AS (
    INSERT INTO ledger_accounts (organisation_id, code, currency, kind)
    VALUES (%(organisation_id)s, 'compensation_expense', 'EUR', 'expense'),
        (%(organisation_id)s, 'compensation_owed', 'EUR', 'liability'),
        (%(organisation_id)s, 'vouchers_issued', 'EUR', 'liability')
), opened AS (
    INSERT INTO ledger_books (organisation_id) VALUES (%(organisation_id)s)
), posted AS (
    INSERT INTO ledger_transactions (organisation_id, id, key, kind, reference_id, recorded_at,
        posted_on, debt_id)
    SELECT %(organisation_id)s, id, kind || ':' || debt_id, kind, debt_id,
        day_on + interval '12 hours', day_on, debt_id
    FROM facts
)
INSERT INTO ledger_entries (organisation_id, transaction_id, account_code, currency, amount_minor,
    posted_on)
SELECT %(organisation_id)s, f.id, side.code, 'EUR', side.sign * f.minor, f.day_on
FROM facts f, LATERAL (VALUES (f.debited, 1), (f.credited, -1)) AS side (code, sign)
"""

_BARE = """
SELECT account_code, currency, sum(amount_minor) FROM ledger_entries
WHERE organisation_id = %(organisation_id)s AND posted_on <= %(to_on)s
GROUP BY account_code, currency
"""


def measure(scale: str, times: int = 1) -> list[Figure]:
    entries, rounds = (40_000, 5) if scale == "small" else (1_000_000, 9)
    with ground() as on, on.app.app_context():
        _seed(on, entries // 4)
        opened = _open_months(on, entries, rounds * times)
        return [*opened, *_closing(on, entries)]


def _seed(on: Ground, count: int) -> None:
    params = {"organisation_id": on.made.id, "count": count, "first_on": FIRST}
    on.admin.execute(_SEED, params)
    for table in ("ledger_transactions", "ledger_entries"):
        on.admin.execute(f"VACUUM ANALYZE {table}")


def _work(on: Ground, act: Callable[[UnitOfWork], object]) -> None:
    with unit_of_work(on.made.id, SYSTEM) as uow:
        act(uow)


def _balance(on: Ground) -> list[AccountMonth]:
    with unit_of_work(on.made.id, SYSTEM) as uow:
        return added_up(uow.session, organisation_id=on.made.id, month_on=LAST)


def _open_months(on: Ground, entries: int, rounds: int) -> list[Figure]:
    """Nothing is closed: the last month's balance adds up everything."""
    params = {"organisation_id": on.made.id, "to_on": dt.date(2025, 12, 31)}
    with unit_of_work(on.made.id, SYSTEM) as uow:
        bare = {row.account_code: int(row.sum) for row in rows(uow.session, _BARE, params)}
    assert {line.account_code: line.closing_minor for line in _balance(on)} == bare
    beside = interleave(
        lambda: wall(lambda: _balance(on)),
        lambda: wall(lambda: _work(on, lambda uow: rows(uow.session, _BARE, params))),
        rounds=rounds,
    )
    ours = sorted(beside.ours)[len(beside.ours) // 2]
    only = JournalFilter(LAST, dt.date(2025, 12, 31))
    page = sorted(
        wall(
            lambda: _work(
                on,
                lambda uow: journal(uow.session, organisation_id=on.made.id, only=only, limit=51),
            )
        )
        for _ in range(rounds)
    )[rounds // 2]
    return [
        Figure(
            "books",
            f"balance of an open year of {entries:,} entries beside a bare sum",
            beside.ratio,
            "× its time",
            3.0,
            quartiles=beside.quartiles,
            notes=(f"{ours * 1000:.0f} ms",),
        ),
        Figure("books", "a page of the journal", page * 1000, "ms", 100.0),
    ]


def _closing(on: Ground, entries: int) -> list[Figure]:
    """All months one after the other, the longest of them told; then the last as it was kept."""
    longest = 0.0
    with unit_of_work(on.made.id, SYSTEM) as uow:
        month_on = next_to_close(uow.session, organisation_id=on.made.id)
    while month_on is not None and month_on <= LAST:
        longest = max(longest, wall(partial(_close, on, month_on)))
        month_on = next_month(month_on)
    kept = sorted(
        wall(
            lambda: _work(
                on,
                lambda uow: kept_balance(uow.session, organisation_id=on.made.id, month_on=LAST),
            )
        )
        for _ in range(9)
    )[4]
    return [
        Figure("books", f"closing a month of {entries // MONTHS:,} entries", longest, "s", 5.0),
        Figure("books", "balance of a closed month", kept * 1000, "ms", 20.0),
    ]


def _close(on: Ground, month_on: dt.date) -> None:
    with unit_of_work(on.made.id, SYSTEM) as uow:
        close_month(
            uow.session,
            organisation_id=on.made.id,
            now=uow.now,
            closed_by=None,
            month_on=month_on,
            today=uow.now.date(),
        )
