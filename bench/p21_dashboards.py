"""P21: the manager's pages at a million tickets: server time and statements."""

import datetime as dt
import functools
import statistics
from collections.abc import Callable
from decimal import Decimal

from bench.ground import Ground, ground
from bench.harness import Figure, wall
from bench.p13_poll import counted
from promises.catalogue.queries import list_promises
from promises.catalogue.targets import TargetStep
from promises.db.session import unit_of_work
from promises.flows.decide_proposal import publish
from promises.flows.watch_budgets import watch_budgets
from promises.kernel.actors import SYSTEM, Role
from tests.factories.catalogue import new_version, simple_terms
from tests.web.staff import sign_in

BRANCHES = 40
DAYS = 365
ROUNDS = 9
LIMIT_MS, MOST_STATEMENTS = 300.0, 20

# One case in twenty-five breaks, and half of the money was redeemed.
_SEED = """
WITH days AS (
    SELECT n,
        %(last_on)s::date - ((%(count)s - 1 - n)::bigint * %(days)s / %(count)s)::int AS day_on,
        (hashint8(n)::bigint + 2147483648) / 4294967296.0::float8 AS u,
        (hashint8(n + 10000000)::bigint + 2147483648) / 4294967296.0::float8 AS v
    FROM generate_series(0, %(count)s - 1) AS n
), cases AS (
    SELECT n, day_on, md5('t' || n)::uuid AS ticket_id, md5('c' || n)::uuid AS id,
        (%(branch_ids)s::uuid[])[1 + n %% %(branches)s] AS branch_id,
        day_on::timestamp AT TIME ZONE 'UTC' + interval '7 hours' + u * interval '8 hours' AS at,
        CASE WHEN v < 0.04 THEN 'broken' WHEN v < 0.06 THEN 'excluded' ELSE 'kept' END AS state,
        CASE WHEN v < 0.04 THEN interval '15 minutes' + u * interval '20 minutes'
             ELSE v * interval '15 minutes' END AS waited
    FROM days
), tickets_made AS (
    INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id,
        day_on, letter, public_code, arrived_at, queued_at, service_started_at, ended_at, version,
        flags)
    SELECT %(organisation_id)s, ticket_id, 'visit', 'served', 'desk', branch_id, %(kind_id)s,
        day_on, 'A', 'd' || n, at, at, at + waited, at + waited + interval '5 minutes', 1, '{}'
    FROM cases
), judged AS (
    INSERT INTO commitments (organisation_id, id, promise_id, version_id, ticket_id, branch_id,
        occurrence, day_on, started_at, due_at, state, evidence, decided_at, ended_at, ended_by,
        by_duration)
    SELECT %(organisation_id)s, id, %(promise_id)s, %(version_id)s, ticket_id, branch_id, 1, day_on,
        at, at + interval '15 minutes', state, 'live', at + waited, at + waited,
        'service_started', false
    FROM cases
), broken AS (
    INSERT INTO breaches (organisation_id, id, commitment_id, promise_id, version_id, ticket_id,
        branch_id, day_on, breached_at, detected_at, found_by, evidence)
    SELECT %(organisation_id)s, md5('b' || n)::uuid, id, %(promise_id)s, %(version_id)s, ticket_id,
        branch_id, day_on, at + interval '15 minutes', at + interval '15 minutes', 'clock', 'live'
    FROM cases WHERE state = 'broken'
), owed AS (
    INSERT INTO compensations (organisation_id, id, breach_id, promise_id, version_id, ticket_id,
        branch_id, amount_minor, currency, outcome, state, holds, closing_reason, created_at,
        instalment, released_at)
    SELECT %(organisation_id)s, md5('k' || n)::uuid, md5('b' || n)::uuid, %(promise_id)s,
        %(version_id)s, ticket_id, branch_id, 1000, 'EUR', 'full', 'released', '{}', '', at, 1, at
    FROM cases WHERE state = 'broken'
)
INSERT INTO payouts (organisation_id, id, compensation_id, rail, amount_minor, currency, state,
    key, created_at, changed_at)
SELECT %(organisation_id)s, md5('p' || n)::uuid, md5('k' || n)::uuid, 'voucher', 1000, 'EUR',
    CASE WHEN n %% 2 = 0 THEN 'paid' ELSE 'submitted' END, md5('p' || n), at, at
FROM cases WHERE state = 'broken'
"""


