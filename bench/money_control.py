"""What one decision whether money may go costs beside a million payouts that went before: caps when
a debt is made; rolling sums, the month's budget and ceilings of all kinds when it is released."""

import datetime as dt
import statistics
import uuid
from collections.abc import Callable
from time import process_time
from typing import Any

from sqlalchemy.orm import Session

from bench.ground import LIMIT, Ground, ground, seed_open
from bench.harness import Figure, cpu_of_process
from promises.compensation.awarding import _lock_usage
from promises.compensation.budgets import lock_room
from promises.compensation.ceiling_room import ceilings_of
from promises.compensation.ceilings import CeilingRule, lock_shared, set_ceiling
from promises.compensation.control_models import CeilingPeriod
from promises.compensation.rolling import KEY_COLUMNS, lock_sums
from promises.db.session import unit_of_work
from promises.db.sql import rows
from promises.flows.sweep_deadlines import sweep
from promises.kernel.actors import SYSTEM
from promises.rules.awards import CapKind

DAYS = 30
CUSTOMERS = 50_000
ROUNDS = 5

# As many debts as payouts, all released within the window and at the branch that is asked about.
_SEED = """
WITH debts AS (
    SELECT n, md5('c' || n)::uuid AS id, md5('p' || n)::uuid AS payout_id,
        %(today_on)s::date - (n %% %(days)s)::int AS day_on,
        md5('k' || n %% %(customers)s)::uuid AS customer_id
    FROM generate_series(0, %(count)s - 1) AS n
), made AS (
    INSERT INTO compensations (organisation_id, id, breach_id, instalment, promise_id, version_id,
        ticket_id, branch_id, customer_id, amount_minor, currency, outcome, state, holds,
        closing_reason, created_at, released_at, counted_on, counted_as)
    SELECT %(organisation_id)s, id, md5('b' || n)::uuid, 1, %(promise_id)s, %(version_id)s,
        md5('t' || n)::uuid, %(branch_id)s, customer_id, 1000, 'EUR', 'full', 'released', '{}', '',
        day_on, day_on, day_on, ARRAY['branch:' || %(branch_id)s, 'customer:' || customer_id]
    FROM debts
), sent AS (
    INSERT INTO payouts (organisation_id, id, compensation_id, rail, amount_minor, currency, state,
        key, created_at, changed_at)
    SELECT %(organisation_id)s, payout_id, id, 'voucher', 1000, 'EUR', 'paid', payout_id::text,
        day_on, day_on
    FROM debts
), keys AS (
    INSERT INTO released_keys (organisation_id, scope, key)
    SELECT DISTINCT %(organisation_id)s::uuid, 'customer', customer_id::text FROM debts
    ON CONFLICT DO NOTHING
), days AS (
    INSERT INTO released_days (organisation_id, scope, key, day_on, amount_minor)
    SELECT %(organisation_id)s, s.scope, s.key, d.day_on, count(*) * 1000
    FROM debts d, LATERAL (VALUES ('branch', %(branch_id)s::text),
        ('whole_promise', %(promise_id)s::text), ('organisation', %(organisation_id)s::text),
        ('customer', d.customer_id::text)) AS s (scope, key)
    GROUP BY 2, 3, 4
    ON CONFLICT (organisation_id, scope, key, day_on)
        DO UPDATE SET amount_minor = excluded.amount_minor
)
INSERT INTO cap_usages (organisation_id, promise_id, scope, key, period, used_count)
SELECT %(organisation_id)s, %(promise_id)s, s.scope, s.key, d.day_on::text, count(*)
FROM debts d, LATERAL (VALUES ('branch_day', %(branch_id)s::text),
    ('customer', d.customer_id::text)) AS s (scope, key)
GROUP BY 3, 4, 5
ON CONFLICT DO NOTHING
"""
_OWED = f"""
SELECT c.id, {KEY_COLUMNS} FROM compensations c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed'
"""
_TABLES = ("compensations", "payouts", "released_keys", "released_days", "cap_usages")

Check = Callable[[Session, Any], object]


def measure(scale: str, times: int = 1) -> list[Figure]:
    payouts, checks = (20_000, 200) if scale == "small" else (1_000_000, 400)
    with ground(budget_month_minor=10_000_000) as on, on.app.app_context():
        debts = _debts(on, 20)
        today = dt.datetime.now(dt.UTC).date()
        kinds = {
            "caps": _caps(on, today),
            "sums and budget": _sums(on, today),
            "ceilings": _ceilings(on, today),
        }
        before = {name: _spent(on, check, debts, checks * times) for name, check in kinds.items()}
        _seed(on, payouts, today)
        found = []
        for name, check in kinds.items():
            after = _spent(on, check, debts, checks * times)
            found += _figures(f"{name}, {payouts:,} payouts before", before[name], after)
        return found


