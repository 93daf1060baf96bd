"""Whatever two people or workers do to the same money at once, it moves once and the books follow.

Every pair of deeds, in each state in which both may be tried; a new deed is one more row.
"""

import itertools
import random

import pytest

from promises.compensation.models import Hold
from promises.flows import (
    annul_breach,
    choose_payout,
    decide_compensation,
    housekeep,
    redeem_voucher,
)
from promises.flows.compensate import hold_unsent
from promises.flows.dispute import dispute
from promises.flows.reconcile_rails import reconcile_now
from promises.flows.record_event import undo
from promises.kernel.actors import Role
from promises.kernel.errors import DomainError
from promises.payouts.rails.names import STRIPE_REFUND
from tests.flows.ground import QUARTER, TICK
from tests.payouts.ground import Purse
from tests.profiles import PROFILE
from tests.races.crowd import crowd

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]

SEED = 20261123
PAIRS_A_STATE = None if PROFILE == "nightly" else 8
ROUNDS = 12


class Case:
    """One customer's broken promise, brought to a state of its money."""

    def __init__(self, purse, state):
        self.purse, self.ticket = purse, purse.take()
        if state != "voucher":
            purse.give(self.ticket.ticket_id, {"payment": f"pi_{self.ticket.ticket_id}"})
        purse.now += QUARTER + TICK
        purse.staff_act()
        purse.sweep()
        (self.debt,) = purse.rows(
            "SELECT id, breach_id FROM compensations WHERE ticket_id = %(t)s",
            t=self.ticket.ticket_id,
        )
        if state in ("held", "asked"):
            with purse.work(Role.MANAGER) as uow:
                decide_compensation.hold(uow, compensation_ids=[self.debt.id], reason="Look.")
        self.call()
        purse.log(self.ticket.ticket_id, "service_started")
        if state in ("sent", "voucher"):
            purse.settle()
        if state == "asked":
            with purse.work(Role.ADMINISTRATOR) as uow:
                annul_breach.ask(uow, breach_id=self.debt.breach_id, reason="Was there.")
        if state == "voucher":
            with purse.work() as uow:
                ((voucher, self.code),) = redeem_voucher.codes_of_ticket(
                    uow, ticket_id=self.ticket.ticket_id
                )
                self.voucher_id = voucher.id
            purse.give(self.ticket.ticket_id, {"payment": f"pi_{self.ticket.ticket_id}"})

    def call(self):
        called = self.purse.call().called
        assert called.ticket_id == self.ticket.ticket_id

    # What may be done to it

    def settles(self):
        self.purse.settle()

    def keeps_house(self):
        with self.purse.work(None) as uow:
            housekeep.housekeep(uow)

    def sweeps(self):
        self.purse.sweep()

    def approves(self):
        with self.purse.work(Role.MANAGER) as uow:
            decide_compensation.approve(uow, compensation_ids=[self.debt.id], reason="Yes.")

    def refuses(self):
        with self.purse.work(Role.MANAGER) as uow:
            decide_compensation.refuse(uow, compensation_ids=[self.debt.id], reason="No.")

    def holds(self):
        with self.purse.work(Role.MANAGER) as uow:
            decide_compensation.hold(uow, compensation_ids=[self.debt.id], reason="Wait.")

    def stops(self):
        with self.purse.work(None) as uow:
            hold_unsent(uow, [self.debt.id], Hold.DISPUTE)

    def disputes(self):
        with self.purse.work(None) as uow:
            dispute(uow, ticket_id=self.ticket.ticket_id)

    def asks(self):
        with self.purse.work(Role.ADMINISTRATOR) as uow:
            annul_breach.ask(uow, breach_id=self.debt.breach_id, reason="Was there.")

    def annuls(self):
        self._decides(confirm=True)

    def rejects(self):
        self._decides(confirm=False)

    def _decides(self, *, confirm):
        with self.purse.work(Role.MANAGER) as uow:
            annul_breach.decide(uow, breach_id=self.debt.breach_id, confirm=confirm, reason="Seen.")

    def undoes(self):
        """The service that ended the wait never began."""
        (event,) = self.purse.rows(
            "SELECT id FROM service_events WHERE ticket_id = %(t)s AND kind = 'service_started'",
            t=self.ticket.ticket_id,
        )
        with self.purse.work() as uow:
            undo(uow, ticket_id=self.ticket.ticket_id, event_id=event.id)

    def reconciles(self):
        with self.purse.at(self.purse.now):
            reconcile_now(self.purse.made.id, self.purse.rails)

    def turns(self):
        """The provider says that it came to nothing after all."""
        for row in self.payouts():
            for _, effect in self.purse.provider.of(row.id):
                effect.state = "failed"
        self.purse.later(minutes=16).settle()

    def redeems(self):
        with self.purse.work() as uow:
            redeem_voucher.redeem(uow, code=self.code, counter_id=None)

    def renews(self):
        with self.purse.work(Role.MANAGER) as uow:
            redeem_voucher.reissue(uow, voucher_id=self.voucher_id, reason="Lost.")

    def shows(self):
        with self.purse.work() as uow:
            redeem_voucher.show_code(uow, voucher_id=self.voucher_id)

    def exchanges(self):
        """For the card that has become known since."""
        with self.purse.work(None) as uow:
            choose_payout.choose(uow, ticket_id=self.ticket.ticket_id, rail=STRIPE_REFUND)

    def chooses_voucher(self):
        with self.purse.work(None) as uow:
            choose_payout.choose(uow, ticket_id=self.ticket.ticket_id, rail="voucher")

    def leaves(self):
        """Served, or not, where the service was undone."""
        try:
            self.purse.log(self.ticket.ticket_id, "served")
        except DomainError:
            self.purse.log(self.ticket.ticket_id, "left")

    # What must hold

    def ends(self):
        """Nothing is asked of a person any more, and time goes on until all is settled."""
        for _ in range(ROUNDS):
            self.purse.settle()
            waiting = [row for row in self.payouts() if row.state in UNSETTLED]
            if not waiting:
                self.purse.later(days=1).settle()
                return
            leases = [row.lease_until for row in waiting if row.lease_until]
            self.purse.now = max([self.purse.now, *leases])
        raise AssertionError([tuple(row) for row in self.payouts()])

    def payouts(self):
        return self.purse.rows(
            "SELECT p.* FROM payouts p WHERE p.compensation_id IN (SELECT id FROM compensations"
            " WHERE breach_id = %(b)s) ORDER BY p.created_at, p.id",
            b=self.debt.breach_id,
        )

    def check(self):
        payouts, purse = self.payouts(), self.purse
        effects = [
            effect for row in payouts for _, effect in purse.provider.of(row.id)
            if effect.state in ("accepted", "paid")
        ]  # fmt: skip
        vouchers = purse.rows(
            "SELECT v.state FROM vouchers v WHERE v.payout_id = ANY(%(ids)s)",
            ids=[row.id for row in payouts],
        )
        good = [one for one in vouchers if one.state in ("active", "redeemed")]
        live = [row for row in payouts if row.state not in OVER]
        assert len(effects) + len(good) <= 1
        assert len(live) == len(effects) + len(good)
        debts = purse.rows(
            "SELECT state, holds FROM compensations WHERE breach_id = %(b)s",
            b=self.debt.breach_id,
        )
        assert sum(debt.state == "released" for debt in debts) == len(live)
        assert all(debt.holds for debt in debts if debt.state == "owed")
        assert purse.unbalanced() == []
        books = sum(purse.balances().values())
        assert books == 0


