"""Opening commitments, and judging them when something happened to their tickets."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.general import Bench, decide_general, store_general
from promises.breaches.models import CommitmentState, Detection, Evidence
from promises.breaches.rulings import Decision, Granted, decide_wait, is_news
from promises.catalogue.queries import VersionInForce, versions_by_id
from promises.db.sql import execute, records, rows
from promises.desk.facts import TicketCase
from promises.kernel.ids import new_id
from promises.rules.deadlines import due_at
from promises.rules.terms import WaitTerms
from promises.rules.verdicts import State

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
    c.due_at, c.state, c.reason, c.evidence, c.ended_at, c.ended_by, c.occurrence, c.by_engine,
    c.next_change_at, c.detail,
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
    c.day_on, b.breached_at, greatest(%(now)s, b.breached_at), %(found_by)s, c.evidence
FROM unnest(%(breach_ids)b::uuid[], %(ids)b::uuid[], %(breached_ats)b::timestamptz[])
    AS b (id, commitment_id, breached_at)
JOIN commitments c ON c.organisation_id = %(organisation_id)s AND c.id = b.commitment_id
ON CONFLICT (organisation_id, commitment_id) DO NOTHING
RETURNING id, commitment_id, breached_at
"""


_UNAWARDED = """
SELECT b.id, b.commitment_id, b.breached_at
FROM breaches b
WHERE b.organisation_id = %(organisation_id)s AND b.commitment_id = ANY(%(ids)s)
  AND NOT EXISTS (SELECT 1 FROM compensations m
      WHERE m.organisation_id = b.organisation_id AND m.breach_id = b.id)
ORDER BY b.breached_at, b.id
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
    granted: Granted | None = None


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A recorded breach that the facts, as they now stand, no longer show."""

    commitment_id: uuid.UUID
    ticket_id: uuid.UUID
    state: State


@dataclass(frozen=True, slots=True)
class Judgement:
    """What judging changed. `next_due` has every ticket judged: its earliest open deadline.
    `broken` are the tickets to which a promise was broken, now or before. `to_award` are breaches
    whose award can be made out now: nearly always the new ones."""

    breached: tuple[NewBreach, ...]
    to_award: tuple[NewBreach, ...]
    contradicted: tuple[Contradiction, ...]
    left_late: tuple[uuid.UUID, ...]
    broken: frozenset[uuid.UUID]
    next_due: Mapping[uuid.UUID, dt.datetime | None]


def first_deadline(
    versions: Sequence[VersionInForce], started_at: dt.datetime
) -> dt.datetime | None:
    """The earliest deadline of a ticket that came then; None where no promise says one at once."""
    return min((due_at(terms, started_at) for _, terms in _short(versions)), default=None)


def _short(versions: Sequence[VersionInForce]) -> list[tuple[VersionInForce, WaitTerms]]:
    """Those of the short form, whose deadline follows from the arrival alone."""
    return [(one, one.terms) for one in versions if isinstance(one.terms, WaitTerms)]


def open_commitments(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    opening: Opening,
    versions: Sequence[VersionInForce],
) -> None:
    """One commitment for each promise of the short form; a ticket never gets a second one of a
    promise. Those to general terms are opened by `open_general`."""
    short = _short(versions)
    if not short:
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
            "ids": [new_id() for _ in short],
            "promise_ids": [version.promise_id for version, _ in short],
            "version_ids": [version.version_id for version, _ in short],
            "due_ats": [due_at(terms, opening.started_at) for _, terms in short],
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
    versions = versions_by_id(
        session, organisation_id=organisation_id, version_ids={row.version_id for row in locked}
    )
    bench = Bench(session, organisation_id, now)
    decisions = decide(bench, locked, cases, versions)
    changed = [decision for decision in decisions if is_news(decision)]
    _store(session, organisation_id, now, [d for d in changed if not d.row.by_engine])
    store_general(bench, [d for d in changed if d.row.by_engine])
    breached = _record_breaches(session, organisation_id, now, changed, found_by)
    return Judgement(
        breached=breached,
        to_award=_to_award(bench, breached, decisions),
        contradicted=tuple(
            Contradiction(d.row.id, d.row.ticket_id, d.claimed)
            for d in decisions
            if d.claimed in _SETTLED
            and (d.row.state == CommitmentState.BROKEN or d.ruling.state is State.BROKEN)
        ),
        left_late=tuple(d.row.id for d in decisions if d.ruling.left_after_limit),
        broken=frozenset(
            d.row.ticket_id
            for d in decisions
            if CommitmentState.BROKEN in (d.row.state, d.ruling.state.value)
        ),
        next_due=_next_due(cases, decisions),
    )


