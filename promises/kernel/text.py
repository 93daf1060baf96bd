"""Words for people, in their language: messages by gettext catalogs, and the formats of a locale.

Every text for people is an English msgid; Finnish and Swedish come from the catalogs in
`promises/translations`, read from their `.po` files at first use. A text without a translation,
or with a fuzzy one, shows in English. The keywords for extraction are
`N_`, `NN_:1,2`, `Message`, `translate:2` and `ntranslate:2,3`.
"""

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date as babel_date
from babel.dates import format_time as babel_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, parse_pattern
from babel.numbers import format_percent as babel_percent

from promises.kernel.money import Money, minor_digits
from promises.kernel.zones import Zone, local_date, require_utc, zone_of

LOCALES = ("fi", "sv", "en")
TRANSLATIONS = Path(__file__).parent.parent / "translations"
_FORMATS = {"fi": "fi", "sv": "sv", "en": "en_GB"}
_UNITS = {
    "fi": ("pv", "t", "min", "s"),
    "sv": ("d", "h", "min", "s"),
    "en": ("d", "h", "min", "s"),
}
_NBSP = "\u00a0"

Catalog = Mapping[str, str | tuple[str, str]]


def N_(msgid: str) -> str:
    """Marks a text for translation where it is written; it is translated where it is shown."""
    return msgid


def NN_(singular: str, plural: str) -> tuple[str, str]:
    """Marks the two forms of a text that counts; `ntranslate` chooses between them."""
    return singular, plural


@dataclass(frozen=True, slots=True)
class Message:
    """A text with its values still typed, so that every reader gets it in their own language.

    Values may be str, int, Decimal, Money, timedelta (shown as a duration), datetime, Moment, date,
    and other messages. An int is a count and gets the locale's grouping; a number that is a name (a
    ticket's, a year) is passed as str.
    """

    msgid: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in a message that is shown to the second."""

    instant: datetime


def load_catalog(path: Path) -> Catalog:
    """The translated messages of one `.po` file; plurals as (singular, plural); {} if no file."""
    if not path.exists():
        return {}
    with path.open("rb") as file:
        catalog = read_po(file)
    found: dict[str, str | tuple[str, str]] = {}
    for entry in catalog:
        if not entry.id or entry.fuzzy:
            continue
        if isinstance(entry.id, str):
            if entry.string:
                found[entry.id] = str(entry.string)
        elif len(forms := tuple(entry.string or ())) == 2 and all(forms):
            found[entry.id[0]] = (forms[0], forms[1])
    return found


@lru_cache(maxsize=len(LOCALES))
def _catalog(locale: str) -> Catalog:
    if locale not in LOCALES:
        raise ValueError(f"no such language: {locale!r}")
    if locale == "en":
        return {}
    return load_catalog(TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po")


def translate(locale: str, msgid: str, /, **params: object) -> str:
    return render(locale, Message(msgid, params))


def ntranslate(locale: str, singular: str, plural: str, n: int, /, **params: object) -> str:
    """The form for `n` things; `%(n)s` is filled in. Finnish, Swedish and English all take the
    singular for exactly one."""
    found = _catalog(locale).get(singular)
    forms = found if isinstance(found, tuple) else (singular, plural)
    return _fill(locale, forms[n != 1], {"n": n} | params, "UTC")


def render(locale: str, message: Message, zone: Zone = "UTC") -> str:
    """The message in one language, instants shown on the clocks of `zone`."""
    found = _catalog(locale).get(message.msgid)
    text = found[0] if isinstance(found, tuple) else found
    return _fill(locale, text or message.msgid, message.params, zone)


def _fill(locale: str, text: str, params: Mapping[str, object], zone: Zone) -> str:
    if not params:
        return text
    return text % {name: _shown(locale, value, zone) for name, value in params.items()}


def _shown(locale: str, value: object, zone: Zone) -> str:
    for kind, show in _SHOW:
        if isinstance(value, kind):
            return show(locale, value, zone)
    return str(value)


def _format_locale(locale: str) -> Locale:
    return Locale.parse(_FORMATS[locale])


def format_money(locale: str, money: Money, *, trim: bool = False) -> str:
    """`10,00 €`; with `trim`, `10 €` when there are no minor units to show."""
    language = _format_locale(locale)
    digits = minor_digits(money.currency)
    if trim and money.amount_minor % 10**digits == 0:
        digits = 0
    pattern = copy(parse_pattern(language.currency_formats["standard"]))
    pattern.frac_prec = (digits, digits)
    shown = pattern.apply(money.major, language, currency=money.currency, currency_digits=False)
    return str(shown)


def format_duration(locale: str, seconds: int | timedelta) -> str:
    """`4 min 30 s`; every unit that is not zero. A timedelta shows its fraction of a second too."""
    span = seconds if isinstance(seconds, timedelta) else timedelta(seconds=seconds)
    sign, span = ("-", -span) if span < timedelta(0) else ("", span)
    minutes, whole = divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    last = Decimal(whole) + Decimal(span.microseconds).scaleb(-6)
    counts = (span.days, hours, minutes, last.normalize() if last else 0)
    parts = [
        _NBSP.join((format_count(locale, count), unit))
        for count, unit in zip(counts, _UNITS[locale], strict=True)
        if count
    ]
    return sign + (" ".join(parts) or _NBSP.join(("0", _UNITS[locale][3])))


def format_count(locale: str, count: int | Decimal) -> str:
    """`1 234`, with the locale's own grouping and decimal mark; all decimals are shown."""
    return format_decimal(count, locale=_format_locale(locale), decimal_quantization=False)