def measure(scale: str, times: int = 1) -> list[Figure]:
    count = 100_000 if scale == "small" else 1_000_000
    with ground(branches=BRANCHES, budget_month_minor=1_000_000) as on:
        seed(on, count)
        found = pages(on, ROUNDS * times)
    return [
        figure
        for name, (ms, statements) in found.items()
        for figure in (
            Figure("P21", f"{name} with {count:,} tickets, server time", ms, "ms", LIMIT_MS, None),
            Figure("P21", f"{name}, statements", statements, "", MOST_STATEMENTS, None),
        )
    ]


def seed(on: Ground, count: int) -> None:
    """A year up to yesterday, even over 40 branches."""
    with on.app.app_context(), on.made.work(None) as uow:
        last_on = uow.now.date() - dt.timedelta(days=1)
    on.admin.execute(
        _SEED,
        {
            "organisation_id": on.made.id,
            "branch_ids": [branch.id for branch in on.made.branches],
            "branches": BRANCHES,
            "kind_id": on.made.kind_id,
            "promise_id": on.version.promise_id,
            "version_id": on.version.version_id,
            "count": count,
            "days": DAYS,
            "last_on": last_on,
        },
    )
    for table in ("tickets", "commitments", "breaches", "compensations", "payouts"):
        on.admin.execute(f"VACUUM ANALYZE {table}")


def aim(on: Ground) -> str:
    """A target of 95 per cent since a year ago; the slug of the promise."""
    with on.app.app_context(), on.made.work(Role.MANAGER) as uow:
        path = (TargetStep(uow.now.date() - dt.timedelta(days=400), Decimal("0.95")),)
        terms = simple_terms(budget_month_minor=1_000_000)
        coming = new_version(
            uow.now, promise_id=on.version.promise_id, target_path=path, terms=terms
        )
        publish(uow, version=coming)
        found = list_promises(uow.session, organisation_id=on.made.id, at=uow.now)
    return found[0].slug


def pages(on: Ground, rounds: int) -> dict[str, tuple[float, int]]:
    """By name: the median of milliseconds, and how many statements it sent."""
    slug, base = aim(on), f"/o/{on.made.slug}/staff"
    client = on.app.test_client()
    sign_in(client, on.made, Role.MANAGER)
    today = dt.datetime.now(dt.UTC).date()
    quarter, month = today - dt.timedelta(days=89), today.replace(day=1)
    addresses = {
        "overview": base,
        "list of promises": f"{base}/promises",
        "page of a promise": f"{base}/promises/{slug}",
        "list of broken cases, 90 days": f"{base}/cases?state=broken&from_on={quarter}",
        "list of breaches, a month's money": f"{base}/breaches?stage=spent&from_on={month}",
    }

    def get(address: str) -> None:
        answer = client.get(address)
        assert answer.status_code == 200, address

    found = {}
    for name, address in addresses.items():
        found[name] = timed(functools.partial(get, address), rounds)
    found["the look of every minute"] = timed(lambda: look(on), rounds)
    return found


def look(on: Ground) -> None:
    with on.app.app_context(), unit_of_work(on.made.id, SYSTEM) as uow:
        watch_budgets(uow)


def timed(act: Callable[[], None], rounds: int) -> tuple[float, int]:
    act()
    spent = statistics.median(wall(act) for _ in range(rounds))
    with counted() as sent:
        act()
    return 1e3 * spent, len(sent)
