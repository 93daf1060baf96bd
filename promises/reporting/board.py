"""What a board reads about a month, a quarter or a year: how promises were kept, what they cost and
what was changed. The files and the page are drawn from the same figures."""

import calendar
import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.pause_queries import PausedTime, paused_time, pauses_over_span
from promises.catalogue.queries import PromiseInfo, PromiseState
from promises.catalogue.targets import target_on
from promises.db.sql import rows
from promises.improvement.reviews import quarter_of
from promises.kernel.zones import resolve_local
from promises.reporting.money import LAST_ONE, PAYOUT_OF, STAGE, MoneyStage
from promises.reporting.period_cards import period_cards
from promises.reporting.scorecard import Scorecard, added

_DAY = dt.timedelta(days=1)
_NO_TIME = PausedTime(0, 0)


class Period(StrEnum):
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class ChangeKind(StrEnum):
    PUBLISHED = "published"
    PAUSED = "paused"
    ENDING = "ending"
    REVIEWED = "reviewed"


_MONEY = f"""
SELECT k.promise_id, {STAGE} AS stage, sum(k.amount_minor)::bigint AS amount_minor
FROM compensations k
JOIN breaches b ON b.organisation_id = k.organisation_id AND b.id = k.breach_id
{PAYOUT_OF}
WHERE k.organisation_id = %(organisation_id)s AND k.promise_id = ANY (%(promise_ids)s)
  AND b.day_on BETWEEN %(from_on)s AND %(to_on)s AND {LAST_ONE}
GROUP BY 1, 2
"""

_CHANGES = """
SELECT v.published_at AS at, 'published' AS kind, v.promise_id, v.number,
    coalesce(h.reasons, '{}'::jsonb) AS texts
FROM promise_versions v
LEFT JOIN promise_changes h ON h.organisation_id = v.organisation_id AND h.version_id = v.id
WHERE v.organisation_id = %(organisation_id)s
  AND v.published_at >= %(since)s AND v.published_at < %(until)s
UNION ALL
SELECT u.announced_at, 'paused', u.promise_id, NULL, u.reasons FROM promise_pauses u
WHERE u.organisation_id = %(organisation_id)s
  AND u.announced_at >= %(since)s AND u.announced_at < %(until)s
UNION ALL
SELECT e.announced_at, 'ending', e.promise_id, NULL, e.reasons FROM promise_ends e
WHERE e.organisation_id = %(organisation_id)s
  AND e.announced_at >= %(since)s AND e.announced_at < %(until)s
UNION ALL
SELECT r.reviewed_at, 'reviewed', r.promise_id, NULL, jsonb_build_object('', r.sentence)
FROM promise_reviews r
WHERE r.organisation_id = %(organisation_id)s
  AND r.reviewed_at >= %(since)s AND r.reviewed_at < %(until)s
ORDER BY at, kind, promise_id
"""


@dataclass(frozen=True, slots=True)
class BoardLine:
    """One promise. `money_minor` by stage, of the breaches of these days. `target`: what was aimed
    at on the last day."""

    info: PromiseInfo
    card: Scorecard
    target: Decimal | None
    money_minor: Mapping[MoneyStage, int]
    paused: PausedTime


@dataclass(frozen=True, slots=True)
class BoardChange:
    """`texts` are by language, or under an empty name where staff wrote it in one."""

    at: dt.datetime
    kind: ChangeKind
    promise_id: uuid.UUID
    number: int | None
    texts: Mapping[str, str]

    def text(self, locale: str) -> str:
        return self.texts.get(locale) or next(iter(self.texts.values()), "")


@dataclass(frozen=True, slots=True)
class Board:
    """Both days are included. The total is that of the lines."""

    from_on: dt.date
    to_on: dt.date
    currency: str
    lines: Sequence[BoardLine]
    changes: Sequence[BoardChange]

    @property
    def total(self) -> Scorecard:
        return added(line.card for line in self.lines)

    def money_minor(self, stage: MoneyStage) -> int:
        return sum(line.money_minor.get(stage, 0) for line in self.lines)


def span_of(period: Period, day: dt.date) -> tuple[dt.date, dt.date]:
    """The first and the last day of the month, quarter or year in which the day lies."""
    if period is Period.YEAR:
        return dt.date(day.year, 1, 1), dt.date(day.year, 12, 31)
    if period is Period.QUARTER:
        quarter = quarter_of(day)
        return quarter.from_on, quarter.to_on
    last = calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=1), day.replace(day=last)


def board_report(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promises: Sequence[PromiseInfo],
    days: tuple[dt.date, dt.date],
    today: dt.date,
    place: tuple[str, str],
) -> Board:
    """Promises with a case in these days or in force now; `promises` are all there are. `place`:
    the organisation's zone and currency."""
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    (from_on, to_on), (zone, currency) = days, place
    cards = period_cards(session, **tenant, promise_ids=None, days=days, today=today)
    shown = [one for one in promises if one.promise_id in cards or _holds(one)]
    since, until = (
        resolve_local(dt.datetime.combine(day, dt.time()), zone).instant
        for day in (from_on, to_on + _DAY)
    )
    span: dict[str, Any] = {"since": since, "until": until}
    paused = {one.promise_id for one in pauses_over_span(session, **tenant, **span)}
    money = _money(session, tenant, shown, days)
    lines = [
        BoardLine(
            info=info,
            card=cards.get(info.promise_id, _NOTHING),
            target=target_on(info.version.target_path, to_on),
            money_minor=money.get(info.promise_id, {}),
            paused=paused_time(session, **tenant, promise_id=info.promise_id, **span)
            if info.promise_id in paused
            else _NO_TIME,
        )
        for info in shown
    ]
    changes = [
        BoardChange(row.at, ChangeKind(row.kind), row.promise_id, row.number, row.texts)
        for row in rows(session, _CHANGES, tenant | span)
    ]
    return Board(from_on, to_on, currency, lines, changes)


_NOTHING = Scorecard(0, 0, 0, 0, 0, 0, 0)


def _holds(info: PromiseInfo) -> bool:
    return info.state is PromiseState.IN_FORCE


def _money(
    session: Session,
    tenant: Mapping[str, Any],
    shown: Sequence[PromiseInfo],
    days: tuple[dt.date, dt.date],
) -> dict[uuid.UUID, dict[MoneyStage, int]]:
    found: dict[uuid.UUID, dict[MoneyStage, int]] = {}
    params = {
        **tenant,
        "promise_ids": [one.promise_id for one in shown],
        "from_on": days[0],
        "to_on": days[1],
    }
    for row in rows(session, _MONEY, params):
        found.setdefault(row.promise_id, {})[MoneyStage(row.stage)] = row.amount_minor
    return found
