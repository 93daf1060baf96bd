"""Who is left alone for a while: an organisation whose work failed must not hold up the others."""

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

from promises.kernel.clock import Clock, process_clock

Key = TypeVar("Key", bound=Hashable)


class Rests(Generic[Key]):
    """Growing pauses by key, by the process clock. Safe to use from several threads."""

    def __init__(self, first_s: float, longest_s: float, clock: Clock = process_clock) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._clock = clock
        self._lock = threading.Lock()
        self._pauses: dict[Key, tuple[float, float]] = {}

    def push_back(self, key: Key) -> float:
        """Rest again, twice as long as the last time; returns for how many seconds."""
        now = self._clock.monotonic()
        with self._lock:
            until, last = self._pauses.get(key, (0.0, 0.0))
            if now - until > self._longest_s:
                last = 0.0  # an old trouble
            pause = min(max(self._first_s, last * 2), self._longest_s)
            self._pauses[key] = (now + pause, pause)
            return pause

    def forgive(self, key: Key) -> None:
        """It worked: the next trouble starts with the first pause again."""
        with self._lock:
            self._pauses.pop(key, None)

    def resting(self) -> set[Key]:
        """Who rests now."""
        now = self._clock.monotonic()
        with self._lock:
            return {key for key, (until, _) in self._pauses.items() if until > now}

    def rests(self, key: Key) -> bool:
        return key in self.resting()

    def seconds_to_next(self) -> float | None:
        """Until the first of those who rest is looked at again."""
        now = self._clock.monotonic()
        with self._lock:
            waits = [until - now for until, _ in self._pauses.values() if until > now]
        return min(waits, default=None)
