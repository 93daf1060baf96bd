"""The administrator sets up ways of paying, and no test key ever reaches real money."""

import dataclasses

import pytest

from promises.db.session import unit_of_work
from promises.db.sql import execute, one, rows
from promises.flows import set_rails
from promises.flows.settle_payouts import settle
from promises.http import wiring
from promises.identity.errors import DemoMovesNoMoney
from promises.identity.models import MoneyMode
from promises.kernel.actors import SYSTEM, Role
from promises.payouts.accounts import NewRail, is_live, rail_accounts, rail_states, save_rail
from promises.payouts.destinations import routes
from promises.payouts.errors import MoneyUnderWay, MoneyWaiting, OtherMode, WrongModeKey
from promises.payouts.rails.names import ALL
from promises.payouts.rails.stripe_refund import refund_maker
from promises.web.forms import rails as rail_forms
from promises.web.rail_words import rail_sentence
from tests.fakes.stripe_server import LIVE_KEY, TEST_KEY, FakeStripe
from tests.parts import check_page
from tests.payouts.ground import Purse
from tests.web.staff import post, sign_in

RAIL = "stripe_refund"


@pytest.fixture(scope="module")
def stripe():
    with FakeStripe() as fake:
        yield fake


@pytest.fixture(scope="module")
def makers(app, stripe):
    """The service as it is, with Stripe standing on this machine."""
    found = app.extensions[wiring.EXTENSION]
    rails = dict(found.rails) | {RAIL: refund_maker(stripe.url)}
    app.extensions[wiring.EXTENSION] = dataclasses.replace(found, rails=rails)
    yield rails
    app.extensions[wiring.EXTENSION] = found


@pytest.fixture
def purse(app, stripe):
    with app.app_context():
        yield Purse(refund_maker(stripe.url), secrets={"key": TEST_KEY})


@pytest.fixture
def made(purse):
    return purse.made


@pytest.fixture
def admin(client, made, makers):
    sign_in(client, made, Role.ADMINISTRATOR)
    return client


def page(made, rest=f"/{RAIL}"):
    return f"/o/{made.slug}/staff/settings/rails{rest}"


def state(made):
    with unit_of_work(made.id, SYSTEM) as uow:
        return rail_states(uow.session, organisation_id=made.id).get(RAIL)


def audited(made, action):
    with unit_of_work(made.id, SYSTEM) as uow:
        return rows(
            uow.session, "SELECT details FROM audit_records WHERE action = %(a)s", {"a": action}
        )


def use_live(purse):
    """Real money, without waiting for anything."""
    with purse.work(None) as uow:
        set_rails.change_mode(uow, mode=MoneyMode.LIVE)


def test_key_is_saved_tested_and_never_shown_again(admin, made):
    listed = check_page(admin.get(page(made, "")))
    assert "Refund of a payment (Stripe)" in listed.text
    answer = post(
        admin, page(made), {"field_key": "sk_test_secret12345", "field_webhook_secret": "",
                            "step": "save"}, follow_redirects=True,
    )  # fmt: skip
    assert "Saved, and the connection works." in answer.text
    assert "secret12345" not in answer.text
    assert "it ends in 2345" in answer.text
    assert state(made).test_works is True
    (entry,) = audited(made, "rail_changed")
    assert entry.details == {"rail": RAIL, "changed": ["key"]}


def test_empty_secret_keeps_the_stored_one(admin, made, stripe):
    post(admin, page(made), {"field_key": "", "field_webhook_secret": "whsec_a", "step": "save"})
    with unit_of_work(made.id, SYSTEM) as uow:
        account, _ = rail_accounts(uow.session, organisation_id=made.id)[RAIL]
    assert account.secrets == {"key": TEST_KEY, "webhook_secret": "whsec_a"}
    assert state(made).hints == {"key": "fake", "webhook_secret": "ec_a"}


def test_connection_is_tried_without_saving(admin, made, stripe):
    before = state(made)
    stripe.shut("sk_test_revoked")
    refused = post(admin, page(made), {"field_key": "sk_test_revoked", "step": "test"})
    assert "The provider refuses our key." in refused.text
    works = post(admin, page(made), {"field_key": "sk_test_other", "step": "test"})
    assert "The connection works. Nothing is saved yet." in works.text
    assert state(made) == before


def test_rail_is_turned_on_only_once_it_works(admin, made, stripe):
    post(admin, page(made, f"/{RAIL}/turn"), {"to": "off"}, page=page(made))
    assert not state(made).in_use
    stripe.shut(TEST_KEY)
    refused = post(
        admin, page(made, f"/{RAIL}/turn"), {"to": "on"}, page=page(made), follow_redirects=True
    )
    assert "The connection does not work." in refused.text
    assert not state(made).in_use
    stripe.shut(TEST_KEY, 200)
    post(admin, page(made, f"/{RAIL}/turn"), {"to": "on"}, page=page(made))
    assert state(made).in_use
    assert [len(audited(made, f"rail_turned_{way}")) for way in ("off", "on")] == [1, 1]


