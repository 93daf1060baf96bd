"""P14: how soon a payout begins once the money of a broken promise is free.

The product's own web processes, worker and database on loopback. A steady flow of events over the
API serves customers whose promise was broken, which frees what they are owed; the payout has begun
when its try is written, before anybody is asked. Both instants are the database's: of the
transaction that frees the debt, and of the one that takes the payout up.
"""

import dataclasses
import datetime as dt
import time
from typing import Any

from bench.ground import LIMIT, Ground, api_key, ground, seed_open
from bench.harness import Figure, percentile
from bench.p09_event import event_post
from bench.processes import drive, pages, worker

RATE = 10
BRANCHES = 20
CONNECTIONS = 4
PATIENCE_S = 60.0
LOOK_EVERY_S = 0.2
WARM_UP = 20

_DELAYS = """
SELECT extract(epoch FROM a.recorded_at - p.created_at)::float8
FROM payouts p
JOIN payout_attempts a ON a.payout_id = p.id AND a.number = 1 AND a.step = 'begun'
WHERE p.created_at >= %s
ORDER BY 1
"""


def measure(scale: str, _times: int = 1) -> list[Figure]:
    seconds = 10 if scale == "small" else 60
    with ground(branches=BRANCHES) as on:
        key = api_key(on)
        with pages(on) as web, worker(on):
            serve(on, web, key, WARM_UP)
            delays = serve(on, web, key, RATE * seconds)
    p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
    return [
        Figure(
            "P14",
            f"money of a broken promise free → payout begun, p99 of {len(delays)}, {RATE} a second",
            p99 * 1000,
            "ms",
            250,
            50,
            notes=(f"p50 {p50 * 1000:.0f} ms, longest {delays[-1] * 1000:.0f} ms",),
        )
    ]


def serve(on: Ground, web: Any, key: str, count: int) -> list[float]:
    """Serve so many whose promise was broken, at RATE; the delays of their payouts in seconds."""
    on.owner.execute("UPDATE branch_states SET staff_acted_at = clock_timestamp()")
    overdue = dt.datetime.now(dt.UTC) - LIMIT - dt.timedelta(seconds=1)
    waiting = seed_open(on, count, arrived_at=overdue, events=True)
    _until(on, "SELECT count(*) FROM commitments WHERE state = 'open'", 0)
    ((since,),) = on.owner.execute("SELECT clock_timestamp()").fetchall()
    posts = [
        dataclasses.replace(event_post(key, ticket_id), at=number / RATE)
        for number, ticket_id in enumerate(waiting)
    ]
    assert {answer.status for answer in drive(web.port, posts, CONNECTIONS)} == {201}
    _until(on, "SELECT count(*) FROM payouts WHERE state <> 'submitted'", 0)
    delays = [row[0] for row in on.owner.execute(_DELAYS, [since]).fetchall()]
    assert len(delays) == count
    return delays


def _until(on: Ground, question: str, answer: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while on.owner.execute(question).fetchone() != (answer,):
        assert time.monotonic() < end, question
        time.sleep(LOOK_EVERY_S)
