"""What figures can and cannot tell: control limits, chance between two periods, a spike at a limit.

Pure. Counts go in, and what they say comes out; a share never without the cases behind it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

ONE_SIDE_IN_A_ROW = 9
FEWEST_POINTS = 12
"""Fewer points set no limits: the limits themselves would be chance."""

_TAIL = 0.00135  # what lies beyond three standard deviations, on one side
_MOVING_RANGE = 1.128  # the expected range of two values of a normal distribution
_OVERDISPERSED = 1.2  # below, the binomial limits stand


class Signal(StrEnum):
    """Why a point of a control chart is more than chance."""

    BELOW = "below"
    ABOVE = "above"
    RUN_BELOW = "run_below"
    RUN_ABOVE = "run_above"


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `cases`."""

    hits: int
    cases: int

    @property
    def value(self) -> float | None:
        return self.hits / self.cases if self.cases else None


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the share of a point may lie by chance, and what it says where it does not."""

    low: float
    high: float
    signal: Signal | None


@dataclass(frozen=True, slots=True)
class ControlChart:
    """`centre` is the share of the `baseline` points; None with too few of them, and then nothing
    is said. `spread`: how much more the days differ than chance alone makes them; above 1 the
    limits are that much wider (Laney). A point without a case has no limits."""

    points: tuple[Share, ...]
    centre: float | None
    spread: float
    baseline: int
    limits: tuple[Limits | None, ...]

    @property
    def signals(self) -> int:
        return sum(one is not None and one.signal is not None for one in self.limits)


def control_chart(points: Sequence[Share], *, baseline: int | None = None) -> ControlChart:
    """A p-chart with limits by the cases of each point. The first `baseline` points set centre and
    spread (None: all of them), so that what came after a change is measured by what was before.

    A point says something outside its limits, or as the ninth in a row on one side of the centre.
    """
    first = [one for one in points[:baseline] if one.cases]
    hits, cases = sum(one.hits for one in first), sum(one.cases for one in first)
    if len(first) < FEWEST_POINTS:
        nothing = (None,) * len(points)
        return ControlChart(tuple(points), None, 1.0, len(first), nothing)
    centre = hits / cases
    spread = _spread(first, centre)
    limits: list[Limits | None] = []
    run = 0
    for one in points:
        if not one.cases:
            limits.append(None)
            continue
        side = (one.hits > centre * one.cases) - (one.hits < centre * one.cases)
        run = run + side if run * side > 0 else side
        low, high = _bounds(one.cases, centre, spread)
        limits.append(Limits(low, high, _signal(one.hits / one.cases, low, high, run)))
    return ControlChart(tuple(points), centre, spread, len(first), tuple(limits))


def _spread(points: Sequence[Share], centre: float) -> float:
    """The standard deviation of the points in units of the binomial one, by moving ranges."""
    if not 0 < centre < 1:
        return 1.0
    scores = [
        (one.hits / one.cases - centre) / math.sqrt(centre * (1 - centre) / one.cases)
        for one in points
    ]
    ranges = [abs(later - earlier) for earlier, later in zip(scores, scores[1:], strict=False)]
    found = sum(ranges) / len(ranges) / _MOVING_RANGE
    return found if found > _OVERDISPERSED else 1.0


def _bounds(cases: int, centre: float, spread: float) -> tuple[float, float]:
    """Exact binomial limits; the normal ones, widened, where days differ more than by chance."""
    if not 0 < centre < 1:
        return centre, centre
    if spread == 1.0 and cases <= 20_000:
        low, high = _quantiles(cases, centre)
        return low / cases, high / cases
    reach = 3 * spread * math.sqrt(centre * (1 - centre) / cases)
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


def _quantiles(cases: int, share: float) -> tuple[int, int]:
    """The fewest and the most hits that chance alone still explains."""
    log_share, log_rest = math.log(share), math.log1p(-share)

    def log_chance(hits: int) -> float:
        return _log_choose(cases, hits) + hits * log_share + (cases - hits) * log_rest

    low = high = 0
    below = 0.0
    reach = 8 * math.sqrt(cases * share * (1 - share)) + 8
    start = max(0, math.floor(cases * share - reach))
    low_found = False
    for hits in range(start, cases + 1):
        below += math.exp(log_chance(hits))
        if not low_found and below > _TAIL:
            low, low_found = hits, True
        if below >= 1 - _TAIL:
            high = hits
            break
    else:
        high = cases
    return low, high


def _signal(share: float, low: float, high: float, run: int) -> Signal | None:
    if share < low:
        return Signal.BELOW
    if share > high:
        return Signal.ABOVE
    if run <= -ONE_SIDE_IN_A_ROW:
        return Signal.RUN_BELOW
    return Signal.RUN_ABOVE if run >= ONE_SIDE_IN_A_ROW else None


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


class Change(StrEnum):
    """What two periods say about a change between them."""

    TOO_EARLY = "too_early"  # even no hit at all would say nothing yet
    CHANCE = "chance"
    FEWER = "fewer"
    MORE = "more"


@dataclass(frozen=True, slots=True)
class Compared:
    """`chance`: how often chance alone would part two equal periods as far as this or farther."""

    before: Share
    after: Share
    change: Change
    chance: float


_BY_CHANCE = 0.05


def compare(before: Share, after: Share) -> Compared:
    """Whether `after` has fewer or more hits than `before`, by Fisher's exact test (two-sided)."""
    chance = _fisher(before, after)
    if chance <= _BY_CHANCE:
        fewer = after.hits * before.cases < before.hits * after.cases
        return Compared(before, after, Change.FEWER if fewer else Change.MORE, chance)
    best = _fisher(before, Share(0, after.cases)) if after.cases else 1.0
    worst = _fisher(before, Share(after.cases, after.cases)) if after.cases else 1.0
    early = best > _BY_CHANCE if before.hits else worst > _BY_CHANCE
    return Compared(before, after, Change.TOO_EARLY if early else Change.CHANCE, chance)


