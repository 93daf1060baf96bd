"""A clerk's goodwill: out of the purse at once, by a manager beyond limits, never to oneself."""

import datetime as dt

import pytest

from promises.audit.queries import verify
from promises.compensation.errors import ReasonMissing
from promises.compensation.goodwill import tickets_of_gifts
from promises.compensation.goodwill_errors import (
    GiftDecided,
    GiftTooLarge,
    GiftToOneself,
    GoodwillOff,
    NobodyThere,
    OwnGift,
    PurseEmpty,
    TooLateToTakeBack,
)
from promises.compensation.goodwill_models import GiftState, GoodwillReason, VatTreatment
from promises.compensation.goodwill_rule import Rule, rule_of
from promises.flows import give_goodwill, redeem_voucher
from promises.flows.follow_ticket import follow
from promises.flows.forget_customer import forget_customer
from promises.identity.customers import known_customer
from promises.identity.models import ContactChannel
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from promises.payouts.gifts import prepare_gift
from promises.reporting.goodwill import (
    gifts_of_month,
    gifts_of_ticket,
    sums_of_month,
    waiting_gifts,
)
from tests.flows.ground import World
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")
MARCH = dt.date(2026, 3, 1)


@pytest.fixture
def world():
    world = World()
    set_rule(world)
    return world


def set_rule(world, **changes):
    limits = {
        "switched_on": True, "purse_minor": 2_000, "most_gift_minor": 500,
        "most_customer_minor": 800, "vat_treatment": VatTreatment.OUTSIDE_SCOPE,
    }  # fmt: skip
    with world.work(Role.MANAGER) as uow:
        give_goodwill.set_rule(uow, rule=Rule(**(limits | changes)))


def served(world, **words):
    ticket = world.take(**words)
    world.log(ticket.ticket_id, "service_started")
    world.log(ticket.ticket_id, "served")
    return ticket


def give(world, ticket, amount_minor=500, role=Role.CLERK):
    with world.work(role) as uow:
        return give_goodwill.give(
            uow, ticket_id=ticket.ticket_id, amount_minor=amount_minor,
            reason=GoodwillReason.OUR_MISTAKE, words=" We lost your form. ",
        )  # fmt: skip


def decide(world, gift, role=Role.MANAGER, **words):
    with world.work(role) as uow:
        return give_goodwill.decide(uow, gift_id=gift.gift_id, **({"approve": True} | words))


def used(world):
    return sum(row.used_minor for row in world.rows("SELECT used_minor FROM goodwill_purses"))


def test_gift_goes_out_as_a_voucher_after_a_moment_and_is_booked_apart(world):
    ticket = served(world)
    gift = give(world, ticket)
    assert gift.state is GiftState.GIVEN
    assert world.settle() == 0
    world.later(seconds=10)
    assert world.settle() == 1
    assert world.balances() == {"goodwill_expense": 500, "vouchers_issued": -500}
    with world.work() as uow:
        ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
        redeem_voucher.redeem(uow, code=code, counter_id=None)
    assert world.balances() == {"goodwill_expense": 500, "desk_settlement": -500}
    assert world.compensations() == [] and used(world) == 500
    with world.work() as uow:
        (shown,) = gifts_of_ticket(
            uow.session, organisation_id=world.made.id, ticket_id=ticket.ticket_id
        )
        assert verify(uow.session, organisation_id=world.made.id).broken_at is None
    assert (shown.words, shown.voucher_state) == ("We lost your form.", "redeemed")
    assert shown.vat_treatment == "outside_scope"


def test_voucher_of_a_gift_that_expires_lowers_what_goodwill_cost(world):
    give(world, served(world))
    world.later(seconds=10)
    world.settle()
    world.later(days=1200)
    with world.work(None) as uow:
        assert redeem_voucher.expire(uow) == 1
    assert world.balances() == {}


