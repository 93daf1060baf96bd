"""What the events of matters say besides their times, as named facts for the terms of promises."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.desk.attributes import as_vouched, tells_the_past
from promises.desk.models import EventKind

_FACTS = """
SELECT s.ticket_id, s.kind, s.occurred_at, s.recorded_at, s.verified, s.promised_at,
       s.attributes, p.slug, u.id IS NULL AS standing, u.id IS NULL OR NOT u.verified AS sure
       {version}
FROM service_events s {moments}
LEFT JOIN partners p ON p.organisation_id = s.organisation_id AND p.id = s.partner_id
LEFT JOIN service_events u ON u.organisation_id = s.organisation_id AND u.corrects_id = s.id
  {undone}
WHERE s.organisation_id = %(organisation_id)s AND s.ticket_id = ANY(%(ticket_ids)s)
  AND (s.kind IN ('told', 'promised', 'handed_over', 'handed_back', 'answered', 'left', 'reopened')
       OR s.attributes IS NOT NULL)
ORDER BY s.ticket_version, s.id
"""

_LOAD = _FACTS.format(version="", moments="", undone="")
_LOAD_PAST = _FACTS.format(
    version=", v.version",
    moments="JOIN unnest(%(ticket_ids)s::uuid[], %(versions)s::bigint[]) AS v (id, version)"
    " ON v.id = s.ticket_id AND s.ticket_version <= v.version",
    undone="AND u.ticket_version <= v.version",
)

Leg = tuple[dt.datetime, dt.datetime | None, str | None]
"""When a partner got the matter, when it ended (None: still), and the partner's slug."""

_ENDS_LEG = frozenset({EventKind.HANDED_BACK, EventKind.ANSWERED, EventKind.LEFT})


@dataclass(frozen=True, slots=True)
class MatterFact:
    """One event in the order of recording. `known_at` is `occurred_at` where we vouch for it, else
    when we learnt it. `standing`: nobody took it back; `sure`: at least not beyond doubt."""

    kind: EventKind
    occurred_at: dt.datetime
    known_at: dt.datetime
    standing: bool
    sure: bool
    promised_at: dt.datetime | None
    partner: str | None
    attributes: Mapping[str, object] | None

    @property
    def doubted(self) -> bool:
        """Facts that say when something happened, longer ago than we vouch for."""
        given = self.attributes or {}
        return self.kind is EventKind.NOTED and tells_the_past(given, self.known_at)


def load_matter_facts(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, tuple[MatterFact, ...]]:
    """By ticket; those without such an event are left out."""
    found: dict[uuid.UUID, list[MatterFact]] = {}
    params = {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)}
    for row in rows(session, _LOAD, params):
        found.setdefault(row.ticket_id, []).append(_fact(row))
    return {ticket_id: tuple(facts) for ticket_id, facts in found.items()}


def load_past_matter_facts(
    session: Session, *, organisation_id: uuid.UUID, moments: Sequence[tuple[uuid.UUID, int]]
) -> dict[tuple[uuid.UUID, int], tuple[MatterFact, ...]]:
    """The same, as it was known when each ticket had that version."""
    found: dict[tuple[uuid.UUID, int], list[MatterFact]] = {}
    params = {
        "organisation_id": organisation_id,
        "ticket_ids": [one[0] for one in moments],
        "versions": [one[1] for one in moments],
    }
    for row in rows(session, _LOAD_PAST, params):
        found.setdefault((row.ticket_id, row.version), []).append(_fact(row))
    return {key: tuple(facts) for key, facts in found.items()}


def _fact(row: Any) -> MatterFact:
    return MatterFact(
        kind=EventKind(row.kind),
        occurred_at=row.occurred_at,
        known_at=row.occurred_at if row.verified else row.recorded_at,
        standing=row.standing,
        sure=row.sure,
        promised_at=row.promised_at,
        partner=row.slug,
        attributes=row.attributes,
    )


def matter_facts(facts: Sequence[MatterFact], *, sure: bool) -> dict[str, object]:
    """`told`, `promised_at`, `legs` and the attributes of events; names that nothing says are left
    out. `sure`: as far as we vouch for it."""
    counted = [fact for fact in facts if (fact.sure if sure else fact.standing)]
    found: dict[str, object] = {}
    for fact in counted:
        found.update(_attributes(fact, sure))
        if fact.promised_at is not None:
            found["promised_at"] = fact.promised_at
    told = sorted(_at(fact, sure) for fact in counted if fact.kind is EventKind.TOLD)
    if told:
        found["told"] = tuple(told)
    spells = legs((fact.kind, _at(fact, sure), fact.partner) for fact in counted)
    if spells:
        found["legs"] = spells
    return found


def _attributes(fact: MatterFact, sure: bool) -> Mapping[str, object]:
    given = fact.attributes or {}
    if sure and fact.kind is EventKind.NOTED and given:
        return as_vouched(given, fact.known_at)
    return given


def _at(fact: MatterFact, sure: bool) -> dt.datetime:
    return fact.known_at if sure else fact.occurred_at


def legs(
    events: Iterable[tuple[EventKind, dt.datetime, str | None]],
) -> tuple[Leg, ...]:
    """The spells in partners' hands, by the times of the events."""
    found: list[Leg] = []
    for kind, at, partner in sorted(events, key=lambda event: event[1]):
        if kind is not EventKind.HANDED_OVER and kind not in _ENDS_LEG:
            continue
        if found and found[-1][1] is None:
            found[-1] = (found[-1][0], at, found[-1][2])
        if kind is EventKind.HANDED_OVER:
            found.append((at, None, partner))
    return tuple(found)
