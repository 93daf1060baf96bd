"""Ceilings: the most that goes out in a day, week or month of local time, at a branch, by a promise
or of the whole organisation.

They are measured on the same sums by local day as the rules on rolling sums (`rolling`), under the
same locks: whoever releases holds, first, the rows of the promise and of the organisation as far
as these have a ceiling, and then the row of the branch. A ceiling is set while nothing is released.
A period is at most 31 rows of days.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.control_models import CeilingPeriod, CeilingReaction, SumScope
from promises.compensation.errors import CeilingMoved, CeilingNotFit
from promises.compensation.thresholds import LARGEST_LIMIT_MINOR
from promises.db.sql import execute, one_or_none, rows
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id

HISTORY_DAYS = 28
"""Days before this one that are known of each ceiling: what a forecast goes by."""

PLACE = """CASE WHEN c.branch_id IS NOT NULL THEN 'branch'
        WHEN c.promise_id IS NOT NULL THEN 'whole_promise' ELSE 'organisation' END AS scope,
    coalesce(c.branch_id, c.promise_id, c.organisation_id)::text AS key"""
"""Which sum a ceiling `c` is on."""

_IN_FORCE = (
    "SELECT pg_advisory_xact_lock{kind}"
    "(hashtextextended('ceilings ' || %(organisation_id)s::uuid::text, 0))"
)
KEEP = _IN_FORCE.format(kind="_shared")
"""From here on no ceiling is set until the transaction ends."""
_CHANGE = _IN_FORCE.format(kind="")

# Before the sums of branches: whoever releases twice in a transaction, at one branch and then at
# another, holds what all share before what somebody else may hold.
_LOCK = f"""
WITH due AS (
    SELECT c.organisation_id, c.branch_id, {PLACE} FROM ceilings c
    WHERE c.organisation_id = %(organisation_id)s AND c.limit_minor IS NOT NULL
      AND (c.branch_id IS NULL OR c.branch_id = ANY(%(branch_ids)s))
      AND (c.promise_id IS NULL OR c.promise_id = ANY(%(promise_ids)s))
), locked AS (
    INSERT INTO released_keys (organisation_id, scope, key)
    SELECT DISTINCT d.organisation_id, d.scope, d.key FROM due d WHERE d.branch_id IS NULL
    ORDER BY d.scope, d.key
    ON CONFLICT (organisation_id, scope, key) DO UPDATE SET key = excluded.key
)
SELECT EXISTS (SELECT 1 FROM due) AS any
"""

_COLUMNS = "branch_id, promise_id, period, limit_minor, reaction, version"
_READ = f"""
SELECT {_COLUMNS} FROM ceilings
WHERE organisation_id = %(organisation_id)s AND period = %(period)s
  AND branch_id IS NOT DISTINCT FROM %(branch_id)s
  AND promise_id IS NOT DISTINCT FROM %(promise_id)s
"""
_BY_ID = f"""
SELECT {_COLUMNS} FROM ceilings WHERE organisation_id = %(organisation_id)s AND id = %(id)s
"""

_SET = """
INSERT INTO ceilings AS c (organisation_id, id, branch_id, promise_id, period, limit_minor,
    reaction, version, changed_at)
SELECT %(organisation_id)s, %(id)s, %(branch_id)s, %(promise_id)s, %(period)s, %(limit_minor)s,
    %(reaction)s, 1, %(now)s
WHERE %(version)s = 0 OR EXISTS (SELECT 1 FROM ceilings o
    WHERE o.organisation_id = %(organisation_id)s AND o.period = %(period)s
      AND o.branch_id IS NOT DISTINCT FROM %(branch_id)s
      AND o.promise_id IS NOT DISTINCT FROM %(promise_id)s)
ON CONFLICT (organisation_id, branch_id, promise_id, period) DO UPDATE
    SET limit_minor = excluded.limit_minor, reaction = excluded.reaction,
        version = c.version + 1, changed_at = excluded.changed_at,
        recall_from = CASE WHEN c.limit_minor < coalesce(excluded.limit_minor, c.limit_minor + 1)
            THEN %(all)s ELSE c.recall_from END
WHERE c.version = %(version)s
RETURNING c.id
"""

# The sums of a promise and of the organisation are kept only while they have a ceiling; here they
# are made true for the days that still matter.
_CATCH_UP = """
INSERT INTO released_days AS d (organisation_id, scope, key, day_on, amount_minor)
SELECT %(organisation_id)s, %(scope)s, %(key)s, s.day_on::date, coalesce(sum(w.amount_minor), 0)
FROM generate_series(%(from_on)s::timestamp, %(today_on)s::timestamp, interval '1 day')
    AS s (day_on)
LEFT JOIN ({released}) w ON w.day_on = s.day_on::date
GROUP BY s.day_on
ORDER BY s.day_on
ON CONFLICT (organisation_id, scope, key, day_on)
    DO UPDATE SET amount_minor = excluded.amount_minor
