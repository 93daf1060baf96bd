"""Where the money of a ticket goes, by which rail, and what is kept of it."""

import datetime as dt

import pytest

from promises.kernel.actors import SYSTEM
from promises.payouts.accounts import NewRail, save_rail
from promises.payouts.claiming import claim_payouts
from promises.payouts.destinations import (
    BY_VOUCHER,
    NewDestination,
    account_of,
    confirm_destination,
    fingerprint,
    give_destination,
    routes,
)
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from tests.payouts.ground import Purse

pytestmark = pytest.mark.usefixtures("as_application")

IBAN = "FI2112345600000785"


@pytest.fixture(scope="module")
def purse(bare_apps):
    with bare_apps[0].app_context():
        made = Purse()
        with made.work(None) as uow:
            save_rail(
                uow.session,
                organisation_id=made.made.id,
                now=uow.now,
                changed_by=None,
                new=NewRail(SEPA, True, False, {}),
            )
        return made


def owed(purse):
    """A ticket and its debt, released by voucher."""
    ticket = purse.take()
    purse.now += dt.timedelta(minutes=15, microseconds=1)
    purse.staff_act()
    purse.sweep()
    purse.call()
    purse.log(ticket.ticket_id, "service_started")
    debt = purse.one("SELECT * FROM compensations WHERE ticket_id = %(t)s", t=ticket.ticket_id)
    return ticket.ticket_id, debt.id


def give(purse, ticket_id, rail, details, *, chosen=True, usable=True):
    with purse.work(None) as uow:
        return give_destination(
            uow.session,
            organisation_id=purse.made.id,
            actor=SYSTEM,
            now=uow.now,
            new=NewDestination(ticket_id, rail, details, chosen, uow.now if usable else None),
        )


def route(purse, debt_id):
    with purse.work(None) as uow:
        found = routes(
            uow.session,
            organisation_id=purse.made.id,
            now=uow.now,
            compensation_ids=[debt_id],
        )
    return found[debt_id]


def test_debt_of_a_ticket_that_names_no_account_goes_by_voucher(purse):
    _, debt_id = owed(purse)
    assert route(purse, debt_id) == BY_VOUCHER


def test_choice_of_the_customer_goes_before_what_needs_no_choice(purse):
    ticket_id, debt_id = owed(purse)
    unasked = give(purse, ticket_id, STRIPE_REFUND, {"payment": "pi_1"}, chosen=False)
    assert route(purse, debt_id).destination_id == unasked
    chosen = give(purse, ticket_id, SEPA, {"iban": IBAN, "name": "Aino"})
    assert (route(purse, debt_id).rail, route(purse, debt_id).destination_id) == (SEPA, chosen)
    give(purse, ticket_id, "voucher", {})
    assert route(purse, debt_id).rail == "voucher"


def test_unconfirmed_account_is_not_used_and_is_confirmed_once(purse):
    ticket_id, debt_id = owed(purse)
    destination = give(purse, ticket_id, SEPA, {"iban": IBAN, "name": "Aino"}, usable=False)
    assert route(purse, debt_id) == BY_VOUCHER

    def confirm():
        with purse.work(None) as uow:
            return confirm_destination(
                uow.session,
                organisation_id=purse.made.id,
                destination_id=destination,
                usable_at=uow.now + dt.timedelta(hours=1),
            )

    assert (confirm(), confirm()) == (True, False)
    assert route(purse, debt_id) == BY_VOUCHER
    purse.now += dt.timedelta(hours=1)
    assert route(purse, debt_id).rail == SEPA


def test_account_that_failed_a_debt_is_not_taken_for_it_again(purse):
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].append("refuse")
    debt_id = purse.payout(payout_id).compensation_id
    assert route(purse, debt_id).rail == STRIPE_REFUND
    purse.settle()
    assert route(purse, debt_id) == BY_VOUCHER


def test_new_account_leaves_a_payout_under_way_with_the_old_one(purse):
    (payout_id,) = purse.owe()
    purse.provider.plans[payout_id].append("lost_before")
    purse.settle()
    before = purse.payout(payout_id)
    ticket_id = purse.debt(payout_id).ticket_id
    purse.give(ticket_id, {"payment": "pi_new"})
    purse.now += dt.timedelta(seconds=5)
    purse.settle()
    after = purse.payout(payout_id)
    assert (after.state, after.destination_id) == ("submitted", before.destination_id)


def test_same_account_has_one_blind_index_however_it_is_written(purse):
    with purse.work(None) as uow:
        indexes = {
            fingerprint(uow.session, organisation_id=purse.made.id, rail=rail, details=details)
            for rail, details in (
                (SEPA, {"iban": IBAN, "name": "Aino"}),
                (SEPA, {"iban": "fi21 1234 5600 0007 85", "name": "A. Virtanen"}),
            )
        }
        other = fingerprint(
            uow.session, organisation_id=purse.made.id, rail="manual", details={"iban": IBAN}
        )
    assert len(indexes) == 1
    assert other not in indexes


def test_account_is_sealed_and_shown_by_its_end_alone(purse):
    ticket_id, _ = owed(purse)
    destination = give(purse, ticket_id, SEPA, {"iban": IBAN, "name": "Aino"})
    row = purse.one("SELECT * FROM payout_destinations WHERE id = %(d)s", d=destination)
    assert row.last4 == "0785"
    assert IBAN.encode() not in bytes(row.details_sealed)
    assert account_of({}) == ""


def test_purged_account_leaves_only_its_index(purse):
    (payout_id,) = purse.owe()
    purse.rows(
        "UPDATE payout_destinations d SET details_sealed = NULL, purged_at = d.created_at"
        " FROM payouts p WHERE p.id = %(p)s AND d.id = p.destination_id RETURNING d.id",
        p=payout_id,
    )
    with purse.work(None) as uow:
        (claimed,) = claim_payouts(
            uow.session, organisation_id=purse.made.id, now=uow.now, rail=purse.rail, limit=1
        )
    assert claimed.request.destination.details == {}
    assert claimed.request.destination.fingerprint


def test_rail_pays_no_more_at_once_than_its_organisation_says(purse):
    ticket_id, debt_id = owed(purse)
    chosen = give(purse, ticket_id, SEPA, {"iban": IBAN, "name": "Aino"})
    for most, rail in (("1000", SEPA), ("999", BY_VOUCHER.rail), (None, SEPA)):
        settings = {} if most is None else {"max_minor": most}
        with purse.work(None) as uow:
            save_rail(
                uow.session,
                organisation_id=purse.made.id,
                now=uow.now,
                changed_by=None,
                new=NewRail(SEPA, True, False, settings),
            )
        assert route(purse, debt_id).rail == rail
    assert route(purse, debt_id).destination_id == chosen
