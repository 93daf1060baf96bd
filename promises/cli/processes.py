"""Child processes that are kept alive, stopped cleanly and never outlive us."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from promises.db.binaries import LAUNCH
from promises.kernel.clock import Clock

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 5.0
SETTLED_SECONDS = 2.0
STEADY_SECONDS = 10.0

Say = Callable[[str, str], None]


@dataclass(frozen=True)
class Child:
    """One program to keep running.

    `vital`: when it cannot be kept up before the first "ready", nothing else stays up either.
    `finite`: it may end by itself with code 0 and is then done.
    `sockets`: file descriptors that it inherits.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    vital: bool = True
    finite: bool = False
    sockets: tuple[int, ...] = ()


def pause_after(failures: int) -> float:
    """Seconds to wait before the next start: doubling, with a ceiling."""
    return float(min(FIRST_PAUSE * 2 ** max(failures - 1, 0), LONGEST_PAUSE))


class Process:
    """A running child. Started from the main thread: Linux ends it with that thread."""

    def __init__(self, child: Child, say: Say, *, capture: bool = False) -> None:
        head = [sys.executable, "-I", "-S", str(LAUNCH), "--parent", str(os.getpid())]
        self.child = child
        self.captured: list[str] = []
        self.code: int | None = None
        self._popen = subprocess.Popen(  # noqa: S603  our own words, no shell
            [*head, "--signal", str(int(signal.SIGTERM)), "--", *child.argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **child.env},
            pass_fds=child.sockets,
            start_new_session=True,  # Ctrl-C reaches only us; and its children form one group
        )
        keep = self.captured.append if capture else lambda line: say(child.name, line)
        self._reader = threading.Thread(
            target=_copy_lines, args=(self._popen.stdout, keep), daemon=True
        )
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._popen.pid

    def ended(self) -> bool:
        """Whether it has ended; then `code` is known and what it left in its group is killed."""
        code = self._popen.poll()
        if code is not None and self.code is None:
            self.code = code
            self._kill_group()
            self._reader.join(1.0)
        return code is not None

    def wait(self, seconds: float) -> bool:
        """Like `ended`, after at most so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        return self.ended()

    def terminate(self) -> None:
        """Ask it to finish what it is doing and stop."""
        if self._popen.poll() is None:
            self._popen.terminate()

    def kill(self) -> None:
        """End it and everything it started, now."""
        if self.code is None:
            self._kill_group()
            self.wait(5.0)

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._popen.pid, signal.SIGKILL)


def _copy_lines(pipe: IO[bytes], keep: Callable[[str], None]) -> None:
    with pipe:
        for line in pipe:
            keep(line.decode(errors="replace").rstrip("\n"))


class Keeper:
    """Keeps one child up: starts it again when it ends, after a growing pause."""

    def __init__(self, child: Child, say: Say, clock: Clock) -> None:
        self.child = child
        self.failures = 0  # since it last ran long
        self.ends = 0
        self.done = False
        self._say = say
        self._clock = clock
        self._process: Process | None = None
        self._started_at = 0.0
        self._next_start = 0.0

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def settled(self) -> bool:
        """Whether it has been up long enough not to have failed at its start."""
        up = self._process is not None
        return self.done or (up and self._clock.monotonic() - self._started_at > SETTLED_SECONDS)

    def tend(self) -> None:
        """Start, restart or leave alone. Called several times a second."""
        now = self._clock.monotonic()
        if self.done or (self._process is None and now < self._next_start):
            return
        if self._process is None:
            self._process = Process(self.child, self._say)
            self._started_at = now
            return
        if not self._process.ended():
            return
        code = self._process.code or 0
        self._process = None
        if code == 0 and self.child.finite:
            self.done = True
            return
        if now - self._started_at > STEADY_SECONDS:
            self.failures = 0
        self.failures += 1
        self.ends += 1
        self._next_start = now + pause_after(self.failures)
        self._say(self.child.name, f"ended with {_reason(code)}; it is started again")

    def terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Whether it has ended."""
        return self._process is None or self._process.wait(seconds)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None


def _reason(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
