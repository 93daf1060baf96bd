"""P08: how soon a breach is detected while events flow; P10: what that flow costs.

The product's own web processes, worker and database on loopback, 200 events and 200 deadlines a
second at twenty branches. A breach counts as detected when another connection sees it committed.
"""

import dataclasses
import datetime as dt
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from bench.ground import LIMIT, Ground, api_key, ground, seed_open
from bench.harness import Figure, percentile
from bench.p09_event import event_post
from bench.processes import Answer, cpu_of_tree, drive, pages, worker

RATE = 200
BRANCHES = 20
CONNECTIONS = 8
LOOK_EVERY = 0.003
START_IN = dt.timedelta(seconds=6)
PATIENCE = 30.0


def measure(scale: str, _times: int = 1) -> list[Figure]:
    seconds = 10 if scale == "small" else 60
    with ground(branches=BRANCHES) as on:
        key = api_key(on)
        with pages(on) as web, worker(on) as watcher:
            _warm(on, web.port, key)
            return _flow(on, web, watcher.pid, key, seconds)


def _flow(on: Ground, web: Any, watcher_pid: int, key: str, seconds: int) -> list[Figure]:
    count = RATE * seconds
    waiting = seed_open(on, count, arrived_at=dt.datetime.now(dt.UTC), events=True)
    first_due = dt.datetime.now(dt.UTC) + START_IN
    step = dt.timedelta(seconds=1) / RATE
    seed_open(on, count, arrived_at=first_due - LIMIT, step=step)
    deadlines = [first_due + step * n for n in range(count)]
    posts = [
        dataclasses.replace(event_post(key, ticket_id), at=number / RATE)
        for number, ticket_id in enumerate(waiting)
    ]
    look = Look(on, deadlines)
    time.sleep(max((first_due - dt.datetime.now(dt.UTC)).total_seconds(), 0))
    look.start()
    spent = _Spent(on, web.pid, watcher_pid, look.backend_pid)
    answers = drive(web.port, posts, CONNECTIONS)
    app, server = spent.cores()
    look.finish()
    _assert_all_broken_once(on, deadlines)
    return [*_detection(on, look, deadlines), *_cost(answers, app, server)]


def _warm(on: Ground, port: int | None, key: str) -> None:
    """Plans, caches and connections of every web thread, as after a minute in service."""
    warm = seed_open(on, 200, arrived_at=dt.datetime.now(dt.UTC), events=True)
    posts = [event_post(key, one) for one in warm]
    assert {answer.status for answer in drive(port, posts, CONNECTIONS)} == {201}


@dataclass
class Look:
    """A connection of its own that looks, every few milliseconds, for the earliest deadline of
    these that is still open. All before it were broken for everybody to see.

    `seen` has the instants of looks with the earliest open deadline then (None: none is left), by
    the database's clock.
    """

    on: Ground
    deadlines: list[dt.datetime]
    seen: list[tuple[dt.datetime, dt.datetime | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._connection = self.on.server.connect(database="bench")
        self._thread = threading.Thread(target=self._look)
        self.backend_pid = self._connection.info.backend_pid

    def start(self) -> None:
        self._thread.start()

    def finish(self) -> None:
        self._thread.join()
        self._connection.close()

    def _look(self) -> None:
        until = self.deadlines[-1] + dt.timedelta(seconds=PATIENCE)
        span = (self.deadlines[0], self.deadlines[-1])
        while True:
            looked: list[Any] = self._connection.execute(
                "SELECT (SELECT due_at FROM commitments WHERE state = 'open'"
                " AND due_at BETWEEN %s AND %s ORDER BY due_at LIMIT 1), clock_timestamp()",
                span,
            ).fetchall()
            earliest, at = looked[0]
            self.seen.append((at, earliest))
            if earliest is None or at > until:
                return
            time.sleep(LOOK_EVERY)

    def delays(self) -> list[float]:
        """For each deadline, the seconds until a look no longer found it open."""
        looks = iter(self.seen)
        at, earliest = next(looks)
        found = []
        for due in self.deadlines:
            while earliest is not None and earliest <= due:
                at, earliest = next(looks)
            found.append((at - due).total_seconds())
        return found


class _Spent:
    """Processor time from now on, in cores: of the application, and of PostgreSQL without the
    connection that only looks."""

    def __init__(self, on: Ground, web_pid: int, watcher_pid: int, looking_pid: int) -> None:
        assert on.server.pid is not None
        self._app = (web_pid, watcher_pid)
        self._server, self._looking = on.server.pid, looking_pid
        self._begun = time.perf_counter()
        self._before = self._read()

    def _read(self) -> tuple[float, float]:
        app = sum(cpu_of_tree(pid) for pid in self._app)
        return app, cpu_of_tree(self._server) - cpu_of_tree(self._looking)

    def cores(self) -> tuple[float, float]:
        seconds = time.perf_counter() - self._begun
        app, server = (now - before for now, before in zip(self._read(), self._before, strict=True))
        return app / seconds, server / seconds


def _assert_all_broken_once(on: Ground, deadlines: list[dt.datetime]) -> None:
    found = on.owner.execute(
        "SELECT count(*), count(DISTINCT commitment_id), min(breached_at), max(breached_at)"
        " FROM breaches WHERE breached_at BETWEEN %s AND %s",
        (deadlines[0], deadlines[-1]),
    ).fetchone()
    count = len(deadlines)
    assert found == (count, count, deadlines[0], deadlines[-1]), found


def _detection(on: Ground, look: Look, deadlines: list[dt.datetime]) -> list[Figure]:
    seen = look.delays()
    stored = [
        float(row[0])
        for row in on.owner.execute(
            "SELECT extract(epoch FROM detected_at - breached_at) FROM breaches"
            " WHERE breached_at BETWEEN %s AND %s",
            (deadlines[0], deadlines[-1]),
        )
    ]
    notes = (
        f"median {1000 * percentile(seen, 0.5):.1f} ms, worst {1000 * max(seen):.1f} ms",
        f"the worker had read the clock {1000 * percentile(stored, 0.99):.1f} ms after the"
        " deadline at p99",
    )
    return [
        Figure(
            "P08",
            f"breach seen by others after its deadline, p99, at {RATE} events/s and {RATE} "
            "deadlines/s",
            1000 * percentile(seen, 0.99),
            "ms",
            100,
            25,
            notes=notes,
        )
    ]


def _cost(answers: list[Answer], app: float, server: float) -> list[Figure]:
    waits = [answer.seconds for answer in answers]
    wrong = sum(answer.status != 201 for answer in answers)
    return [
        Figure(
            "P10",
            f"application and PostgreSQL, {RATE} events/s and {RATE} deadlines/s at {BRANCHES} "
            "branches",
            app + server,
            "cores",
            1.0,
            notes=(f"application {app:.2f}, PostgreSQL {server:.2f}",),
        ),
        Figure(
            "P10",
            "answers to events, p99",
            1000 * percentile(waits, 0.99),
            "ms",
            100,
            notes=(f"median {1000 * percentile(waits, 0.5):.1f} ms",),
        ),
        Figure("P10", f"answers that were not 201, of {len(answers):,}", wrong, "answers", 0),
    ]
