"""P05: one draft promise with its interval beside the bare counts in SQL; the trade-off curve."""

import datetime as dt
import statistics
import time
from typing import Any

import psycopg

from bench.floors import backtest as floor
from bench.ground import Ground, ground
from bench.harness import Figure, interleave, wall
from bench.visits import BRANCHES, FIRST_ON, KINDS, LAST_ON, NOW, seed_visits
from promises.db.session import unit_of_work
from promises.kernel.actors import SYSTEM
from promises.reporting.backtests import Backtest, Span, backtest
from promises.reporting.backtests.bootstrap import day_weights
from promises.reporting.backtests.resident import RESIDENT
from tests.factories.catalogue import simple_terms

SPAN = Span(FIRST_ON, LAST_ON)


def measure(scale: str, times: int = 1) -> list[Figure]:
    count, rounds = (100_000, 7) if scale == "small" else (1_000_000, 9)
    with ground(branches=BRANCHES, kinds=KINDS) as on, on.app.app_context():
        seed_visits(on, count)
        return [forecast(on, count, rounds * times), *curves(on, count, rounds * times)]


def forecast(on: Ground, count: int, rounds: int) -> Figure:
    kinds = on.made.kind_ids[:3]
    draft = floor.Draft(dt.timedelta(minutes=15), 1000, services=kinds)
    terms = simple_terms(service_kinds=kinds)
    sql = floor.statement([draft], on.made.id, FIRST_ON, LAST_ON, NOW)
    url = on.config.app_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET app.organisation_id = '{on.made.id}'")
        found = _ours(on, terms, ())
        assert [
            (found.kept, found.broken, found.excluded, found.counts.cost.amount_minor)
        ] == floor.counts(connection, sql)
        assert found.interval is not None
        taken = interleave(
            lambda: wall(lambda: _ours(on, terms, ())),
            lambda: wall(lambda: floor.counts(connection, sql)),
            rounds=rounds,
        )
    ours, theirs = (1e3 * statistics.median(side) for side in (taken.ours, taken.floor))
    return Figure(
        "P05",
        f"forecast over {count:,} visits with its interval, warm, beside the bare counts in SQL",
        taken.ratio,
        "×",
        1.0,
        0.4,
        quartiles=taken.quartiles,
        notes=(f"{ours:.0f} ms with 2,000 draws of days, the SQL {theirs:.0f} ms",),
    )


def curves(on: Ground, count: int, rounds: int) -> list[Figure]:
    """At least 20 limits: everything unread yet, and when a slider moves."""
    first: list[tuple[float, float]] = []
    next_time: list[tuple[float, float]] = []
    for place in range(rounds):
        RESIDENT.forget()
        day_weights.cache_clear()
        first.append(_timed(on, 900 + place))
        next_time.append(_timed(on, 600 + place))
    points = len(_ours(on, simple_terms(), None).curve)
    assert points >= 20
    return [
        Figure(
            "U23",
            f"trade-off curve of {points} limits over {count:,} visits, {name}",
            statistics.median(clock for clock, _ in taken),
            "s",
            limit,
            notes=(
                f"slowest of {len(taken)}: {max(taken)[0]:.2f} s; processor time of the process "
                f"{statistics.median(spent for _, spent in taken):.2f} s",
            ),
        )
        for name, taken, limit in (
            ("first time", first, 2.0),
            ("when a slider moves", next_time, 0.3),
        )
    ]


def _timed(on: Ground, seconds: int) -> tuple[float, float]:
    """On the wall's clock, and of this process's processor time."""
    begun, spent = time.perf_counter(), time.process_time()
    _ours(on, simple_terms(seconds=seconds), None)
    return time.perf_counter() - begun, time.process_time() - spent


def _ours(on: Ground, terms: Any, limits: tuple[int, ...] | None) -> Backtest:
    with unit_of_work(on.made.id, SYSTEM) as uow:
        return backtest(
            uow.session,
            organisation_id=on.made.id,
            now=NOW,
            terms=terms,
            span=SPAN,
            limits=limits,
        )
