"""How often the alerts on burn err, by simulation: the tables of docs/budgets.md.

`python -m bench.budgets` writes them between the marks of that page. A branch opens 42 hours a
week; cases come by chance, evenly over the open minutes; it is looked at every minute, as the
duty does. A false alarm is a month, with the promise exactly on its target, in which a level was
raised at least once. Detection starts after a week on target, when the share that breaks jumps;
the figure is the median of open hours until a message (a page or a tell).
"""

import dataclasses
import math
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from promises.rules.burn import HOURS, RULES, WEEKS_IN_MONTH, Level, Rule, Window, look_limit

PAGE = Path(__file__).parent.parent / "docs" / "budgets.md"
WEEK_HOURS = 42
MINUTE = 60
TARGETS = ("80", "90", "95", "98", "99.5")
RATES = (3, 10, 30, 100, 300)
FACTORS = (2, 3, 5)
MONTHS, RUNS, CHUNK = 1000, 200, 100
MONTH_MINUTES = round(WEEK_HOURS * WEEKS_IN_MONTH) * MINUTE
WEEK_MINUTES = WEEK_HOURS * MINUTE
HOPELESS = 10**6
CONSTANTS = ((1, Fraction(1, 12), Fraction(72, 5)), (6, Fraction(1, 2), Fraction(6)))
"""What is customary for servers: hours, hours of the short window, times the allowed share."""

Array = Any


@dataclasses.dataclass(frozen=True)
class Cell:
    """What one target at one pace came to. Shares of months; `found` by factor: the median of open
    hours to a message (None: half of the runs had none) and the share of a month's runs without
    any; `constants`: the same of the customary rules, false alarms first."""

    target: str
    rate: int
    false: dict[str, float]
    found: dict[int, tuple[float | None, float]]
    constants_false: float
    constants_missed: dict[int, float]


def allowed_of(target: str) -> Fraction:
    return 1 - Fraction(target) / 100


def minutes_of(window: Window) -> int:
    return HOURS[window] * MINUTE if window in HOURS else WEEK_MINUTES


def critical(rule: Rule, allowed: Fraction, most: int) -> Array:
    """For each number of cases the fewest breaches that raise the rule."""
    share, limit = float(allowed), float(look_limit(rule, Fraction(WEEK_HOURS)))
    found = np.full(most + 1, HOPELESS, dtype=np.int32)
    fewest, more = 0, 1.0  # the chance of at least `fewest` in n cases
    for n in range(most + 1):
        while more > limit:
            more -= _chance(n, fewest, share)
            fewest += 1
            if fewest > n + 1:
                break
        if n >= rule.least_cases:
            found[n] = max(fewest, rule.least_broken)
        more += share * _chance(n, fewest - 1, share)  # one case more
    return found


def _chance(n: int, k: int, share: float) -> float:
    if not 0 <= k <= n:
        return 0.0
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(log + k * math.log(share) + (n - k) * math.log1p(-share))


def _sums(values: Array, width: int) -> Array:
    """Over the last `width` minutes, at each minute."""
    whole = np.cumsum(values, axis=1, dtype=np.int32)
    whole[:, width:] = whole[:, width:] - whole[:, :-width].copy()
    return whole


def _raised(cases: Array, broken: Array, tables: dict[Rule, Array]) -> dict[Level, Array]:
    """At which minutes each level is raised; the gravest one only."""
    raised: dict[Level, Array] = {}
    over = np.zeros(cases.shape, dtype=bool)
    windows = {
        window: (_sums(cases, minutes_of(window)), _sums(broken, minutes_of(window)))
        for window in Window
    }
    for rule in RULES:
        seen, bad = windows[rule.window]
        here = (bad >= tables[rule][seen]) & ~over
        raised[rule.level] = raised[rule.level] | here if rule.level in raised else here
        over |= here
    return raised


def _constants(cases: Array, broken: Array, allowed: Fraction) -> Array:
    raised = np.zeros(cases.shape, dtype=bool)
    for long_hours, short_hours, factor in CONSTANTS:
        here = np.ones(cases.shape, dtype=bool)
        for hours in (Fraction(long_hours), short_hours):
            width = int(hours * MINUTE)
            here &= _sums(broken, width) > float(factor * allowed) * _sums(cases, width)
        raised |= here
    return raised


def _stream(rng: Any, rate: int, share: Any, runs: int, minutes: int) -> tuple[Array, Array]:
    cases = rng.poisson(rate / MINUTE, size=(runs, minutes)).astype(np.int32)
    return cases, rng.binomial(cases, share).astype(np.int32)


