"""Opening commitments, and judging them when something happened to their tickets."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.models import CommitmentState, Detection, Evidence
from promises.catalogue.queries import VersionInForce, versions_by_id
from promises.db.sql import execute, records, rows
from promises.desk.facts import TicketCase
from promises.kernel.ids import new_id
from promises.rules.deadlines import due_at
from promises.rules.judge import judge_committed
from promises.rules.terms import Terms
from promises.rules.verdicts import State, Verdict

_OPEN = """
INSERT INTO commitments (organisation_id, id, promise_id, version_id, ticket_id, branch_id,
    occurrence, day_on, started_at, due_at, state, evidence, by_duration)
SELECT %(organisation_id)s, c.id, c.promise_id, c.version_id, %(ticket_id)s, %(branch_id)s,
    1, %(day_on)s, %(started_at)s, c.due_at, 'open', %(evidence)s, false
FROM unnest(%(ids)b::uuid[], %(promise_ids)b::uuid[], %(version_ids)b::uuid[],
    %(due_ats)b::timestamptz[]) AS c (id, promise_id, version_id, due_at)
ON CONFLICT (organisation_id, promise_id, ticket_id, occurrence) DO NOTHING
"""

_LOCK = """
SELECT c.id, c.promise_id, c.version_id, c.ticket_id, c.branch_id, c.day_on, c.started_at,
    c.due_at, c.state, c.reason, c.evidence, c.ended_at, c.ended_by,
    CASE WHEN c.state IN ('kept', 'excluded') THEN EXISTS (
        SELECT 1 FROM breaches b
        JOIN annulments a ON a.organisation_id = b.organisation_id AND a.breach_id = b.id
        WHERE b.organisation_id = c.organisation_id AND b.commitment_id = c.id
          AND a.state = 'confirmed'
    ) ELSE false END AS annulled
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = ANY(%(ticket_ids)s)
ORDER BY c.id
FOR UPDATE
"""

_DECIDE = """
WITH decided AS (
    SELECT * FROM jsonb_to_recordset(%(decided)s::jsonb)
        AS d (id uuid, state text, reason text, evidence text, ended_at timestamptz, ended_by text,
              by_duration boolean)
)
UPDATE commitments c
SET state = d.state,
    reason = CASE WHEN d.state = 'open' THEN NULL ELSE d.reason END,
    evidence = d.evidence,
    decided_at = CASE WHEN d.state = 'open' THEN NULL
                      ELSE coalesce(c.decided_at, %(now)s) END,
    ended_at = d.ended_at, ended_by = d.ended_by, by_duration = d.by_duration
FROM decided d
WHERE c.organisation_id = %(organisation_id)s AND c.id = d.id
"""

_BREAK = """
INSERT INTO breaches (organisation_id, id, commitment_id, promise_id, version_id, ticket_id,
    branch_id, day_on, breached_at, detected_at, found_by, evidence)
SELECT %(organisation_id)s, b.id, c.id, c.promise_id, c.version_id, c.ticket_id, c.branch_id,
    c.day_on, c.due_at, greatest(%(now)s, c.due_at), %(found_by)s, c.evidence
FROM unnest(%(breach_ids)b::uuid[], %(ids)b::uuid[]) AS b (id, commitment_id)
JOIN commitments c ON c.organisation_id = %(organisation_id)s AND c.id = b.commitment_id
ON CONFLICT (organisation_id, commitment_id) DO NOTHING
RETURNING id, commitment_id
"""


_SETTLED = (State.KEPT, State.EXCLUDED)
"""What contradicts a recorded breach. That it is still open does not: then the clock was read
before the deadline, and the sweep came in between."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A ticket that came into scope. `verified` is false where its arrival is only claimed."""

    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    day_on: dt.date
    started_at: dt.datetime
    verified: bool


