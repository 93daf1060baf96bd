"""The tickets of a span as cases for general terms: their facts by name, and their calendars.

Two statements find out which, and a few thousand are read at a time; what a ticket knows besides
the facts that the terms ask for is dropped at once.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.guarantees import plain
from promises.db.sql import one, rows
from promises.desk.facts import TicketCase, load_cases
from promises.identity.case_calendars import CaseCalendars
from promises.kernel.calendars import PreparedCalendar
from promises.kernel.zones import local_clock, zone_of
from promises.reporting.backtests.figures import Span
from promises.reporting.backtests.loading import branch_zones
from promises.rules.guarantee.clauses import Guarantee
from promises.rules.guarantee.facts import FactsRefused, read_facts
from promises.rules.guarantee.vocabulary import FactType
from promises.rules.terms import GuaranteeTerms

BATCH = 2_000

_SPAN = """t.organisation_id = %(organisation_id)s AND t.state <> 'withdrawn'
  AND t.arrived_at IS NOT NULL
  AND (%(import_id)s::uuid IS NULL OR t.import_id = %(import_id)s)
  AND (%(from_on)s::date IS NULL OR t.day_on BETWEEN %(from_on)s AND %(to_on)s)"""

# What the customer came for counts; a ticket that was transferred carries another letter.
_NEWEST = f"""
SELECT t.id, t.arrived_at, count(*) OVER ()::int AS total
FROM tickets t
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
WHERE {_SPAN} AND t.kind = ANY(%(kinds)s)
  AND (%(branches)s::uuid[] IS NULL OR t.branch_id = ANY(%(branches)s))
  AND (%(services)s::uuid[] IS NULL OR CASE
      WHEN t.letter IS NULL OR t.letter = k.letter THEN t.service_kind_id
      ELSE coalesce((
          SELECT e.service_kind_id FROM service_events e
          WHERE e.organisation_id = t.organisation_id AND e.ticket_id = t.id
            AND e.kind = 'arrived' AND e.service_kind_id IS NOT NULL
          ORDER BY e.ticket_version, e.id LIMIT 1
      ), t.service_kind_id) END = ANY(%(services)s))
ORDER BY t.day_on DESC, t.arrived_at DESC, t.id DESC
LIMIT %(most)s
"""
_DAYS = f"SELECT min(t.day_on) AS first_on, max(t.day_on) AS last_on FROM tickets t WHERE {_SPAN}"

_AS_TIMES = frozenset({FactType.INSTANT, FactType.DATE})


@dataclass(frozen=True, slots=True)
class Told:
    """One ticket for judging. `facts` are those of `read_facts`, `hour` is its hour of the week on
    the branch's clock."""

    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    customer_id: uuid.UUID | None
    device_id: uuid.UUID | None
    day_on: dt.date
    hour: int
    facts: Mapping[str, Any]
    calendars: Mapping[str, PreparedCalendar]


@dataclass(frozen=True, slots=True)
class Tickets:
    """By rising day. `first_on` to `last_on` are the days with any ticket, in scope or not, None
    where there was none; `left_out` older ones, whole days of them, are not in it."""

    tickets: tuple[Told, ...]
    first_on: dt.date | None
    last_on: dt.date | None
    left_out: int


def load_tickets(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    terms: GuaranteeTerms,
    span: Span,
    now: dt.datetime,
    most: int,
) -> Tickets:
    """The newest `most` tickets in scope, less the older part of a day that would be cut."""
    params = _params(organisation_id, terms, span, most)
    days = one(session, _DAYS, params)
    found = rows(session, _NEWEST, params)
    told = _Reader(session, organisation_id, terms.guarantee, now).read(found)
    total = found[0].total if found else 0
    first_on = days.first_on
    if total > len(told):
        oldest = told[0].day_on
        if told[-1].day_on > oldest:
            told = [ticket for ticket in told if ticket.day_on > oldest]
        first_on = told[0].day_on
    return Tickets(tuple(told), first_on, days.last_on, total - len(told))


def _params(
    organisation_id: uuid.UUID, terms: GuaranteeTerms, span: Span, most: int
) -> dict[str, Any]:
    scope = terms.scope
    return {
        "organisation_id": organisation_id,
        "import_id": span.import_id,
        "from_on": None if span.import_id else span.from_on,
        "to_on": span.to_on,
        "kinds": [kind.value for kind in scope.ticket_kinds],
        "branches": None if scope.branches is None else sorted(scope.branches),
        "services": None if scope.service_kinds is None else sorted(scope.service_kinds),
        "most": most,
    }


class _Reader:
    def __init__(
        self, session: Session, organisation_id: uuid.UUID, terms: Guarantee, now: dt.datetime
    ) -> None:
        self._session, self._organisation_id, self._terms = session, organisation_id, terms
        self._zones = {
            branch_id: zone_of(zone)
            for branch_id, zone in branch_zones(session, organisation_id=organisation_id).items()
        }
        self._calendars = CaseCalendars(
            session, organisation_id=organisation_id, names=terms.calendars, now=now
        )

    def read(self, found: Sequence[Any]) -> list[Told]:
        """In rising order of days and arrivals."""
        told: list[Told] = []
        rising = found[::-1]
        for start in range(0, len(rising), BATCH):
            batch = rising[start : start + BATCH]
            cases = load_cases(
                self._session,
                organisation_id=self._organisation_id,
                ticket_ids=[row.id for row in batch],
            )
            told += [self._told(cases[row.id], row.arrived_at) for row in batch]
        return told

    def _told(self, case: TicketCase, arrived_at: dt.datetime) -> Told:
        _, clock = local_clock(arrived_at, self._zones[case.branch_id])
        return Told(
            ticket_id=case.ticket_id,
            branch_id=case.branch_id,
            customer_id=case.customer_id,
            device_id=case.device_id,
            day_on=case.day_on,
            hour=case.day_on.weekday() * 24 + clock.hour,
            facts=known_facts(self._terms, case.named),
            calendars=self._calendars.at(case.branch_id, arrived_at),
        )


def known_facts(terms: Guarantee, named: Mapping[str, object]) -> dict[str, Any]:
    """What the chain judges by: the declared facts, less those that are not of their type. Times
    are not written out and read again on the way, which would cost more than judging."""
    given = {
        name: value if isinstance(value, dt.datetime) and spec.type in _AS_TIMES else plain(value)
        for name, spec in terms.facts.items()
        if (value := named.get(name)) is not None
    }
    try:
        return read_facts(terms.facts, given, terms.time_zone)
    except FactsRefused as refused:
        wrong = {problem.field.split("/")[1] for problem in refused.problems}
    rest = {name: value for name, value in given.items() if name not in wrong}
    return read_facts(terms.facts, rest, terms.time_zone)
