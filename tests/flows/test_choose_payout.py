"""The customer's choice on the real database: what it reaches, what it waits for, who looks."""

import datetime as dt
import functools

import pytest

from promises.compensation.errors import ListHasChanged, OwnEvidence
from promises.flows import choose_payout
from promises.flows.decide_compensation import approve, require_as_shown
from promises.flows.follow_ticket import follow, stop_following
from promises.flows.redeem_voucher import codes_of_ticket, redeem
from promises.identity.errors import LinkExpired
from promises.identity.models import ContactChannel
from promises.kernel.actors import Role
from promises.payouts.choices import REST
from promises.payouts.errors import BeingPaid, VoucherNotActive, WayNotOffered
from promises.payouts.rails.base import Outcome, RailVerdict
from promises.payouts.rails.names import ACCOUNT_FILE, SEPA, STRIPE_REFUND
from promises.payouts.rails.voucher import VOUCHER
from promises.reporting.approval_queue import approval_queue
from tests.factories.identity import make_organisation
from tests.flows.choosing import IBAN, OTHER_IBAN, ChoosingWorld

pytestmark = pytest.mark.usefixtures("as_application")
MAIL = "anna@example.fi"


@pytest.fixture
def world():
    return ChoosingWorld()


def test_choice_before_the_release_is_used_by_it(world):
    ticket = world.broken(contact=MAIL)
    given = world.give(ticket)
    assert (given.proof, given.usable_at) == ("contact", None)
    assert world.confirm(ticket) == world.now
    world.call()
    world.log(ticket.ticket_id, "service_started")
    assert world.payouts() == [(SEPA, "ready")]
    world.settle()
    assert world.payouts() == [(SEPA, "ready")]
    assert world.vouchers() == []


def test_unconfirmed_details_keep_no_money_waiting(world):
    ticket = world.broken(contact=MAIL)
    world.give(ticket)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    assert world.payouts() == [(VOUCHER, "submitted")]


def test_unused_voucher_gives_way_once_the_contact_has_confirmed(world):
    ticket = world.vouchered(contact=MAIL)
    before = world.balances()
    world.give(ticket)
    assert world.payouts() == [(VOUCHER, "submitted")]
    world.confirm(ticket)
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]
    assert [row.state for row in world.vouchers()] == ["voided"]
    assert before["vouchers_issued"] == -1000
    assert world.balances() == {"compensation_expense": 1000, "compensation_owed": -1000}
    with pytest.raises(LinkExpired):
        world.confirm(ticket)
    assert len(world.payouts()) == 2


def test_redeemed_voucher_is_not_exchanged(world):
    ticket = world.vouchered(contact=MAIL)
    world.give(ticket)
    with world.work() as uow:
        ((_, code),) = codes_of_ticket(uow, ticket_id=ticket.ticket_id)
        redeem(uow, code=code, counter_id=None)
    world.confirm(ticket)
    assert world.payouts() == [(VOUCHER, "paid")]
    with pytest.raises(WayNotOffered):
        world.give(ticket, OTHER_IBAN)
    with pytest.raises(WayNotOffered):
        world.choose(ticket, VOUCHER)


def test_exchanged_voucher_is_refused_at_the_till(world):
    ticket = world.vouchered(contact=MAIL)
    with world.work() as uow:
        ((_, code),) = codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    world.give(ticket)
    world.confirm(ticket)
    with pytest.raises(VoucherNotActive), world.work() as uow:
        redeem(uow, code=code, counter_id=None)
    assert world.payouts()[0] == (VOUCHER, "returned")


def test_without_a_contact_details_rest_for_a_day_and_then_go_by_themselves(world):
    ticket = world.vouchered()
    given = world.give(ticket)
    assert (given.proof, given.usable_at) == ("link", world.now + REST)
    assert world.told() == []
    assert world.duty(choose_payout.carry_out_due) == 0
    world.now = given.usable_at
    assert world.duty(choose_payout.carry_out_due) == 1
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]
    assert world.duty(choose_payout.carry_out_due) == 0