UNSETTLED = ("ready", "submitting", "unknown")
OVER = ("failed", "returned", "cancelled")

DEEDS = {
    "held": """settles keeps_house sweeps approves refuses holds stops disputes asks
        chooses_voucher undoes""",
    "asked": "settles approves refuses holds annuls rejects disputes chooses_voucher",
    "ready": """settles keeps_house approves refuses holds stops disputes asks chooses_voucher
        undoes reconciles""",
    "sent": "settles approves refuses stops disputes asks chooses_voucher undoes reconciles turns",
    "voucher": "settles redeems renews shows exchanges disputes stops asks keeps_house",
}


def pairs(state):
    found = list(itertools.combinations_with_replacement(DEEDS[state].split(), 2))
    chosen = random.Random(f"{SEED} {state}")
    return found if PAIRS_A_STATE is None else chosen.sample(found, PAIRS_A_STATE)


@pytest.mark.parametrize("state", DEEDS)
def test_two_deeds_at_once_move_money_once(as_application, app_url, state):
    purse = Purse()
    with crowd(app_url, 2) as people:
        for pair in pairs(state):
            case = Case(purse, state)
            answers = people.at_once(lambda number, c=case, p=pair: getattr(c, p[number])())
            faults = [
                one for one in answers
                if isinstance(one, Exception) and not isinstance(one, DomainError)
            ]  # fmt: skip
            assert not faults, (pair, faults)
            case.ends()
            try:
                case.check()
            except AssertionError as error:
                raise AssertionError(f"{pair}: {answers}") from error
            case.leaves()
