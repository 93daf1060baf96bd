"""What a broken promise gives: in the same sentence where it is short, else in sentences after."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from promises.rules.guarantee import clauses as k
from promises.rules.guarantee import numbers as n
from promises.rules.guarantee.phrases_of_numbers import tier_range
from promises.rules.guarantee.phrasing import Phrases, detailed, literal
from promises.rules.guarantee.units import unit_of
from promises.rules.guarantee.vocabulary import Remedy
from promises.rules.guarantee.windows import window_of_step
from promises.rules.steps import Step

_BARE = (Remedy.FEE_WAIVER, Remedy.APOLOGY, Remedy.RIGHT_TO_CANCEL)
_EACH = {
    ("calendar_day", Fraction(1)): "a_day",
    ("hour", Fraction(1)): "an_hour",
    ("calendar_day", Fraction(7)): "a_week",
}
_EDGES = {"≥": "from_low", ">": "over_low", "<": "under_high", "≤": "to_high"}


def short_compensation(phrases: Phrases) -> Step | None:
    """What we give as a clause after “or”; None where it takes more words."""
    terms = phrases.terms
    if terms.remedies.chosen_by is not None:
        return None
    option = terms.remedies.options[0]
    if option.kind in _BARE:
        return Step(f"give_{option.kind}", {})
    amount = option.amount or terms.amount
    each = _each(phrases, amount) if option.kind is Remedy.MONEY else None
    if each is not None:
        return each
    short = _short_amount(phrases, amount)
    return None if short is None else Step(f"give_{option.kind}", {"amount": short})


def _short_amount(phrases: Phrases, amount: Any) -> Step | None:
    match amount:
        case n.Literal(value) if value:
            return literal(value, money=True)
        case n.NumberFact(name):
            return Step("amount_of", {"of": phrases.name(name)})
        case n.Arithmetic("percent", (n.Literal(percent), n.NumberFact(name))):
            return Step("share_of", {"percent": percent, "of": phrases.name(name)})
    return None


def _each(phrases: Phrases, amount: Any) -> Step | None:
    """One rate for each day, hour or week."""
    if not isinstance(amount, n.Accrual) or len(amount.rates) != 1:
        return None
    rate, periods = amount.rates[0], amount.periods
    if not isinstance(rate.each, n.Literal) or (rate.first, rate.last) != (1, None):
        return None
    every = periods.every.value if isinstance(periods.every, n.Literal) else Fraction(0)
    word = _EACH.get((str(unit_of(phrases.terms, periods.of)), every))
    if word is None or periods.most is not None or periods.after != n.Literal(Fraction(0)):
        return None
    each = literal(rate.each.value, money=True)
    of = Step(f"give_{word}_{periods.count}", {"amount": each})
    return detailed(of, [phrases.inner(periods.of)])


def long_compensation(phrases: Phrases) -> Iterator[Step]:
    """All that the short clause leaves open about what we give."""
    terms = phrases.terms
    remedies = terms.remedies
    if remedies.chosen_by is not None:
        options = tuple(_option(phrases, one) for one in remedies.options)
        yield Step("say_choice", {"options": options})
        yield Step("say_no_choice", {"kind": _kind(remedies.options[0].kind)})
        return
    option = remedies.options[0]
    amount = option.amount or terms.amount
    if option.kind in _BARE:
        if amount != n.Literal(Fraction(0)):
            yield Step("say_worth", {"amount": phrases.of(amount, money=True)})
    elif amount == n.Literal(Fraction(0)):
        yield Step("say_nothing", {})
    elif short_compensation(phrases) is None:
        yield from _amount(phrases, option.kind, amount)


def _kind(kind: Remedy) -> Step:
    return Step(f"{kind}_remedy", {})


def _option(phrases: Phrases, option: k.RemedyOption) -> Step:
    amount = option.amount or phrases.terms.amount
    value = phrases.of(amount, money=True)
    return Step("pair", {"name": _kind(option.kind), "value": value})


def _amount(phrases: Phrases, kind: Remedy, amount: Any) -> Iterator[Step]:
    if not isinstance(amount, n.Tiers):
        params = {"kind": _kind(kind), "amount": phrases.of(amount, money=True)}
        yield Step("say_amount", params)
        return
    unit = unit_of(phrases.terms, amount.of)
    rows = tuple(
        Step("pair", {"name": _range(row, unit), "value": _row_amount(phrases, row.then)})
        for row in amount.rows
    )
    of = phrases.inner(amount.of)
    yield Step("say_table", {"kind": _kind(kind), "of": of, "rows": rows})
    if amount.otherwise != n.Literal(Fraction(0)):
        yield Step("say_otherwise", {"amount": phrases.of(amount.otherwise, money=True)})


def _range(row: n.Tier, unit: str | None) -> Step:
    edges = tier_range(row, unit).params["parts"]
    assert isinstance(edges, tuple)  # noqa: S101 -- a listed step holds a tuple
    parts = tuple(
        Step(_EDGES[str(one.params["op"])], {"edge": one.params["edge"]}) for one in edges
    )
    return Step("listed", {"parts": parts}) if len(parts) == 1 else Step("both", _two(parts))


def _two(parts: tuple[Step, ...]) -> dict[str, Step]:
    return {"first": parts[0], "second": parts[1]}


def _row_amount(phrases: Phrases, part: Any) -> Step:
    if isinstance(part, n.Arithmetic):
        short = _short_amount(phrases, part)
        if short is not None:
            return short
    return phrases.inner(part, money=True)


def steps_sentence(phrases: Phrases) -> Iterator[Step]:
    """Every step of the amount, in order."""
    steps = tuple(_step(phrases, one) for one in phrases.terms.steps)
    if steps:
        yield Step("say_steps", {"steps": steps})


def _step(phrases: Phrases, step: k.Step) -> Step:
    match step:
        case k.RoundStep(to, how):
            return Step(f"do_round_{how}", {"limit": literal(to, money=True)})
        case k.UnpaidStep(limit, at_limit):
            code = "do_unpaid_to" if at_limit else "do_unpaid_below"
            return Step(code, {"limit": phrases.inner(limit, money=True)})
        case k.CapStep(limit):
            return Step("do_cap", {"limit": phrases.inner(limit, money=True)})
        case k.FloorStep(limit):
            return Step("do_at_least", {"limit": phrases.inner(limit, money=True)})
        case k.ExcessStep(limit):
            return Step("do_excess", {"limit": phrases.inner(limit, money=True)})
        case k.WindowCapStep(most=most):
            window = window_of_step(phrases, step)
            limit_shown = phrases.inner(most, money=True)
            return Step("do_window_cap", {"limit": limit_shown, "window": window})
        case k.WindowCountStep(most=most):
            window = window_of_step(phrases, step)
            return Step("do_window_count", {"limit": phrases.inner(most), "window": window})
    code = "do_once_per" if isinstance(step, k.OncePerStep) else "do_nothing_when"
    return Step(code, {"window": window_of_step(phrases, step)})
