"""The second step before money: nothing that was chosen is lost, and nothing happens before."""

import dataclasses
import re

import pytest

from promises.app import create_app
from promises.compensation.holding import mark_of
from promises.db.session import inject_clock
from promises.db.sql import execute, rows
from promises.flows.demo_sign_in import demo_path
from promises.kernel.actors import Role
from promises.kernel.clock import process_clock
from tests.conftest import dispose
from tests.factories.second_steps import give_app, give_passkey
from tests.flows.ground import QUARTER, TICK, World
from tests.web.second_steps import MANAGER, MINUTE, SITE, asks, base, begin, now, shows
from tests.web.staff import csrf_token, sign_in

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    made = World()
    made.take()
    made.now += QUARTER + TICK
    made.sweep()
    made.now = process_clock.now()
    return made


@pytest.fixture
def debt(world):
    (row,) = world.compensations()
    assert row.state == "owed"
    return row


def approve(client, world, debt):
    path = f"{base(world.made)}/approvals"
    data = {
        "chosen": f"{debt.id} {mark_of(debt.amount_minor, debt.holds)}",
        "csrf_token": csrf_token(client, path),
    }
    return client.post(f"{path}/approve", data=data)


def state_of(world):
    (row,) = world.compensations()
    return row.state


class TestTheDoor:
    @pytest.fixture
    def phone(self, world):
        return give_app(world.made, MANAGER)

    @pytest.fixture
    def weak(self, client, world, phone):
        sign_in(client, world.made, MANAGER, strong=False)
        return client

    def test_a_decision_waits_for_a_code_and_then_happens_as_it_was_sent(
        self, weak, world, debt, phone
    ):
        asked = approve(weak, world, debt)
        assert asked.status_code == 403
        assert str(debt.id) not in asked.text
        assert state_of(world) == "owed"
        done = shows(weak, asked, code=phone.code(now()))
        assert done.status_code == 303
        assert done.location.startswith(f"{base(world.made)}/approvals")
        assert state_of(world) == "released"
        noted = [row.action for row in rows_of(world, "SELECT action FROM audit_records")]
        assert "identity_confirmed" in noted

    def test_a_wrong_code_decides_nothing_and_loses_nothing(self, weak, world, debt, phone):
        asked = approve(weak, world, debt)
        again = shows(weak, asked, code="000000")
        assert again.status_code == 422
        assert state_of(world) == "owed"
        assert shows(weak, again, code=phone.code(now())).status_code == 303
        assert state_of(world) == "released"

    def test_guesses_are_slowed_down(self, weak, world, debt, phone):
        asked = approve(weak, world, debt)
        at = now()
        with inject_clock(lambda: at):
            codes = [shows(weak, asked, code="000000").status_code for _ in range(6)]
            right = shows(weak, asked, code=phone.code(at))
        assert codes == [422] * 5 + [429]
        assert right.status_code == 429
        assert int(right.headers["Retry-After"]) <= 60
        assert state_of(world) == "owed"

    def test_five_minutes_later_it_asks_again(self, client, world, debt, phone):
        sign_in(client, world.made, MANAGER, strong=False)
        start = now()
        with inject_clock(lambda: start):
            asked = client.get(f"{base(world.made)}/confirm")
            token = csrf_token(client, f"{base(world.made)}/confirm")
            assert asked.status_code == 200
            path = f"{base(world.made)}/confirm"
            sent = {"csrf_token": token, "proof-code": phone.code(start)}
            assert client.post(path, data=sent).status_code == 303
        with inject_clock(lambda: start + 5 * MINUTE):
            assert approve(client, world, debt).status_code == 403
        assert state_of(world) == "owed"
        with inject_clock(lambda: start + 5 * MINUTE - TICK):
            assert approve(client, world, debt).status_code == 303
        assert state_of(world) == "released"

    def test_somebody_without_a_second_step_sets_one_up_first(self, client, world, debt):
        sign_in(client, world.made, MANAGER, strong=False)
        refused = approve(client, world, debt)
        assert refused.status_code == 403
        assert "/account/second-step" in refused.text
        assert state_of(world) == "owed"

    def test_what_is_held_goes_to_no_other_session_address_or_form(
        self, app, weak, world, debt, phone
    ):
        asked = approve(weak, world, debt)
        _, fields = asks(asked)
        proof = {"proof-code": phone.code(now())}
        other = app.test_client()
        sign_in(other, world.made, MANAGER, strong=False)
        token = {"csrf_token": csrf_token(other, f"{base(world.made)}/account")}
        path = f"{base(world.made)}/approvals/approve"
        assert other.post(path, data=fields | token | proof).status_code == 410
        refuse = f"{base(world.made)}/approvals/refuse"
        assert weak.post(refuse, data=fields | proof).status_code == 410
        assert weak.post(f"{path}?x=1", data=fields | proof).status_code == 410
        for held in ("", "rubbish", "ä", fields["held"][:-4]):
            sent = fields | proof | {"held": held}
            assert weak.post(path, data=sent).status_code == 410, held
        bare = {name: text for name, text in (fields | proof).items() if name != "csrf_token"}
        assert weak.post(path, data=bare).status_code == 400
        with inject_clock(lambda: now() + 10 * MINUTE):
            assert weak.post(path, data=fields | proof).status_code == 410
        assert state_of(world) == "owed"

    def test_fields_beside_what_is_held_count_for_nothing(self, weak, world, debt, phone):
        path = f"{base(world.made)}/approvals"
        data = {"csrf_token": csrf_token(weak, path)}
        asked = weak.post(f"{path}/approve", data=data)
        smuggled = {
            "chosen": f"{debt.id} {mark_of(debt.amount_minor, debt.holds)}",
            "proof-code": phone.code(now()),
        }
        action, fields = asks(asked)
        assert weak.post(action, data=fields | smuggled).status_code == 422
        assert state_of(world) == "owed"

    def test_a_proof_without_a_held_form_opens_nothing(self, weak, world, debt, phone):
        path = f"{base(world.made)}/approvals"
        data = {
            "csrf_token": csrf_token(weak, path), "compensation_id": str(debt.id),
            "proof-code": phone.code(now()),
        }  # fmt: skip
        assert weak.post(f"{path}/approve", data=data).status_code == 403
        assert state_of(world) == "owed"

    def test_a_form_too_large_to_hold_is_not_cut_short(self, weak, world, debt):
        path = f"{base(world.made)}/approvals"
        data = {"csrf_token": csrf_token(weak, path), "reason": "x" * 160_000}
        answer = weak.post(f"{path}/approve", data=data)
        assert (answer.status_code, answer.location) == (303, f"{base(world.made)}/confirm")
        assert state_of(world) == "owed"

    def test_a_secret_that_was_typed_does_not_stand_in_the_page(self, client, world):
        give_app(world.made, Role.ADMINISTRATOR)
        sign_in(client, world.made, Role.ADMINISTRATOR, strong=False)
        path = f"{base(world.made)}/settings/rails/stripe_refund"
        token = csrf_token(client, f"{base(world.made)}/account")
        data = {"csrf_token": token, "api_key": "sk_test_supersecret", "step": "save"}
        asked = client.post(path, data=data)
        assert asked.status_code == 403
        assert "supersecret" not in asked.text and asks(asked)

    def test_a_passkey_opens_the_door_as_well(self, weak, world, debt):
        device, _ = give_passkey(world.made, MANAGER, site=SITE)
        asked = approve(weak, world, debt)
        begun = begin(weak, world.made, "confirm/begin")
        assert len(begun["options"]["allowCredentials"]) == 1
        wrong = shows(
            weak, asked, answer=device.sign(begun["options"], verified=False), token=begun["token"]
        )
        assert wrong.status_code == 422
        begun = begin(weak, world.made, "confirm/begin")
        assert state_of(world) == "owed"
        right = device.sign(begun["options"])
        assert shows(weak, asked, answer=right, token=begun["token"]).status_code == 303
        assert state_of(world) == "released"

    def test_a_colleagues_passkey_does_not(self, weak, world, debt):
        device, _ = give_passkey(world.made, Role.ACCOUNTANT, site=SITE)
        asked = approve(weak, world, debt)
        begun = begin(weak, world.made, "confirm/begin")
        answer = device.sign(begun["options"])
        assert shows(weak, asked, answer=answer, token=begun["token"]).status_code == 422
        assert state_of(world) == "owed"

    def test_a_recovery_code_opens_it_once(self, app, weak, world, debt, phone):
        code = phone.recovery[0]
        asked = approve(weak, world, debt)
        assert shows(weak, asked, recovery=code).status_code == 303
        assert state_of(world) == "released"
        other = app.test_client()
        sign_in(other, world.made, MANAGER, strong=False)
        assert shows(other, approve(other, world, debt), recovery=code).status_code == 422


