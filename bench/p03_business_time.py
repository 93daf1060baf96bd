"""P02 and P03: business time beside every minute asked, and beside businesstimedelta."""

import datetime as dt
import random
from collections.abc import Callable, Iterator

import pytz
from businesstimedelta import BusinessTimeDelta, LunchTimeRule, Rules, WorkDayRule

from bench.floors.minutes import MINUTE, Minutes, Windows
from bench.harness import Figure, cpu, interleave, quiet_gc
from promises.kernel.calendars import BeyondCalendar, PreparedCalendar
from promises.kernel.hours import CalendarSpec

HELSINKI = "Europe/Helsinki"
LUNCH: tuple[Windows, ...] = (*((((540, 720), (780, 1020)),) * 5), (), ())
WEEKS: dict[str, tuple[Windows, ...]] = {
    "office with lunch": LUNCH,
    "day and night": (((0, 1440),),) * 7,
    "night": (((1320, 1800),),) * 7,
    "opens in the gap": (((210, 600),),) * 7,
    "closes in the gap": (((120, 210),),) * 7,
    "inside the gap": (((195, 225),),) * 7,
    "the whole hour": (((180, 240),),) * 7,
    "pieces": (((170, 185), (190, 200), (215, 245), (1430, 1445)),) * 7,
    "until midnight": (((0, 30), (1080, 1440)),) * 7,
}
CHANGES = (dt.date(2026, 3, 29), dt.date(2026, 10, 25))
DAYS_AROUND = 4
PAIRS = 300
"""Of each week around each change: 5,400 in all."""
CALLS = 400


def measure(scale: str, times: int = 1) -> list[Figure]:
    wrong, pairs = _wrong_answers()
    rounds = times * (7 if scale == "small" else 25)
    return [
        Figure(
            "P02",
            "business time: wrong answers against every minute asked one by one, on both "
            "daylight-saving days, edges in gap and fold",
            wrong,
            "wrong",
            0,
            notes=(f"{pairs:,} pairs, each measured and added, with {len(WEEKS)} weeks",),
        ),
        *_speed(rounds),
    ]


def _wrong_answers() -> tuple[int, int]:
    chance = random.Random(41)
    wrong = pairs = 0
    for day in CHANGES:
        for weekly in WEEKS.values():
            start = dt.datetime.combine(day, dt.time.min, dt.UTC) - DAYS_AROUND * dt.timedelta(1)
            slow = Minutes(weekly, HELSINKI, start, 2 * DAYS_AROUND)
            quick = PreparedCalendar(
                CalendarSpec(weekly, HELSINKI),
                day - (DAYS_AROUND + 1) * dt.timedelta(1),
                day + (DAYS_AROUND + 1) * dt.timedelta(1),
            )
            edges = [i for i in range(1, len(slow.open)) if slow.open[i] != slow.open[i - 1]]
            for _ in range(PAIRS):
                first, last = sorted(_minute(chance, slow, edges) for _ in "ab")
                wrong += sum(_differences(quick, slow, first, last))
                pairs += 1
    return wrong, pairs


def _minute(chance: random.Random, slow: Minutes, edges: list[int]) -> int:
    """Half of them at an edge, or a minute beside one."""
    if edges and chance.random() < 0.5:
        return chance.choice(edges) + chance.choice((-1, 0, 1))
    return chance.randrange(1, len(slow.open) - 1)


def _differences(quick: PreparedCalendar, slow: Minutes, first: int, last: int) -> Iterator[bool]:
    minutes = slow.between(first, last)
    start, end = slow.at(first), slow.at(last)
    yield quick.open_between(start, end) != minutes * MINUTE
    yield quick.open_between(end, start) != -minutes * MINUTE
    landed = slow.add(first, minutes) if minutes else first
    try:
        yield landed is not None and quick.add_open(start, minutes * MINUTE) != slow.at(landed)
    except BeyondCalendar:
        yield True


def _speed(rounds: int) -> list[Figure]:
    """A working week with lunch, from a minute to some days, over two years."""
    chance = random.Random(43)
    ours = PreparedCalendar(
        CalendarSpec(LUNCH, HELSINKI), dt.date(2024, 1, 1), dt.date(2032, 12, 31)
    )
    peer = _peer()
    begun = dt.datetime(2026, 1, 5, 6, tzinfo=dt.UTC)
    starts = [begun + chance.randrange(2 * 365 * 1440) * MINUTE for _ in range(CALLS)]
    ends = [at + chance.randrange(1, 4 * 1440) * MINUTE for at in starts]
    spans = [chance.randrange(1, 24 * 60) * MINUTE for _ in starts]
    deltas = [BusinessTimeDelta(peer, timedelta=span) for span in spans]
    for start, end, span, delta in zip(starts, ends, spans, deltas, strict=True):
        measured = peer.difference(start, end).timedelta
        assert ours.open_between(start, end) == measured, (start, end)
        assert ours.add_open(start, span) == start + delta, (start, span)
    pairs = list(zip(starts, ends, strict=True))
    added = list(zip(starts, spans, strict=True))
    summed = list(zip(starts, deltas, strict=True))
    sides: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "measure": (
            lambda: [ours.open_between(a, b) for a, b in pairs],
            lambda: [peer.difference(a, b) for a, b in pairs],
        ),
        "deadline": (
            lambda: [ours.add_open(a, span) for a, span in added],
            lambda: [a + delta for a, delta in summed],
        ),
    }
    with quiet_gc():
        return [_beside(what, *both, rounds) for what, both in sides.items()]


def _beside(
    what: str, ours: Callable[[], object], peer: Callable[[], object], rounds: int
) -> Figure:
    """How many times faster: so the peer stands above the line."""
    found = interleave(lambda: cpu(peer), lambda: cpu(ours, 20), rounds=rounds)
    each = sorted(found.floor)[len(found.floor) // 2] / CALLS
    return Figure(
        "P03",
        f"business-time {what} beside businesstimedelta, processor time",
        found.ratio,
        "× faster",
        100,
        better="higher",
        quartiles=found.quartiles,
        notes=(f"{1e6 * each:.2f} µs a call",),
    )


def _peer() -> Rules:
    """The same week: Monday to Friday 9 to 17, an hour for lunch."""
    zone = pytz.timezone(HELSINKI)
    return Rules(
        [
            WorkDayRule(
                start_time=dt.time(9), end_time=dt.time(17), working_days=list(range(5)), tz=zone
            ),
            LunchTimeRule(
                start_time=dt.time(12), end_time=dt.time(13), working_days=list(range(5)), tz=zone
            ),
        ]
    )
