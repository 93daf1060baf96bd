"""The facts of tickets as the engine takes them, read from the events."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.desk.matter_facts import (
    MatterFact,
    load_matter_facts,
    load_past_matter_facts,
    matter_facts,
)
from promises.desk.models import TicketState
from promises.rules.facts import EventKind, FactEvent, Facts, TicketKind

# The kind of service is the one of the arrival: a transfer neither opens nor voids a promise.
_CASES = """
SELECT t.id, t.kind, t.branch_id, t.day_on, t.customer_id, t.device_id,
       coalesce(e.arrival_kind_id, t.service_kind_id) AS service_kind_id,
       t.contact_id, t.import_id IS NOT NULL AS imported, t.waited_us, t.disputed_at,
       t.presence_shown_at IS NOT NULL AS presence_shown, t.state, t.next_due_at, t.attributes,
       coalesce(e.kinds, '{{}}') AS kinds, coalesce(e.times, '{{}}') AS times,
       coalesce(e.known_times, '{{}}') AS known_times, coalesce(e.standing, '{{}}') AS standing,
       coalesce(e.sure, '{{}}') AS sure, coalesce(e.acts, '{{}}') AS acts {version}
FROM tickets t {moments}
LEFT JOIN LATERAL (
    SELECT array_agg(s.kind ORDER BY s.ticket_version, s.id) AS kinds,
           array_agg(s.occurred_at ORDER BY s.ticket_version, s.id) AS times,
           array_agg(CASE WHEN s.verified THEN s.occurred_at ELSE s.recorded_at END
                     ORDER BY s.ticket_version, s.id) AS known_times,
           array_agg(u.id IS NULL ORDER BY s.ticket_version, s.id) AS standing,
           array_agg(s.ticket_version ORDER BY s.ticket_version, s.id) AS acts,
           array_agg((s.verified OR s.kind <> 'arrived') AND (u.id IS NULL OR NOT u.verified)
                     ORDER BY s.ticket_version, s.id) AS sure,
           (array_agg(s.service_kind_id) FILTER (WHERE s.kind = 'arrived'))[1] AS arrival_kind_id
    FROM service_events s
    LEFT JOIN service_events u
      ON u.organisation_id = s.organisation_id AND u.corrects_id = s.id {undone}
    WHERE s.organisation_id = t.organisation_id AND s.ticket_id = t.id AND s.kind <> 'undone'
      {known}
) e ON true
WHERE t.organisation_id = %(organisation_id)s AND t.id = ANY(%(ticket_ids)s)
ORDER BY t.id
"""

_LOAD = _CASES.format(version="", moments="", undone="", known="")
_LOAD_PAST = _CASES.format(
    version=", v.version",
    moments="JOIN unnest(%(ticket_ids)s::uuid[], %(versions)s::bigint[]) AS v (id, version)"
    " ON v.id = t.id",
    undone="AND u.ticket_version <= v.version",
    known="AND s.ticket_version <= v.version",
)


PROMISED_AT = "promised_at"
"""What a promise says, and not when it was given."""

_VISIT = TicketKind.VISIT.value


@dataclass(frozen=True, slots=True)
class TicketCase:
    """One ticket for judging. `facts` are the events that stand. In `verified_facts` those whose
    claimed time nobody can vouch for stand at the time when our clock recorded them, by when they
    had happened (an arrival is left out), and those that were taken back too late for that to be
    vouched for are kept; where nothing is in doubt they are the same object as `facts`.

    `service_kind_id` is what the customer came for at first, whatever a transfer said later.
    `matter_facts` are the events of a matter that say more than their time; a visit has none."""

    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    kind: TicketKind
    day_on: dt.date
    customer_id: uuid.UUID | None
    device_id: uuid.UUID | None
    contact_id: uuid.UUID | None
    imported: bool
    disputed: bool
    present: bool
    next_due_at: dt.datetime | None
    facts: Facts
    verified_facts: Facts
    attributes: Mapping[str, object] | None = None
    matter_facts: tuple[MatterFact, ...] = ()

    @property
    def doubted(self) -> bool:
        """Whether something about it is claimed that we cannot vouch for."""
        if self.verified_facts is not self.facts:
            return True
        return any(one.doubted for one in self.matter_facts)

    @property
    def named(self) -> dict[str, object]:
        """The facts by name: `<event>_at` is the earliest event of its kind that stands, `told`
        the times at which the customer had word, `promised_at` the date that was given last,
        `legs` the spells (start, end, partner) in other hands, and the ticket's attributes. Put
        together at each call; a visit that nobody asks about costs nothing."""
        return self._named(self.facts, sure=False)

    @property
    def verified_named(self) -> dict[str, object]:
        """The same from `verified_facts`."""
        return self._named(self.verified_facts, sure=True)

    def _named(self, facts: Facts, *, sure: bool) -> dict[str, object]:
        found: dict[str, object] = dict(self.attributes or {})
        found |= matter_facts(self.matter_facts, sure=sure)
        first: dict[str, dt.datetime] = {}
        for event in facts.events:
            name = f"{event.kind.value}_at"
            if name != PROMISED_AT and event.occurred_at <= first.get(name, event.occurred_at):
                first[name] = event.occurred_at
        return found | first


def load_cases(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, TicketCase]:
    """Cases by ticket; undone events are left out. One statement however many tickets, and one
    more where some are no visits."""
    found = rows(
        session,
        _LOAD,
        {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)},
    )
    matters = [row.id for row in found if row.kind != _VISIT]
    said: Mapping[uuid.UUID, tuple[MatterFact, ...]] = {}
    if matters:
        said = load_matter_facts(session, organisation_id=organisation_id, ticket_ids=matters)
    return {row.id: _case(row, said.get(row.id, ())) for row in found}


Moment = tuple[uuid.UUID, int]
"""A ticket, and the version that it had."""


def load_past_cases(
    session: Session, *, organisation_id: uuid.UUID, moments: Sequence[Moment]
) -> dict[Moment, TicketCase]:
    """What was known of tickets when they had these versions: later events, and later undoing, are
    left out. What stands in the ticket itself is read as it is now."""
    ticket_ids, versions = [one[0] for one in moments], [one[1] for one in moments]
    params = {
        "organisation_id": organisation_id,
        "ticket_ids": ticket_ids,
        "versions": versions,
    }
    found = rows(session, _LOAD_PAST, params)
    matters = [(row.id, row.version) for row in found if row.kind != _VISIT]
    said: Mapping[Moment, tuple[MatterFact, ...]] = {}
    if matters:
        said = load_past_matter_facts(session, organisation_id=organisation_id, moments=matters)
    keys = ((row.id, row.version) for row in found)
    return {key: _case(row, said.get(key, ())) for key, row in zip(keys, found, strict=True)}


def _present(row: Any) -> bool:
    """Whether the customer is known to be there: the branch's code was scanned, or service began.
    Where it begins with the call, by the branch's setting, the call says nothing of the customer;
    then it takes that somebody marks the visit as served."""
    if row.presence_shown or row.state == TicketState.SERVED:
        return True
    standing = [
        (kind, act)
        for kind, act, stands in zip(row.kinds, row.acts, row.standing, strict=True)
        if stands
    ]
    called = {act for kind, act in standing if kind == EventKind.CALLED}
    return any(kind == EventKind.SERVICE_STARTED and act not in called for kind, act in standing)


def _case(row: Any, said: tuple[MatterFact, ...]) -> TicketCase:
    wait = None if row.waited_us is None else dt.timedelta(microseconds=row.waited_us)
    kind = TicketKind(row.kind)
    standing = _those(row.kinds, row.times, row.standing)
    facts = Facts(kind, row.service_kind_id, row.branch_id, standing, wait)
    verified_facts = facts
    if row.standing != row.sure or row.times != row.known_times:
        known = _those(row.kinds, row.known_times, row.sure)
        verified_facts = Facts(kind, row.service_kind_id, row.branch_id, known, wait)
    return TicketCase(
        ticket_id=row.id,
        branch_id=row.branch_id,
        service_kind_id=row.service_kind_id,
        kind=kind,
        day_on=row.day_on,
        customer_id=row.customer_id,
        device_id=row.device_id,
        contact_id=row.contact_id,
        imported=row.imported,
        disputed=row.disputed_at is not None,
        present=_present(row),
        next_due_at=row.next_due_at,
        facts=facts,
        verified_facts=verified_facts,
        attributes=row.attributes,
        matter_facts=said,
    )


def _those(
    kinds: Sequence[str], times: Sequence[dt.datetime], wanted: Sequence[bool]
) -> tuple[FactEvent, ...]:
    return tuple(
        FactEvent(EventKind(kind), at)
        for kind, at, is_wanted in zip(kinds, times, wanted, strict=True)
        if is_wanted
    )


_STAFF_ACTED = """
SELECT s.branch_id, s.staff_acted_at FROM branch_states s
WHERE s.organisation_id = %(organisation_id)s AND s.branch_id = ANY(%(branch_ids)s)
"""

_IMPORT_SPAN = """
SELECT min(t.arrived_at) AS first_at, max(t.arrived_at) AS last_at FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.import_id = %(import_id)s
  AND t.state <> 'withdrawn'
"""


def staff_acted_at(
    session: Session, *, organisation_id: uuid.UUID, branch_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, dt.datetime | None]:
    """When staff last marked anything at each branch."""
    found = rows(
        session,
        _STAFF_ACTED,
        {"organisation_id": organisation_id, "branch_ids": list(branch_ids)},
    )
    return {row.branch_id: row.staff_acted_at for row in found}


def import_span(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID
) -> tuple[dt.datetime, dt.datetime] | None:
    """First and last arrival of an import's tickets, None where it has none."""
    found = rows(
        session, _IMPORT_SPAN, {"organisation_id": organisation_id, "import_id": import_id}
    )
    first, last = found[0].first_at, found[0].last_at
    return None if first is None else (first, last)