"""
_RELEASED = {
    SumScope.WHOLE_PROMISE: """SELECT c.counted_on AS day_on, c.amount_minor FROM compensations c
        WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = %(promise_id)s
          AND c.counted_on BETWEEN %(from_on)s AND %(today_on)s""",
    SumScope.ORGANISATION: """SELECT b.day_on, b.amount_minor FROM released_days b
        WHERE b.organisation_id = %(organisation_id)s AND b.scope = 'branch'
          AND b.day_on BETWEEN %(from_on)s AND %(today_on)s""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CeilingRule:
    """A ceiling as people set it; `limit_minor` None: there is none (any more). `version` 0 where
    none was ever set."""

    branch_id: uuid.UUID | None = None
    promise_id: uuid.UUID | None = None
    period: CeilingPeriod
    limit_minor: int | None = None
    reaction: CeilingReaction = CeilingReaction.WAIT
    version: int = 0

    @property
    def scope(self) -> SumScope:
        if self.branch_id is not None:
            return SumScope.BRANCH
        return SumScope.ORGANISATION if self.promise_id is None else SumScope.WHOLE_PROMISE


def lock_shared(session: Session, *, organisation_id: uuid.UUID, debts: Iterable[Any]) -> bool:
    """Whether ceilings bind these debts, rows with `branch_id` and `promise_id`. Nobody else adds
    to the sums that branches share before the transaction ends: of the promises and of everything,
    as far as they have a ceiling. These are locked before the sums of branches, and after a
    statement that has kept the ceilings (`KEEP`)."""
    return bool(rows(session, _LOCK, places(organisation_id, debts))[0].any)


def places(organisation_id: uuid.UUID, debts: Iterable[Any]) -> dict[str, Any]:
    """Where these debts are, as parameters of a statement."""
    both = [(row.branch_id, row.promise_id) for row in debts]
    return {
        "organisation_id": organisation_id,
        "branch_ids": sorted({branch_id for branch_id, _ in both}),
        "promise_ids": sorted({promise_id for _, promise_id in both}),
    }


def span_of(period: CeilingPeriod, day: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of the period in which this day is."""
    if period is CeilingPeriod.DAY:
        return day, day
    if period is CeilingPeriod.WEEK:
        monday = day - dt.timedelta(days=day.weekday())
        return monday, monday + dt.timedelta(days=6)
    first = day.replace(day=1)
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return first, following - dt.timedelta(days=1)


def ceiling_at(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID | None,
    promise_id: uuid.UUID | None,
    period: CeilingPeriod,
) -> CeilingRule:
    """As it was set last; one without a limit where it never was."""
    place = {"branch_id": branch_id, "promise_id": promise_id, "period": period}
    row = one_or_none(session, _READ, place | {"organisation_id": organisation_id})
    if row is None:
        return CeilingRule(branch_id=branch_id, promise_id=promise_id, period=period)
    return _rule(row)


def ceiling_by_id(
    session: Session, *, organisation_id: uuid.UUID, ceiling_id: uuid.UUID
) -> CeilingRule:
    """Raises NotFound."""
    row = one_or_none(session, _BY_ID, {"organisation_id": organisation_id, "id": ceiling_id})
    if row is None:
        raise NotFound(ceiling_id=str(ceiling_id))
    return _rule(row)


def _rule(row: Any) -> CeilingRule:
    return CeilingRule(
        branch_id=row.branch_id,
        promise_id=row.promise_id,
        period=CeilingPeriod(row.period),
        limit_minor=row.limit_minor,
        reaction=CeilingReaction(row.reaction),
        version=row.version,
    )


def set_ceiling(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    today_on: dt.date,
    wanted: CeilingRule,
) -> uuid.UUID:
    """In force from the next release on; what went out in the period before counts. Where it is
    raised or lifted, what it has sent to managers is to be tried again.

    The id of the ceiling. `wanted.version` is the one that was changed. Raises CeilingMoved where
    somebody was faster, CeilingNotFit; then nothing changed."""
    both = wanted.branch_id is not None and wanted.promise_id is not None
    in_terms = wanted.promise_id is not None and wanted.period is CeilingPeriod.MONTH
    if both or in_terms or not 0 <= (wanted.limit_minor or 0) <= LARGEST_LIMIT_MINOR:
        raise CeilingNotFit
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    execute(session, _CHANGE, tenant)  # what is under way ends first
    place = {"branch_id": wanted.branch_id, "promise_id": wanted.promise_id}
    row = one_or_none(
        session,
        _SET,
        tenant
        | place
        | {
            "id": new_id(),
            "now": now,
            "period": wanted.period.value,
            "limit_minor": wanted.limit_minor,
            "reaction": wanted.reaction.value,
            "version": wanted.version,
            "all": uuid.UUID(int=0),
        },
    )
    if row is None:
        raise CeilingMoved
    if wanted.scope is not SumScope.BRANCH:
        since = min(today_on.replace(day=1), today_on - dt.timedelta(days=HISTORY_DAYS))
        days = {"scope": wanted.scope.value, "from_on": since, "today_on": today_on}
        key = {"key": str(wanted.promise_id or organisation_id)}
        execute(
            session,
            _CATCH_UP.format(released=_RELEASED[wanted.scope]),
            tenant | place | days | key,
        )
    ceiling_id: uuid.UUID = row.id
    return ceiling_id
