"""P13: what a customer's page costs while nothing changes; P15: what a served visit costs."""

import contextlib
import functools
import re
from collections.abc import Iterator
from typing import Any
from unittest import mock

import psycopg

from bench.floors.web import hello
from bench.ground import Ground, ground
from bench.harness import Figure, cpu, interleave, quiet_gc
from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from promises.flows.take_number import take_number
from promises.kernel.actors import Role
from tests.parts import Page
from tests.web.staff import sign_in


def measure(scale: str, times: int = 1) -> list[Figure]:
    polls, visits, rounds = (200, 20, 5) if scale == "small" else (1_000, 100, 9)
    rounds *= times
    with ground() as on:
        return [poll(on, polls, rounds), *visit(on, visits)]


def poll(on: Ground, polls: int, rounds: int) -> Figure:
    with on.app.app_context(), on.made.work() as uow:
        ticket = take_number(
            uow,
            request=NewTicket(
                branch_id=on.made.branch_id,
                service_kind_id=on.made.kind_id,
                source=EventSource.DESK,
            ),
        )
    client, path = on.app.test_client(), f"/o/{on.made.slug}/t/{ticket.public_code}/live"
    etag = client.get(path).headers["ETag"]
    floor = hello().test_client()

    def ours() -> float:
        return cpu(lambda: client.get(path, headers={"If-None-Match": etag}), polls)

    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    with quiet_gc():
        found = interleave(ours, lambda: cpu(lambda: floor.get("/"), polls), rounds=rounds)
    each = sorted(found.ours)[len(found.ours) // 2] * 1000
    return Figure(
        "P13",
        "ticket page poll answered 304 beside Flask saying hello, processor time",
        found.ratio,
        "×",
        3,
        1.3,
        quartiles=found.quartiles,
        notes=(f"{each:.2f} ms of processor time a poll",),
    )


@contextlib.contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that the driver sends meanwhile; BEGIN and COMMIT are not among them."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def counting(self: Any, query: Any, *rest: Any, **named: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *rest, **named)

    with mock.patch.object(psycopg.Cursor, "execute", counting):
        yield sent


class _Clerk:
    """A clerk's browser that presses the counter's buttons without loading the page in between, as
    the page's own script does."""

    def __init__(self, on: Ground) -> None:
        self.client = on.app.test_client()
        self.base = f"/o/{on.made.slug}/staff/counter"
        with on.app.app_context():
            sign_in(self.client, on.made, Role.CLERK)
        found = re.search(r'name="csrf_token" value="([^"]+)"', self._get("/pick"))
        self.token = found[1] if found else ""
        self.post("/pick", counter_id=str(on.made.counter_id))
        self.kind_id = str(on.made.kind_id)

    def _get(self, path: str) -> str:
        return self.client.get(self.base + path).text

    def post(self, path: str, **fields: str) -> None:
        answer = self.client.post(self.base + path, data={"csrf_token": self.token} | fields)
        assert answer.status_code == 303, (path, answer.status_code)

    def button(self, path: str, what: str | None = None) -> dict[str, str]:
        """The hidden fields of the button that the board shows now."""
        forms = Page(self._get("")).forms
        for _method, action, fields in forms:
            if action.endswith(path) and (what is None or fields.get("what") == what):
                return fields
        raise AssertionError(f"no button for {path} {what}")


def visit(on: Ground, visits: int) -> list[Figure]:
    """Take, call, serve, next, each by the HTTP request that its button sends; the page is read
    before each press outside the count, as it stands on the screen already."""
    clerk = _Clerk(on)
    taken: list[float] = []
    counts: list[int] = []
    for number in range(visits + 3):
        spent, sent_before = 0.0, 0
        for path, what in (("/new", None), ("/next", None), ("/mark", "started")):
            if path == "/new":
                fields = {"service_kind_id": clerk.kind_id}
            else:
                fields = clerk.button(path, what)
            with counted() as sent:
                spent += cpu(functools.partial(clerk.post, path, **fields))
            sent_before += len(sent)
        if number >= 3:
            taken.append(spent)
            counts.append(sent_before)
    each = sorted(taken)[len(taken) // 2] * 1000
    return [
        Figure("P15", "one served visit, web processor time", each, "ms", 32, 12),
        Figure(
            "P15",
            "one served visit, statements sent to the database (what opens a unit of work counts as"
            " one, COMMIT is not counted)",
            max(counts),
            "statements",
            25,
            12,
        ),
    ]
