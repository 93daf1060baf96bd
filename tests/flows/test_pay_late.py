"""Paying late is the breach of our own commitment: what the terms say for it is owed, once."""

import pytest

from promises.compensation.models import Hold
from promises.flows import annul_breach, decide_compensation
from promises.flows.compensate import hold_unsent, lift_and_let_go
from promises.flows.pay_late import owe_for_paying_late
from promises.flows.redeem_voucher import codes_of_ticket
from promises.kernel.actors import Role
from tests.flows.guarantees import GeneralWorld, general
from tests.races.crowd import crowd
from tests.web.staff import sign_in

pytestmark = pytest.mark.usefixtures("as_application")

PAID_IN_TEN_DAYS = general(
    facts={"arrived_at": "instant", "answered_at": "instant", "paid_at": "instant"},
    deadlines={"answer_before": {"from": "arrived_at", "add": 48, "unit": "hour"}},
    broken_when={"late": {"event": "answered_at", "deadline": "answer_before"}},
    amount=3000,
    payment={
        "due": {"from": "arrived_at", "add": 10, "unit": "calendar_day",
                "calendar": "business-days"},
        "paid_at": "paid_at",
        "late_penalty": 2000,
    },
)  # fmt: skip


class Late(GeneralWorld):
    def __init__(self, **changes):
        super().__init__(PAID_IN_TEN_DAYS | changes)

    def broken(self):
        """A complaint that nobody has answered for two days."""
        ticket_id = self.open()
        self.later(days=2, seconds=1)
        self.sweep_all()
        return ticket_id

    def round(self):
        with self.work(None) as uow:
            return owe_for_paying_late(uow)

    def debts(self):
        return self.rows("SELECT * FROM compensations ORDER BY instalment")

    def hold(self, hold):
        with self.work(None) as uow:
            hold_unsent(uow, [self.debts()[0].id], hold)

    def lift(self, hold):
        with self.work(None) as uow:
            lift_and_let_go(uow, [row.id for row in self.debts()], [hold])


def test_debt_that_was_not_paid_in_time_by_our_fault_gets_its_penalty_once():
    world = Late()
    world.broken()
    (owed,) = world.debts()
    assert (owed.state, owed.amount_minor) == ("released", 3000)
    world.now = owed.pay_before
    assert world.round() == 1
    first, penalty = world.debts()
    assert first.lateness == "ours"
    assert (penalty.amount_minor, penalty.is_penalty, penalty.instalment) == (2000, True, 2)
    assert (penalty.state, penalty.pay_before) == ("released", None)
    assert world.balances() == {"compensation_expense": 5000, "compensation_owed": -5000}
    world.later(days=30)
    assert world.round() == 0
    world.settle()
    assert sorted(row.amount_minor for row in world.vouchers()) == [2000, 3000]
    assert len(world.debts()) == 2


def test_debt_that_was_paid_in_time_has_none():
    world = Late()
    ticket_id = world.broken()
    world.settle()
    (owed,) = world.debts()
    world.now = owed.pay_before
    assert world.round() == 0
    assert [row.lateness for row in world.debts()] == ["in_time"]
    with world.work() as uow:
        assert len(codes_of_ticket(uow, ticket_id=ticket_id)) == 1


def test_debt_that_was_paid_late_before_anybody_looked_has_one():
    world = Late()
    world.broken()
    (owed,) = world.debts()
    world.now = owed.pay_before
    world.settle()
    assert world.round() == 1
    assert [row.amount_minor for row in world.debts()] == [3000, 2000]


@pytest.mark.parametrize("hold", [Hold.CLAIM, Hold.DISPUTE, Hold.PAYMENT, Hold.PRESENCE])
def test_time_that_the_customer_takes_is_not_our_fault(hold):
    world = Late()
    world.broken()
    world.hold(hold)
    world.now = world.debts()[0].pay_before
    assert world.round() == 0
    assert [row.lateness for row in world.debts()] == ["theirs"]
    world.later(days=1)
    world.lift(hold)
    assert world.round() == 0 and len(world.debts()) == 1


def test_what_a_person_has_to_decide_holds_the_penalty_as_well_and_refuses_both():
    world = Late()
    world.broken()
    world.hold(Hold.EVIDENCE)
    world.now = world.debts()[0].pay_before
    assert world.round() == 1
    assert [row.holds for row in world.debts()] == [["evidence"], ["evidence"]]
    with world.work(Role.MANAGER) as uow:
        ended = decide_compensation.refuse(
            uow, compensation_ids=[world.debts()[0].id], reason="It was answered by telephone"
        )
    assert ended == 2 and world.balances() == {}
    assert {row.state for row in world.debts()} == {"refused"}


def test_provider_that_has_not_answered_is_waited_for():
    world = Late()
    world.broken()
    world.rows("UPDATE payouts SET state = 'unknown'")
    world.now = world.debts()[0].pay_before
    assert world.round() == 0
    assert [row.lateness for row in world.debts()] == [None]
    world.rows("UPDATE payouts SET state = 'ready'")
    assert world.round() == 1


def test_debt_of_an_annulled_breach_that_was_under_way_is_never_late():
    world = Late()
    world.broken()
    (owed,) = world.debts()
    world.now = owed.pay_before
    world.settle()
    with world.work(Role.MANAGER) as uow:
        annul_breach.ask(uow, breach_id=owed.breach_id, reason="The clock was wrong")
    with world.work(Role.ADMINISTRATOR) as uow:
        annul_breach.decide(uow, breach_id=owed.breach_id, confirm=True, reason="Checked")
    assert world.round() == 0
    assert [(row.state, row.lateness) for row in world.debts()] == [("released", "theirs")]


def test_terms_without_a_penalty_owe_none():
    plain = dict(PAID_IN_TEN_DAYS["payment"])
    del plain["late_penalty"]
    world = Late(payment=plain)
    world.broken()
    world.now = world.debts()[0].pay_before
    assert world.round() == 0
    assert [(row.lateness, row.is_penalty) for row in world.debts()] == [("ours", False)]


def test_several_at_once_owe_it_once(app_url):
    world = Late()
    world.broken()
    world.now = world.debts()[0].pay_before
    with crowd(app_url, 6) as people:
        answers = people.at_once(lambda _number: world.round())
    assert sorted(answers) == [0] * 5 + [1]
    assert [row.amount_minor for row in world.debts()] == [3000, 2000]


def test_customer_and_clerk_see_what_is_owed_for_paying_late(client):
    world = Late()
    ticket_id = world.broken()
    world.hold(Hold.EVIDENCE)
    world.now = world.debts()[0].pay_before
    world.round()
    with world.work(Role.MANAGER) as uow:
        decide_compensation.hold(
            uow, compensation_ids=[world.debts()[1].id], reason="Which account was it?"
        )
    code = world.one("SELECT public_code FROM tickets WHERE id = %(t)s", t=ticket_id).public_code
    with world.at(world.now):
        sign_in(client, world.made, Role.MANAGER)
        public = client.get(f"/o/{world.made.slug}/t/{code}?lang=en").text
        staff = client.get(f"/o/{world.made.slug}/staff/matters/{ticket_id}").text
    assert "We paid you too late. We are sorry." in public and "€20.00 is yours." in public
    assert "Somebody looks at it by 27 Mar 2026 at the latest." in public
    assert "For paying late" in staff and "€20.00" in staff
