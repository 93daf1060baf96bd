"""The cases behind a figure, in pages. Each list holds exactly what its figure counts."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.types.multirange import Multirange
from psycopg.types.range import Range
from sqlalchemy.orm import Session

from promises.breaches.models import CommitmentState, Detection, Evidence
from promises.db.sql import one, rows
from promises.desk.values import label_of
from promises.kernel.money import Money
from promises.kernel.zones import resolve_local
from promises.reporting.money import (
    GROUPS,
    MONEY_OF,
    STAGE,
    STAGE_IS,
    MoneyGroup,
    MoneyStage,
)
from promises.reporting.scorecard import EVERYTHING, Selection

PAGE = 50

# A page of each promise by the index, then the first page of these: never a sort of everything.
_COMMITMENTS = """
SELECT c.*, b.name AS branch, b.time_zone, t.letter, t.number, t.external_ref
FROM unnest(coalesce(%(promise_ids)s::uuid[], ARRAY(
    SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
))) AS wanted (promise_id)
CROSS JOIN LATERAL (
    SELECT c.organisation_id, c.id, c.promise_id, c.ticket_id, c.branch_id, c.day_on, c.started_at,
           c.due_at, c.ended_at, c.state, c.reason, c.evidence
    FROM commitments c
    WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = wanted.promise_id
      AND c.day_on BETWEEN %(from_on)s AND least(%(to_on)s, %(last_on)s)
      AND (%(last_id)s::uuid IS NULL OR (c.day_on, c.id) < (%(last_on)s, %(last_id)s))
      AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
      AND (%(states)s::text[] IS NULL OR c.state = ANY (%(states)s))
      AND (%(evidence)s::text IS NULL OR c.evidence = %(evidence)s)
      {further}
    ORDER BY c.day_on DESC, c.id DESC LIMIT %(limit)s
) c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN branches b ON b.organisation_id = c.organisation_id AND b.id = c.branch_id
ORDER BY c.day_on DESC, c.id DESC LIMIT %(limit)s
"""

_COUNT = """
SELECT count(*) AS n
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s
  AND c.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND (%(branch_id)s::uuid IS NULL OR c.branch_id = %(branch_id)s)
  AND (%(states)s::text[] IS NULL OR c.state = ANY (%(states)s))
  AND (%(evidence)s::text IS NULL OR c.evidence = %(evidence)s)
  {further}
"""

_FURTHER = {
    "spans": """AND EXISTS (
        SELECT 1 FROM unnest(%(span_branches)s::uuid[], %(spans)s::tstzmultirange[])
            AS o (branch_id, spans)
        WHERE o.branch_id = c.branch_id AND c.started_at <@ o.spans)""",
    "over_s": "AND c.ended_at - c.started_at > make_interval(secs => %(over_s)s)",
    "served": "AND c.ended_by IN ('service_started', 'called')",
    "most_s": "AND c.ended_at - c.started_at <= make_interval(secs => %(most_s)s)",
}
"""Conditions that stand in the statement only where they are asked for."""

_BREACHES = """
SELECT x.*, n.name AS branch, n.time_zone, t.letter, t.number, t.external_ref
FROM unnest(coalesce(%(promise_ids)s::uuid[], ARRAY(
    SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
))) AS wanted (promise_id)
CROSS JOIN LATERAL (
    SELECT b.organisation_id, b.id, b.promise_id, b.ticket_id, b.branch_id, b.day_on,
           b.breached_at, b.detected_at, b.found_by, b.evidence, a.state AS annulment,
           k.amount_minor, k.currency,
           CASE WHEN k.id IS NOT NULL THEN {stage} END AS stage
    FROM breaches b
    LEFT JOIN annulments a ON a.organisation_id = b.organisation_id AND a.breach_id = b.id
        AND a.state IN ('asked', 'confirmed')
    {money}
    WHERE b.organisation_id = %(organisation_id)s AND b.promise_id = wanted.promise_id
      AND b.day_on BETWEEN %(from_on)s AND %(to_on)s
      AND b.breached_at BETWEEN %(first_at)s AND %(last_at)s
      AND (%(last_id)s::uuid IS NULL OR (b.breached_at, b.id) < (%(last_at)s, %(last_id)s))
      AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s)
      AND {condition}
    ORDER BY b.breached_at DESC, b.id DESC LIMIT %(limit)s
) x
JOIN tickets t ON t.organisation_id = x.organisation_id AND t.id = x.ticket_id
JOIN branches n ON n.organisation_id = x.organisation_id AND n.id = x.branch_id
ORDER BY x.breached_at DESC, x.id DESC LIMIT %(limit)s
"""

StageOrGroup = MoneyStage | MoneyGroup

_BREACHES_IN: dict[StageOrGroup | None, str] = {
    stage: _BREACHES.format(condition=condition, stage=STAGE, money=MONEY_OF)
    for stage, condition in ((None, "true"), *STAGE_IS.items(), *GROUPS.items())
}

_TOTAL = """
SELECT count(*) AS n, coalesce(sum({amount}), 0)::bigint AS amount_minor
FROM breaches b
{money}
WHERE b.organisation_id = %(organisation_id)s
  AND b.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND b.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND b.breached_at BETWEEN %(first_at)s AND %(last_at)s
  AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s)
  AND {condition}
