"""Which quarters of which promises wait for their review, and what they were like."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.pause_queries import paused_time
from promises.db.sql import rows
from promises.improvement.reviews import Quarter, quarter_before, quarter_of
from promises.kernel.zones import resolve_local
from promises.reporting.money import MoneyStage, money_figures
from promises.reporting.period_cards import period_cards
from promises.reporting.scorecard import Scorecard, Selection

LOOK_BACK = 4
"""Quarters; an older one that was never reviewed is not asked for any more."""

LEAST_DAYS = 30
"""A promise that held for fewer days of a quarter is reviewed with the next one."""

# A promise counts from the day it was published: history that it was applied to is nobody's work.
_HELD = """
SELECT p.id, p.slug, p.titles, min(v.published_at) AS began_at, p.ends_at,
    coalesce(array_agg(DISTINCT r.quarter_from) FILTER (WHERE r.id IS NOT NULL), '{}') AS reviewed
FROM promises p
JOIN promise_versions v ON v.organisation_id = p.organisation_id AND v.promise_id = p.id
LEFT JOIN promise_reviews r ON r.organisation_id = p.organisation_id AND r.promise_id = p.id
WHERE p.organisation_id = %(organisation_id)s
GROUP BY p.id, p.slug, p.titles, p.ends_at
ORDER BY p.id
"""

_IN_FORCE = """
SELECT v.id FROM promise_versions v
WHERE v.organisation_id = %(organisation_id)s AND v.promise_id = %(promise_id)s
  AND v.valid_from < %(until)s
ORDER BY v.valid_from DESC LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class DueReview:
    promise_id: uuid.UUID
    slug: str
    titles: Mapping[str, str]
    quarter: Quarter

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))

    def late(self, today: dt.date) -> bool:
        return today > self.quarter.due_on


def reviews_due(
    session: Session, *, organisation_id: uuid.UUID, today: dt.date, zone: str
) -> list[DueReview]:
    """The oldest quarter first: of each promise all that are over and not reviewed, as far back as
    `LOOK_BACK`."""
    quarters = [quarter_before(today)]
    while len(quarters) < LOOK_BACK:
        quarters.append(quarter_before(quarters[-1].from_on))
    least = dt.timedelta(days=LEAST_DAYS)
    found = []
    for row in rows(session, _HELD, {"organisation_id": organisation_id}):
        for quarter in quarters:
            since, until = bounds(quarter, zone)
            held = min(until, row.ends_at or until) - max(since, row.began_at)
            if held >= least and quarter.from_on not in row.reviewed:
                found.append(DueReview(row.id, row.slug, row.titles, quarter))
    return sorted(found, key=lambda one: (one.quarter, one.promise_id))


def bounds(quarter: Quarter, zone: str) -> tuple[dt.datetime, dt.datetime]:
    """Its first instant, and the first one after it, on the clocks of the zone."""
    after = quarter_of(quarter.to_on + dt.timedelta(days=1)).from_on
    first, last = (
        resolve_local(dt.datetime.combine(day, dt.time()), zone).instant
        for day in (quarter.from_on, after)
    )
    return first, last


def version_of_quarter(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID,
    quarter: Quarter,
    zone: str,
) -> uuid.UUID:
    """The version that held last in it."""
    params = {
        "organisation_id": organisation_id,
        "promise_id": promise_id,
        "until": bounds(quarter, zone)[1],
    }
    (row,) = rows(session, _IN_FORCE, params)
    version_id: uuid.UUID = row.id
    return version_id


def quarter_figures(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID,
    quarter: Quarter,
    today: dt.date,
    place: tuple[str, str],
) -> dict[str, Any]:
    """What a review looks at, as plain JSON values: cases by state, the evidence behind the broken
    ones, money by stage in minor units, and opening time in seconds. `place`: the organisation's
    zone and currency."""
    zone, currency = place
    cards = period_cards(
        session,
        organisation_id=organisation_id,
        promise_ids=[promise_id],
        days=(quarter.from_on, quarter.to_on),
        today=max(today, quarter.to_on),
    )
    card = cards.get(promise_id, Scorecard(0, 0, 0, 0, 0, 0, 0))
    money = money_figures(
        session,
        organisation_id=organisation_id,
        currency=currency,
        selection=Selection(promise_id, None, quarter.from_on, quarter.to_on),
    )
    since, until = bounds(quarter, zone)
    time = paused_time(
        session, organisation_id=organisation_id, promise_id=promise_id, since=since, until=until
    )
    return {
        "kept": card.kept,
        "broken": card.broken,
        "excluded": card.excluded,
        "open": card.open,
        "broken_unverified": card.broken_unverified,
        "broken_imported": card.broken_imported,
        "currency": currency,
        "money_minor": {stage.value: money.of(stage).amount.amount_minor for stage in MoneyStage},
        "paused_seconds": time.paused_seconds,
        "open_seconds": time.open_seconds,
    }
