"""Who had a part in a debt, or would be paid, does not decide about it: each kind of part."""

import pytest

from promises.compensation.errors import OwnEvidence, OwnMoney
from promises.compensation.goodwill_models import GoodwillReason, VatTreatment
from promises.compensation.goodwill_rule import Rule
from promises.compensation.guards import Part, own_parts
from promises.flows import decide_compensation, dispute, give_goodwill, rescue
from promises.flows.follow_ticket import follow
from promises.identity.customers import add_contact, known_customer
from promises.identity.models import ContactChannel
from promises.kernel.actors import SYSTEM, Role
from promises.payouts.destinations import NewDestination, give_destination
from tests.flows.ground import QUARTER, TICK, World

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        yield World(approval_threshold_minor=500)


def waiting(world, **changes):
    """A ticket, its debt held for approval; nobody on staff has touched it."""
    ticket = world.take(**changes)
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    return ticket, debt(world, ticket)


def debt(world, ticket):
    return world.one("SELECT * FROM compensations WHERE ticket_id = %(t)s", t=ticket.ticket_id)


def refused(world, owed, error):
    with world.work(Role.MANAGER) as uow, pytest.raises(error):
        decide_compensation.approve(uow, compensation_ids=[owed.id])
    with world.work(Role.MANAGER) as uow, pytest.raises(error):
        decide_compensation.refuse(uow, compensation_ids=[owed.id], reason="No")
    again = world.one("SELECT * FROM compensations WHERE id = %(i)s", i=owed.id)
    assert (again.state, again.holds) == (owed.state, owed.holds)


def own_address(world):
    return world.one(
        "SELECT email FROM members WHERE id = %(m)s", m=world.made.members[Role.MANAGER]
    ).email


def account(world, ticket, iban, role):
    with world.work(role) as uow:
        give_destination(
            uow.session, organisation_id=world.made.id, actor=uow.actor, now=uow.now,
            new=NewDestination(ticket.ticket_id, "sepa", {"iban": iban, "name": "A"}, True, None),
        )  # fmt: skip


def test_manager_without_any_part_decides(world):
    _, owed = waiting(world)
    with world.work(Role.MANAGER) as uow:
        assert (
            own_parts(
                uow.session,
                organisation_id=world.made.id,
                actor=uow.actor,
                compensation_ids=[owed.id],
            )
            == {}
        )
        assert (
            own_parts(
                uow.session, organisation_id=world.made.id, actor=SYSTEM, compensation_ids=[owed.id]
            )
            == {}
        )
        decide_compensation.approve(uow, compensation_ids=[owed.id])
    assert debt(world, owed).state == "released"


def test_whoever_settled_the_dispute_had_a_part(world):
    ticket, owed = waiting(world)
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=ticket.ticket_id)
    with world.work(Role.MANAGER) as uow:
        dispute.resolve(uow, ticket_id=ticket.ticket_id, reason="All is well")
    refused(world, debt(world, ticket), OwnEvidence)


def test_whoever_offered_the_call_back_had_a_part(world):
    ticket = world.take()
    with world.work(Role.MANAGER) as uow:
        rescue.offer_callback(uow, ticket_id=ticket.ticket_id)
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    refused(world, debt(world, ticket), OwnEvidence)


def test_whoever_typed_the_account_had_a_part(world):
    ticket, owed = waiting(world)
    account(world, ticket, "FI2112345600000785", Role.MANAGER)
    refused(world, owed, OwnEvidence)


def test_whoever_gave_a_gift_on_the_ticket_had_a_part(world):
    ticket, owed = waiting(world)
    world.log(ticket.ticket_id, "service_started")
    rule = Rule(
        switched_on=True, purse_minor=2_000, most_gift_minor=500, most_customer_minor=800,
        vat_treatment=VatTreatment.OUTSIDE_SCOPE,
    )  # fmt: skip
    with world.work(Role.MANAGER) as uow:
        give_goodwill.set_rule(uow, rule=rule)
        give_goodwill.give(
            uow, ticket_id=ticket.ticket_id, amount_minor=100, reason=GoodwillReason.HARD_DAY
        )
    refused(world, debt(world, ticket), OwnEvidence)


def test_nobody_decides_about_money_to_the_own_address(world):
    ticket, owed = waiting(world)
    with world.work(None) as uow:
        follow(
            uow, public_code=ticket.public_code, channel=ContactChannel.EMAIL,
            address=own_address(world).upper(), locale="fi",
        )  # fmt: skip
    refused(world, owed, OwnMoney)


def test_nobody_decides_about_money_of_a_customer_with_the_own_address(world):
    with world.work(None) as uow:
        tenant = {"organisation_id": world.made.id, "now": uow.now}
        oneself = known_customer(uow.session, reference="me", **tenant)
        add_contact(
            uow.session, channel=ContactChannel.EMAIL, address=own_address(world), locale="fi",
            customer_id=oneself, **tenant,
        )  # fmt: skip
    _, owed = waiting(world, customer_id=oneself)
    refused(world, owed, OwnMoney)


def test_nobody_decides_about_money_to_the_own_account(world):
    """The account is known as the manager's own from another ticket, which has the address."""
    mine, _ = waiting(world)
    with world.work(None) as uow:
        follow(
            uow, public_code=mine.public_code, channel=ContactChannel.EMAIL,
            address=own_address(world), locale="fi",
        )  # fmt: skip
    account(world, mine, "FI4250001510000023", None)
    other, owed = waiting(world)
    account(world, other, "FI42 5000 1510 0000 23", None)
    refused(world, owed, OwnMoney)
    with world.work(Role.MANAGER) as uow:
        assert own_parts(
            uow.session, organisation_id=world.made.id, actor=uow.actor, compensation_ids=[owed.id]
        ) == {owed.id: Part.PAYEE}


def test_one_own_case_among_many_keeps_all_of_them_waiting(world):
    _, others = waiting(world)
    ticket, own = waiting(world)
    account(world, ticket, "FI2112345600000785", Role.MANAGER)
    with world.work(Role.MANAGER) as uow, pytest.raises(OwnEvidence):
        decide_compensation.approve(uow, compensation_ids=[others.id, own.id])
    found = world.rows(
        "SELECT holds FROM compensations WHERE id IN (%(a)s, %(b)s)", a=own.id, b=others.id
    )
    assert all("approval" in row.holds for row in found)