@dataclass(frozen=True, slots=True)
class NewBreach:
    """A breach recorded just now, with what its award depends on."""

    breach_id: uuid.UUID
    commitment_id: uuid.UUID
    promise_id: uuid.UUID
    version_id: uuid.UUID
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    day_on: dt.date
    breached_at: dt.datetime
    evidence: Evidence
    left_after_limit: bool


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A recorded breach that the facts, as they now stand, no longer show."""

    commitment_id: uuid.UUID
    ticket_id: uuid.UUID
    state: State


@dataclass(frozen=True, slots=True)
class Judgement:
    """What judging changed. `next_due` has every ticket judged: its earliest open deadline.
    `broken` are the tickets to which a promise was broken, now or before."""

    breached: tuple[NewBreach, ...]
    contradicted: tuple[Contradiction, ...]
    left_late: tuple[uuid.UUID, ...]
    broken: frozenset[uuid.UUID]
    next_due: Mapping[uuid.UUID, dt.datetime | None]


@dataclass(frozen=True, slots=True)
class _Decision:
    """`verdict` holds; `claimed` is the state that all evidence, sure or not, speaks for."""

    row: Any
    verdict: Verdict
    evidence: Evidence
    claimed: State


def first_deadline(
    versions: Sequence[VersionInForce], started_at: dt.datetime
) -> dt.datetime | None:
    """The earliest deadline of a ticket that came then; None where no promise covers it."""
    return min((due_at(version.terms, started_at) for version in versions), default=None)


def open_commitments(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    opening: Opening,
    versions: Sequence[VersionInForce],
) -> None:
    """One commitment for each promise in force; a ticket never gets a second one of a promise."""
    if not versions:
        return
    execute(
        session,
        _OPEN,
        {
            "organisation_id": organisation_id,
            "ticket_id": opening.ticket_id,
            "branch_id": opening.branch_id,
            "day_on": opening.day_on,
            "started_at": opening.started_at,
            "evidence": (Evidence.LIVE if opening.verified else Evidence.UNVERIFIED).value,
            "ids": [new_id() for _ in versions],
            "promise_ids": [version.promise_id for version in versions],
            "version_ids": [version.version_id for version in versions],
            "due_ats": [due_at(version.terms, opening.started_at) for version in versions],
        },
    )


def judge_tickets(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    cases: Mapping[uuid.UUID, TicketCase],
    found_by: Detection = Detection.EVENT,
) -> Judgement:
    """Judge all commitments of these tickets anew.

    Late or edited evidence counts against the house at once: the worse of the verdicts with and
    without it holds. It cannot take back a breach that is recorded: such a commitment stays
    broken and is returned as a contradiction, for a second person. What that person has decided
    is not judged again.
    """
    locked = rows(session, _LOCK, {"organisation_id": organisation_id, "ticket_ids": list(cases)})
    found = [row for row in locked if not row.annulled]
    versions = versions_by_id(
        session, organisation_id=organisation_id, version_ids={row.version_id for row in found}
    )
    decisions = [
        _decide(row, versions[row.version_id].terms, cases[row.ticket_id], now) for row in found
    ]
    changed = [decision for decision in decisions if _is_news(decision)]
    _store(session, organisation_id, now, changed)
    breached = _record_breaches(session, organisation_id, now, changed, found_by)
    return Judgement(
        breached=breached,
        contradicted=tuple(
            Contradiction(d.row.id, d.row.ticket_id, d.claimed)
            for d in decisions
            if d.claimed in _SETTLED
            and (d.row.state == CommitmentState.BROKEN or d.verdict.state is State.BROKEN)
        ),
        left_late=tuple(d.row.id for d in decisions if d.verdict.left_after_limit),
        broken=frozenset(
            d.row.ticket_id
            for d in decisions
            if CommitmentState.BROKEN in (d.row.state, d.verdict.state.value)
        ),
        next_due=_next_due(cases, decisions),
    )


def _decide(row: Any, terms: Terms, case: TicketCase, now: dt.datetime) -> _Decision:
    verdict = judge_committed(terms, case.facts, now)
    claimed = verdict.state
    evidence = Evidence(row.evidence)
    if case.verified_facts is not case.facts:
        without = judge_committed(terms, case.verified_facts, now)
        if without.state is State.BROKEN and verdict.state is not State.BROKEN:
            verdict = without
        elif without.state is not verdict.state:
            evidence = Evidence.UNVERIFIED
    return _Decision(row, verdict, evidence, claimed)


def _is_news(decision: _Decision) -> bool:
    row, verdict = decision.row, decision.verdict
    if verdict.state is State.NOT_APPLICABLE:
        return False
    if row.state == CommitmentState.BROKEN and verdict.state is not State.BROKEN:
        return False
    same_state = row.state == verdict.state.value
    return not same_state or (
        verdict.state is not State.OPEN
        and (row.reason, row.ended_at) != (verdict.reason.value, verdict.ended_at)
    )


def _store(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, changed: list[_Decision]
) -> None:
    if not changed:
        return
    execute(
        session,
        _DECIDE,
        {
            "organisation_id": organisation_id,
            "now": now,
            "decided": records(_decided(d) for d in changed),
        },
    )


def _decided(decision: _Decision) -> dict[str, object]:
    verdict = decision.verdict
    return {
        "id": decision.row.id,
        "state": verdict.state.value,
        "reason": verdict.reason.value,
        "evidence": decision.evidence.value,
        "ended_at": verdict.ended_at,
        "ended_by": verdict.ended_by and verdict.ended_by.value,
        "by_duration": verdict.by_duration,
    }


def _record_breaches(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    changed: Iterable[_Decision],
    found_by: Detection,
) -> tuple[NewBreach, ...]:
    broken = [d for d in changed if d.verdict.state is State.BROKEN]
    fresh = {d.row.id: d for d in broken if d.row.state != CommitmentState.BROKEN}
    if not fresh:
        return ()
    inserted = rows(
        session,
        _BREAK,
        {
            "organisation_id": organisation_id,
            "now": now,
            "found_by": found_by.value,
            "breach_ids": [new_id() for _ in fresh],
            "ids": list(fresh),
        },
    )
    return tuple(_new_breach(row.id, fresh[row.commitment_id]) for row in inserted)


def _new_breach(breach_id: uuid.UUID, decision: _Decision) -> NewBreach:
    row = decision.row
    return NewBreach(
        breach_id=breach_id,
        commitment_id=row.id,
        promise_id=row.promise_id,
        version_id=row.version_id,
        ticket_id=row.ticket_id,
        branch_id=row.branch_id,
        day_on=row.day_on,
        breached_at=row.due_at,
        evidence=decision.evidence,
        left_after_limit=decision.verdict.left_after_limit,
    )


def _next_due(
    cases: Mapping[uuid.UUID, TicketCase], decisions: Iterable[_Decision]
) -> dict[uuid.UUID, dt.datetime | None]:
    earliest: dict[uuid.UUID, dt.datetime | None] = dict.fromkeys(cases)
    for decision in decisions:
        open_now = decision.verdict.state is State.OPEN
        if open_now and decision.row.state != CommitmentState.BROKEN:
            known = earliest[decision.row.ticket_id]
            due = decision.row.due_at
            earliest[decision.row.ticket_id] = due if known is None else min(known, due)
    return earliest