"""

_TOTAL_IN: dict[StageOrGroup | None, str] = {
    stage: _TOTAL.format(
        condition=condition,
        amount="k.amount_minor" if stage else "0",
        money=MONEY_OF if stage else "",
    )
    for stage, condition in ((None, "true"), *STAGE_IS.items(), *GROUPS.items())
}

_LONGEST_LIMIT = """
SELECT coalesce(max(limit_us), 0) AS limit_us, coalesce(bool_or(limit_us IS NULL), false) AS endless
FROM promise_versions
WHERE organisation_id = %(organisation_id)s
"""

_NO_DAY = dt.date(2999, 12, 31)
_EVER = dt.datetime(1900, 1, 1, tzinfo=dt.UTC), dt.datetime(2999, 12, 31, tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class CommitmentRow:
    """`zone` is the branch's, for its clocks."""

    commitment_id: uuid.UUID
    promise_id: uuid.UUID
    ticket_id: uuid.UUID
    label: str
    branch: str
    zone: str
    day_on: dt.date
    started_at: dt.datetime
    due_at: dt.datetime | None
    ended_at: dt.datetime | None
    state: CommitmentState
    reason: str | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class BreachRow:
    """`annulment` is asked, confirmed or None. Amount and stage are None as long as no compensation
    was made out."""

    breach_id: uuid.UUID
    promise_id: uuid.UUID
    ticket_id: uuid.UUID
    label: str
    branch: str
    zone: str
    day_on: dt.date
    breached_at: dt.datetime
    detected_at: dt.datetime
    found_by: Detection
    evidence: Evidence
    annulment: str | None
    amount: Money | None
    stage: MoneyStage | None


@dataclass(frozen=True, slots=True)
class CommitmentPage:
    """`after` is what to ask for next; None on the last page."""

    rows: tuple[CommitmentRow, ...]
    after: tuple[dt.date, uuid.UUID] | None


@dataclass(frozen=True, slots=True)
class BreachPage:
    rows: tuple[BreachRow, ...]
    after: tuple[dt.datetime, uuid.UUID] | None


@dataclass(frozen=True, slots=True)
class CommitmentFilter:
    """`spans`: the arrival lay in one of these, by branch (see hour_spans); the wait was longer
    than `over_s` seconds, and not longer than `most_s`. `served`: only who was served or called,
    which is whose waits are told."""

    states: tuple[CommitmentState, ...] | None = None
    evidence: Evidence | None = None
    spans: Mapping[uuid.UUID, Multirange[dt.datetime]] | None = None
    over_s: int | None = None
    most_s: int | None = None
    served: bool | None = None

    def params(self) -> dict[str, object]:
        spans = self.spans or {}
        return {
            "states": None if self.states is None else [one.value for one in self.states],
            "evidence": self.evidence,
            "span_branches": list(spans),
            "spans": list(spans.values()),
            "over_s": self.over_s,
            "most_s": self.most_s,
        }

    def written_into(self, statement: str) -> str:
        asked = [text for name, text in _FURTHER.items() if getattr(self, name) is not None]
        return statement.format(further=" ".join(asked))


ALL = CommitmentFilter()


LONGEST_SPAN_DAYS = 400


def hour_spans(
    zones: Mapping[uuid.UUID, str], selection: Selection, *, weekday: int | None, hour: int | None
) -> dict[uuid.UUID, Multirange[dt.datetime]]:
    """On the days of the selection (at most the last 400), by branch: the hour `hour` of the
    branch's clock, or the whole day; on each `weekday` (Monday is 1), or on every day."""
    if selection.to_on is None:
        raise ValueError("hours of the clock need a last day")
    first = selection.to_on - dt.timedelta(days=LONGEST_SPAN_DAYS)
    first = max(first, selection.from_on or first)
    days = [first + dt.timedelta(days=n) for n in range((selection.to_on - first).days + 1)]
    days = [day for day in days if weekday in (None, day.isoweekday())]
    by_zone = {zone: _spans_of(days, hour, zone) for zone in set(zones.values())}
    return {branch_id: by_zone[zone] for branch_id, zone in zones.items()}


