"""Days on which the banks of the euro area move money: weekdays without the holidays of TARGET."""

import datetime as dt

import holidays

from promises.kernel.zones import local_date, resolve_local

_DAY = dt.timedelta(days=1)
_SATURDAY = 5
_TARGET = holidays.financial_holidays("XECB")


def is_bank_day(day: dt.date) -> bool:
    """By the `holidays` package."""
    return day.weekday() < _SATURDAY and day not in _TARGET


def bank_days_later(day: dt.date, count: int) -> dt.date:
    """The `count`-th bank day after `day`."""
    while count:
        day += _DAY
        count -= is_bank_day(day)
    return day


def bank_days_before(day: dt.date, count: int) -> dt.date:
    """The `count`-th bank day before `day`."""
    while count:
        day -= _DAY
        count -= is_bank_day(day)
    return day


def answer_by(now: dt.datetime, days: int, time_zone: str) -> dt.datetime:
    """When an answer is late: as the day after the `days`-th bank day begins."""
    last = bank_days_later(local_date(now, time_zone), days)
    midnight = dt.datetime.combine(last + _DAY, dt.time())
    return resolve_local(midnight, time_zone).instant
