"""P12: importing a CSV file beside COPY of the same rows; judging them is timed apart."""

import datetime as dt
import itertools
import statistics
import time
import uuid
from typing import Any

import psycopg

from bench.floors import copying
from bench.ground import Ground, ground
from bench.harness import Figure, Rounds, interleave, wall
from promises.catalogue.queries import VersionSpan
from promises.db.session import unit_of_work
from promises.desk.imports.actions import Upload
from promises.desk.models import ImportState
from promises.flows import judge_import, run_import
from promises.kernel.actors import SYSTEM, Role
from tests.factories.catalogue import simple_terms

HEADER = "id,desk,arrived,called,started,served,left,outcome\n"
MAPPING = {
    "format": 1,
    "reference": {"columns": ["id"]},
    "outcome": {"column": "outcome", "values": {"served": "served", "left": "left"}},
    "service_kind": {"letter": "A"},
    "arrived": {"column": "arrived", "format": "iso"},
    "called": {"column": "called", "format": "iso"},
    "service_started": {"column": "started", "format": "iso"},
    "served": {"column": "served", "format": "iso"},
    "left": {"column": "left", "format": "iso"},
}
FIRST = dt.datetime(2025, 1, 7, 8, 0, tzinfo=dt.UTC)
_names = itertools.count(1)


def measure(scale: str, times: int = 1) -> list[Figure]:
    count, rounds = (10_000, 3) if scale == "small" else (100_000, 3)
    rounds *= times
    rounds *= times
    with ground() as on, on.app.app_context(), on.server.connect(database="bench") as floor:
        before = _counts(on)
        model = _imported(on, count)
        judging = _judging(on)
        _assert_same_rows(on, floor, model, before)
        return [_importing(on, floor, model, count, rounds), judging]


def _importing(
    on: Ground, floor: "psycopg.Connection[Any]", model: uuid.UUID, count: int, rounds: int
) -> Figure:
    ready: list[uuid.UUID] = []
    raw: list[float] = []

    def ours() -> float:
        import_id = _staged(on, _file(count))
        return wall(lambda: ready.append(run_import.run(on.made.id, import_id).id))

    def bare() -> float:
        made = copying.rows_like(floor, on.made.id, model)
        content = _file(count)
        raw.append(wall(lambda: copying.copy_file(floor, content, HEADER.count(",") + 1)))
        return wall(lambda: copying.write(floor, made))

    found = interleave(ours, bare, rounds=rounds)
    seconds = statistics.median(found.ours)
    low, high = found.quartiles
    return Figure(
        "P12",
        f"import of {count:,} rows as tickets and events beside COPY of the same rows",
        1 / found.ratio,
        "× its speed",
        0.30,
        0.45,
        "higher",
        (1 / high, 1 / low),
        (
            f"{count / seconds:,.0f} rows a second",
            f"{_plain(found, raw):.2f} × the speed of COPY of the bare file into one table "
            "without an index",
        ),
    )


def _plain(found: Rounds, raw: list[float]) -> float:
    return statistics.median(raw[-len(found.ours) :]) / statistics.median(found.ours)


def _imported(on: Ground, count: int) -> uuid.UUID:
    """The id of an import that took every row."""
    row = run_import.run(on.made.id, _staged(on, _file(count)))
    assert row.state == ImportState.DONE
    assert (row.rows_added, row.rows_refused) == (count, 0)
    return row.id


def _assert_same_rows(
    on: Ground, floor: "psycopg.Connection[Any]", model: uuid.UUID, before: list[int]
) -> None:
    """The floor writes as many tickets and events as our import did since `before`."""
    ours = _counts(on)
    copying.write(floor, copying.rows_like(floor, on.made.id, model))
    added = [after - start for after, start in zip(ours, before, strict=True)]
    assert added == [end - after for end, after in zip(_counts(on), ours, strict=True)]
    assert added[1] > 2 * added[0] > 0
    on.admin.execute("VACUUM ANALYZE tickets, service_events")


def _counts(on: Ground) -> list[int]:
    return [
        on.owner.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
        for table in ("tickets", "service_events")
    ]


def _staged(on: Ground, content: bytes) -> uuid.UUID:
    with on.made.work(Role.MANAGER) as uow:
        upload = Upload("visits.csv", content, on.made.branch_id)
        return run_import.stage_upload(uow, upload=upload, document=MAPPING)


def _file(count: int) -> bytes:
    """Visits of one branch, 41 s apart; each ninth customer leaves. New references each time."""
    name = next(_names)
    lines = [HEADER]
    for number in range(count):
        arrived = FIRST + dt.timedelta(seconds=41 * number)
        called = arrived + dt.timedelta(seconds=60 + number * 7919 % 930)
        ended = called + dt.timedelta(seconds=30 + number * 104729 % 900)
        if number % 9 == 0:
            times, outcome = f",,,{called:%F %T}", "left"
        else:
            started = called + dt.timedelta(seconds=9)
            times, outcome = f"{called:%F %T},{started:%F %T},{ended:%F %T},", "served"
        lines.append(f"{name}-{number},{number % 7},{arrived:%F %T},{times},{outcome}\n")
    return "".join(lines).encode()


def _judging(on: Ground) -> Figure:
    """All that was imported, judged by a version that reaches into the past; the breaches and what
    is owed for them are written. Timed apart, with no goal of its own."""
    begun = time.perf_counter()
    with unit_of_work(on.made.id, SYSTEM) as uow:
        published = on.version
        span = VersionSpan(
            promise_id=published.promise_id,
            version_id=published.version_id,
            terms=simple_terms(),
            valid_from=dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
            valid_to=None,
            applied_to_history=True,
            published_at=uow.now,
        )
        judged = judge_import.judge_history(uow, span=span)
    seconds = time.perf_counter() - begun
    return Figure(
        "P12",
        f"judging {judged:,} imported tickets, recording breaches and debts",
        1e6 * seconds / judged,
        "µs a ticket",
        None,
    )