def _debts(on: Ground, count: int) -> list[Any]:
    """Owed, with the tickets and events that a real one has."""
    seed_open(on, count, arrived_at=dt.datetime.now(dt.UTC) - LIMIT * 2, events=True)
    with unit_of_work(on.made.id, SYSTEM) as uow:
        sweep(uow)
    with unit_of_work(on.made.id, SYSTEM) as uow:
        found = rows(uow.session, _OWED, {"organisation_id": on.made.id})
    assert len(found) == count
    return found


def _seed(on: Ground, count: int, today: dt.date) -> None:
    on.admin.execute(
        _SEED,
        {
            "organisation_id": on.made.id,
            "count": count,
            "days": DAYS,
            "customers": CUSTOMERS,
            "today_on": today,
            "promise_id": on.version.promise_id,
            "version_id": on.version.version_id,
            "branch_id": on.made.branch_id,
        },
    )
    for table in _TABLES:
        on.admin.execute(f"VACUUM ANALYZE {table}")


def _caps(on: Ground, today: dt.date) -> Check:
    """All kinds of caps at once: what they count is locked and read."""
    customer = uuid.UUID(bytes=b"k" * 16)
    keys = {
        (CapKind.CASE, uuid.UUID(bytes=b"t" * 16), None),
        (CapKind.CUSTOMER, customer, today),
        (CapKind.BRANCH_DAY, on.made.branch_id, today),
        (CapKind.DEVICE_DAY, customer, today),
    }
    return lambda session, _: _lock_usage(session, on.made.id, on.version.promise_id, keys)


def _sums(on: Ground, today: dt.date) -> Check:
    limits = {on.version.promise_id: 10_000_000}
    tenant = {"organisation_id": on.made.id}

    def check(session: Session, debt: Any) -> object:
        sums = lock_sums(session, **tenant, today_on=today, debts=[debt])
        room = lock_room(session, **tenant, month_on=today.replace(day=1), limits=limits)
        return sums, room

    return check


def _ceilings(on: Ground, today: dt.date) -> Check:
    """On everything, the branch and the promise, of each period: all are locked and read."""
    tenant = {"organisation_id": on.made.id}
    places = {
        "organisation": CeilingPeriod,
        "branch_id": CeilingPeriod,
        "promise_id": (CeilingPeriod.DAY, CeilingPeriod.WEEK),  # its terms have the month
    }
    ids = {"branch_id": on.made.branch_id, "promise_id": on.version.promise_id}
    with unit_of_work(on.made.id, SYSTEM) as uow:
        for place, periods in places.items():
            where = {name: one for name, one in ids.items() if name == place}
            for period in periods:
                rule = CeilingRule(**where, period=period, limit_minor=10**11)
                set_ceiling(uow.session, **tenant, now=uow.now, today_on=today, wanted=rule)

    def check(session: Session, debt: Any) -> object:
        assert lock_shared(session, **tenant, debts=[debt])
        return ceilings_of(session, **tenant, today_on=today, debts=[debt])

    return check


def _spent(on: Ground, check: Check, debts: list[Any], asked: int) -> list[float]:
    """Milliseconds of processor time of both sides, as neighbours would show in the clock's, beyond
    those of a unit of work that asks nothing."""
    with unit_of_work(on.made.id, SYSTEM) as uow:
        backend = rows(uow.session, "SELECT pg_backend_pid() AS pid")[0].pid

    def spend(act: Check) -> float:
        began = process_time() + cpu_of_process(backend)
        for number in range(asked):
            with unit_of_work(on.made.id, SYSTEM) as uow:
                act(uow.session, debts[number % len(debts)])
        return (process_time() + cpu_of_process(backend) - began) / asked * 1000

    spend(check)
    return [spend(check) - spend(lambda _session, _debt: None) for _ in range(ROUNDS)]


def _figures(question: str, before: list[float], after: list[float]) -> list[Figure]:
    quartiles = statistics.quantiles(after, n=4)
    beside = statistics.median(before)
    return [
        Figure(
            "control", question, statistics.median(after), "ms", 1.0,
            quartiles=(quartiles[0], quartiles[2]), notes=("processor time",),
        ),
        Figure(
            "control", f"{question} beside none", statistics.median(after) / beside, "× its time",
            2.0, quartiles=(quartiles[0] / beside, quartiles[2] / beside),
        ),
    ]  # fmt: skip
