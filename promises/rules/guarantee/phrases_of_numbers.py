"""Phrases of numbers; see `phrasing`."""

from fractions import Fraction
from typing import Any

from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.phrasing import (
    Phrases,
    Plain,
    Typed,
    calendar_phrase,
    date_or_open,
    detailed,
    literal,
    words,
)
from promises.rules.guarantee.units import counted, unit_of
from promises.rules.steps import Step

_FOLDED = ("add", "subtract", "multiply", "divide", "percent")


def _named(phrases: Phrases, part: Any) -> Step:
    return phrases.name(part.name)


def _arithmetic(phrases: Phrases, part: n.Arithmetic, money: bool, unit: str | None) -> Step:
    as_money = money_args(part) if money else frozenset()
    units = unit if part.op in ("add", "subtract", "smallest", "largest") else None
    found = [
        phrases.inner(one, money=index in as_money, unit=units)
        for index, one in enumerate(part.args)
    ]
    if part.op not in _FOLDED:
        return Step(part.op, {"parts": tuple(found)})
    whole = found[0]
    for one in found[1:]:
        whole = Step(part.op, {"first": whole, "rest": one})
    return whole


def money_args(part: n.Arithmetic) -> frozenset[int]:
    """Which arguments are money where the whole is: one factor alone, or all that are added."""
    if part.op == "percent":
        return frozenset({1})
    if part.op == "divide":
        return frozenset({0})
    if part.op != "multiply":
        return frozenset(range(len(part.args)))
    for kind in ("NumberFact", "DatedValue", "Literal"):
        for index, one in enumerate(part.args):
            name = getattr(one, "name", "_minor")
            plain = kind == "NumberFact" and not name.endswith("_minor")
            if type(one).__name__ == kind and not plain:
                return frozenset({index})
    return frozenset({0})


def _rounded(phrases: Phrases, part: n.Rounded, money: bool, unit: str | None) -> Step:
    of = phrases.inner(part.of, money=money, unit=unit)
    return Step(f"rounded_{part.how}", {"of": of, "to": literal(part.to, money=money, unit=unit)})


def _choice(phrases: Phrases, part: Any, money: bool, unit: str | None) -> Step:
    rows = tuple(
        Step("row", {"when": phrases.of(when), "then": phrases.inner(then, money=money, unit=unit)})
        for when, then in part.rows
    )
    otherwise = phrases.inner(part.otherwise, money=money, unit=unit)
    return Step("rows", {"parts": rows, "otherwise": otherwise})


def _tiers(phrases: Phrases, part: n.Tiers, money: bool, unit: str | None) -> Step:
    measured = unit_of(phrases.terms, part.of)
    rows = tuple(
        Step(
            "pair",
            {
                "name": tier_range(row, measured),
                "value": phrases.inner(row.then, money=money, unit=unit),
            },
        )
        for row in part.rows
    )
    otherwise = phrases.inner(part.otherwise, money=money, unit=unit)
    listed = Step("rows", {"parts": rows, "otherwise": otherwise})
    return Step("tiers", {"of": phrases.inner(part.of), "rows": listed})


def tier_range(row: n.Tier, unit: str | None) -> Step:
    edges = []
    if row.low is not None:
        edges.append(("≥" if row.low_closed else ">", row.low))
    if row.high is not None:
        edges.append(("≤" if row.high_closed else "<", row.high))
    parts = tuple(Step("range", {"op": op, "edge": literal(edge, unit=unit)}) for op, edge in edges)
    return Step("listed", {"parts": parts})


def _periods(phrases: Phrases, part: n.Periods) -> Step:
    unit = unit_of(phrases.terms, part.of)
    of = Step(f"periods_{part.count}", {"of": phrases.inner(part.of)})
    details = []
    if part.every != n.Literal(Fraction(1)) or unit is not None:
        details.append(Step("period_every", {"every": phrases.inner(part.every, unit=unit)}))
    if part.after != n.Literal(Fraction(0)):
        details.append(Step("period_after", {"after": phrases.inner(part.after, unit=unit)}))
    if part.most is not None:
        details.append(Step("at_most", {"most": phrases.inner(part.most)}))
    return detailed(of, details)


def _accrual(phrases: Phrases, part: n.Accrual, money: bool, unit: str | None) -> Step:
    rates = tuple(rate_phrase(phrases, rate, money=money, unit=unit) for rate in part.rates)
    return Step("accrual", {"rates": rates, "periods": _periods(phrases, part.periods)})


def rate_phrase(phrases: Phrases, rate: n.Rate, *, money: bool, unit: str | None = None) -> Step:
    each = phrases.inner(rate.each, money=money, unit=unit)
    if rate.last is None:
        return Step("rates_on", {"first": rate.first, "each": each})
    if rate.last == rate.first:
        return Step("rate", {"first": rate.first, "each": each})
    return Step("rates", {"first": rate.first, "last": rate.last, "each": each})


def _between(phrases: Phrases, part: Any) -> dict[str, Any]:
    return {"from": phrases.inner(part.start), "to": phrases.inner(part.end)}


def pauses_phrase(phrases: Phrases, pauses: n.Pauses) -> Step:
    name = phrases.name(pauses.fact)
    if pauses.reasons is None:
        return Step("pauses", {"pauses": name})
    return Step("pauses_for", {"pauses": name, "reasons": words(pauses.reasons)})