def test_way_that_needs_nothing_is_turned_on_at_once_and_others_need_their_keys(admin, made):
    on = {"to": "on"}
    post(admin, page(made, "/manual/turn"), on, page=page(made, "/manual"))
    with unit_of_work(made.id, SYSTEM) as uow:
        assert rail_states(uow.session, organisation_id=made.id)["manual"].in_use
    refused = post(
        admin, page(made, "/stripe_outbound/turn"), on, page=page(made, "/manual"),
        follow_redirects=True,
    )  # fmt: skip
    assert "Enter what this way of paying needs first." in refused.text
    nothing = post(admin, page(made, "/stripe_outbound/test"), page=page(made, "/manual"))
    assert nothing.status_code == 404
    unknown = post(admin, page(made, "/stripe_outbound/prefer"), page=page(made, "/manual"))
    assert unknown.status_code == 404


def test_settings_that_changed_during_a_test_keep_no_result_of_it(app, purse, stripe):
    made, maker = purse.made, refund_maker(stripe.url)

    class Slow:
        name, fields = maker.name, maker.fields

        def open(self, account):
            purse.later(seconds=1)
            purse.save(secrets={"key": "sk_test_newer"})
            return maker.open(account)

    with purse.at(purse.now):
        found = set_rails.test_stored(made.id, SYSTEM, Slow())
    assert found.works
    assert state(made).tested_at is None


def test_pause_ends_with_a_test_that_works(admin, made, purse, stripe):
    (payout_id,) = purse.owe(details=lambda _: {"payment": "pi_paused"})
    stripe.pay("pi_paused", 1000)
    stripe.shut(TEST_KEY)
    purse.settle()
    assert state(made).paused_at is not None
    shown = check_page(admin.get(page(made)))
    assert "This way of paying is paused." in shown.text
    assert [one.kind for one in purse.incidents()] == ["rail_paused"]
    stripe.shut(TEST_KEY, 200)
    post(admin, page(made, f"/{RAIL}/test"), page=page(made))
    assert state(made).paused_at is None
    assert purse.incidents()[0].closed_at is not None
    purse.settle()
    assert purse.payout(payout_id).state in ("submitted", "paid")


def test_live_key_is_refused_in_test_mode(admin, made, stripe):
    before, called = state(made), len(stripe.calls())
    for step in ("save", "test"):
        answer = post(admin, page(made), {"field_key": LIVE_KEY, "step": step})
        assert "This key is of the other mode" in answer.text
    assert state(made) == before
    assert len(stripe.calls()) == called


def test_rail_of_the_other_mode_is_neither_saved_nor_opened_nor_routed_to(purse, stripe):
    made = purse.made
    ticket = purse.take()
    purse.give(ticket.ticket_id, {"payment": "pi_mode"})
    use_live(purse)
    with purse.work(None) as uow:
        assert rail_accounts(uow.session, organisation_id=made.id, also_paused=True) == {}
        with pytest.raises(OtherMode):
            save_rail(
                uow.session, organisation_id=made.id, now=uow.now, changed_by=None,
                new=NewRail(RAIL, True, False, {}, {"key": TEST_KEY}),
            )  # fmt: skip
    with purse.work(None) as uow, pytest.raises(WrongModeKey):
        set_rails.save(uow, new=NewRail(RAIL, True, True, {}, {"key": TEST_KEY}))
    called = len(stripe.calls())
    purse.later(minutes=15, microseconds=1)
    purse.staff_act()
    purse.sweep()
    purse.call()
    purse.log(ticket.ticket_id, "service_started")
    with purse.at(purse.now):
        settle(made.id, purse.rails)
    (payout,) = purse.rows("SELECT rail FROM payouts")
    assert payout.rail == "voucher"
    assert len(stripe.calls()) == called
    (debt,) = purse.compensations()
    with purse.work(None) as uow:
        route = routes(
            uow.session, organisation_id=made.id, now=uow.now, compensation_ids=[debt.id]
        )
    assert route[debt.id].rail == "voucher"


TRIED_AND_READY = """
UPDATE payouts SET state = 'ready' WHERE organisation_id = %(organisation_id)s AND id = %(id)s
    AND key_used_at IS NOT NULL
"""


