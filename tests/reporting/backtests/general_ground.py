"""Tickets with random facts, and what the chain itself says of each under general terms."""

import dataclasses
import datetime as dt
import random

from promises.breaches.guarantees import WITHOUT_MONEY, Given, declared, rule
from promises.db.sql import rows
from promises.desk.facts import load_cases
from promises.desk.models import ServiceEvent
from promises.identity.calendars import calendars_for, set_opening_hours
from promises.identity.new_calendars import create_calendar
from promises.kernel.actors import Role
from promises.kernel.calendars import BeyondCalendar
from promises.kernel.hours import parse_calendar
from promises.kernel.ids import new_id
from promises.kernel.zones import local_date
from promises.rules.guarantee.engine import judge
from promises.rules.guarantee.interpreter import case_of
from promises.rules.states import State
from promises.rules.terms import parse_terms
from tests.reporting.backtests.ground import ZONE, Bank, facts_of
from tests.rules.guarantee.random_facts import BASE, CALENDARS, random_facts
from tests.rules.guarantee.random_parts import FACTS
from tests.rules.guarantee.random_terms import random_document

NOW = BASE + dt.timedelta(days=9)
_NAMES = {"shop": "Shop", "round-the-clock": "Round the clock"}
_DOCUMENT = {"facts": dict(FACTS), "recurring": {}}
_TICKETS = """
SELECT id, kind, arrived_at, branch_id, customer_id, device_id, day_on FROM tickets
WHERE organisation_id = %(organisation_id)s AND arrived_at IS NOT NULL AND state <> 'withdrawn'
ORDER BY arrived_at, id
"""


def hours_of(name):
    return parse_calendar(CALENDARS[name])


class GeneralBank(Bank):
    """Keeps the calendars that random documents count by. The shop's hours were changed while
    the tickets came in, and its first version is younger than some of them."""

    def __init__(self):
        super().__init__()
        for name in CALENDARS:
            spec = hours_of(name)
            with self.made.work(Role.ADMINISTRATOR) as uow:
                made = create_calendar(
                    uow.session, organisation_id=self.id, actor=uow.actor,
                    now=BASE - dt.timedelta(days=1), name=_NAMES[name], time_zone=spec.zone,
                    weekly=spec.weekly,
                )  # fmt: skip
                assert made.slug == name
                set_opening_hours(
                    uow.session, organisation_id=self.id, actor=uow.actor,
                    now=BASE + dt.timedelta(days=1), calendar_id=made.id, spec=spec,
                )  # fmt: skip

    def fill(self, chance, count, people=((), ())):
        self.add([random_case(chance, self.made, people) for _ in range(count)])

    def add_told(self, tickets):
        """Tickets whose columns are all told by events as well, as the desk would have them."""
        ids = set(self.add(tickets))
        with self.made.work(None) as uow:
            for row in self.rows():
                events = facts_of(row).events if row.id in ids else ()
                for number, event in enumerate(one for one in events if one.kind != "arrived"):
                    uow.session.add(
                        ServiceEvent(
                            organisation_id=self.id,
                            id=new_id(),
                            ticket_id=row.id,
                            kind=event.kind,
                            source="desk",
                            occurred_at=event.occurred_at,
                            recorded_at=uow.now,
                            verified=True,
                            actor_kind="system",
                            ticket_version=2 + number,
                        )  # fmt: skip
                    )

    def cases(self):
        with self.work() as uow:
            return rows(uow.session, _TICKETS, {"organisation_id": self.id})


def random_case(chance, made, people=((), ())):
    """A ticket of any kind with random facts among its attributes."""
    arrived = BASE + dt.timedelta(minutes=chance.randrange(-3 * 1440, 8 * 1440))
    customer = chance.choice((None, *people[0]))
    facts = random_facts(chance, _DOCUMENT)
    return {
        "kind": chance.choice(("visit", "complaint", "request")),
        "state": "waiting",
        "branch_id": chance.choice(made.branches).id,
        "service_kind_id": chance.choice(made.kind_ids),
        "day_on": local_date(arrived, ZONE),
        "arrived_at": arrived,
        "queued_at": arrived,
        "customer_id": customer,
        "device_id": None if customer else chance.choice((None, *people[1])),
        "attributes": {name: value for name, value in facts.items() if name != "now"},
    }


def random_terms(seed, **parts):
    return parse_terms(random_document(random.Random(seed)) | parts)


@dataclasses.dataclass
class Said:
    """One commitment as the chain would hold it."""

    ticket: object
    number: int
    state: State
    amount_minor: int


def chain_says(bank, terms, scope=None, now=NOW):
    """What the chain's own judgement is on each ticket (of these ids), caps and history apart."""
    found = []
    with bank.work() as uow:
        cases = [row for row in bank.cases() if scope is None or row.id in scope]
        loaded = load_cases(
            uow.session, organisation_id=bank.id, ticket_ids=[row.id for row in cases]
        )
        for row in cases:
            given = Given(
                terms=terms.guarantee,
                facts=declared(terms.guarantee, loaded[row.id].named),
                now=now,
                began_at=row.arrived_at,
                calendars=calendars_for(
                    uow.session, organisation_id=bank.id, names=terms.guarantee.calendars,
                    branch_id=row.branch_id, at=row.arrived_at, now=now,
                ),
            )  # fmt: skip
            for number, state, amount in _said(given):
                if state is not State.NOT_APPLICABLE:
                    found.append(Said(row, number, state, amount))
    return found


def _said(given):
    """The engine's answers at that time. When they change by themselves takes the most time to
    work out, and is left out unless an occurrence begins with it."""
    if given.terms.recurrence is not None:
        for number, ruling in rule(given).items():
            yield number, ruling.state, ruling.granted.amount_minor if ruling.granted else 0
        return
    case = case_of(given.terms, given.known()[0], given.now, given.calendars)
    try:
        result = judge(case)
    except BeyondCalendar:
        yield 1, State.OPEN, 0
        return
    unpaid = result.owed is None or result.owed.remedy in WITHOUT_MONEY
    yield 1, result.state, 0 if unpaid else result.owed.amount_minor or 0


def counted(said):
    """In the form of `told`: kept, broken, excluded, open, owed, cost."""
    states = [one.state for one in said]
    return (
        *(states.count(State(name)) for name in ("kept", "broken", "excluded", "open")),
        sum(one.amount_minor > 0 for one in said),
        sum(one.amount_minor for one in said),
    )