def test_details_that_replace_others_rest_and_stop_what_is_unsent(world):
    ticket = world.vouchered(contact=MAIL)
    world.give(ticket)
    world.confirm(ticket)
    world.later(minutes=5)
    world.give(ticket, OTHER_IBAN)
    assert world.payouts()[-1] == (SEPA, "cancelled")
    assert world.compensations()[0].holds == ["payment"]
    assert world.confirm(ticket) == world.now + REST
    first, second = world.rows("SELECT * FROM payout_destinations ORDER BY created_at")
    assert (first.details_sealed, second.last4) == (None, "7466")
    world.now += REST
    world.duty(choose_payout.carry_out_due)
    assert world.payouts()[-1] == (SEPA, "ready")


def test_contact_that_is_newer_than_the_debt_vouches_only_after_a_day(world):
    ticket = world.vouchered()
    world.later(minutes=1)
    with world.work(None) as uow:
        from promises.flows.follow_ticket import follow
        from promises.identity.models import ContactChannel

        follow(
            uow,
            public_code=ticket.public_code,
            channel=ContactChannel.EMAIL,
            address="thief@example.fi",
            locale="en",
        )
    world.give(ticket)
    assert world.confirm(ticket) == world.now + REST
    assert world.payouts() == [(VOUCHER, "submitted")]


def test_link_that_is_old_or_of_another_ticket_confirms_nothing(world):
    ticket = world.vouchered(contact=MAIL)
    other = world.vouchered(contact=MAIL)
    world.give(ticket)
    token = world.token()
    with world.work(None) as uow:
        assert choose_payout.check_link(uow, ticket_id=ticket.ticket_id, token=token) == "0785"
    with pytest.raises(LinkExpired):
        world.confirm(other, token)
    world.later(days=7)
    with pytest.raises(LinkExpired):
        world.confirm(ticket, token)
    assert world.destination().usable_at is None


def test_what_needs_no_details_is_chosen_with_one_act(world):
    ticket = world.released(by_card=True)
    assert world.payouts() == [(STRIPE_REFUND, "ready")]
    world.choose(ticket, VOUCHER)
    assert world.payouts() == [(STRIPE_REFUND, "cancelled"), (VOUCHER, "ready")]
    world.settle()
    world.choose(ticket, STRIPE_REFUND)
    assert world.payouts()[1:] == [(VOUCHER, "returned"), (STRIPE_REFUND, "ready")]
    assert world.card.asked == []


def test_way_that_is_not_in_use_or_not_known_is_refused(world):
    ticket = world.vouchered()
    for rail in (STRIPE_REFUND, ACCOUNT_FILE, SEPA, "gold"):
        with pytest.raises(WayNotOffered):
            world.choose(ticket, rail)
    world.use(SEPA, enabled=False)
    with pytest.raises(WayNotOffered):
        world.give(ticket)
    assert world.payouts() == [(VOUCHER, "submitted")]
    assert world.rows("SELECT 1 FROM payout_destinations") == []


def test_failed_refund_waits_for_another_way_and_another_way_pays(world):
    ticket = world.vouchered(contact=MAIL, by_card=True)
    assert world.payouts() == [(STRIPE_REFUND, "failed")]
    assert world.compensations()[0].holds == ["payment"]
    assert world.told()[-1] == ("money_news", "failed")
    with pytest.raises(WayNotOffered):
        world.choose(ticket, STRIPE_REFUND)
    world.choose(ticket, VOUCHER)
    world.settle()
    assert world.payouts() == [(STRIPE_REFUND, "failed"), (VOUCHER, "submitted")]


def test_without_a_choice_for_a_week_a_voucher_goes_out_by_itself(world):
    ticket = world.vouchered(contact=MAIL, by_card=True)
    world.later(days=6, hours=23)
    assert world.duty(choose_payout.pay_without_choice) == 0
    world.later(hours=1)
    assert world.duty(choose_payout.pay_without_choice) == 1
    assert world.duty(choose_payout.pay_without_choice) == 0
    world.settle()
    assert world.payouts() == [(STRIPE_REFUND, "failed"), (VOUCHER, "submitted")]
    assert world.told()[-1] == ("money_news", "voucher")
    world.give(ticket)
    world.confirm(ticket)
    assert world.payouts()[-1] == (SEPA, "ready")


