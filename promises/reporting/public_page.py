"""What the public sees of promises: how they were kept, what is owed, how well it is known.

`settled` is what changes slowly and costs most to count; `public_figures` adds what is new to it.
"""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.pause_queries import PausedTime, paused_time, pauses_over_span
from promises.kernel.zones import local_date
from promises.reporting.evidence_quality import EvidenceQuality, evidence_quality
from promises.reporting.money import MoneyFigures
from promises.reporting.money_by_promise import money_by_promise
from promises.reporting.public_counts import (
    BARS,
    MONTH_DAYS,
    RECENT,
    YEAR_DAYS,
    DayCounts,
    History,
    card_of,
    clean_days,
    day_counts,
    earlier_days,
    every_day,
    in_span,
    joined,
    last_hours,
)
from promises.reporting.scorecard import CleanDays, Scorecard

NO_TIME = PausedTime(0, 0)


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose figures: all promises of the organisation, or those named. `zone` says which day it
    is; `currency` is the organisation's."""

    organisation_id: uuid.UUID
    promise_ids: tuple[uuid.UUID, ...]
    zone: str
    currency: str


@dataclass(frozen=True, slots=True)
class Settled:
    """As of `today`: the days before yesterday, and what else may be some seconds old."""

    today: dt.date
    days: History
    money: dict[uuid.UUID, MoneyFigures]
    quality: dict[uuid.UUID, EvidenceQuality]
    paused_month: dict[uuid.UUID, PausedTime]
    paused_year: dict[uuid.UUID, PausedTime]


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """`hours` are the last 24 to the instant, by arrival; `month`, `quarter` and `year` the last
    30, 90 and 365 days up to today; `ever` all cases. `days` are the last 90, one by one;
    `all_days` those that had a case. `quality` is of the year; opening time that was paused is of
    month and year."""

    hours: Scorecard
    month: Scorecard
    quarter: Scorecard
    year: Scorecard
    ever: Scorecard
    clean: CleanDays | None
    days: tuple[DayCounts, ...]
    all_days: tuple[DayCounts, ...]
    money: MoneyFigures
    quality: EvidenceQuality
    paused_month: PausedTime
    paused_year: PausedTime


def settled(session: Session, asker: Asker, *, now: dt.datetime) -> Settled:
    today = local_date(now, asker.zone)
    tenant: dict[str, Any] = {"organisation_id": asker.organisation_id}
    year_on = today - dt.timedelta(days=YEAR_DAYS - 1)
    before = earlier_days(session, **tenant, promise_ids=asker.promise_ids, before=today - RECENT)
    recent = _recent(session, asker, today)
    whole = joined(before, recent)
    paused = {
        pause.promise_id
        for pause in pauses_over_span(
            session, **tenant, since=now - dt.timedelta(days=YEAR_DAYS), until=now
        )
    }
    return Settled(
        today=today,
        days=before,
        money=money_by_promise(
            session, **tenant, promise_ids=asker.promise_ids, currency=asker.currency
        ),
        quality=evidence_quality(
            session, **tenant, promise_ids=asker.promise_ids, days=whole, from_on=year_on,
            to_on=today,
        ),
        paused_month=_paused(session, asker, paused, now, MONTH_DAYS),
        paused_year=_paused(session, asker, paused, now, YEAR_DAYS),
    )  # fmt: skip


def _paused(
    session: Session, asker: Asker, paused: set[uuid.UUID], now: dt.datetime, days: int
) -> dict[uuid.UUID, PausedTime]:
    return {
        promise_id: paused_time(
            session,
            organisation_id=asker.organisation_id,
            promise_id=promise_id,
            since=now - dt.timedelta(days=days),
            until=now,
        )
        for promise_id in asker.promise_ids
        if promise_id in paused
    }


def _recent(session: Session, asker: Asker, today: dt.date) -> History:
    return day_counts(
        session,
        organisation_id=asker.organisation_id,
        promise_ids=asker.promise_ids,
        from_on=today - RECENT,
    )


def public_figures(
    session: Session, asker: Asker, *, now: dt.datetime, known: Settled
) -> dict[uuid.UUID, PublicFigures]:
    """By promise asked for. `known` must be of the same day: see `settled`."""
    today = known.today
    tenant: dict[str, Any] = {
        "organisation_id": asker.organisation_id,
        "promise_ids": asker.promise_ids,
    }
    days = joined(known.days, _recent(session, asker, today))
    hours = last_hours(session, **tenant, now=now)
    clean = clean_days(session, **tenant, days=days, today=today)
    return {
        promise_id: _figures(
            promise_id, days.get(promise_id, ()), hours.get(promise_id), clean, known
        )
        for promise_id in asker.promise_ids
    }


def _figures(
    promise_id: uuid.UUID,
    days: Sequence[DayCounts],
    hours: Scorecard | None,
    clean: dict[uuid.UUID, CleanDays],
    known: Settled,
) -> PublicFigures:
    def last(count: int) -> Scorecard:
        return card_of(in_span(days, known.today - dt.timedelta(days=count - 1), known.today))

    first_bar = known.today - dt.timedelta(days=BARS - 1)
    return PublicFigures(
        hours=hours or card_of(()),
        month=last(MONTH_DAYS),
        quarter=last(BARS),
        year=last(YEAR_DAYS),
        ever=card_of(days),
        clean=clean.get(promise_id),
        days=tuple(every_day(days, first_bar, known.today)),
        all_days=tuple(days),
        money=known.money[promise_id],
        quality=known.quality.get(promise_id) or EvidenceQuality(*([0] * 7)),
        paused_month=known.paused_month.get(promise_id, NO_TIME),
        paused_year=known.paused_year.get(promise_id, NO_TIME),
    )
