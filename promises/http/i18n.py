"""The language of a request, and the words and formats of templates.

First what was asked for (`?lang=`, kept in a cookie), then the language of the person the page is
for (a member, a ticket's customer), then the organisation's, then what the browser prefers.
"""

import datetime as dt
from collections.abc import Sized
from decimal import Decimal
from fractions import Fraction
from typing import Any

from babel import Locale
from babel.dates import get_day_names
from flask import Flask, Response, current_app, g, has_request_context, request

from promises.kernel import text
from promises.kernel.money import Money
from promises.kernel.text import LOCALES
from promises.kernel.zones import Zone, local_date
from promises.rules.reasons import Reason, say_reason

COOKIE = "lupaus-lang"
DEFAULT = "en"
_YEAR = 365 * 24 * 3600


def locale() -> str:
    """One of fi, sv, en."""
    if not has_request_context():
        return DEFAULT
    if "locale" not in g:
        g.locale = _chosen() or g.get("personal_locale") or _given()
    found: str = g.locale
    return found


def prefer(personal: str | None) -> None:
    """The language of the person this page is for: used unless they chose another."""
    if personal in LOCALES:
        g.personal_locale = personal
        g.pop("locale", None)


def language_in_link() -> None:
    """On this page a chosen language travels in the links, and no cookie keeps it."""
    g.language_in_link = True


def speak(wanted: str) -> None:
    """This answer is in that language, whoever asks."""
    g.locale = wanted


def gettext(msgid: str, /, **params: object) -> str:
    """The text in the reader's language; extracted as `_`."""
    return text.translate(locale(), msgid, **params)


def ngettext(singular: str, plural: str, n: int, /, **params: object) -> str:
    return text.ntranslate(locale(), singular, plural, n, **params)


def say(message: Reason) -> str:
    """A message of a room or of the engine, its times on the organisation's clocks."""
    return say_reason(locale(), message, zone())


def zone() -> str:
    context = g.get("lupaus_context") if has_request_context() else None
    return context.organisation.time_zone if context else "UTC"


def country_name(code: str) -> str:
    """`FI` → Finland, Suomi."""
    return str(Locale(locale()).territories.get(code, code))


def day_names() -> list[str]:
    """Monday first, as headings."""
    names = get_day_names("wide", context="stand-alone", locale=locale())
    return [str(names[index]).capitalize() for index in range(7)]


def _chosen() -> str | None:
    for wanted in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wanted in LOCALES:
            return wanted
    return None


def _given() -> str:
    context = g.get("lupaus_context")
    if context is not None and context.organisation.locale in LOCALES:
        return str(context.organisation.locale)
    best = request.accept_languages.best_match(LOCALES)
    return best or DEFAULT


def _keep_choice(response: Response) -> Response:
    wanted = request.args.get("lang")
    if "language_in_link" in g:
        return response
    if wanted in LOCALES and request.cookies.get(COOKIE) != wanted:
        response.set_cookie(
            COOKIE,
            wanted,
            max_age=_YEAR,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def _money(amount: Money, trim: bool = False) -> str:
    return text.format_money(locale(), amount, trim=trim)


def _amount(amount_minor: int, currency: str, trim: bool = False) -> str:
    return text.format_money(locale(), Money(amount_minor, currency), trim=trim)


def _duration(seconds: int | dt.timedelta) -> str:
    return text.format_duration(locale(), seconds)


def _clock_time(instant: dt.datetime, place: Zone | None = None, seconds: bool = False) -> str:
    return text.format_time(locale(), instant, place or zone(), seconds=seconds)


def _datetime(instant: dt.datetime, place: Zone | None = None, seconds: bool = False) -> str:
    return text.format_datetime(locale(), instant, place or zone(), seconds=seconds)


def _date(day: dt.date | dt.datetime, place: Zone | None = None) -> str:
    return text.format_date(locale(), day, place or zone())


def _percent(share: Fraction | Decimal, digits: int = 1) -> str:
    return text.format_percent(locale(), share, digits)


def _share(count: int, whole: int) -> str:
    """A part of a whole that is not zero, as a percentage."""
    return text.format_percent(locale(), Fraction(count, whole))


def _count(number: int | Decimal | Sized) -> str:
    """A number in the locale's grouping; of a list, how long it is."""
    return text.format_count(locale(), len(number) if isinstance(number, Sized) else number)


def _day_time(instant: dt.datetime, place: Zone, now: dt.datetime, seconds: bool = False) -> str:
    """The time of day, with the date where that is not today."""
    today = local_date(instant, place) == local_date(now, place)
    return (_clock_time if today else _datetime)(instant, place, seconds)


def _weekday(instant: dt.datetime, place: Zone) -> str:
    """The day of the week, shortened."""
    names = get_day_names("abbreviated", context="format", locale=locale())
    return str(names[local_date(instant, place).weekday()])


def _last_instant(due_at: dt.datetime) -> dt.datetime:
    """Of a deadline, which is the first instant that is too late: the last that is in time."""
    return due_at - dt.timedelta.resolution


FILTERS: dict[str, Any] = {
    "money": _money,
    "amount": _amount,
    "duration": _duration,
    "clock_time": _clock_time,
    "datetime": _datetime,
    "day_time": _day_time,
    "weekday": _weekday,
    "date": _date,
    "percent": _percent,
    "share": _share,
    "count": _count,
    "say": say,
    "last_instant": _last_instant,
}


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(_=gettext, gettext=gettext, ngettext=ngettext)
    app.jinja_env.filters.update(FILTERS)
    app.context_processor(lambda: {"locale": locale()})
    app.after_request(_keep_choice)
