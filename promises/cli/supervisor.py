"""One process that owns all others: database, web, worker and what a demonstration adds.

It starts them in order, starts again what dies, and at Ctrl-C or SIGTERM stops everything within
seconds. On Linux a kill -9 of this process ends the others as well.
"""

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from promises.cli.processes import Child, Keeper, Process
from promises.db.binaries import EmbeddedServerError
from promises.kernel.clock import Clock, process_clock

TICK = 0.1
GRACE_SECONDS = 8.0
TRIES_BEFORE_READY = 3
READY_SECONDS = 300.0
PR_SET_PDEATHSIG = 1
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartFailedError(RuntimeError):
    """Something without which nothing works did not start; its own words stand in the log above."""


class Database(Protocol):
    """What the supervisor needs of a server that it runs itself."""

    def start(self) -> None: ...
    def alive(self) -> bool: ...
    def stop(self) -> None: ...


class Log:
    """Lines of all children in one stream, each with its child's name in front."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __call__(self, name: str, line: str) -> None:
        with self._lock, suppress(OSError, ValueError):  # nobody reads any more
            print(f"{name:<8} | {line}", flush=True)


class Supervisor:
    """Runs `children` on top of `database` (None: somebody else runs it) until told to stop."""

    def __init__(
        self, children: Sequence[Child], database: Database | None, clock: Clock = process_clock
    ) -> None:
        self.say = Log()
        self._database = database
        self._clock = clock
        self._keepers = [Keeper(child, self.say, clock) for child in children]
        self._once: Process | None = None
        self._hurry = False

    @contextmanager
    def session(self) -> Iterator[None]:
        """The database is up inside; whatever was started inside is stopped at the end."""
        for number in STOPPING:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                signal.signal(number, _interrupt)
        try:
            if self._database is not None:
                self._database.start()
            yield
        finally:
            for number in STOPPING:
                signal.signal(number, self._stop_at_once)
            self._stop_all()

    def run_once(self, child: Child, *, capture: bool = False) -> list[str]:
        """Run a child to its end. Returns its lines where captured. Raises StartFailedError."""
        process = self._once = Process(child, self.say, capture=capture)
        while not process.wait(TICK):
            self._tend_database()
        self._once = None
        lines, code = process.captured, process.code
        if code != 0:
            for line in lines:
                self.say(child.name, line)
            raise StartFailedError(f"{child.name} ended with code {code}")
        return lines

    def keep_until(self, ready: Callable[[], bool]) -> None:
        """Keep the children up until the vital ones have settled and `ready()` says so.

        Raises StartFailedError when a vital one keeps ending, or when it takes too long."""
        until = self._clock.monotonic() + READY_SECONDS
        while True:
            self._tend()
            vital = [keeper for keeper in self._keepers if keeper.child.vital]
            for keeper in vital:
                if keeper.ends >= TRIES_BEFORE_READY:  # also where each start takes long
                    raise StartFailedError(f"{keeper.child.name} does not stay up")
            if all(keeper.settled() for keeper in vital) and ready():
                return
            if self._clock.monotonic() > until:
                raise StartFailedError(f"not ready after {READY_SECONDS:.0f} s")
            time.sleep(TICK)

    def keep(self) -> None:
        """Keep everything up until a signal comes."""
        while True:
            self._tend()
            time.sleep(TICK)

    def _tend(self) -> None:
        self._tend_database()
        for keeper in self._keepers:
            keeper.tend()

    def _tend_database(self) -> None:
        if self._database is not None and not self._database.alive():
            self.say("database", "ended; it is started again")
            try:
                self._database.start()
            except EmbeddedServerError as error:
                self.say("database", f"{error} Next try in 2 s.")
                time.sleep(2)

    def _stop_at_once(self, *_: object) -> None:
        self._hurry = True

    def _stop_all(self) -> None:
        running: list[Keeper | Process] = [*self._keepers, *([self._once] if self._once else [])]
        for each in running:
            each.terminate()
        until = self._clock.monotonic() + GRACE_SECONDS
        while running and self._clock.monotonic() < until and not self._hurry:
            running = [each for each in running if not each.wait(0.05)]
        for each in running:
            each.kill()
        if self._database is not None:
            self._database.stop()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def end_with_make() -> None:
    """Started by make, we stop when make is killed: nobody else would."""
    if "MAKELEVEL" in os.environ and sys.platform.startswith("linux"):
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)