def decide(
    bench: Bench,
    locked: Sequence[Any],
    cases: Mapping[uuid.UUID, TicketCase],
    versions: Mapping[uuid.UUID, VersionInForce],
) -> list[Decision]:
    """What the facts say of these commitments; those that a second person annulled are left out."""
    decisions: list[Decision] = []
    general: list[Any] = []
    for row in locked:
        terms = versions[row.version_id].terms
        if not isinstance(terms, WaitTerms):
            general.append(row)
        elif not row.annulled:
            decisions.append(decide_wait(row, terms, cases[row.ticket_id], bench.now))
    if general:
        decisions += decide_general(bench, general, cases, versions)
    return decisions


def state_of(
    bench: Bench, commitment_id: uuid.UUID, version: VersionInForce, case: TicketCase
) -> State | None:
    """What all evidence now says of one commitment; None where it was annulled. Nothing is
    stored."""
    locked = rows(bench.session, _LOCK, {**bench.tenant, "ticket_ids": [case.ticket_id]})
    of_promise = [row for row in locked if row.version_id == version.version_id]
    decisions = decide(bench, of_promise, {case.ticket_id: case}, {version.version_id: version})
    return next((one.claimed for one in decisions if one.row.id == commitment_id), None)


def _store(
    session: Session, organisation_id: uuid.UUID, now: dt.datetime, changed: list[Decision]
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


def _decided(decision: Decision) -> dict[str, object]:
    ruling = decision.ruling
    return {
        "id": decision.row.id,
        "state": ruling.state.value,
        "reason": ruling.reason,
        "evidence": decision.evidence.value,
        "ended_at": ruling.ended_at,
        "ended_by": ruling.ended_by,
        "by_duration": ruling.by_duration,
    }


def _record_breaches(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    changed: Iterable[Decision],
    found_by: Detection,
) -> tuple[NewBreach, ...]:
    broken = [d for d in changed if d.ruling.state is State.BROKEN]
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
            "breached_ats": [d.ruling.breached_at for d in fresh.values()],
        },
    )
    return tuple(_new_breach(row.id, row.breached_at, fresh[row.commitment_id]) for row in inserted)


def _to_award(
    bench: Bench, breached: tuple[NewBreach, ...], decisions: Iterable[Decision]
) -> tuple[NewBreach, ...]:
    """New breaches, but for those that still grow; and those that have grown until now."""
    at_once = tuple(one for one in breached if one.granted is None or one.granted.closed)
    waiting = {
        d.row.id: d
        for d in decisions
        if d.row.state == CommitmentState.BROKEN and d.ruling.granted and d.ruling.granted.closed
    }
    if waiting:
        params = {**bench.tenant, "ids": list(waiting)}
        at_once += tuple(
            _new_breach(row.id, row.breached_at, waiting[row.commitment_id])
            for row in rows(bench.session, _UNAWARDED, params)
        )
    return at_once


def _new_breach(breach_id: uuid.UUID, breached_at: dt.datetime, decision: Decision) -> NewBreach:
    row = decision.row
    return NewBreach(
        breach_id=breach_id,
        commitment_id=row.id,
        promise_id=row.promise_id,
        version_id=row.version_id,
        ticket_id=row.ticket_id,
        branch_id=row.branch_id,
        day_on=row.day_on,
        breached_at=breached_at,
        evidence=decision.evidence,
        left_after_limit=decision.ruling.left_after_limit,
        granted=decision.ruling.granted,
    )


def _next_due(
    cases: Mapping[uuid.UUID, TicketCase], decisions: Iterable[Decision]
) -> dict[uuid.UUID, dt.datetime | None]:
    earliest: dict[uuid.UUID, dt.datetime | None] = dict.fromkeys(cases)
    for decision in decisions:
        due = decision.ruling.due_at
        open_now = decision.ruling.state is State.OPEN
        if open_now and due is not None and decision.row.state != CommitmentState.BROKEN:
            known = earliest[decision.row.ticket_id]
            earliest[decision.row.ticket_id] = due if known is None else min(known, due)
    return earliest
