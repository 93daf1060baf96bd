"""Tickets at random in a real database, and what the engine itself says of each."""

import dataclasses
import datetime as dt
import itertools

from promises.db.sql import rows
from promises.desk.models import ServiceEvent, Ticket
from promises.identity.models import Customer, Device
from promises.kernel.actors import Role
from promises.kernel.ids import new_id, new_token
from promises.kernel.zones import local_date
from promises.rules.awards import Claim, allocate
from promises.rules.facts import EventKind, FactEvent, Facts, TicketKind
from promises.rules.judge import judge
from promises.rules.verdicts import State
from tests.factories.catalogue import simple_terms
from tests.factories.identity import make_organisation

NOW = dt.datetime(2026, 4, 2, 12, 0, tzinfo=dt.UTC)
FIRST = dt.date(2026, 1, 20)
LAST = dt.date(2026, 4, 2)
SECOND = dt.timedelta(seconds=1)
TICK = dt.timedelta.resolution
ZONE = "Europe/Helsinki"

_numbers = itertools.count(1)

_TICKETS = """
SELECT id, kind, state, branch_id, service_kind_id, day_on, arrived_at, called_at,
    service_started_at, ended_at, waited_us, customer_id, device_id
FROM tickets WHERE organisation_id = %(organisation_id)s AND state <> 'withdrawn'
ORDER BY arrived_at, id
"""
_ENDS = {
    "left": EventKind.LEFT,
    "no_show": EventKind.NO_SHOW,
    "closed": EventKind.CLOSED,
}


