"""What tests of flows start from: an organisation with a promise, and a clock they set."""

import datetime as dt

from promises.db.session import inject_clock
from promises.db.sql import one, rows
from promises.desk.actions import touch_branches
from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim, NewTicket
from promises.flows.call_next import call_next
from promises.flows.record_event import record_event
from promises.flows.settle_payouts import settle
from promises.flows.sweep_deadlines import sweep
from promises.flows.take_number import take_number
from promises.identity.models import ServiceStart
from promises.kernel.actors import Role
from promises.payouts.rails.voucher import VOUCHER, VoucherRail
from tests.factories.catalogue import publish_simple_promise
from tests.factories.identity import ALWAYS_OPEN, make_organisation

NOON = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)  # a Monday, noon in Helsinki
RAILS = {VOUCHER: VoucherRail()}
QUARTER = dt.timedelta(minutes=15)
TICK = dt.timedelta.resolution


class World:
    """One organisation at an instant that the test moves; every act is a real flow."""

    def __init__(self, *, weekly=ALWAYS_OPEN, service_start=ServiceStart.TAP, **term_changes):
        self.now = NOON
        with self.at(NOON - dt.timedelta(days=1)):
            self.made = make_organisation(
                counters=3, kinds=("A", "B"), weekly=weekly, service_start=service_start
            )
        with self.at(NOON - dt.timedelta(hours=1)), self.made.work(Role.MANAGER) as uow:
            self.published = publish_simple_promise(
                uow.session, organisation_id=self.made.id, now=uow.now, **term_changes
            )

    def at(self, instant):
        return inject_clock(lambda: instant)

    def later(self, **parts):
        self.now += dt.timedelta(**parts)
        return self

    def work(self, role=Role.CLERK):
        return _Work(self, role)

    def take(self, **changes):
        request = {
            "branch_id": self.made.branch_id,
            "service_kind_id": self.made.kind_id,
            "source": EventSource.DESK,
        }
        with self.work() as uow:
            return take_number(uow, request=NewTicket(**(request | changes)))

    def call(self, counter=0):
        with self.work() as uow:
            return call_next(uow, counter_id=self.made.counter_ids[counter])

    def log(self, ticket_id, kind, role=Role.CLERK, **changes):
        with self.work(role) as uow:
            return record_event(
                uow,
                claim=EventClaim(
                    ticket_id=ticket_id, kind=EventKind(kind), source=EventSource.DESK, **changes
                ),
            )

    def staff_act(self):
        """Somebody is at the desks: a branch that is not silent is not held."""
        with self.work() as uow:
            touch_branches(
                uow.session,
                organisation_id=self.made.id,
                branch_ids=[self.made.branch_id],
                staff_acted_at=uow.now,
            )

    def sweep(self):
        with self.work(None) as uow:
            return sweep(uow)

    def settle(self):
        with self.at(self.now):
            return settle(self.made.id, RAILS)

    def rows(self, statement, **params):
        with self.work(None) as uow:
            return rows(uow.session, statement, {"organisation_id": self.made.id} | params)

    def one(self, statement, **params):
        with self.work(None) as uow:
            return one(uow.session, statement, {"organisation_id": self.made.id} | params)

    def commitment(self, ticket_id):
        return self.one("SELECT * FROM commitments WHERE ticket_id = %(t)s", t=ticket_id)

    def compensations(self):
        return self.rows("SELECT * FROM compensations ORDER BY created_at, id")

    def breaches(self):
        return self.rows("SELECT * FROM breaches ORDER BY breached_at, id")

    def vouchers(self):
        return self.rows("SELECT * FROM vouchers ORDER BY issued_at, id")

    def balances(self):
        found = self.rows(
            "SELECT account_code, sum(amount_minor)::bigint AS n FROM ledger_entries"
            " GROUP BY account_code"
        )
        return {row.account_code: row.n for row in found if row.n}


class _Work:
    """A unit of work at the world's instant."""

    def __init__(self, world, role):
        self.clock = world.at(world.now)
        self.work = world.made.work(role)

    def __enter__(self):
        self.clock.__enter__()
        return self.work.__enter__()

    def __exit__(self, *error):
        try:
            return self.work.__exit__(*error)
        finally:
            self.clock.__exit__(*error)
