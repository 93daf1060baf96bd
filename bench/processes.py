"""Real processes of the service on loopback, what they cost, and a client that loads them.

Only what was started here is ended, each by its own handle.
"""

import http.client
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.ground import Ground
from promises.cli.children import FLASK, LOOPBACK, Stage, service
from promises.cli.processes import Child, Process

_TICK = os.sysconf("SC_CLK_TCK")
_READY_SECONDS = 60.0
_PAGES = "/api/v1/branches"


@dataclass(frozen=True)
class Running:
    """A program that listens on `port`; None for one that does not."""

    process: Process
    port: int | None = None

    @property
    def pid(self) -> int:
        return self.process.pid


@contextmanager
def _run(child: Child, port: int | None = None) -> Iterator[Running]:
    """What the program logs is shown only if something fails meanwhile."""
    logged: deque[str] = deque(maxlen=30)
    process = Process(child, lambda name, line: logged.append(f"{name}: {line}"))
    try:
        if port is not None:
            _await_answer(process, port)
        yield Running(process, port)
    except BaseException:
        print(*logged, sep="\n", file=sys.stderr)
        raise
    finally:
        process.terminate()
        if not process.wait(15):
            process.kill()


def _await_answer(process: Process, port: int) -> None:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and not process.ended():
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
        try:
            connection.request("GET", _PAGES)
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"nothing answers on port {port}")


@contextmanager
def pages(on: Ground) -> Iterator[Running]:
    """The product's own web processes, as `make run` starts them."""
    with socket.create_server((LOOPBACK, 0), backlog=512) as listening:
        port = listening.getsockname()[1]
        stage = Stage(listening, f"http://{LOOPBACK}:{port}")
        web = service(stage)[0]
        child = Child(web.name, web.argv, {**on.environment, **web.env}, sockets=web.sockets)
        with _run(child, port) as running:
            yield running


@contextmanager
def worker(on: Ground) -> Iterator[Running]:
    """The product's own worker."""
    settings = {**on.environment, "LUPAUS_BASE_URL": f"http://{LOOPBACK}:1"}
    with _run(Child("worker", (*FLASK, "worker"), settings)) as running:
        yield running


@contextmanager
def floor_pages(on: Ground) -> Iterator[Running]:
    """The hand-written Flask application with one INSERT, under the same server as ours."""
    with socket.create_server((LOOPBACK, 0), backlog=512) as listening:
        port = listening.getsockname()[1]
        ours = service(Stage(listening, f"http://{LOOPBACK}:{port}"))[0]
        argv = tuple("bench.floors.web:served()" if a == "wsgi:app" else a for a in ours.argv)
        settings = {
            "BENCH_FLOOR_URL": on.config.app_url,
            "BENCH_FLOOR_ORGANISATION": str(on.made.id),
        }
        with _run(Child("floor", argv, settings, sockets=ours.sockets), port) as running:
            yield running


# ---- what processes cost


def cpu_of_tree(root: int) -> float:
    """Seconds of processor time of a process and all that it started, those that have ended
    included (as far as they were waited for). In steps of 10 ms."""
    parents: dict[int, int] = {}
    spent: dict[int, float] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(path.parent.name)
        parents[pid] = int(fields[1])
        spent[pid] = sum(int(ticks) for ticks in fields[11:15]) / _TICK
    return sum(cost for pid, cost in spent.items() if _descends(pid, root, parents))


def _descends(pid: int, root: int, parents: Mapping[int, int]) -> bool:
    while pid and pid != root:
        pid = parents.get(pid, 0)
    return pid == root


# ---- load


@dataclass(frozen=True)
class Post:
    """One request, as bytes. Due `at` seconds after the start; None: as soon as a connection is
    free."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    at: float | None = None


@dataclass(frozen=True)
class Answer:
    """`seconds` from when the request was due, so a client that waits counts against the server."""

    status: int
    seconds: float


def drive(port: int | None, posts: Sequence[Post], connections: int) -> list[Answer]:
    """Send all over so many kept-alive connections; a connection that fails answers status 0."""
    assert port is not None
    begun = time.perf_counter()
    todo = iter(posts)
    lock = threading.Lock()
    answers: list[Answer] = []

    def work() -> None:
        connection = http.client.HTTPConnection(LOOPBACK, port, timeout=30)
        while True:
            with lock:
                post = next(todo, None)
            if post is None:
                break
            answer = _send(connection, post, begun)
            with lock:
                answers.append(answer)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _send(connection: http.client.HTTPConnection, post: Post, begun: float) -> Answer:
    if post.at is not None:
        time.sleep(max(begun + post.at - time.perf_counter(), 0))
    due = time.perf_counter() if post.at is None else begun + post.at
    try:
        connection.request("POST", post.path, post.body, dict(post.headers))
        response = connection.getresponse()
        response.read()
        status = response.status
    except (OSError, http.client.HTTPException):
        connection.close()
        status = 0
    return Answer(status, time.perf_counter() - due)
