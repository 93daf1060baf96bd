"""The manager's morning: how we did, what money is left, what waits for a person, what is worst."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.queries import PromiseInfo
from promises.compensation.models import FOR_A_PERSON
from promises.db.sql import one, rows
from promises.identity.branch_hours import BranchHours
from promises.improvement.alerts import Alert, gravest, live_alerts
from promises.improvement.reactions import Run, runs_of_month
from promises.kernel.money import Money
from promises.kernel.zones import local_date
from promises.reporting.budgets import Month, Standing, standings
from promises.reporting.scorecard import (
    EVERYTHING,
    DayFigures,
    Scorecard,
    Selection,
    added,
    scorecard_grid,
)

SPAN_DAYS = 30
WORST = 3

_WAITING = """
SELECT
    (SELECT count(*) FROM proposals q
     WHERE q.organisation_id = %(organisation_id)s AND q.state = 'open') AS proposals,
    (SELECT count(*) FROM hold_windows w
     WHERE w.organisation_id = %(organisation_id)s AND w.decided_at IS NULL) AS windows,
    (SELECT count(*) FROM annulments a
     WHERE a.organisation_id = %(organisation_id)s AND a.state = 'asked') AS annulments,
    k.n AS payouts, k.amount_minor
FROM (
    SELECT count(*) AS n, coalesce(sum(amount_minor), 0)::bigint AS amount_minor
    FROM compensations
    WHERE organisation_id = %(organisation_id)s AND state = 'owed'
      AND holds && %(holds)s::text[]
) k
"""

_CHANGES = """
SELECT v.promise_id, p.slug, p.titles, v.number, v.valid_from, v.published_at,
       v.applied_to_history, m.name AS publisher
FROM promise_versions v
JOIN promises p ON p.organisation_id = v.organisation_id AND p.id = v.promise_id
LEFT JOIN members m ON m.organisation_id = v.organisation_id AND m.id = v.published_by
WHERE v.organisation_id = %(organisation_id)s
ORDER BY v.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a manager has to decide."""

    proposals: int
    payouts: int
    payouts_amount: Money
    windows: int
    annulments: int

    @property
    def total(self) -> int:
        return self.proposals + self.payouts + self.windows + self.annulments


@dataclass(frozen=True, slots=True)
class BranchScore:
    branch_id: uuid.UUID
    card: Scorecard


@dataclass(frozen=True, slots=True)
class Change:
    promise_id: uuid.UUID
    slug: str
    titles: dict[str, str]
    number: int
    valid_from: dt.datetime
    published_at: dt.datetime
    applied_to_history: bool
    publisher: str | None

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))


@dataclass(frozen=True, slots=True)
class Overview:
    """`span` is the last 30 days up to today, `worst` the branches that broke most of their
    cases in it; `months` says how this month's budgets stand, by promise in force, `runs` what was
    done by itself this month."""

    span: Selection
    recent: Scorecard
    days: tuple[DayFigures, ...]
    waiting: Waiting
    months: dict[uuid.UUID, Standing]
    alerts: tuple[Alert, ...]
    runs: tuple[Run, ...]
    worst: tuple[BranchScore, ...]
    changes: tuple[Change, ...]


def overview(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    zone: str,
    currency: str,
    promises: Sequence[PromiseInfo],
) -> Overview:
    """`zone` is the organisation's: it says which day and month it is. `promises`: all there
    are."""
    today = local_date(now, zone)
    span = last_days(today, SPAN_DAYS)
    grid = scorecard_grid(session, organisation_id=organisation_id, selection=span)
    return Overview(
        span=span,
        recent=added(grid.by_branch.values()),
        days=tuple(grid.days(today - dt.timedelta(days=SPAN_DAYS - 1), today)),
        waiting=waiting(session, organisation_id=organisation_id, currency=currency),
        months=standings(
            session,
            organisation_id=organisation_id,
            promises=promises,
            today=today,
            hours=BranchHours(session, organisation_id=organisation_id, now=now),
        ),
        alerts=tuple(gravest(live_alerts(session, organisation_id=organisation_id))),
        runs=tuple(
            runs_of_month(session, organisation_id=organisation_id, month_on=Month(today).first)
        ),
        worst=worst_branches(grid.by_branch),
        changes=tuple(
            Change(*row)
            for row in rows(session, _CHANGES, {"organisation_id": organisation_id, "limit": 5})
        ),
    )


def last_days(today: dt.date, days: int, of: Selection = EVERYTHING) -> Selection:
    """The selection narrowed to today and the days before it, `days` in all."""
    return Selection(of.promise_id, of.branch_id, today - dt.timedelta(days=days - 1), today)


def waiting(session: Session, *, organisation_id: uuid.UUID, currency: str) -> Waiting:
    params = {"organisation_id": organisation_id, "holds": list(FOR_A_PERSON)}
    found = one(session, _WAITING, params)
    return Waiting(
        found.proposals,
        found.payouts,
        Money(found.amount_minor, currency),
        found.windows,
        found.annulments,
    )


def worst_branches(
    by_branch: dict[uuid.UUID, Scorecard], limit: int = WORST
) -> tuple[BranchScore, ...]:
    """Those with a breach, by what the rate can at best be: few cases cannot lead the list."""
    broken = [BranchScore(branch_id, card) for branch_id, card in by_branch.items() if card.broken]
    broken.sort(key=lambda one: (one.card.rate.high, -one.card.broken, one.branch_id))
    return tuple(broken[:limit])