def test_gift_is_taken_back_within_ten_seconds_by_its_giver_alone(world):
    ticket = served(world)
    gift = give(world, ticket)
    with world.work(Role.MANAGER) as uow, pytest.raises(GiftDecided):
        give_goodwill.take_back(uow, gift_id=gift.gift_id)
    with world.work() as uow:
        give_goodwill.take_back(uow, gift_id=gift.gift_id)
    with world.work() as uow, pytest.raises(GiftDecided):
        give_goodwill.take_back(uow, gift_id=gift.gift_id)
    assert (used(world), world.balances()) == (0, {})
    world.later(seconds=11)
    assert world.settle() == 0
    late = give(world, ticket)
    world.later(seconds=10)
    with pytest.raises(TooLateToTakeBack), world.work() as uow:
        give_goodwill.take_back(uow, gift_id=late.gift_id)
    assert used(world) == 500


def test_nothing_is_given_where_it_is_off_or_nobody_was_there(world):
    ticket = served(world)
    set_rule(world, switched_on=False)
    with pytest.raises(GoodwillOff):
        give(world, ticket)
    never_set = World()
    with pytest.raises(GoodwillOff):
        give(never_set, served(never_set))
    set_rule(world)
    with pytest.raises(NobodyThere):
        give(world, world.take())
    for amount in (0, 2_001):
        with pytest.raises(GiftTooLarge):
            give(world, ticket, amount)
    with world.work() as uow, pytest.raises(NotFound):
        give_goodwill.give(uow, ticket_id=new_id(), amount_minor=100, reason=GoodwillReason.OTHER)
    for wrong in ({"most_gift_minor": 900}, {"most_unknown_day": -1}):
        with pytest.raises(GiftTooLarge):
            set_rule(world, **wrong)
    with world.work() as uow:
        assert rule_of(uow.session, organisation_id=world.made.id).most_gift_minor == 500
    assert world.one("SELECT count(*) AS n FROM goodwill_gifts").n == 0
    assert used(world) == 0


def test_gift_beyond_a_limit_waits_for_a_manager_who_had_no_part(world):
    with world.work() as uow:
        customer = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="c-1"
        )
    first, second = served(world, customer_id=customer), served(world, customer_id=customer)
    big = give(world, served(world), 501)
    give(world, first)
    again, month = give(world, second, 100), give(world, first, 400)
    assert {one.state for one in (big, again, month)} == {GiftState.WAITING}
    found = {
        row.id: row.waits_for for row in world.rows("SELECT id, waits_for FROM goodwill_gifts")
    }
    assert [found[one.gift_id] for one in (big, again, month)] == ["amount", "again", "month"]
    assert used(world) == 500
    with pytest.raises(OwnGift):
        decide(world, big, Role.CLERK)
    with pytest.raises(ReasonMissing):
        decide(world, big, approve=False)
    assert decide(world, big).state is GiftState.GIVEN
    with pytest.raises(GiftDecided):
        decide(world, big)
    assert decide(world, again, approve=False, reason="Twice is enough.").state == "refused"
    with world.work() as uow, pytest.raises(NotFound):
        give_goodwill.decide(uow, gift_id=new_id(), approve=True)
    assert used(world) == 1_001
    with world.work() as uow:
        tenant = {"organisation_id": world.made.id}
        (left,) = waiting_gifts(uow.session, **tenant)
        sums = sums_of_month(uow.session, month_on=MARCH, **tenant)
        gifts = gifts_of_month(uow.session, month_on=MARCH, **tenant)
        assert tickets_of_gifts(uow.session, gift_ids=[], **tenant) == []
    assert left.gift_id == month.gift_id
    assert [(row.n, row.amount_minor) for row in sums] == [(2, 1_001)]
    assert sum(row.amount_minor for row in gifts) == 1_001


def test_manager_cannot_go_beyond_the_purse(world):
    for _ in range(3):
        give(world, served(world))
    waiting = give(world, served(world), 501)
    with pytest.raises(PurseEmpty):
        decide(world, waiting)
    assert world.one("SELECT state FROM goodwill_gifts WHERE amount_minor = 501").state == "waiting"
    set_rule(world, purse_minor=3_000)
    assert decide(world, waiting).state is GiftState.GIVEN


