"""Days on which the banks of the euro area move money: weekdays without the holidays of TARGET."""

import datetime as dt
from zoneinfo import ZoneInfo

_FIXED = frozenset({(1, 1), (5, 1), (12, 25), (12, 26)})
_DAY = dt.timedelta(days=1)
_SATURDAY = 5


def is_bank_day(day: dt.date) -> bool:
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _FIXED:
        return False
    return day - easter(day.year) not in (dt.timedelta(days=-2), dt.timedelta(days=1))


def bank_days_later(day: dt.date, count: int) -> dt.date:
    """The `count`-th bank day after `day`."""
    while count:
        day += _DAY
        count -= is_bank_day(day)
    return day


def answer_by(now: dt.datetime, days: int, time_zone: str) -> dt.datetime:
    """When an answer is late: as the bank day after the `days`-th one begins."""
    zone = ZoneInfo(time_zone)
    last = bank_days_later(now.astimezone(zone).date(), days)
    return dt.datetime.combine(last + _DAY, dt.time(), zone).astimezone(dt.UTC)


def easter(year: int) -> dt.date:
    """Easter Sunday of the Gregorian calendar (Gauss, in Butcher's form)."""
    golden, century = year % 19, year // 100
    leap = (8 * century + 13) // 25
    moon = (19 * golden + century - century // 4 - leap + 15) % 30
    sunday = (32 + 2 * (century % 4) + 2 * (year % 100 // 4) - moon - year % 100 % 4) % 7
    shift = (golden + 11 * moon + 22 * sunday) // 451
    month, day = divmod(moon + sunday - 7 * shift + 114, 31)
    return dt.date(year, month, day + 1)
