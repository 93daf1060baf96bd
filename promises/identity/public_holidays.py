"""Public holidays of the countries on offer, read once and then frozen into a calendar."""

import datetime as dt
from collections.abc import Iterable

import holidays
from babel.core import get_global

COUNTRIES = ("FI", "SE", "NO", "DK", "IS", "EE", "LV", "LT", "DE")

_LANGUAGES = {"FI": "fi", "SE": "sv"}


def public_holidays(country: str, years: Iterable[int]) -> dict[dt.date, str]:
    """By the `holidays` package, named in the country's own language where it knows it."""
    found = holidays.country_holidays(
        country, years=list(years), language=_LANGUAGES.get(country), expand=False
    )
    return {day: found[day] for day in sorted(found)}


def country_of(time_zone: str) -> str | None:
    """The country whose clocks these are, where its holidays are on offer."""
    country = get_global("zone_territories").get(time_zone)
    return country if country in COUNTRIES else None