def rows_of(world, statement):
    with world.made.work() as uow:
        return rows(uow.session, statement)


class TestTheDemonstration:
    @pytest.fixture
    def world(self, world):
        with world.made.work() as uow:
            execute(uow.session, "UPDATE organisations SET is_demo = true")
        return world

    def come_in(self, client, world):
        with world.made.work(None) as uow:
            link = demo_path(uow, member_id=world.made.members[MANAGER])
        client.get(link)

    def test_one_click_is_enough_there_at_once_and_after_five_minutes(self, client, world, debt):
        self.come_in(client, world)
        later = now() + 6 * MINUTE
        with inject_clock(lambda: later):
            asked = approve(client, world, debt)
            assert asked.status_code == 403 and "demonstration" in asked.text
            assert state_of(world) == "owed"
            assert shows(client, asked).status_code == 303
        assert state_of(world) == "released"

    def test_right_after_the_link_nothing_is_asked(self, client, world, debt):
        self.come_in(client, world)
        assert approve(client, world, debt).status_code == 303
        assert state_of(world) == "released"

    def test_it_counts_for_nothing_where_demonstrations_are_off(
        self, app, client, world, debt, database
    ):
        self.come_in(client, world)
        name = f"{app.config['LUPAUS_COOKIES']}-staff"
        plain = create_app(dataclasses.replace(database.config, demo=False))
        plain.testing = True
        browser = plain.test_client()
        browser.set_cookie(name, client.get_cookie(name).value)
        path = f"{base(world.made)}/approvals"
        found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)
        data = {"csrf_token": found[1], "compensation_id": str(debt.id)}
        refused = browser.post(f"{path}/approve", data=data)
        assert refused.status_code == 403 and "Set up a second step" in refused.text
        confirmed = browser.post(f"{base(world.made)}/confirm", data={"csrf_token": found[1]})
        assert confirmed.status_code == 403
        assert state_of(world) == "owed"
        dispose(plain)