def _fisher(one: Share, other: Share) -> float:
    hits, cases = one.hits + other.hits, one.cases + other.cases
    if not one.cases or not other.cases or hits in (0, cases):
        return 1.0
    whole = _log_choose(cases, hits)

    def log_chance(of_one: int) -> float:
        rest = _log_choose(other.cases, hits - of_one)
        return _log_choose(one.cases, of_one) + rest - whole

    seen = log_chance(one.hits) + 1e-9
    low, high = max(0, hits - other.cases), min(hits, one.cases)
    return min(
        math.fsum(
            math.exp(chance)
            for of_one in range(low, high + 1)
            if (chance := log_chance(of_one)) <= seen
        ),
        1.0,
    )


@dataclass(frozen=True, slots=True)
class Part:
    """One cause of many: its count and the share of it and all greater ones together."""

    key: object
    count: int
    together: float


def pareto(counts: Sequence[tuple[object, int]]) -> tuple[Part, ...]:
    """The greatest first; among equals the order given."""
    total, seen = sum(count for _, count in counts), 0
    parts = []
    for key, count in sorted(counts, key=lambda one: -one[1]):
        seen += count
        parts.append(Part(key, count, seen / total if total else 0.0))
    return tuple(parts)


BINS_EACH_SIDE = 18
_BINS_PER_LIMIT = 30
_HOLE = 3
"""Bins on either side of the limit that are not believed: a tenth of the limit."""

FEWEST_AROUND = 100
_SUSPECT = 2.33  # of honest waits one in a hundred lies beyond


@dataclass(frozen=True, slots=True)
class SpikeBin:
    """Waits above `from_seconds` and up to `to_seconds`, with what the waits farther off let
    expect, and the band in which chance leaves it."""

    from_seconds: float
    to_seconds: float
    cases: int
    expected: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Spike:
    """Waits around a limit. `just_below` is what was counted in the last tenth before it,
    `expected` what the waits farther off let expect there, `score` how many standard deviations
    lie between; `suspect` where honest waits would do that once in a hundred times."""

    bins: tuple[SpikeBin, ...]
    just_below: int
    expected: float
    score: float

    @property
    def suspect(self) -> bool:
        return self.score > _SUSPECT