def _spans_of(days: list[dt.date], hour: int | None, zone: str) -> Multirange[dt.datetime]:
    start, length = dt.time(hour or 0), dt.timedelta(hours=24 if hour is None else 1)
    bounds = [dt.datetime.combine(day, start) for day in days]
    return Multirange(
        [
            Range(resolve_local(one, zone).instant, resolve_local(one + length, zone).instant)
            for one in bounds
        ]
    )


def commitment_list(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection = EVERYTHING,
    only: CommitmentFilter = ALL,
    after: tuple[dt.date, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> CommitmentPage:
    """The newest day first. Cases that arrive meanwhile do not shift later pages."""
    params = selection.params(organisation_id) | only.params()
    params |= {
        "last_on": after[0] if after else _NO_DAY,
        "last_id": after[1] if after else None,
        "limit": limit + 1,
    }
    found = [_commitment(row) for row in rows(session, only.written_into(_COMMITMENTS), params)]
    last = found[limit - 1] if len(found) > limit else None
    return CommitmentPage(tuple(found[:limit]), (last.day_on, last.commitment_id) if last else None)


def commitment_count(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection = EVERYTHING,
    only: CommitmentFilter = ALL,
) -> int:
    """How many cases the list pages through."""
    params = selection.params(organisation_id) | only.params()
    return int(one(session, only.written_into(_COUNT), params).n)


@dataclass(frozen=True, slots=True)
class BreachTotal:
    """What a list of breaches adds up to. The sum is of one stage or group; None for all breaches,
    whose money is in different hands."""

    count: int
    amount_minor: int | None


def breach_total(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection = EVERYTHING,
    stage: StageOrGroup | None = None,
) -> BreachTotal:
    first_at, last_at = _deadlines(session, organisation_id, selection)
    params = selection.params(organisation_id) | {"first_at": first_at, "last_at": last_at}
    found = one(session, _TOTAL_IN[stage], params)
    return BreachTotal(found.n, None if stage is None else found.amount_minor)


def breach_list(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection = EVERYTHING,
    stage: StageOrGroup | None = None,
    after: tuple[dt.datetime, uuid.UUID] | None = None,
    limit: int = PAGE,
) -> BreachPage:
    """The newest first, annulled ones too; with `stage` those whose money is there, or in one of
    the stages of a group."""
    first_at, last_at = _deadlines(session, organisation_id, selection)
    params = selection.params(organisation_id) | {
        "first_at": first_at,
        "last_at": min(after[0], last_at) if after else last_at,
        "last_id": after[1] if after else None,
        "limit": limit + 1,
    }
    found = [_breach(row) for row in rows(session, _BREACHES_IN[stage], params)]
    last = found[limit - 1] if len(found) > limit else None
    return BreachPage(tuple(found[:limit]), (last.breached_at, last.breach_id) if last else None)


def _deadlines(
    session: Session, organisation_id: uuid.UUID, selection: Selection
) -> tuple[dt.datetime, dt.datetime]:
    """Between which instants the deadlines of the selected days lie, for the index on deadlines:
    a local day begins and ends within a day of UTC's, and a deadline is a limit later."""
    first_at, last_at = _EVER
    if selection.from_on is not None:
        first_at = dt.datetime.combine(selection.from_on, dt.time(), dt.UTC) - dt.timedelta(days=1)
    if selection.to_on is not None:
        longest = one(session, _LONGEST_LIMIT, {"organisation_id": organisation_id})
        if longest.endless:  # general terms may be broken at any time after
            return first_at, last_at
        end = dt.datetime.combine(selection.to_on, dt.time(), dt.UTC) + dt.timedelta(days=2)
        last_at = min(end + dt.timedelta(microseconds=longest.limit_us + 1), last_at)
    return first_at, last_at


def _label(row: Any) -> str:
    return row.external_ref or label_of(row.letter, row.number)


def _commitment(row: Any) -> CommitmentRow:
    return CommitmentRow(
        commitment_id=row.id,
        promise_id=row.promise_id,
        ticket_id=row.ticket_id,
        label=_label(row),
        branch=row.branch,
        zone=row.time_zone,
        day_on=row.day_on,
        started_at=row.started_at,
        due_at=row.due_at,
        ended_at=row.ended_at,
        state=CommitmentState(row.state),
        reason=row.reason,
        evidence=Evidence(row.evidence),
    )


def _breach(row: Any) -> BreachRow:
    return BreachRow(
        breach_id=row.id,
        promise_id=row.promise_id,
        ticket_id=row.ticket_id,
        label=_label(row),
        branch=row.branch,
        zone=row.time_zone,
        day_on=row.day_on,
        breached_at=row.breached_at,
        detected_at=row.detected_at,
        found_by=Detection(row.found_by),
        evidence=Evidence(row.evidence),
        annulment=row.annulment,
        amount=None if row.amount_minor is None else Money(row.amount_minor, row.currency),
        stage=None if row.stage is None else MoneyStage(row.stage),
    )
