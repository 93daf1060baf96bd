"""Commitments to general terms in the database: opened, judged by the engine, written back."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.guarantees import Given, declared, history_of, not_begun, rule
from promises.breaches.history import Wanted, earlier_awards
from promises.breaches.models import CommitmentState, Evidence
from promises.breaches.rulings import Decision, Ruling, weigh
from promises.catalogue.queries import VersionInForce
from promises.db.sql import execute, records, rows
from promises.desk.facts import TicketCase
from promises.identity.calendars import calendars_for
from promises.kernel.calendars import PreparedCalendar
from promises.kernel.ids import new_id
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.uses import uses_history
from promises.rules.terms import GuaranteeTerms
from promises.rules.verdicts import State

_OPEN = """
INSERT INTO commitments (organisation_id, id, promise_id, version_id, ticket_id, branch_id,
    occurrence, day_on, started_at, state, evidence, by_duration, by_engine)
SELECT %(organisation_id)s, c.id, c.promise_id, c.version_id, c.ticket_id, c.branch_id,
    c.occurrence, c.day_on, c.started_at, 'open', c.evidence, false, true
FROM jsonb_to_recordset(%(opened)s::jsonb) AS c (id uuid, promise_id uuid, version_id uuid,
    ticket_id uuid, branch_id uuid, occurrence int, day_on date, started_at timestamptz,
    evidence text)
ON CONFLICT (organisation_id, promise_id, ticket_id, occurrence) DO NOTHING
RETURNING id, promise_id, version_id, ticket_id, branch_id, occurrence, day_on, started_at, due_at,
    state, reason, evidence, ended_at, ended_by, by_engine, next_change_at, detail,
    false AS annulled
"""

_DECIDE = """
UPDATE commitments c
SET state = d.state,
    reason = CASE WHEN d.state = 'open' THEN NULL ELSE d.reason END,
    evidence = d.evidence,
    decided_at = CASE WHEN d.state = 'open' THEN NULL
                      ELSE coalesce(c.decided_at, %(now)s) END,
    started_at = coalesce(d.started_at, c.started_at), due_at = d.due_at,
    next_change_at = d.next_change_at, detail = d.detail
FROM jsonb_to_recordset(%(decided)s::jsonb)
    AS d (id uuid, state text, reason text, evidence text, started_at timestamptz,
          due_at timestamptz,
          next_change_at timestamptz, detail jsonb)
WHERE c.organisation_id = %(organisation_id)s AND c.id = d.id
"""

_LOOKED_AT = """
UPDATE commitments c SET next_change_at = NULL
WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = ANY(%(ticket_ids)s)
  AND c.next_change_at <= %(now)s
"""


_Calendars = Mapping[str, PreparedCalendar]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where judging happens, and when; what was read on the way is read once."""

    session: Session
    organisation_id: uuid.UUID
    now: dt.datetime
    _known: dict[tuple[object, ...], _Calendars] = field(default_factory=dict)

    @property
    def tenant(self) -> dict[str, Any]:
        return {"organisation_id": self.organisation_id}

    def calendars(
        self, names: frozenset[str], branch_id: uuid.UUID, began_at: dt.datetime
    ) -> _Calendars:
        """As they were when the case began."""
        key = (names, branch_id, began_at)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = calendars_for(
                self.session,
                organisation_id=self.organisation_id,
                names=names,
                branch_id=branch_id,
                at=began_at,
                now=self.now,
            )
        return found


@dataclass(frozen=True, slots=True)
class GeneralOpening:
    """A ticket that came into the scope of promises with general terms."""

    case: TicketCase
    started_at: dt.datetime
    evidence: Evidence
    versions: Sequence[VersionInForce]


def open_general(bench: Bench, openings: Iterable[GeneralOpening]) -> int:
    """One open commitment for each promise that applies to the ticket, or of which that is not
    known yet; returns how many. They have to be judged in the same transaction."""
    opened = []
    for one in openings:
        for version in one.versions:
            terms = version.terms
            if isinstance(terms, GuaranteeTerms):
                given = _given(bench, terms.guarantee, one.case, one.started_at)
                if rule(given)[1].state is not State.NOT_APPLICABLE:
                    evidence = one.evidence.value
                    opened.append(_opened(version, one.case, 1, one.started_at, evidence))
    return len(_insert(bench, opened))


def _opened(
    version: VersionInForce, case: TicketCase, number: int, started_at: dt.datetime, evidence: str
) -> dict[str, object]:
    return {
        "id": new_id(),
        "promise_id": version.promise_id,
        "version_id": version.version_id,
        "ticket_id": case.ticket_id,
        "branch_id": case.branch_id,
        "occurrence": number,
        "day_on": case.day_on,
        "started_at": started_at,
        "evidence": evidence,
    }


def _insert(bench: Bench, opened: Sequence[Mapping[str, object]]) -> list[Any]:
    if not opened:
        return []
    return rows(bench.session, _OPEN, {**bench.tenant, "opened": records(opened)})