def test_choice_that_rests_is_not_overtaken_by_the_voucher(world):
    ticket = world.vouchered(by_card=True)
    world.later(days=6, hours=12)
    world.give(ticket)
    world.later(hours=13)
    assert world.duty(choose_payout.pay_without_choice) == 0
    world.later(hours=12)
    world.duty(choose_payout.carry_out_due)
    assert world.payouts() == [(STRIPE_REFUND, "failed"), (SEPA, "ready")]


def test_details_that_staff_typed_wait_for_another_person(world):
    ticket = world.vouchered(contact=MAIL)
    given = world.give(ticket, role=Role.CLERK, at_desk=True)
    assert (given.proof, given.usable_at) == ("person", None)
    (debt,) = world.compensations()
    assert (debt.state, debt.holds) == ("owed", ["approval"])
    assert [row.state for row in world.vouchers()] == ["voided"]
    with pytest.raises(OwnEvidence), world.work(Role.CLERK) as uow:
        approve(uow, compensation_ids=[debt.id])
    with world.work(Role.MANAGER) as uow:
        assert approve(uow, compensation_ids=[debt.id], details=[world.destination().id]) == 1
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]
    assert ("bank_confirm", None) not in world.told()


@pytest.mark.parametrize("instead", [None, "thief@example.org"])
def test_whoever_has_the_link_cannot_pay_past_the_contact_that_was_told(world, instead):
    ticket = world.vouchered(contact=MAIL)
    with world.work(None) as uow:
        if instead is None:
            stop_following(uow, public_code=ticket.public_code)
        else:
            follow(
                uow,
                public_code=ticket.public_code,
                channel=ContactChannel.EMAIL,
                address=instead,
                locale="fi",
            )
    given = world.give(ticket)
    assert (given.proof, given.usable_at) == ("person", None)
    (debt,) = world.compensations()
    assert (debt.state, debt.holds) == ("owed", ["approval"])
    world.later(hours=25)
    world.duty(choose_payout.carry_out_due)
    assert world.payouts() == [(VOUCHER, "returned")]
    assert ("bank_confirm", None) not in world.told()


def test_details_that_came_after_the_page_are_not_approved_by_it(world):
    ticket = world.vouchered()
    world.give(ticket, role=Role.CLERK, at_desk=True)
    (debt,) = world.compensations()
    with world.work(Role.MANAGER) as uow:
        (shown,) = approval_queue(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            today_on=uow.now.date(),
            limit=2,
        )
    with world.work(Role.MANAGER) as uow:
        require_as_shown(uow, {debt.id: shown.mark})
    world.give(ticket, OTHER_IBAN, role=Role.CLERK, at_desk=True)
    (again,) = world.compensations()
    assert (again.amount_minor, again.holds) == (debt.amount_minor, debt.holds)
    with pytest.raises(ListHasChanged), world.work(Role.MANAGER) as uow:
        require_as_shown(uow, {debt.id: shown.mark})
    with pytest.raises(ListHasChanged), world.work(Role.MANAGER) as uow:
        approve(uow, compensation_ids=[debt.id])
    assert world.destination().usable_at is None
    assert world.payouts() == [(VOUCHER, "returned")]


def test_failed_debt_goes_where_staff_typed_once_approved(world):
    ticket = world.vouchered(by_card=True)
    world.give(ticket, role=Role.CLERK, at_desk=True)
    (debt,) = world.compensations()
    assert set(debt.holds) == {"payment", "approval"}
    world.later(days=8)
    assert world.duty(choose_payout.pay_without_choice) == 0
    with world.work(Role.MANAGER) as uow:
        assert approve(uow, compensation_ids=[debt.id], details=[world.destination().id]) == 1
    assert world.payouts()[-1] == (SEPA, "ready")


