"""The only reader of the process clock, for back-off and logs. What counts is the database's."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards, from an unnamed start."""
        ...


class ProcessClock:
    """The clock of this process."""

    __slots__ = ()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


process_clock: Clock = ProcessClock()
