"""Bank details go when nothing needs them; unused vouchers are reminded of and end with a word."""

import datetime as dt

import pytest

from promises.flows.forget_customer import forget_customer
from promises.flows.purge_bank_details import purge_bank_details
from promises.flows.redeem_voucher import expire
from promises.flows.tell_money import remind_vouchers
from promises.identity.actions import known_customer
from promises.payouts.rails.base import Outcome, RailVerdict
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from promises.payouts.rails.voucher import VOUCHER
from tests.flows.choosing import OTHER_IBAN, ChoosingWorld

pytestmark = pytest.mark.usefixtures("as_application")
MAIL = "anna@example.fi"
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        return ChoosingWorld()


def details(world, ticket):
    """Rail, whether details are still there, and what is left of them."""
    found = world.rows(
        "SELECT rail, details_sealed IS NOT NULL AS kept, purged_at, last4, fingerprint"
        " FROM payout_destinations WHERE ticket_id = %(t)s ORDER BY created_at, id",
        t=ticket.ticket_id,
    )
    assert all((row.purged_at is None) == row.kept for row in found)
    assert all(len(row.last4) <= 4 and row.fingerprint for row in found)
    return [(row.rail, row.kept) for row in found]


def serve(world, customers):
    """Everybody who waits."""
    for _ in range(customers):
        called = world.call()
        world.log(called.called.ticket_id, "service_started")
        world.log(called.called.ticket_id, "served")
    world.settle()


def test_details_of_a_settled_payment_go_after_the_return_window(world):
    world.card.outcome = Outcome(RailVerdict.PAID, provider_ref="re_1")
    paid = world.vouchered(by_card=True)
    waiting = world.vouchered(contact=MAIL)
    world.give(waiting)
    world.confirm(waiting)
    assert details(world, waiting) == [(SEPA, True)]
    world.later(days=59, hours=23)
    world.duty(purge_bank_details)
    assert details(world, paid) == [(STRIPE_REFUND, True)]
    world.later(hours=2)
    world.duty(purge_bank_details)
    assert details(world, paid) == [(STRIPE_REFUND, False)]
    assert details(world, waiting) == [(SEPA, True)]  # its payout has not gone out
    assert world.duty(purge_bank_details) == 0


def test_details_that_an_open_promise_or_a_debt_may_need_stay(world):
    open_still = world.take()
    world.paid_by_card(open_still)
    unpaid = world.broken(by_card=True)
    world.later(days=61)
    world.duty(purge_bank_details)
    assert details(world, unpaid) == [(STRIPE_REFUND, True)]
    assert details(world, open_still) == [(STRIPE_REFUND, True)]
    serve(world, 2)


def test_details_that_nobody_confirmed_go_with_their_link(world):
    ticket = world.vouchered(contact=MAIL)
    world.give(ticket)
    world.later(days=6)
    world.duty(purge_bank_details)
    assert details(world, ticket) == [(SEPA, True)]
    world.later(days=1)
    world.duty(purge_bank_details)
    assert details(world, ticket) == [(SEPA, False)]
    world.give(ticket)
    assert details(world, ticket) == [(SEPA, False), (SEPA, True)]


def test_details_that_were_replaced_unused_go_at_once(world):
    ticket = world.vouchered(contact=MAIL)
    world.give(ticket)
    world.give(ticket, OTHER_IBAN)
    assert details(world, ticket) == [(SEPA, False), (SEPA, True)]
    world.choose(ticket, VOUCHER)
    assert details(world, ticket) == [(SEPA, False), (SEPA, False), (VOUCHER, True)]


def test_forgetting_erases_details_and_what_is_under_way_when_it_has_settled(world):
    with world.work() as uow:
        customer_id = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="4711"
        )
    world.card.outcome = Outcome(RailVerdict.ACCEPTED, provider_ref="re_2")
    idle = world.take(customer_id=customer_id)
    world.paid_by_card(idle)
    ticket = world.take(customer_id=customer_id)
    world.paid_by_card(ticket)
    world.now += dt.timedelta(minutes=16)
    world.staff_act()
    world.sweep()
    serve(world, 2)
    with world.work() as uow:
        assert forget_customer(uow, customer_id=customer_id).under_way == 2
    assert details(world, ticket) == [(STRIPE_REFUND, True)]
    world.duty(purge_bank_details)
    assert details(world, ticket) == [(STRIPE_REFUND, True)]
    world.card.outcome = Outcome(RailVerdict.PAID, provider_ref="re_2")
    world.later(minutes=11)
    world.settle()
    world.duty(purge_bank_details)
    assert details(world, ticket) == [(STRIPE_REFUND, False)]
    with world.work() as uow:
        assert forget_customer(uow, customer_id=customer_id).under_way == 0


def test_unused_vouchers_are_reminded_of_twice_and_end_with_a_word(world):
    ticket, silent = world.vouchered(contact=MAIL), world.vouchered()

    def told():
        found = world.rows(
            "SELECT kind, params FROM messages WHERE ticket_id = ANY(%(t)s)"
            " AND kind LIKE 'voucher%%' ORDER BY created_at",
            t=[ticket.ticket_id, silent.ticket_id],
        )
        return [(row.kind, row.params["expires_at"]) for row in found]

    ends_at = world.vouchers()[-2].expires_at
    due, ended = ("voucher_due", ends_at.isoformat()), ("voucher_ended", ends_at.isoformat())
    for later, expected in (
        (364 * DAY, []),
        (365 * DAY, [due]),
        (370 * DAY, [due]),
        (ends_at - world.now - 31 * DAY, [due]),
        (ends_at - world.now - 30 * DAY, [due, due]),
        (ends_at - world.now - 3 * DAY, [due, due]),
    ):
        with world.at(world.now + later), world.made.work(None) as uow:
            remind_vouchers(uow)
        assert told() == expected
    world.now = ends_at + DAY
    world.duty(expire)
    world.duty(expire)
    assert told() == [due, due, ended]
