"""Asking Stripe no faster than it answers: each endpoint has its own rate, which falls where Stripe
says that it is too much and rises again slowly. Several processes so come to share one rate."""

import re
import threading
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe

from promises.kernel.clock import process_clock
from promises.payouts.rails.stripe_wire import within

PER_SECOND = 25.0
"""What Stripe allows at one endpoint, unless it was asked for more."""

BURST = 20
LEAST = 1.0
LONGEST_WAIT_S = 2.0
"""Then the question is put all the same: a claim's lease does not wait for ever."""

LONGEST_S = 8.0
TOO_MANY = 429
_FALL, _RISE_A_SECOND = 0.5, 0.5
_TOGETHER_S = 0.5
_RESOURCE = re.compile(r"[a-z_]+")


class Pace:
    """The rate of one endpoint. Seconds are given, so that every course can be tried."""

    def __init__(self, rate: float = PER_SECOND) -> None:
        self.rate = rate
        self._free_at = float("-inf")
        self._changed_at = float("-inf")

    def wait_s(self, now_s: float) -> float:
        """Take the next place; how long it is until then."""
        self._rise(now_s)
        at = max(self._free_at, now_s - (BURST - 1) / self.rate)
        if at - now_s > LONGEST_WAIT_S:
            return LONGEST_WAIT_S
        self._free_at = at + 1 / self.rate
        return max(at - now_s, 0.0)

    def slow_down(self, now_s: float) -> None:
        """Stripe said that it was too much. Answers that come together count as one."""
        if now_s - self._changed_at >= _TOGETHER_S:
            self.rate = max(min(self.rate * _FALL, PER_SECOND), LEAST)
            self._changed_at = now_s

    def _rise(self, now_s: float) -> None:
        passed = now_s - self._changed_at
        if self.rate < PER_SECOND and passed >= 1:
            self.rate = min(self.rate + passed * _RISE_A_SECOND, PER_SECOND)
            self._changed_at = now_s


class PacedClient(stripe.RequestsClient):
    """Waits for a place before each request, and no longer than `longest_s` for its whole answer.
    `rate` is what each endpoint begins with: infinite where nobody knows it before the first
    refusal."""

    def __init__(
        self, *, rate: float = PER_SECOND, longest_s: float = LONGEST_S, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._rate = rate
        self._longest_s = longest_s
        self._lock = threading.Lock()
        self._nobody = threading.Event()
        self._paces: dict[str, Pace] = {}

    def request(  # type: ignore[override]  # as RequestsClient itself
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        endpoint = endpoint_of(method, url)
        with self._lock:
            pace = self._paces.setdefault(endpoint, Pace(self._rate))
            wait_s = pace.wait_s(process_clock.monotonic())
        if wait_s:
            self._nobody.wait(wait_s)
        with within(self._longest_s):
            answer = super().request(method, url, headers, post_data)
        if answer[1] == TOO_MANY:
            with self._lock:
                pace.slow_down(process_clock.monotonic())
        return answer


def endpoint_of(method: str, url: str) -> str:
    """What Stripe counts together: the address without the ids in it."""
    parts = urlsplit(url).path.split("/")
    kept = [part if _RESOURCE.fullmatch(part) else "*" for part in parts[2:]]
    return f"{method} {'/'.join(kept)}"