def cell(target: str, rate: int, *, months: int = MONTHS, runs: int = RUNS) -> Cell:
    """Deterministic: the seed follows from the target and the pace."""
    allowed = allowed_of(target)
    rng = np.random.default_rng([20261122, int(Fraction(target) * 10), rate])
    mean = rate * WEEK_HOURS
    most = int(mean + 12 * math.sqrt(mean) + 50)
    tables = {rule: critical(rule, allowed, most) for rule in RULES}
    false: dict[str, int] = {level.value: 0 for level in Level}
    constants = 0
    for size in _chunks(months):
        cases, broken = _stream(rng, rate, float(allowed), size, MONTH_MINUTES)
        for level, where in _raised(cases, broken, tables).items():
            false[level.value] += int(where.any(axis=1).sum())
        constants += int(_constants(cases, broken, allowed).any(axis=1).sum())
    found, missed = {}, {}
    for factor in FACTORS:
        found[factor], missed[factor] = _detect(rng, rate, allowed, factor, runs, tables)
    return Cell(
        target,
        rate,
        {level: count / months for level, count in false.items()},
        found,
        constants / months,
        missed,
    )


def _chunks(total: int) -> list[int]:
    return [min(CHUNK, total - done) for done in range(0, total, CHUNK)]


def _detect(
    rng: Any, rate: int, allowed: Fraction, factor: int, runs: int, tables: dict[Rule, Array]
) -> tuple[tuple[float | None, float], float]:
    minutes = WEEK_MINUTES + MONTH_MINUTES
    share = np.full(minutes, min(1.0, factor * float(allowed)))
    share[:WEEK_MINUTES] = float(allowed)
    delays, missed = [], 0
    for size in _chunks(runs):
        cases, broken = _stream(rng, rate, share, size, minutes)
        raised = _raised(cases, broken, tables)
        told = (raised[Level.PAGE] | raised[Level.TELL])[:, WEEK_MINUTES:]
        first = np.where(told.any(axis=1), told.argmax(axis=1), HOPELESS)
        delays += first.tolist()
        late = _constants(cases, broken, allowed)[:, WEEK_MINUTES:]
        missed += int((~late.any(axis=1)).sum())
    unseen = sum(one == HOPELESS for one in delays) / runs
    median = float(np.median(delays))
    hours = None if median >= HOPELESS / 2 else (median + 1) / MINUTE
    return (hours, unseen), missed / runs


def cells(*, months: int = MONTHS, runs: int = RUNS) -> list[Cell]:
    return [cell(target, rate, months=months, runs=runs) for target in TARGETS for rate in RATES]


def ours_line(one: Cell) -> str:
    false = " | ".join(f"{100 * one.false[level.value]:.1f} %" for level in Level)
    found = " | ".join(
        f"{'–' if hours is None else f'{hours:.1f} h'}, {100 * missed:.0f} %"
        for hours, missed in (one.found[factor] for factor in FACTORS)
    )
    return f"| {one.target} % | {one.rate} | {false} | {found} |"


def constants_line(one: Cell) -> str:
    missed = " | ".join(f"{100 * one.constants_missed[factor]:.0f} %" for factor in FACTORS)
    return f"| {one.target} % | {one.rate} | {100 * one.constants_false:.1f} % | {missed} |"


def tables_of(found: list[Cell]) -> dict[str, str]:
    ours = [
        "| Target | Cases an hour | False page | False tell | False notice "
        "| 2 × the allowed share | 3 × | 5 × |",
        "|---|---|---|---|---|---|---|---|",
        *(ours_line(one) for one in found),
    ]
    theirs = [
        "| Target | Cases an hour | False alarm | 2 × missed | 3 × missed | 5 × missed |",
        "|---|---|---|---|---|---|",
        *(constants_line(one) for one in found),
    ]
    return {"ours": "\n".join(ours), "constants": "\n".join(theirs)}


def write(text: str, tables: dict[str, str]) -> str:
    """The page with its tables anew."""
    for name, table in tables.items():
        before, rest = text.split(f"<!-- {name} -->\n", 1)
        _, after = rest.split(f"<!-- /{name} -->", 1)
        text = f"{before}<!-- {name} -->\n{table}\n<!-- /{name} -->{after}"
    return text


def main() -> int:
    PAGE.write_text(write(PAGE.read_text(), tables_of(cells())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
