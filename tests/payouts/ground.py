"""An organisation whose debts go out by a rail that calls a provider."""

import contextlib

from promises.db.session import unit_of_work
from promises.flows import settle_payouts
from promises.kernel.actors import SYSTEM
from promises.ledger.queries import unbalanced_transactions
from promises.payouts.accounts import NewRail, note_test, rail_states, save_rail
from promises.payouts.destinations import NewDestination, give_destination
from promises.payouts.rails.names import STRIPE_REFUND
from tests.flows.ground import QUARTER, RAILS, TICK, World
from tests.payouts.provider import Provider, ScriptedMaker


class Purse(World):
    """A world with one called rail in use. `maker` None: a scripted one, its provider here."""

    def __init__(self, maker=None, *, rail=STRIPE_REFUND, settings=None, secrets=None, **changes):
        super().__init__(**changes)
        self.rail, self.provider = rail, Provider()
        self.maker = maker or ScriptedMaker(rail, self.provider)
        self.rails = RAILS | {rail: self.maker}
        self.save(settings, secrets)

    def save(self, settings=None, secrets=None):
        new = NewRail(self.rail, True, False, settings or {}, secrets or {"key": "sk_test_1"})
        with self.work(None) as uow:
            save_rail(
                uow.session,
                organisation_id=self.made.id,
                now=uow.now,
                changed_by=None,
                new=new,
            )

    def works_again(self):
        with self.work(None) as uow:
            note_test(
                uow.session,
                organisation_id=self.made.id,
                now=uow.now,
                rail=self.rail,
                works=True,
                detail="",
            )

    def rail_state(self):
        with self.work(None) as uow:
            return rail_states(uow.session, organisation_id=self.made.id)[self.rail]

    def owe(self, count=1, *, details=None, hold=False):
        """So many released debts, each with a payout that is ready; the payouts' ids, oldest
        first. `details(n)` is where the n-th goes. Held ones wait until they are freed."""
        tickets = [self.take() for _ in range(count)]
        for number, ticket in enumerate(tickets):
            self.give(ticket.ticket_id, (details or _payment)(number))
        self.now += QUARTER + TICK
        self.staff_act()
        self.sweep()
        ids = []
        for ticket in tickets:
            self.call()
            self.log(ticket.ticket_id, "service_started")
        for ticket in tickets:
            found = self.rows(
                "SELECT p.id FROM payouts p JOIN compensations c ON c.id = p.compensation_id"
                " WHERE c.ticket_id = %(t)s AND p.state = 'ready'",
                t=ticket.ticket_id,
            )
            ids += [row.id for row in found]
        assert len(ids) == count
        if hold:
            self.hold(ids)
        return ids

    def give(self, ticket_id, details, **changes):
        with self.work(None) as uow:
            parts = {"chosen": False, "usable_at": uow.now} | changes
            return give_destination(
                uow.session,
                organisation_id=self.made.id,
                actor=SYSTEM,
                now=uow.now,
                new=NewDestination(ticket_id, self.rail, details, **parts),
            )

    def hold(self, ids):
        """As if they waited for a file: nobody claims them."""
        self.execute("UPDATE payouts SET by_run = true WHERE id = ANY(%(ids)s)", ids)

    def free(self, ids):
        self.execute("UPDATE payouts SET by_run = false WHERE id = ANY(%(ids)s)", ids)

    def execute(self, statement, ids):
        self.rows(f"{statement} RETURNING id", ids=list(ids))

    def settle(self):
        with self.at(self.now):
            return settle_payouts.settle(self.made.id, self.rails)

    def payout(self, payout_id):
        return self.one("SELECT * FROM payouts WHERE id = %(p)s", p=payout_id)

    def attempts(self, payout_id):
        return self.rows(
            "SELECT * FROM payout_attempts WHERE payout_id = %(p)s AND step = 'ended'"
            " ORDER BY number",
            p=payout_id,
        )

    def debt(self, payout_id):
        return self.one(
            "SELECT c.* FROM compensations c JOIN payouts p ON p.compensation_id = c.id"
            " WHERE p.id = %(p)s",
            p=payout_id,
        )

    def incidents(self):
        return self.rows("SELECT * FROM money_incidents ORDER BY opened_at, id")

    def audited(self, payout_id):
        """The states that the audit trail says this payout went to, in order."""
        found = self.rows(
            "SELECT details FROM audit_records WHERE action = 'payouts_moved' ORDER BY number"
        )
        return [
            state for row in found for state, ids in row.details.items() if str(payout_id) in ids
        ]

    def unbalanced(self):
        with unit_of_work(self.made.id, SYSTEM) as uow:
            return unbalanced_transactions(uow.session, organisation_id=self.made.id)


def _payment(number):
    return {"payment": f"pi_{number}"}


class Crash(BaseException):
    """The process ends here."""


@contextlib.contextmanager
def crash_before_recording(monkeypatch):
    """Inside, a settle calls its rail and dies before it writes what came back; the answers that
    were lost."""
    lost = []

    def die(uow, record, outcomes, changed_at):
        lost.append((record, outcomes, changed_at))
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(settle_payouts, "take_in", die)
        yield lost
