"""Steps of an explanation as text in one language, and as JSON for storage.

Their params hold texts, whole numbers, rationals, instants, dates, spans, other steps and tuples of
them. A number whose name ends in `_minor` is an amount of money in minor units.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from promises.kernel.money import Money, minor_digits
from promises.kernel.text import Message, Moment, format_money, render
from promises.kernel.zones import Zone
from promises.rules.guarantee.explanation_texts import EXPLANATIONS
from promises.rules.guarantee.naming import shown_name
from promises.rules.guarantee.phrase_texts import PHRASES, SYMBOLS
from promises.rules.guarantee.wording_texts import WORDING
from promises.rules.steps import Step

_TEXTS: Mapping[str, str] = {**SYMBOLS, **PHRASES, **EXPLANATIONS, **WORDING}
_ONE, _ABOUT, _AMOUNT = "%(one)s", "≈ %(n)s", "%(n)s %(currency)s"
_CLOCK = {"fi": ".", "sv": ":", "en": ":"}
_MOST_DECIMALS = 6
_ONE_MICROSECOND = timedelta(microseconds=1)


def render_steps(locale: str, steps: Sequence[Step], zone: Zone, currency: str) -> list[str]:
    """One text a step, times on the clocks of `zone`."""
    return [render_step(locale, step, zone, currency) for step in steps]


def render_step(locale: str, step: Step, zone: Zone, currency: str, *, trim: bool = False) -> str:
    """One step in one language; with `trim`, round sums without their decimals."""
    if step.code == "name":
        return shown_name(locale, step)
    params = {}
    for name, value in step.params.items():
        if name.endswith("_minor"):
            shown = money(Fraction(str(value)), currency)
            if trim and isinstance(shown, Money):
                shown = format_money(locale, shown, trim=True)
            params[name.removesuffix("_minor")] = shown
        else:
            params[name] = _shown(locale, value, zone, currency, trim)
    return render(locale, Message(_TEXTS[step.code], params), zone)


def _shown(locale: str, value: object, zone: Zone, currency: str, trim: bool) -> object:
    if isinstance(value, Step):
        return render_step(locale, value, zone, currency, trim=trim)
    if isinstance(value, tuple):
        parts = (_shown(locale, one, zone, currency, trim) for one in value)
        return "; ".join(render(locale, Message(_ONE, {"one": one}), zone) for one in parts)
    if isinstance(value, Fraction):
        return number(value)
    if isinstance(value, datetime):
        return Moment(value)
    if isinstance(value, time):
        return value.isoformat(timespec="minutes").replace(":", _CLOCK[locale])
    return value


def number(value: Fraction) -> object:
    """Exact where it ends within a few decimals, else marked as rounded."""
    scaled = value * 10**_MOST_DECIMALS
    decimal = Decimal(round(scaled)).scaleb(-_MOST_DECIMALS).normalize()
    shown = Decimal(f"{decimal:f}")
    if scaled.denominator == 1:
        return shown
    return Message(_ABOUT, {"n": shown})


def money(amount: Fraction, currency: str) -> object:
    """Money; with all its decimals where it is no whole number of minor units."""
    if amount.denominator == 1:
        return Money(int(amount), currency)
    major = amount / 10 ** minor_digits(currency)
    return Message(_AMOUNT, {"n": number(major), "currency": currency})


def steps_to_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """For storage: the same steps always give the same document."""
    return [_dump(step) for step in steps]


def _dump(value: object) -> Any:
    if isinstance(value, Step):
        params = {name: _dump(one) for name, one in value.params.items()}
        return {"step": value.code, "params": params}
    if isinstance(value, tuple):
        return [_dump(one) for one in value]
    if isinstance(value, Fraction):
        return {"number": str(value)}
    if isinstance(value, datetime):
        return {"at": value.astimezone(UTC).isoformat(timespec="microseconds")}
    if isinstance(value, date):
        return {"on": value.isoformat()}
    if isinstance(value, time):
        return {"clock": value.isoformat()}
    if isinstance(value, timedelta):
        return {"us": value // _ONE_MICROSECOND}
    return value


def steps_from_json(document: Sequence[Mapping[str, Any]]) -> tuple[Step, ...]:
    """The steps that were stored."""
    return tuple(_load(one) for one in document)


def _load(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_load(one) for one in value)
    if not isinstance(value, Mapping):
        return value
    if "step" in value:
        return Step(value["step"], {name: _load(one) for name, one in value["params"].items()})
    ((kind, text),) = value.items()
    return _LOADERS[kind](text)


_LOADERS: Mapping[str, Callable[[Any], Any]] = {
    "number": Fraction,
    "at": datetime.fromisoformat,
    "on": date.fromisoformat,
    "clock": time.fromisoformat,
    "us": lambda us: timedelta(microseconds=us),
}