def test_mode_is_changed_by_typing_the_name_and_never_while_money_is_under_way(
    admin, made, purse, stripe
):
    address = f"/o/{made.slug}/staff/settings/money-mode"
    assert post(admin, address, {"typed": "another"}).status_code == 422
    stripe.pay("pi_under_way", 1000)
    stripe.fail_next("pending")
    (payout_id,) = purse.owe(details=lambda _: {"payment": "pi_under_way"})
    purse.settle()
    assert purse.payout(payout_id).state == "submitted"
    refused = post(admin, address, {"typed": made.slug})
    assert "still under way" in refused.text
    with purse.work(None) as uow, pytest.raises(MoneyUnderWay):
        set_rails.change_mode(uow, mode=MoneyMode.LIVE)
    with pytest.raises(MoneyUnderWay), purse.work(None) as uow:
        params = {"id": payout_id, "organisation_id": made.id}
        execute(uow.session, TRIED_AND_READY, params)
        set_rails.change_mode(uow, mode=MoneyMode.LIVE)
    with purse.work(None) as uow:
        assert not is_live(uow.session, organisation_id=made.id)
    assert purse.payout(payout_id).state == "submitted"
    (effect,) = stripe.effects(payout_id)
    stripe.turn(effect.ref, "succeeded")
    purse.later(minutes=11)
    purse.settle()
    assert purse.payout(payout_id).state == "paid"
    assert post(admin, address, {"typed": made.slug}).status_code == 303
    called = len(stripe.calls())
    purse.later(days=2)
    purse.settle()
    assert (purse.payout(payout_id).state, purse.payout(payout_id).look_at) == ("paid", None)
    assert len(stripe.calls()) == called
    assert "Keys of the other mode" in check_page(admin.get(page(made, ""))).text
    assert [entry.details for entry in audited(made, "money_mode_changed")] == [{"mode": "live"}]
    with purse.work(None) as uow:
        assert set_rails.change_mode(uow, mode=MoneyMode.LIVE) is False


def test_page_of_the_mode_says_what_is_still_owed(admin, made, purse):
    address = f"/o/{made.slug}/staff/settings/money-mode"
    assert "still owed" not in check_page(admin.get(address)).text
    purse.take()
    purse.take()
    purse.later(minutes=15, microseconds=1)
    purse.staff_act()
    purse.sweep()
    said = check_page(admin.get(address)).text
    assert "2 cases, €20.00, are still owed." in said
    use_live(purse)
    assert "still owed" not in check_page(admin.get(address)).text


def test_mode_is_not_changed_while_payouts_of_the_present_one_wait(admin, made, purse, stripe):
    stripe.pay("pi_waits", 1000)
    (payout_id,) = purse.owe(details=lambda _: {"payment": "pi_waits"})
    before = purse.payout(payout_id)
    refused = post(admin, f"/o/{made.slug}/staff/settings/money-mode", {"typed": made.slug})
    assert "still wait to go out" in check_page(refused).text
    with purse.work(None) as uow:
        assert not is_live(uow.session, organisation_id=made.id)
    assert purse.payout(payout_id) == before
    with pytest.raises(MoneyWaiting), purse.work(None) as uow:
        set_rails.change_mode(uow, mode=MoneyMode.LIVE)
    purse.settle()
    assert purse.payout(payout_id).state == "paid"
    use_live(purse)
    with purse.work(None) as uow:
        assert is_live(uow.session, organisation_id=made.id)


def test_demonstration_never_moves_real_money(purse):
    with purse.work(None) as uow:
        rows(uow.session, "UPDATE organisations SET is_demo = true RETURNING slug", {})
    with pytest.raises(DemoMovesNoMoney), purse.work(None) as uow:
        set_rails.change_mode(uow, mode=MoneyMode.LIVE)
    with purse.work(None) as uow:
        found = one(uow.session, "SELECT money_mode, is_demo FROM organisations", {})
    assert tuple(found) == ("test", True)


def test_order_among_ways_that_ask_nothing(admin, made, purse):
    with purse.work(None) as uow:
        new = NewRail("stripe_credit", True, False, {}, {"key": TEST_KEY})
        save_rail(
            uow.session, organisation_id=made.id, now=uow.now, changed_by=None, new=new
        )  # fmt: skip
    post(admin, page(made, "/stripe_credit/prefer"), page=page(made, ""))
    with purse.work(None) as uow:
        known = rail_states(uow.session, organisation_id=made.id)
    assert list(known) == ["stripe_credit", RAIL]


@pytest.mark.parametrize("role", [Role.CLERK, Role.MANAGER, Role.ACCOUNTANT])
def test_only_administrators_see_the_settings(client, made, makers, role):
    sign_in(client, made, role)
    assert client.get(page(made, "")).status_code == 403
    assert client.get(page(made)).status_code == 403


def test_what_is_no_rail_with_settings_is_not_there(admin, made):
    assert admin.get(page(made, "/voucher")).status_code == 404
    assert admin.get(page(made, "/nothing")).status_code == 404


def test_every_field_of_every_rail_has_words(app):
    names = {one.name for maker in app.extensions[wiring.EXTENSION].rails.values()
             for one in maker.fields}  # fmt: skip
    assert names <= set(rail_forms.NAMES)
    with app.test_request_context():
        assert all(rail_sentence(rail) for rail in ALL if rail != "voucher")