def _elapsed(phrases: Phrases, part: n.Elapsed) -> Step:
    code = "elapsed" if part.calendar is None else "open_time"
    details = [] if part.calendar is None else [calendar_phrase(part.calendar)]
    details += [Step(f"whole_{part.whole}", {})] if part.whole.value != "no" else []
    details += [pauses_phrase(phrases, part.pauses)] if part.pauses is not None else []
    return detailed(Step(code, _between(phrases, part)), details)


def _calendar_days(phrases: Phrases, part: n.CalendarDays) -> Step:
    details = [pauses_phrase(phrases, one) for one in [getattr(part, "pauses", None)] if one]
    if part.calendar is None:
        return detailed(Step("calendar_days", _between(phrases, part)), details)
    of = Step("working_days", _between(phrases, part))
    return detailed(of, [calendar_phrase(part.calendar), *details])


def _months(phrases: Phrases, part: n.Months) -> Step:
    return Step(f"{part.unit}s_{part.count}", _between(phrases, part))


def _where(phrases: Phrases, part: Any) -> list[Step]:
    details = []
    if getattr(part, "where", None) is not None:
        details.append(Step("where", {"when": phrases.of(part.where)}))
    if getattr(part, "reasons", None) is not None:
        details.append(Step("reasons", {"reasons": words(part.reasons)}))
    within = getattr(part, "within", None)
    if within is not None:
        ends = {"from": phrases.inner(within[0]), "to": phrases.inner(within[1])}
        details.append(Step("within_span", ends))
    return details


def _count(phrases: Phrases, part: n.CountOf) -> Step:
    details = _where(phrases, part)
    if part.within_days is not None:
        details.append(Step("within_days", {"n": part.within_days}))
    if part.at is not None:
        details.append(Step("dated_by", {"of": phrases.name(part.at)}))
    return detailed(Step("count", {"of": phrases.name(part.fact)}), details)


def _total(phrases: Phrases, part: n.TotalOf, money: bool, unit: str | None) -> Step:
    what = phrases.inner(part.of, money=money, unit=unit)
    of = Step("total", {"what": what, "of": phrases.name(part.fact)})
    return detailed(of, _where(phrases, part))


def _spells(phrases: Phrases, part: n.Spells) -> Step:
    details = _where(phrases, part)
    if part.merge_gap_s:
        gap = Fraction(part.merge_gap_s, 60)
        details.append(Step("merge_gap", {"gap": counted("minute", gap)}))
    if part.count_gap:
        details.append(Step("count_gap", {}))
    if part.whole.value != "no":
        details.append(Step(f"whole_{part.whole}", {}))
    return detailed(Step(f"spells_{part.take}", {"of": phrases.name(part.fact)}), details)


def _uptime(phrases: Phrases, part: n.UptimePercent) -> Step:
    details = []
    if part.shortest:
        details.append(Step("shortest", {"n": part.shortest}))
    if part.whole_minutes:
        details.append(Step("whole_minutes", {}))
    names = {"down": phrases.name(part.down), "period": phrases.name(part.period)}
    return detailed(Step("uptime", names), details)


def _length_of(phrases: Phrases, part: n.LengthOf) -> Step:
    return Step("length_of", {"period": phrases.name(part.period)})


def window_phrase(window: Any) -> Step:
    if window.rolling_days is not None:
        return Step("window_rolling", {"n": window.rolling_days})
    if window.span == "year" and window.starts != (1, 1):
        month, day = window.starts
        return Step("window_year_from", {"day": day, "month": month})
    return Step(f"window_{window.span}", {})


def _earlier(phrases: Phrases, part: n.Earlier) -> Step:
    of = Step("earlier_amount" if part.amount else "earlier_count", {})
    dated = Step("dated_by", {"of": phrases.inner(part.dated)})
    return detailed(of, [window_phrase(part.window), dated])


def _interest(phrases: Phrases, part: Any, money: bool, unit: str | None) -> Step:
    rates = tuple(_interest_row(phrases, row) for row in part.rates)
    on = phrases.inner(part.on, money=money, unit=unit)
    of = Step("interest", {"on": on, "rates": rates, **_between(phrases, part)})
    return detailed(of, [Step("year_days", {"n": part.year_days})] if part.year_days else [])


def _interest_row(phrases: Phrases, row: Any) -> Step:
    each = Step("a_year", {"percent": phrases.inner(row.percent)})
    if row.first is None and row.last is None:
        return each
    span = {"start": date_or_open(row.first), "end": date_or_open(row.last)}
    return Step("pair", {"name": Step("interval", span), "value": each})


TYPED: dict[str, Typed] = {
    "Arithmetic": _arithmetic,
    "Rounded": _rounded,
    "Choice": _choice,
    "ChosenInstant": _choice,
    "Tiers": _tiers,
    "Accrual": _accrual,
    "TotalOf": _total,
    "Interest": _interest,
}
PLAIN: dict[str, Plain] = {
    "NumberFact": _named,
    "DatedValue": _named,
    "Measure": _named,
    "Field": _named,
    "Periods": _periods,
    "Elapsed": _elapsed,
    "CalendarDays": _calendar_days,
    "Months": _months,
    "CountOf": _count,
    "Spells": _spells,
    "UptimePercent": _uptime,
    "LengthOf": _length_of,
    "Earlier": _earlier,
}
