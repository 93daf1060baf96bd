"""P09: what one event over the API costs; P11: what one event of a batch of a hundred costs."""

import contextlib
import datetime as dt
import itertools
import json
from collections.abc import Iterator
from typing import Any

from bench.floors.web import one_insert
from bench.ground import Ground, api_key, ground, seed_open
from bench.harness import Figure, Rounds, cpu, interleave, quiet_gc
from bench.processes import Post, cpu_of_tree, drive, floor_pages, pages

BATCH = 100
CONNECTIONS = 4
EVENT = {"kind": "service_started"}
JSON = "application/json"

_names = itertools.count(1)


def measure(scale: str, times: int = 1) -> list[Figure]:
    calls, rounds = (100, 5) if scale == "small" else (300, 9)
    rounds *= times
    with ground() as on:
        key = api_key(on)
        figures = in_process(on, key, calls, rounds)
        figures.append(_under_gunicorn(on, key, 2 * calls, rounds))
        return figures


def in_process(on: Ground, key: str, calls: int, rounds: int) -> list[Figure]:
    """The application called directly, everything but the socket."""
    client = on.app.test_client(use_cookies=False)
    with _floor_client(on) as floor:
        _assert_same_effect(on, client, key, floor)

        def ours() -> float:
            tickets = iter(_tickets(on, calls))
            return cpu(lambda: _log(client, key, next(tickets)), calls)

        def bare() -> float:
            return cpu(lambda: floor.post("/", json=EVENT), calls)

        def batched() -> float:
            """The cost of one event."""
            bodies = [_batch(_tickets(on, BATCH)) for _ in range(max(calls // BATCH, 1))]
            todo = iter(bodies)
            return cpu(lambda: _log_batch(client, key, next(todo)), len(bodies)) / BATCH

        with quiet_gc():
            beside_floor = interleave(ours, bare, rounds=rounds)
            beside_single = interleave(batched, ours, rounds=rounds)
    return [
        Figure(
            "P09",
            "one event over the API beside Flask and one INSERT, in process, processor time",
            beside_floor.ratio,
            "×",
            4.5,
            2.5,
            quartiles=beside_floor.quartiles,
            notes=(_each(beside_floor),),
        ),
        Figure(
            "P11",
            "an event of a batch of 100 beside a single one, in process, processor time",
            beside_single.ratio,
            "×",
            1 / 8,
            1 / 20,
            quartiles=beside_single.quartiles,
            notes=(f"{1e6 * sorted(beside_single.ours)[rounds // 2]:.0f} µs an event",),
        ),
    ]


def _under_gunicorn(on: Ground, key: str, calls: int, rounds: int) -> Figure:
    with pages(on) as web, floor_pages(on) as floor:

        def ours() -> float:
            posts = [event_post(key, one) for one in _tickets(on, calls)]
            return cost(web, posts, 201)

        def bare() -> float:
            return cost(floor, [_post(key, "/", EVENT)] * calls, 200)

        def cost(server: Any, posts: list[Post], status: int) -> float:
            before = cpu_of_tree(server.pid)
            answers = drive(server.port, posts, CONNECTIONS)
            assert {answer.status for answer in answers} == {status}
            return (cpu_of_tree(server.pid) - before) / len(posts)

        found = interleave(ours, bare, rounds=rounds)
    return Figure(
        "P09",
        "one event over the API beside Flask and one INSERT, under gunicorn, processor time of "
        "the web processes",
        found.ratio,
        "×",
        3,
        2,
        quartiles=found.quartiles,
        notes=(_each(found),),
    )


@contextlib.contextmanager
def _floor_client(on: Ground) -> Iterator[Any]:
    app, pool = one_insert(on.config.app_url, on.made.id)
    try:
        yield app.test_client(use_cookies=False)
    finally:
        pool.close()


def _assert_same_effect(on: Ground, client: Any, key: str, floor: Any) -> None:
    """Each writes its row for one request; ours also refuses what it must and judges."""
    [ticket_id] = _tickets(on, 1)

    def counted() -> tuple[int, int]:
        ((events, problems),) = on.owner.execute(
            "SELECT (SELECT count(*) FROM service_events), (SELECT count(*) FROM problems)"
        ).fetchall()
        return events, problems

    events, problems = counted()
    logged = _log(client, key, ticket_id)
    assert logged["ticket"]["state"] == "in_service"
    assert floor.post("/", json=EVENT).json == {"status": "ok"}
    assert counted() == (events + 1, problems + 1)
    [state] = on.owner.execute(
        "SELECT state FROM commitments WHERE ticket_id = %s", (ticket_id,)
    ).fetchone() or [None]
    assert state == "kept"
    answers = _log_batch(client, key, _batch(_tickets(on, 3)))
    assert (answers["logged"], answers["refused"]) == (3, 0)


def _tickets(on: Ground, count: int) -> list[str]:
    return seed_open(on, count, arrived_at=dt.datetime.now(dt.UTC), events=True)


def _headers(key: str) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {key}",
        "Idempotency-Key": f"bench-{next(_names)}",
        "Content-Type": JSON,
    }


def _post(key: str, path: str, body: object) -> Post:
    return Post(path, json.dumps(body).encode(), _headers(key))


def event_post(key: str, ticket_id: str) -> Post:
    return _post(key, f"/api/v1/tickets/{ticket_id}/events", EVENT)


def _log(client: Any, key: str, ticket_id: str) -> Any:
    path = f"/api/v1/tickets/{ticket_id}/events"
    response = client.post(path, data=json.dumps(EVENT), headers=_headers(key))
    assert response.status_code == 201, response.text
    return response.json


def _batch(ticket_ids: list[str]) -> str:
    return json.dumps({"events": [{"ticket_id": one, **EVENT} for one in ticket_ids]})


def _log_batch(client: Any, key: str, body: str) -> Any:
    response = client.post("/api/v1/events", data=body, headers=_headers(key))
    assert response.status_code == 200, response.text
    return response.json


def _each(found: Rounds) -> str:
    ours, floor = (1e6 * sorted(one)[len(one) // 2] for one in (found.ours, found.floor))
    return f"{ours:,.0f} µs beside {floor:,.0f} µs a request"
