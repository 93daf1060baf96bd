"""Every stored verdict judged again by the engine of today: nothing may come out otherwise."""

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.general import Bench
from promises.breaches.guarantees import Given, history_of, not_begun, rule
from promises.breaches.rulings import decide_wait, is_news
from promises.catalogue.queries import VersionInForce, versions_by_id
from promises.db.sql import rows
from promises.desk.facts import TicketCase, load_cases
from promises.rules.terms import GuaranteeTerms, WaitTerms

BATCH = 1000

# What a second person decided, and what was taken back with its import, is no answer of the engine.
_DECIDED = """
SELECT c.id, c.version_id, c.ticket_id, c.branch_id, c.occurrence, c.started_at, c.due_at, c.state,
    c.reason, c.evidence, c.ended_at, c.by_engine, c.next_change_at, c.detail,
    c.reason = 'import_taken_back' OR EXISTS (
        SELECT 1 FROM breaches b
        JOIN annulments a ON a.organisation_id = b.organisation_id AND a.breach_id = b.id
        WHERE b.organisation_id = c.organisation_id AND b.commitment_id = c.id
          AND a.state = 'confirmed'
    ) AS by_people
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.id > %(after)s
  AND (c.detail IS NOT NULL OR c.state <> 'open')
ORDER BY c.id
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A commitment whose stored answer is not the one that the engine gives now."""

    commitment_id: uuid.UUID
    ticket_id: uuid.UUID
    stored: object
    now: object


@dataclass(frozen=True, slots=True)
class Replayed:
    """One batch; `last` is None where there was nothing more to judge."""

    judged: int
    differences: tuple[Difference, ...]
    last: uuid.UUID | None


def replay(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    after: uuid.UUID | None = None,
    limit: int = BATCH,
) -> Replayed:
    """Judge stored decisions anew, in order of their ids, and compare. Nothing is changed.

    Of general terms what was stored with the verdict is judged again; a wait is judged by its
    ticket's events.
    """
    bench = Bench(session, organisation_id, now)
    params = {**bench.tenant, "after": after or uuid.UUID(int=0), "limit": limit}
    found = rows(session, _DECIDED, params)
    if not found:
        return Replayed(0, (), None)
    versions = versions_by_id(
        session, organisation_id=organisation_id, version_ids={row.version_id for row in found}
    )
    waits = [row for row in found if not row.by_engine and not row.by_people]
    cases = load_cases(
        session,
        organisation_id=organisation_id,
        ticket_ids=sorted({row.ticket_id for row in waits}),
    )
    differences = [
        *_waits(waits, cases, versions, now),
        *_general(bench, [row for row in found if row.detail is not None], versions),
    ]
    return Replayed(len(found), tuple(differences), found[-1].id)


def _waits(
    found: Sequence[Any],
    cases: Mapping[uuid.UUID, TicketCase],
    versions: Mapping[uuid.UUID, VersionInForce],
    now: dt.datetime,
) -> Iterator[Difference]:
    for row in found:
        terms = versions[row.version_id].terms
        if isinstance(terms, WaitTerms):
            decision = decide_wait(row, terms, cases[row.ticket_id], now)
            if is_news(decision):
                ruling = decision.ruling
                yield Difference(
                    row.id,
                    row.ticket_id,
                    (row.state, row.reason, row.ended_at),
                    (ruling.state.value, ruling.reason, ruling.ended_at),
                )


def _general(
    bench: Bench, found: Sequence[Any], versions: Mapping[uuid.UUID, VersionInForce]
) -> Iterator[Difference]:
    for row in found:
        terms, detail = versions[row.version_id].terms, row.detail
        if isinstance(terms, GuaranteeTerms):
            answer = _again(bench, row, terms)
            if answer != detail["answer"]:
                yield Difference(row.id, row.ticket_id, detail["answer"], answer)


def _again(bench: Bench, row: Any, terms: GuaranteeTerms) -> object:
    """The answer to what the engine was asked then, at the time at which it was asked."""
    detail, guarantee = row.detail, terms.guarantee
    began_at = dt.datetime.fromisoformat(detail["began_at"])
    given = Given(
        terms=guarantee,
        facts=detail["facts"],
        now=dt.datetime.fromisoformat(detail["now"]),
        began_at=began_at,
        calendars=bench.calendars(guarantee.calendars, row.branch_id, began_at),
        history=history_of(detail),
    )
    number = detail["occurrence"]
    ruling = rule(given).get(number) or not_begun(given, number)
    answer: object = json.loads(json.dumps((ruling.detail or {})["answer"], default=str))
    return answer
