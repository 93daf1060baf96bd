"""In which unit a number counts, as far as its part says."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.moments import REAL_SECONDS, SECONDS
from promises.rules.guarantee.vocabulary import Unit
from promises.rules.steps import Step

_ALIKE = ("add", "subtract", "smallest", "largest")
_DAYS = (Unit.WORKING_DAY, Unit.CALENDAR_DAY, Unit.WEEK, Unit.MONTH, Unit.YEAR)
PER_CENT = "per_cent"


def unit_of(terms: Guarantee, part: Any) -> str | None:
    """A unit of time by its word, `per_cent`, or None for a plain number."""
    match type(part).__name__:
        case "Elapsed" | "Spells" | "LengthOf" | "Months":
            return str(part.unit)
        case "CalendarDays":
            return Unit.CALENDAR_DAY if part.calendar is None else Unit.WORKING_DAY
        case "UptimePercent":
            return PER_CENT
        case "Measure":
            return unit_of(terms, terms.measures[part.name])
        case "Rounded":
            return unit_of(terms, part.of)
        case "Arithmetic":
            if part.op in _ALIKE:
                return next(filter(None, (unit_of(terms, one) for one in part.args)), None)
    return None


def counted(unit: str, value: Fraction) -> Step:
    """So many of a unit, as it was written: 90 min stay 90 min."""
    if unit in _DAYS and value == 1:
        return Step(f"one_{unit}", {})
    return Step(str(unit), {"n": value})


def quantity(unit: str | None, value: Fraction) -> Step:
    """A value that was measured: time in its natural parts, exact to the microsecond."""
    if unit is None or unit not in SECONDS:
        return Step("number", {"n": value}) if unit is None else counted(unit, value)
    span = timedelta(microseconds=round(value * SECONDS[Unit(unit)] * 1_000_000))
    return Step("span" if unit in REAL_SECONDS else "open_span", {"span": span})