def test_clerk_gives_few_gifts_a_day_to_people_whom_nobody_knows(world):
    gifts = [give(world, served(world), 100) for _ in range(4)]
    assert [one.state for one in gifts] == ["given"] * 3 + ["waiting"]
    (left,) = world.rows("SELECT waits_for FROM goodwill_gifts WHERE state = 'waiting'")
    assert left.waits_for == "unknown" and used(world) == 300
    assert give(world, served(world), 100, role=Role.ADMINISTRATOR).state is GiftState.GIVEN
    world.later(days=1, seconds=1)
    assert give(world, served(world), 100).state is GiftState.GIVEN


def test_gift_that_waits_does_not_go_out_once_gifts_are_switched_off(world):
    waiting = give(world, served(world), 501)
    set_rule(world, switched_on=False)
    with pytest.raises(GoodwillOff):
        decide(world, waiting)
    assert used(world) == 0 and world.rows("SELECT * FROM payouts") == []
    assert decide(world, waiting, approve=False, reason="No more.").state is GiftState.REFUSED


def test_nobody_gives_to_their_own_address(world):
    ticket = world.take()
    email = world.one(
        "SELECT email FROM members WHERE id = %(m)s", m=world.made.members[Role.CLERK]
    ).email
    with world.work(None) as uow:
        follow(
            uow, public_code=ticket.public_code, channel=ContactChannel.EMAIL, address=email,
            locale="fi",
        )  # fmt: skip
    world.log(ticket.ticket_id, "service_started")
    with pytest.raises(GiftToOneself):
        give(world, ticket)
    assert give(world, ticket, role=Role.ADMINISTRATOR).state is GiftState.GIVEN


def test_words_of_a_gift_are_forgotten_with_their_customer(world):
    with world.work() as uow:
        customer = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="c-1"
        )
    give(world, served(world, customer_id=customer))
    with world.work() as uow:
        assert forget_customer(uow, customer_id=customer).texts == 1
    assert world.one("SELECT words FROM goodwill_gifts").words == ""


def test_one_gift_has_one_payout_for_ever(world):
    gift = give(world, served(world))
    with world.work() as uow:
        again = prepare_gift(
            uow.session, organisation_id=world.made.id, now=uow.now, rail="voucher",
            gift=(gift.gift_id, 500, "EUR"), not_before=uow.now,
        )  # fmt: skip
    assert not again
    assert world.one("SELECT count(*) AS n FROM payouts").n == 1


def test_of_twenty_gifts_at_once_three_fit_the_purse(app_url):
    world = World()
    set_rule(world, purse_minor=1_500, most_unknown_day=100)
    tickets = [served(world) for _ in range(20)]

    def gift(number):
        return give(world, tickets[number])

    with crowd(app_url, 20) as people:
        answers = people.at_once(gift)
    refused = [one for one in answers if isinstance(one, PurseEmpty)]
    assert len(refused) == 17
    assert world.one("SELECT count(*) AS n FROM goodwill_gifts").n == 3
    assert world.one("SELECT count(*) AS n FROM payouts").n == 3
    assert used(world) == 1_500
    assert world.balances() == {"goodwill_expense": 1_500, "goodwill_owed": -1_500}


def test_of_many_gifts_to_one_customer_at_once_one_needs_no_manager(app_url):
    world = World()
    set_rule(world)
    with world.work() as uow:
        customer = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="c-1"
        )
    tickets = [served(world, customer_id=customer) for _ in range(6)]
    with crowd(app_url, 6) as people:
        answers = people.at_once(lambda number: give(world, tickets[number], 100))
    assert sorted(one.state for one in answers) == ["given"] + ["waiting"] * 5


def test_of_many_gifts_of_one_clerk_to_unknown_people_at_once_three_go(app_url):
    world = World()
    set_rule(world)
    tickets = [served(world) for _ in range(6)]
    with crowd(app_url, 6) as people:
        answers = people.at_once(lambda number: give(world, tickets[number], 100))
    assert sorted(one.state for one in answers) == ["given"] * 3 + ["waiting"] * 3