def format_percent(locale: str, share: Fraction | Decimal, digits: int = 1) -> str:
    """0.9372 → `93.7 %`. Cut, never rounded up: 99.96 % kept is not 100 %. TypeError for a float,
    which may lie a hair below the share that was meant."""
    if isinstance(share, float):
        raise TypeError("a share is a Fraction or a Decimal")
    ratio = Fraction(share)
    exact = Decimal(ratio.numerator) / Decimal(ratio.denominator)
    cut = exact.quantize(Decimal(1).scaleb(-digits - 2), rounding=ROUND_FLOOR)
    language = _format_locale(locale)
    pattern = copy(parse_pattern(language.percent_formats[None]))
    pattern.frac_prec = (0, digits)
    return babel_percent(cut, format=pattern, locale=language, decimal_quantization=False)


def format_datetime(locale: str, instant: datetime, zone: Zone, *, seconds: bool = False) -> str:
    """Date and time of day on the clocks of `zone`."""
    joined = str(_format_locale(locale).datetime_formats["medium"])
    day = format_date(locale, instant, zone)
    time = format_time(locale, instant, zone, seconds=seconds)
    return joined.replace("{1}", day).replace("{0}", time)


def format_time(locale: str, instant: datetime, zone: Zone, *, seconds: bool = False) -> str:
    style = "medium" if seconds else "short"
    language = _format_locale(locale)
    return babel_time(require_utc(instant), format=style, tzinfo=zone_of(zone), locale=language)


def format_date(locale: str, day: datetime | date, zone: Zone = "UTC") -> str:
    """A date, or the date of an instant on the clocks of `zone`."""
    local = local_date(day, zone) if isinstance(day, datetime) else day
    return babel_date(local, format="medium", locale=_format_locale(locale))


def format_month(locale: str, day: date) -> str:
    """`lokakuu 2026`: the month in which the day lies."""
    return babel_date(day, format="LLLL y", locale=_format_locale(locale))


_SHOW: tuple[tuple[type, Callable[[str, Any, Zone], str]], ...] = (
    (str, lambda locale, value, zone: value),
    (int, lambda locale, value, zone: format_count(locale, value)),
    (Decimal, lambda locale, value, zone: format_count(locale, value)),
    (Money, lambda locale, value, zone: format_money(locale, value)),
    (timedelta, lambda locale, value, zone: format_duration(locale, value)),
    (datetime, lambda locale, value, zone: format_datetime(locale, value, zone)),
    (
        Moment,
        lambda locale, value, zone: format_datetime(locale, value.instant, zone, seconds=True),
    ),
    (date, lambda locale, value, zone: format_date(locale, value)),
    (Message, lambda locale, value, zone: render(locale, value, zone)),
)
