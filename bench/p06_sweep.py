"""P06, P07: how fast deadlines are swept, and whether an idle sweep notices how much is open."""

import datetime as dt
import time
from typing import Any

import psycopg

from bench.floors import sweep as floor
from bench.ground import Ground, ground, seed_open
from bench.harness import Figure, interleave, wall
from promises.db.session import unit_of_work
from promises.flows.sweep_deadlines import sweep
from promises.kernel.actors import SYSTEM

BATCH = 500
RECENT = dt.timedelta(seconds=30)


def measure(scale: str, times: int = 1) -> list[Figure]:
    count, rounds, open_rows = (2_000, 3, 100_000) if scale == "small" else (10_000, 7, 1_000_000)
    rounds *= times
    with ground() as on:
        return [*sweeps(on, count, rounds), idle(on, open_rows)]


def sweeps(on: Ground, count: int, rounds: int) -> list[Figure]:
    worker_url = on.server.url("lupaus_worker", "bench").replace("+psycopg", "")
    with on.app.app_context(), psycopg.connect(worker_url, autocommit=True) as connection:
        _assert_same_rows(on, connection, count)
        return _timed(on, connection, count, rounds)


def _assert_same_rows(on: Ground, connection: "psycopg.Connection[Any]", count: int) -> None:
    start = _written(on)
    _seed(on, count)
    assert _ours(on)[0] == count
    ours = _written(on)
    _seed(on, count)
    assert floor.sweep(connection, on.made.id, BATCH) == count
    bare = _written(on)
    _seed(on, count)
    assert floor.row_by_row(connection, on.made.id, 2 * count) == count
    rows = _written(on)
    added = [ours[name] - start[name] for name in start]
    assert added == [bare[name] - ours[name] for name in start]
    assert added == [rows[name] - bare[name] for name in start]
    assert added[0] == count


def _timed(
    on: Ground, connection: "psycopg.Connection[Any]", count: int, rounds: int
) -> list[Figure]:

    def our_rate() -> float:
        _seed(on, count)
        done, seconds = _ours(on)
        return seconds / done

    def floor_rate() -> float:
        _seed(on, count)
        begun = time.perf_counter()
        done = floor.sweep(connection, on.made.id, BATCH)
        return (time.perf_counter() - begun) / done

    def row_rate() -> float:
        _seed(on, count // 5)
        begun = time.perf_counter()
        done = floor.row_by_row(connection, on.made.id, count // 5)
        return (time.perf_counter() - begun) / done

    beside_sql = interleave(our_rate, floor_rate, rounds=rounds)
    beside_rows = interleave(our_rate, row_rate, rounds=max(rounds // 2, 2), warm_up=0)
    low, high = beside_sql.quartiles
    return [
        Figure(
            "P06",
            "deadline sweep beside the bare statement (same writes)",
            1 / beside_sql.ratio,
            "× its speed",
            0.7,
            0.9,
            "higher",
            (1 / high, 1 / low),
            (f"{1 / sorted(beside_sql.ours)[rounds // 2]:,.0f} breaches a second",),
        ),
        Figure(
            "P06",
            "deadline sweep beside row by row, a statement a table",
            1 / beside_rows.ratio,
            "× its speed",
            8,
            None,
            "higher",
        ),
    ]


def _seed(on: Ground, count: int) -> None:
    now = dt.datetime.now(dt.UTC)
    seed_open(on, count, arrived_at=now - dt.timedelta(minutes=15) - RECENT)
    on.owner.execute("UPDATE branch_states SET staff_acted_at = clock_timestamp()")


def _ours(on: Ground) -> tuple[int, float]:
    begun, done = time.perf_counter(), 0
    while True:
        with unit_of_work(on.made.id, SYSTEM) as uow:
            result = sweep(uow, limit=BATCH)
        done += result.breached
        if not result.more and not result.breached:
            return done, time.perf_counter() - begun


def _written(on: Ground) -> dict[str, int]:
    tables = ("breaches", "compensations", "ledger_transactions", "ledger_entries")
    return {
        table: on.owner.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        for table in tables
    }


def idle(on: Ground, open_rows: int) -> Figure:
    tomorrow = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)

    def once() -> None:
        with on.app.app_context(), unit_of_work(on.made.id, SYSTEM) as uow:
            assert sweep(uow, limit=BATCH).breached == 0

    seed_open(on, 1_000, arrived_at=tomorrow)
    on.admin.execute("VACUUM ANALYZE commitments")
    few = sorted(wall(once) for _ in range(60))[30]
    seed_open(on, open_rows, arrived_at=tomorrow, step=dt.timedelta(milliseconds=10))
    on.admin.execute("VACUUM ANALYZE commitments")
    many = sorted(wall(once) for _ in range(60))[30]
    return Figure(
        "P07",
        f"idle sweep with {open_rows:,} open beside 1,000 open",
        many / few,
        "×",
        3,
        notes=(f"{many * 1000:.2f} ms beside {few * 1000:.2f} ms",),
    )
