"""When breaches come faster than a target allows: exact binomial tails over windows of open hours.

A window of open hours holds `cases` decided cases, `broken` of them broken. Were the promise kept
exactly as the target says, each case would break with the share that the target allows; the tail
is the chance of at least so many. An alert is raised where the tail is so small that looking at
every minute of a month would show it by chance in the stated share of months only. The figures
behind the rules, and how often they err, stand in docs/budgets.md. Integers throughout.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Level(StrEnum):
    PAGE = "page"  # somebody has to look now
    TELL = "tell"  # somebody has to know today
    NOTICE = "notice"  # shown, nobody is written to


class Window(StrEnum):
    """Spans of open time that end now; a week is as many hours as the branch opens in one."""

    HOUR = "hour"
    SHIFT = "shift"
    WEEK = "week"


HOURS = {Window.HOUR: 1, Window.SHIFT: 6}
WEEKS_IN_MONTH = Fraction(52, 12)

LOOKS = 16
"""A window slides by the minute, so that it is looked at more often than the disjoint windows of a
month are many; neighbouring looks see nearly the same cases. Chosen by simulation: the smallest
power of two with which no level errs more often than stated."""


@dataclass(frozen=True, slots=True)
class Counts:
    cases: int
    broken: int


@dataclass(frozen=True, slots=True)
class Rule:
    """`false_months`: in which share of months it may be raised though the target is just met.
    Fewer cases or breaches than `least_*` raise nothing."""

    level: Level
    window: Window
    false_months: Fraction
    least_cases: int
    least_broken: int


RULES = (
    Rule(Level.PAGE, Window.HOUR, Fraction(1, 200), 20, 4),
    Rule(Level.PAGE, Window.SHIFT, Fraction(1, 200), 20, 4),
    Rule(Level.TELL, Window.SHIFT, Fraction(1, 40), 20, 3),
    Rule(Level.TELL, Window.WEEK, Fraction(1, 40), 30, 3),
    Rule(Level.NOTICE, Window.WEEK, Fraction(1, 10), 30, 3),
)
"""The gravest level first."""

CALM = Fraction(1, 20)
"""An alert is over when no window of its level is rarer than this any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    rule: Rule
    counts: Counts


def tail(cases: int, broken: int, allowed: Fraction) -> Fraction:
    """The exact chance of at least `broken` breaches in `cases` where each has the chance
    `allowed`."""
    bad, whole = allowed.numerator, allowed.denominator
    ways = sum(
        math.comb(cases, k) * bad**k * (whole - bad) ** (cases - k)
        for k in range(max(broken, 0), cases + 1)
    )
    return Fraction(ways, whole**cases)


def is_rarer(counts: Counts, allowed: Fraction, limit: Fraction) -> bool:
    """Whether the tail is at most `limit`: exact, but without adding up what cannot change the
    answer. `allowed` is at least 0 and below 1, `limit` not negative."""
    cases, broken = counts.cases, max(counts.broken, 0)
    bad, whole = allowed.numerator, allowed.denominator
    good = whole - bad
    if broken > cases:
        return True
    room = limit.numerator * whole**cases // limit.denominator
    term = math.comb(cases, broken) * bad**broken * good ** (cases - broken)
    k = broken
    while True:
        room -= term
        if room < 0:
            return False
        # each further term is at most the one before it times this, and the factor falls; after
        # the last one it is nothing
        up, down = (cases - k) * bad, (k + 1) * good
        if up < down and term * up <= room * (down - up):
            return True
        term, k = term * up // down, k + 1


def look_limit(rule: Rule, week_hours: Fraction) -> Fraction:
    """How rare the counts of one look must be, at a branch that opens so many hours a week."""
    windows = WEEKS_IN_MONTH * week_hours / _hours(rule.window, week_hours)
    return rule.false_months / (windows * LOOKS)


def _hours(window: Window, week_hours: Fraction) -> Fraction:
    return Fraction(HOURS[window]) if window in HOURS else week_hours


def judge(
    seen: Mapping[Window, Counts], allowed: Fraction, week_hours: Fraction
) -> dict[Level, Finding]:
    """What is raised now: the gravest level only, by the first of its windows that says so."""
    if week_hours <= 0:
        return {}
    for rule in RULES:
        counts = seen[rule.window]
        if counts.cases < rule.least_cases or counts.broken < rule.least_broken:
            continue
        if is_rarer(counts, allowed, look_limit(rule, week_hours)):
            return {rule.level: Finding(rule, counts)}
    return {}


def is_calm(seen: Mapping[Window, Counts], allowed: Fraction, level: Level) -> bool:
    """Whether an alert of this level is over."""
    windows = {rule.window for rule in RULES if rule.level is level}
    return not any(
        seen[window].broken > 0 and is_rarer(seen[window], allowed, CALM) for window in windows
    )
