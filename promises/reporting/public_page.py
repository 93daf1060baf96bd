"""What the public sees of a promise."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.kernel.zones import local_date
from promises.reporting.money import MoneyFigures, money_figures
from promises.reporting.overview import last_days
from promises.reporting.scorecard import (
    CleanDays,
    DayFigures,
    Scorecard,
    Selection,
    daily_series,
    days_without_breach,
    scorecard,
)

BARS = 90


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """`recent` and `days` are the last 90 days up to today, the rest is of all time."""

    recent: Scorecard
    ever: Scorecard
    clean: CleanDays | None
    days: tuple[DayFigures, ...]
    money: MoneyFigures


def public_figures(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID,
    now: dt.datetime,
    zone: str,
    currency: str,
) -> PublicFigures:
    """`zone` says which day it is: the organisation's."""
    whole = Selection(promise_id)
    span = last_days(local_date(now, zone), BARS, whole)
    name = {"organisation_id": organisation_id}
    return PublicFigures(
        recent=scorecard(session, **name, selection=span),
        ever=scorecard(session, **name, selection=whole),
        clean=days_without_breach(session, **name, now=now, zone=zone, selection=whole),
        days=tuple(daily_series(session, **name, selection=span)),
        money=money_figures(session, **name, currency=currency, selection=whole),
    )