def spike_at(counts: Sequence[tuple[int, int]], limit_seconds: int) -> Spike | None:
    """Whether more waits end just under the limit than the shape of all waits explains.

    `counts`: (whole seconds, cases), rounded up, so that a wait of the limit is below it. A smooth
    curve (the logarithm of the counts is quadratic in the wait) is laid through the waits from
    0.4 to 1.6 limits without the tenth on either side of the limit. None with too few waits.
    """
    width = limit_seconds / _BINS_PER_LIMIT
    seen = [0] * (2 * BINS_EACH_SIDE)
    for seconds, cases in counts:
        place = math.ceil((seconds - limit_seconds) / width) - 1 + BINS_EACH_SIDE
        if 0 <= place < len(seen):
            seen[place] += cases
    places = [(n - BINS_EACH_SIDE + 0.5) / BINS_EACH_SIDE for n in range(len(seen))]
    believed = [n for n in range(len(seen)) if not -_HOLE <= n - BINS_EACH_SIDE < _HOLE]
    if sum(seen) < FEWEST_AROUND or sum(seen[n] > 0 for n in believed) < 6:
        return None
    fitted = _fit([places[n] for n in believed], [seen[n] for n in believed])
    if fitted is None:
        return None
    spread = _dispersion(fitted, [places[n] for n in believed], [seen[n] for n in believed])
    bins = tuple(
        _bin(n, seen[n], width, limit_seconds, fitted, places[n], spread) for n in range(len(seen))
    )
    hole = range(BINS_EACH_SIDE - _HOLE, BINS_EACH_SIDE)
    expected = sum(bins[n].expected for n in hole)
    doubt = math.sqrt(expected * spread + fitted.doubt([places[n] for n in hole]) * spread)
    just_below = sum(seen[n] for n in hole)
    return Spike(bins, just_below, expected, (just_below - expected) / max(doubt, 1e-9))


def _bin(
    n: int, cases: int, width: float, limit: int, fitted: "_Curve", place: float, spread: float
) -> SpikeBin:
    start = limit + (n - BINS_EACH_SIDE) * width
    expected = fitted.at(place)
    reach = _SUSPECT * math.sqrt((expected + fitted.doubt([place])) * spread)
    low, high = max(expected - reach, 0.0), expected + reach
    return SpikeBin(start, start + width, cases, expected, low, high)


@dataclass(frozen=True, slots=True)
class _Curve:
    """exp(a + b x + c x²), with the covariance of a, b and c."""

    weights: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def at(self, x: float) -> float:
        return math.exp(sum(w * p for w, p in zip(self.weights, _powers(x), strict=True)))

    def doubt(self, places: Sequence[float]) -> float:
        """The variance of the sum of the curve at these places."""
        slope = [sum(self.at(x) * _powers(x)[i] for x in places) for i in range(3)]
        return sum(slope[i] * self.covariance[i][j] * slope[j] for i in range(3) for j in range(3))


def _powers(x: float) -> tuple[float, float, float]:
    return 1.0, x, x * x


def _fit(places: Sequence[float], seen: Sequence[int]) -> _Curve | None:
    """Poisson regression by Newton's steps; None where it does not settle."""
    weights = [math.log(sum(seen) / len(seen)), 0.0, 0.0]
    for _ in range(40):
        information, score = [[0.0] * 3 for _ in range(3)], [0.0] * 3
        for x, cases in zip(places, seen, strict=True):
            powers = _powers(x)
            mean = math.exp(min(sum(w * p for w, p in zip(weights, powers, strict=True)), 50.0))
            for i in range(3):
                score[i] += (cases - mean) * powers[i]
                for j in range(3):
                    information[i][j] += mean * powers[i] * powers[j]
        inverse = _inverse(information)
        if inverse is None:
            return None
        step = [sum(inverse[i][j] * score[j] for j in range(3)) for i in range(3)]
        weights = [w + max(-2.0, min(2.0, s)) for w, s in zip(weights, step, strict=True)]
        if max(abs(s) for s in step) < 1e-9:
            return _Curve(tuple(weights), tuple(tuple(row) for row in inverse))
    return None


def _inverse(m: list[list[float]]) -> list[list[float]] | None:
    """Of a symmetric 3 by 3 matrix; None where it has none worth the name."""
    minors = [
        [
            m[(j + 1) % 3][(i + 1) % 3] * m[(j + 2) % 3][(i + 2) % 3]
            - m[(j + 1) % 3][(i + 2) % 3] * m[(j + 2) % 3][(i + 1) % 3]
            for j in range(3)
        ]
        for i in range(3)
    ]
    whole = sum(m[0][j] * minors[j][0] for j in range(3))
    if abs(whole) < 1e-12:
        return None
    return [[one / whole for one in row] for row in minors]


def _dispersion(curve: _Curve, places: Sequence[float], seen: Sequence[int]) -> float:
    """How much more the counts scatter around the curve than chance makes them; at least 1."""
    parts = [
        (cases - curve.at(x)) ** 2 / curve.at(x) for x, cases in zip(places, seen, strict=True)
    ]
    return max(sum(parts) / (len(parts) - 3), 1.0)