def random_ticket(chance, made, *, limit=900, people=((), ())):
    """A ticket whose times lie about `limit` seconds after its arrival, or on it exactly."""

    def wait():
        near = chance.choice((0, limit, limit // 2, chance.randrange(3 * limit)))
        return near * SECOND + chance.choice((0, 0, 1, -1)) * TICK

    state = chance.choice(
        ("waiting", "called", "in_service", "served", "served", "served", "left", "no_show",
         "closed", "withdrawn")
    )  # fmt: skip
    arrived = dt.datetime.combine(FIRST, dt.time(), dt.UTC) + chance.random() * (
        NOW - dt.datetime.combine(FIRST, dt.time(), dt.UTC)
    )
    called = arrived + wait() if state != "waiting" and chance.random() < 0.9 else None
    begun = state in ("in_service", "served") and chance.random() < 0.95
    over = state in ("served", "left", "no_show", "closed")
    customers, devices = people
    customer = chance.choice((None, *customers))
    return {
        "kind": chance.choice(("visit", "visit", "visit", "complaint")),
        "state": state,
        "branch_id": chance.choice(made.branches).id,
        "service_kind_id": chance.choice(made.kind_ids),
        "day_on": local_date(arrived, ZONE),
        "arrived_at": arrived if chance.random() < 0.97 else None,
        "queued_at": arrived,
        "called_at": called,
        "service_started_at": arrived + wait() if begun else None,
        "ended_at": arrived + wait() if over else None,
        "waited_us": chance.choice((None, None, None, limit * 1_000_000, chance.randrange(10**10))),
        "customer_id": customer,
        "device_id": None if customer else chance.choice((None, *devices)),
    }


class Bank:
    """An organisation with two branches and two services, and its tickets."""

    def __init__(self, **words):
        self.made = make_organisation(**({"branches": 2, "kinds": ("A", "B")} | words))

    @property
    def id(self):
        return self.made.id

    def add(self, tickets):
        """Commit tickets; those that the desk would not make too."""
        ids = []
        with self.made.work(None) as uow:
            for columns in tickets:
                number = next(_numbers)
                plain = {"source": "desk", "number": number, "public_code": new_token()}
                ticket = Ticket(organisation_id=self.id, id=new_id(), **(plain | columns))
                uow.session.add(ticket)
                uow.session.flush()
                uow.session.add(_arrival(ticket, uow.now))
                ids.append(ticket.id)
        return ids

    def people(self, count):
        """Ids of so many known customers and of so many devices."""
        customers, devices = ([new_id() for _ in range(count)] for _ in "ab")
        with self.made.work(None) as uow:
            common = {"organisation_id": self.id, "created_at": uow.now}
            for customer_id in customers:
                uow.session.add(Customer(id=customer_id, **common))
            for device_id in devices:
                uow.session.add(
                    Device(
                        id=device_id,
                        kind="kiosk",
                        name="By the door",
                        branch_id=self.made.branch_id,
                        **common,
                    )  # fmt: skip
                )
        return customers, devices

    def work(self):
        return self.made.work(Role.MANAGER)

    def rows(self):
        with self.work() as uow:
            return rows(uow.session, _TICKETS, {"organisation_id": self.id})


def _arrival(ticket, now):
    return ServiceEvent(
        organisation_id=ticket.organisation_id, id=new_id(), ticket_id=ticket.id, kind="arrived",
        source="desk", occurred_at=ticket.queued_at, recorded_at=now, verified=True,
        actor_kind="system", service_kind_id=ticket.service_kind_id, ticket_version=1,
    )  # fmt: skip


def facts_of(row):
    """The ticket's columns as events: what its fold stands for."""
    times = [
        (EventKind.ARRIVED, row.arrived_at),
        (EventKind.CALLED, row.called_at),
        (EventKind.SERVICE_STARTED, row.service_started_at),
    ]
    if row.state in _ENDS:
        times.append((_ENDS[row.state], row.ended_at))
    return Facts(
        TicketKind(row.kind),
        row.service_kind_id,
        row.branch_id,
        tuple(FactEvent(kind, at) for kind, at in times if at is not None),
        None if row.waited_us is None else row.waited_us * TICK,
    )


@dataclasses.dataclass
class Recount:
    """The answer as the engine gives it, ticket by ticket."""

    kept: int = 0
    broken: int = 0
    excluded: int = 0
    open: int = 0
    owed: int = 0
    cost: int = 0
    left_before: int = 0
    left_after: int = 0

    @property
    def counts(self):
        return self.kept, self.broken, self.excluded, self.open, self.owed, self.cost


def recount(terms, found, now=NOW):
    total = Recount()
    claims = []
    for row in found:
        verdict = judge(terms, facts_of(row), now)
        if verdict.state is State.NOT_APPLICABLE:
            continue
        setattr(total, verdict.state.value, getattr(total, verdict.state.value) + 1)
        if verdict.reason.value in ("left_before_limit", "no_show"):
            total.left_before += 1
        if verdict.left_after_limit:
            total.left_after += 1
        if verdict.state is State.BROKEN:
            claim = Claim(row.id, row.branch_id, row.day_on, row.customer_id, row.device_id,
                          verdict.left_after_limit)  # fmt: skip
            claims.append((verdict.due_at, row.id, claim))
    awards = allocate(terms, [claim for _, _, claim in sorted(claims, key=_order)], {})
    total.owed = sum(one.amount_minor > 0 for one in awards)
    total.cost = sum(one.amount_minor for one in awards)
    return total


def _order(claim):
    return claim[:2]


def told(counts):
    """A figure of the backtest in the form of Recount.counts."""
    return (counts.kept, counts.broken, counts.excluded, counts.open, counts.owed,
            counts.cost.amount_minor)  # fmt: skip


def random_terms(chance, made, **changes):
    def some(found):
        ids = list(found)
        return chance.choice((None, [chance.choice(ids)], ids))

    return simple_terms(
        **(
            {
                "seconds": chance.choice((1, 300, 900, 1800)),
                "boundary": chance.choice(("inclusive", "exclusive")),
                "to": chance.choice(("service_started", "called")),
                "amount_minor": chance.choice((500, 1000)),
                "branches": some(branch.id for branch in made.branches),
                "service_kinds": some(made.kind_ids),
                "ticket_kinds": chance.choice((("visit",), ("visit", "complaint"))),
                "before_limit": chance.choice(("excluded", "kept")),
                "after_limit": chance.choice(("owed", "not_owed")),
            }
            | changes
        )
    )