def _given(bench: Bench, terms: Guarantee, case: TicketCase, began_at: dt.datetime) -> Given:
    return Given(
        terms=terms,
        facts=declared(terms, case.named),
        now=bench.now,
        began_at=began_at,
        calendars=bench.calendars(terms.calendars, case.branch_id, began_at),
    )


def decide_general(
    bench: Bench,
    found: Iterable[Any],
    cases: Mapping[uuid.UUID, TicketCase],
    versions: Mapping[uuid.UUID, VersionInForce],
) -> list[Decision]:
    """Judge locked commitments, all of their tickets' together. Occurrences that have begun since
    are opened, and judged with the others."""
    groups: dict[tuple[uuid.UUID, uuid.UUID], list[Any]] = defaultdict(list)
    for row in found:
        groups[row.ticket_id, row.version_id].append(row)
    history = _history(bench, groups, cases, versions)
    decisions: list[Decision] = []
    for (ticket_id, version_id), group in groups.items():
        version, case = versions[version_id], cases[ticket_id]
        if not isinstance(version.terms, GuaranteeTerms):
            raise TypeError(version_id)
        began_at = min(row.started_at for row in group)
        given = _given(bench, version.terms.guarantee, case, began_at)
        owner = case.customer_id
        if owner is not None:
            given = replace(given, history=history.get((version.promise_id, owner), ()))
        new = _begun_since(bench, version, case, group, rule(given))
        judge = OccurrenceJudge(given, case)
        decisions += [weigh(row, case, judge.of(row)) for row in (*group, *new) if not row.annulled]
    return decisions


def _history(
    bench: Bench,
    groups: Mapping[tuple[uuid.UUID, uuid.UUID], Sequence[Any]],
    cases: Mapping[uuid.UUID, TicketCase],
    versions: Mapping[uuid.UUID, VersionInForce],
) -> Mapping[Wanted, tuple[Any, ...]]:
    counting = {one for _, one in groups if _looks_back(versions[one])}
    wanted = [
        (versions[version_id].promise_id, customer_id)
        for (ticket_id, version_id), group in groups.items()
        if version_id in counting
        and (customer_id := cases[ticket_id].customer_id) is not None
        and any(row.state != CommitmentState.BROKEN for row in group)
    ]
    return earlier_awards(bench.session, organisation_id=bench.organisation_id, wanted=wanted)


def _looks_back(version: VersionInForce) -> bool:
    terms = version.terms
    return isinstance(terms, GuaranteeTerms) and uses_history(terms.guarantee)


def _begun_since(
    bench: Bench,
    version: VersionInForce,
    case: TicketCase,
    group: Sequence[Any],
    rulings: Mapping[int, Ruling],
) -> list[Any]:
    known, evidence = {row.occurrence for row in group}, group[0].evidence
    opened = [
        _opened(version, case, number, ruling.started_at, evidence)
        for number, ruling in rulings.items()
        if number not in known and ruling.started_at is not None
    ]
    return _insert(bench, opened)


class OccurrenceJudge:
    """The rulings on one ticket's commitments to one promise, each way worked out once."""

    def __init__(self, given: Given, case: TicketCase) -> None:
        self._given, self._case = given, case
        self._known: dict[tuple[bool, Any], dict[int, Ruling]] = {}

    def of(self, row: Any) -> Callable[..., Ruling]:
        """A recorded breach keeps the history that it was awarded with: what was granted since
        does not lower it."""
        history = self._given.history
        if row.state == CommitmentState.BROKEN:
            history = history_of(row.detail)

        def judged(*, sure: bool) -> Ruling:
            key = (sure, tuple(one.at for one in history))
            rulings = self._known.get(key)
            given = replace(self._basis(sure=sure), history=history)
            if rulings is None:
                rulings = self._known[key] = rule(given)
            ruling = rulings.get(row.occurrence) or not_begun(given, row.occurrence)
            if ruling.state is State.NOT_APPLICABLE:  # opened while that was not known
                return replace(ruling, state=State.EXCLUDED)
            return ruling

        return judged

    def _basis(self, *, sure: bool) -> Given:
        if not sure:
            return self._given
        given = self._given
        return replace(given, facts=declared(given.terms, self._case.verified_named))


def store_general(bench: Bench, changed: Sequence[Decision]) -> None:
    if changed:
        decided = records(_decided(one) for one in changed)
        execute(bench.session, _DECIDE, {**bench.tenant, "now": bench.now, "decided": decided})


def _decided(decision: Decision) -> dict[str, object]:
    ruling = decision.ruling
    return {
        "id": decision.row.id,
        "state": ruling.state.value,
        "reason": ruling.reason,
        "evidence": decision.evidence.value,
        "started_at": ruling.started_at,
        "due_at": ruling.due_at,
        "next_change_at": ruling.next_change_at,
        "detail": ruling.detail,
    }


def looked_at(bench: Bench, ticket_ids: Sequence[uuid.UUID]) -> None:
    """What was due to be looked at on these tickets has been: judging again changes nothing until
    something happens."""
    execute(
        bench.session,
        _LOOKED_AT,
        {**bench.tenant, "ticket_ids": list(ticket_ids), "now": bench.now},
    )
