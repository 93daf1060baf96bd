"""A measured question: equal answers first, then interleaved rounds, then medians and quartiles.

Machines differ and are noisy, so every figure is a ratio between two things timed in the same
round. Processor time where the wall clock would measure the neighbours.
"""

import gc
import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SCALES = ("small", "full")


@dataclass(frozen=True)
class Figure:
    """One goal of the table: what was measured beside what, and whether it passed.

    `value` is compared with `limit` (and `stretch`) by `better`: "lower" or "higher"; without a
    limit it is only told. `ratio` where it is one of two things timed together: only such a figure
    says the same on every machine, and only such a one stops a run.
    """

    goal: str
    question: str
    value: float
    unit: str
    limit: float | None
    stretch: float | None = None
    better: str = "lower"
    quartiles: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def ratio(self) -> bool:
        return self.unit.startswith("×")

    @property
    def passed(self) -> bool:
        return self.limit is None or self._holds(self.value, self.limit)

    @property
    def stretched(self) -> bool:
        return self.stretch is not None and self._holds(self.value, self.stretch)

    def surely_missed(self, slack: float = 1.0) -> bool:
        """Whether even the better quartile of a ratio misses the limit; noise alone rarely does
        that. With `slack` 2 the limit is taken twice as wide."""
        if self.limit is None or not self.ratio:
            return False
        low, high = self.quartiles or (self.value, self.value)
        if self.better == "lower":
            return not self._holds(low, self.limit * slack)
        return not self._holds(high, self.limit / slack)

    def _holds(self, value: float, bound: float) -> bool:
        return value <= bound if self.better == "lower" else value >= bound


@dataclass
class Rounds:
    """Samples of both sides, round by round."""

    ours: list[float] = field(default_factory=list)
    floor: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [ours / floor for ours, floor in zip(self.ours, self.floor, strict=True)]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    @property
    def quartiles(self) -> tuple[float, float]:
        if len(self.ratios) < 2:
            return self.ratio, self.ratio
        cuts = statistics.quantiles(self.ratios, n=4)
        return cuts[0], cuts[2]


def interleave(
    ours: Callable[[], float], floor: Callable[[], float], *, rounds: int, warm_up: int = 1
) -> Rounds:
    """Both sides in turn; each call returns its own cost. The first rounds are thrown away."""
    kept = Rounds()
    for number in range(rounds + warm_up):
        pair = (floor(), ours()) if number % 2 else (ours(), floor())[::-1]
        if number >= warm_up:
            kept.floor.append(pair[0])
            kept.ours.append(pair[1])
    return kept


def cpu(act: Callable[[], object], times: int = 1) -> float:
    """Seconds of this process's processor time for one call."""
    begun = time.process_time_ns()
    for _ in range(times):
        act()
    return (time.process_time_ns() - begun) / 1e9 / times


def wall(act: Callable[[], object], times: int = 1) -> float:
    begun = time.perf_counter()
    for _ in range(times):
        act()
    return (time.perf_counter() - begun) / times


def cpu_of_process(pid: int) -> float:
    """Seconds of processor time that a process has used so far (Linux)."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(math.ceil(share * len(ordered)) - 1, 0)]


@contextmanager
def quiet_gc() -> Iterator[None]:
    """Collect before and not during, so that one side does not pay for the other's rubbish."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