def test_account_of_many_cases_waits_for_a_manager_with_the_reason(world):
    tickets = [world.vouchered(contact=MAIL) for _ in range(4)]
    for ticket in tickets[:3]:
        assert world.give(ticket).proof == "contact"
    given = world.give(tickets[3], IBAN.lower().replace(" ", "-"))
    assert given.proof == "person"
    held = [row for row in world.compensations() if row.state == "owed"]
    assert [row.holds for row in held] == [["evidence"]]
    (why,) = world.rows("SELECT kind, reason, actor_kind FROM compensation_decisions")
    assert (why.kind, why.reason) == ("held", choose_payout.MANY_CASES)
    with world.work(Role.MANAGER) as uow:
        approve(uow, compensation_ids=[held[0].id], details=[world.destination().id])
    assert world.payouts()[-1] == (SEPA, "ready")


def test_account_is_counted_for_thirty_days(world):
    for _ in range(3):
        world.give(world.vouchered(contact=MAIL))
    world.later(days=30)
    assert world.give(world.vouchered(contact=MAIL)).proof == "contact"


def test_voucher_being_issued_is_exchanged_by_the_next_round(world):
    from promises.payouts.claiming import claim_payouts

    ticket = world.released(contact=MAIL)
    with world.work(None) as uow:
        tenant = {"organisation_id": world.made.id, "now": uow.now}
        claim_payouts(uow.session, rail=VOUCHER, limit=9, **tenant)
    with pytest.raises(BeingPaid):
        world.give(ticket, role=Role.CLERK, at_desk=True)
    assert world.rows("SELECT 1 FROM payout_destinations") == []
    world.give(ticket)
    world.confirm(ticket)
    assert world.payouts() == [(VOUCHER, "submitting")]
    world.later(minutes=2)
    world.settle()
    assert world.payouts() == [(VOUCHER, "submitted")]
    assert world.duty(choose_payout.carry_out_due) == 1
    assert world.payouts() == [(VOUCHER, "returned"), (SEPA, "ready")]


def test_customer_is_told_when_money_is_sent_and_arrives(world):
    world.card.outcome = Outcome(RailVerdict.ACCEPTED, provider_ref="re_1")
    world.vouchered(contact=MAIL, by_card=True)
    world.card.outcome = Outcome(RailVerdict.PAID, provider_ref="re_1")
    world.later(minutes=11)
    world.settle()
    world.card.outcome = Outcome(RailVerdict.RETURNED, provider_ref="re_1")
    world.later(days=1)
    world.settle()
    told = [what for kind, what in world.told() if kind == "money_news"]
    assert told == ["sent", "arrived", "came_back"]


def test_choice_of_a_settled_ticket_is_noted_and_left(world):
    ticket = world.vouchered()
    given = world.give(ticket)
    with world.work() as uow:
        ((_, code),) = codes_of_ticket(uow, ticket_id=ticket.ticket_id)
        redeem(uow, code=code, counter_id=None)
    world.now = given.usable_at + dt.timedelta(seconds=1)
    assert world.duty(choose_payout.carry_out_due) == 1
    assert world.duty(choose_payout.carry_out_due) == 0
    assert world.payouts() == [(VOUCHER, "paid")]


def test_transfer_is_offered_for_euros_only(monkeypatch):
    in_kronor = functools.partial(make_organisation, currency="SEK")
    monkeypatch.setattr("tests.flows.ground.make_organisation", in_kronor)
    world = ChoosingWorld(currency="SEK")
    ticket = world.vouchered()
    with pytest.raises(WayNotOffered):
        world.give(ticket)
    assert world.compensations()[0].currency == "SEK"
    assert world.payouts() == [(VOUCHER, "submitted")]


def test_payout_whose_try_may_be_known_is_not_stopped():
    world = ChoosingWorld()
    ticket = world.released(by_card=True)
    world.card.outcome = Outcome(RailVerdict.UNKNOWN)
    world.settle()
    with pytest.raises(WayNotOffered):
        world.choose(ticket, VOUCHER)
    assert world.payouts() == [(STRIPE_REFUND, "unknown")]
