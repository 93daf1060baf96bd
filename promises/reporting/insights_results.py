"""What actions against breaches changed: the same counts before and after them."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one, rows
from promises.reporting.insights_causes import CAUSE_IS, STANDING, standing_params
from promises.reporting.scorecard import Selection
from promises.reporting.statistics import Compared, Share, compare

COMPARED_DAYS = 20
"""Open days that are compared before and after an action, at most."""

LOOKED_AT_DAYS = 60
"""Among so many days the open ones are looked for, on either side."""

_DAY = dt.timedelta(days=1)

_CASE_ON = """SELECT 1 FROM commitments c
    WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = %(promise_id)s
      AND c.day_on = d.day_on AND c.state IN ('kept', 'broken')
      AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)"""

_SPANS = f"""
SELECT
    ARRAY(SELECT d.day_on FROM unnest(%(earlier)s::date[]) AS d (day_on)
        WHERE EXISTS ({_CASE_ON}) ORDER BY 1 DESC LIMIT %(days)s) AS before,
    ARRAY(SELECT d.day_on FROM unnest(%(later)s::date[]) AS d (day_on)
        WHERE EXISTS ({_CASE_ON}) ORDER BY 1 LIMIT %(days)s) AS after
"""

_AROUND = """
SELECT c.day_on >= %(done_on)s AS later, count(*) AS cases,
    count(*) FILTER (WHERE c.state = 'kept') AS kept
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = %(promise_id)s
  AND c.day_on = ANY(%(days)s) AND c.state IN ('kept', 'broken')
  AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
GROUP BY 1
"""

_HITS = f"""
SELECT b.day_on >= %(done_on)s AS later, count(*) AS n
{STANDING} {CAUSE_IS} AND b.day_on = ANY(%(days)s)
GROUP BY 1
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What an action changed: breaches (of its cause, where it has one) and kept cases in equally
    many open days before and after it. The first day of the action counts as after."""

    days: int
    breaches: Compared
    kept_before: Share
    kept_after: Share
    from_on: dt.date
    to_on: dt.date

    def kept(self) -> dict[str, int | str]:
        """As it is stored with an action that was checked; `read_result` reads it."""
        return {
            "days": self.days,
            "breaches_before": self.breaches.before.hits,
            "breaches_after": self.breaches.after.hits,
            "kept_before": self.kept_before.hits,
            "kept_after": self.kept_after.hits,
            "cases_before": self.kept_before.cases,
            "cases_after": self.kept_after.cases,
            "from_on": self.from_on.isoformat(),
            "to_on": self.to_on.isoformat(),
        }


def read_result(kept: Mapping[str, Any]) -> Result:
    before, after = kept["cases_before"], kept["cases_after"]
    return Result(
        days=kept["days"],
        breaches=compare(
            Share(kept["breaches_before"], before), Share(kept["breaches_after"], after)
        ),
        kept_before=Share(kept["kept_before"], before),
        kept_after=Share(kept["kept_after"], after),
        from_on=dt.date.fromisoformat(kept["from_on"]),
        to_on=dt.date.fromisoformat(kept["to_on"]),
    )


def result_of(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID,
    branch_id: uuid.UUID | None,
    cause_id: uuid.UUID | None,
    done_on: dt.date,
    today: dt.date,
) -> Result | None:
    """None before the first whole open day after it, and without a day before it."""
    asked: dict[str, object] = {
        "organisation_id": organisation_id,
        "promise_id": promise_id,
        "branch_id": branch_id,
        "cause_id": cause_id,
        "done_on": done_on,
    }
    around = {
        "earlier": [done_on - n * _DAY for n in range(1, LOOKED_AT_DAYS + 1)],
        "later": [done_on + n * _DAY for n in range(min((today - done_on).days, LOOKED_AT_DAYS))],
    }
    spans = one(session, _SPANS, asked | around | {"days": COMPARED_DAYS})
    days = min(len(spans.before), len(spans.after))
    if not days:
        return None
    before, after = sorted(spans.before[:days]), spans.after[:days]
    found = {row.later: row for row in rows(session, _AROUND, asked | {"days": before + after})}
    then, now = found[False], found[True]
    hits = {False: then.cases - then.kept, True: now.cases - now.kept}
    if cause_id is not None:
        chosen = Selection(promise_id, branch_id, before[0], after[-1])
        params = asked | standing_params(organisation_id, chosen) | {"only": True}
        counted = rows(session, _HITS, params | {"days": before + after})
        hits = {False: 0, True: 0} | {row.later: row.n for row in counted}
    return Result(
        days=days,
        breaches=compare(Share(hits[False], then.cases), Share(hits[True], now.cases)),
        kept_before=Share(then.kept, then.cases),
        kept_after=Share(now.kept, now.cases),
        from_on=before[0],
        to_on=after[-1],
    )


_CHANGES = """
SELECT a.id, a.done_on, a.public_texts, a.result, a.branch_id, b.name AS branch
FROM improvement_actions a
LEFT JOIN branches b ON b.organisation_id = a.organisation_id AND b.id = a.branch_id
WHERE a.organisation_id = %(organisation_id)s AND a.published_at IS NOT NULL
  AND (%(promise_id)s::uuid IS NULL OR a.promise_id = %(promise_id)s)
ORDER BY a.done_on DESC, a.id DESC
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class ChangeMade:
    """What was changed because of breaches, in words that a manager gave to the public. `branch`
    None: everywhere. `result` None: nobody has looked yet at what came of it."""

    action_id: uuid.UUID
    done_on: dt.date
    texts: dict[str, str]
    branch: str | None
    result: Result | None

    def text(self, locale: str) -> str:
        return self.texts.get(locale) or next(iter(self.texts.values()))


def changes_made(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID | None,
    limit: int = 5,
) -> list[ChangeMade]:
    """For the public page: the newest first. `promise_id` None: of all promises."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id, "limit": limit}
    return [
        ChangeMade(
            row.id,
            row.done_on,
            row.public_texts,
            row.branch,
            None if row.result is None else read_result(row.result),
        )
        for row in rows(session, _CHANGES, params)
    ]
