"""Months by their first days: pure."""

import datetime as dt


def first_of(day: dt.date) -> dt.date:
    return day.replace(day=1)


def next_month(month_on: dt.date) -> dt.date:
    """The first day of the month after."""
    return first_of(first_of(month_on) + dt.timedelta(days=31))


def last_of(month_on: dt.date) -> dt.date:
    return next_month(month_on) - dt.timedelta(days=1)
