"""Second steps on the pages: set up, asked at the sign-in, and asked before money; nothing that was
chosen is lost, and nothing happens before."""

import dataclasses
import datetime as dt
import json
import re

import pytest

from promises.app import create_app
from promises.compensation.holding import mark_of
from promises.db.session import inject_clock
from promises.db.sql import execute, one, rows
from promises.flows.demo_sign_in import demo_path
from promises.identity import factors
from promises.identity.passkeys import Site
from promises.kernel.actors import Role
from promises.kernel.clock import process_clock
from tests.conftest import dispose
from tests.factories.authenticator import Authenticator
from tests.factories.identity import PASSWORD, make_organisation
from tests.factories.second_steps import App, give_app, give_passkey
from tests.flows.ground import QUARTER, TICK, World
from tests.parts import Page
from tests.web.staff import csrf_token, give_password, post, sign_in

pytestmark = pytest.mark.usefixtures("as_application")

MANAGER = Role.MANAGER
SITE = Site("localhost", "http://localhost", "A Bank")
MINUTE = dt.timedelta(minutes=1)


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


def base(made):
    return f"/o/{made.slug}/staff"


def asks(answer):
    """The form of the page that asks who it is, ready to be sent back with a proof."""
    method, action, fields = next(
        form for form in Page(answer.text).forms if "held" in form[2] and form[0] == "post"
    )
    return action, fields


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


def shows(client, asked, **proof):
    action, fields = asks(asked)
    return client.post(action, data=fields | {f"proof-{key}": text for key, text in proof.items()})


def now():
    return process_clock.now()


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


def begin(client, made, path, where="staff"):
    page = f"/o/{made.slug}/sign-in" if where == "" else f"{base(made)}/account"
    token = csrf_token(client, page)
    target = f"/o/{made.slug}/{path}" if where == "" else f"{base(made)}/{path}"
    answer = client.post(target, data={"csrf_token": token})
    assert answer.status_code == 200
    return json.loads(answer.text)


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


class TestSettingUp:
    @pytest.fixture
    def made(self):
        return make_organisation()

    def page(self, made, rest=""):
        return f"{base(made)}/account/second-step{rest}"

    def set_up(self, client, made, password=PASSWORD, code=None):
        shown = client.get(self.page(made, "/app"))
        secret = re.search(r"<code>([A-Z2-7 ]+)</code>", shown.text)[1].replace(" ", "")
        sealed = re.search(r'name="secret" type="hidden" value="([^"]+)"', shown.text)[1]
        data = {
            "csrf_token": csrf_token(client, self.page(made, "/app")), "secret": sealed,
            "code": code or App(secret, []).code(now()), "password": password,
        }  # fmt: skip
        return secret, data, client.post(self.page(made, "/app"), data=data)

    def held(self, made, role=MANAGER):
        with made.work() as uow:
            return factors.factors_of(
                uow.session, organisation_id=made.id, member_id=made.members[role]
            )

    def test_the_first_takes_the_password_and_gives_ten_codes_once(self, client, made):
        give_password(made, MANAGER)
        sign_in(client, made, MANAGER, strong=False)
        assert "You have no second step yet" in client.get(self.page(made)).text
        _, _, wrong = self.set_up(client, made, password="not the password")
        assert wrong.status_code == 422
        _, _, guessed = self.set_up(client, made, code="123456")
        assert guessed.status_code == 422
        assert not self.held(made).any
        secret, data, done = self.set_up(client, made)
        assert done.status_code == 200
        assert len(re.findall(r"<code>[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}</code>", done.text)) == 10
        assert (self.held(made).any, self.held(made).codes_left) == (True, 10)
        assert "10 codes are left" in client.get(self.page(made)).text
        assert secret not in client.get(self.page(made)).text
        assert client.post(self.page(made, "/app"), data=data).status_code == 422

    def test_another_sessions_secret_is_not_taken(self, app, client, made):
        give_password(made, MANAGER)
        sign_in(client, made, MANAGER, strong=False)
        _, data, _ = self.set_up(client, made, code="123456")
        other = app.test_client()
        sign_in(other, made, MANAGER, strong=False)
        data["csrf_token"] = csrf_token(other, self.page(made, "/app"))
        assert other.post(self.page(made, "/app"), data=data).status_code == 410
        assert other.post(self.page(made, "/app"), data=data | {"secret": "x"}).status_code == 410

    def test_a_further_one_takes_the_first_and_not_the_password(self, client, made):
        phone = give_app(made, MANAGER)
        before = self.held(made).app_since
        sign_in(client, made, MANAGER, strong=False)
        _, _, asked = self.set_up(client, made)
        assert asked.status_code == 403
        assert self.held(made).app_since == before
        wrong = shows(client, asked, code="000000")
        assert self.held(made).app_since == before
        # The code of the old app uses up its half minute for the new one as well.
        kept = shows(client, wrong, recovery=phone.recovery[0])
        assert kept.status_code == 303
        assert self.held(made).app_since > before

    def test_a_passkey_is_added_named_and_removed(self, client, made):
        give_password(made, MANAGER)
        sign_in(client, made, MANAGER, strong=False)
        path, device = self.page(made, "/passkey"), Authenticator("http://localhost")
        begun = begin(client, made, "account/second-step/passkey/begin")
        token = csrf_token(client, path)
        data = {"csrf_token": token, "name": "Work phone", "token": begun["token"]}
        assert client.post(path, data=data | {"password": PASSWORD}).status_code == 422
        data["answer"] = device.make(begun["options"])
        assert client.post(path, data=data).status_code == 422
        assert not self.held(made).any
        done = client.post(path, data=data | {"password": PASSWORD})
        assert "Your recovery codes" in done.text
        overview = client.get(self.page(made)).text
        assert "Work phone" in overview
        remove = re.search(r'action="([^"]+/passkeys/[^"]+/remove)"', overview)[1]
        assert post(client, remove, page=self.page(made)).status_code == 303
        assert not self.held(made).any

    def test_new_codes_and_removals_ask_who_it_is(self, client, made):
        phone = give_app(made, MANAGER)
        sign_in(client, made, MANAGER, strong=False)
        for rest in ("/codes", "/app/remove"):
            asked = post(client, self.page(made, rest), page=self.page(made))
            assert asked.status_code == 403
        assert self.held(made).codes_left == 10
        done = shows(client, asked, code=phone.code(now()))
        assert done.status_code == 303
        assert self.held(made) == factors.Factors(None, 0, 0)

    def test_an_administrator_resets_somebody_elses(self, client, made):
        give_app(made, MANAGER)
        sign_in(client, made, Role.ADMINISTRATOR)
        where = f"{base(made)}/people/{made.members[MANAGER]}"
        assert "Reset the second step" in client.get(where).text
        assert post(client, f"{where}/reset-second-step", page=where).status_code == 303
        assert not self.held(made).any
        assert "Second step reset" in client.get(where).text
        give_app(made, Role.ADMINISTRATOR)
        own = f"{base(made)}/people/{made.members[Role.ADMINISTRATOR]}"
        assert post(client, f"{own}/reset-second-step", page=where).status_code == 403
        assert self.held(made, Role.ADMINISTRATOR).any

    def test_a_weak_administrator_resets_nobodys(self, client, made):
        give_app(made, MANAGER)
        sign_in(client, made, Role.ADMINISTRATOR, strong=False)
        where = f"{base(made)}/people/{made.members[MANAGER]}"
        assert post(client, f"{where}/reset-second-step", page=where).status_code == 403
        assert self.held(made).any


class TestSignIn:
    @pytest.fixture
    def made(self):
        return make_organisation()

    def enter(self, client, made, email, password=PASSWORD, **more):
        data = {"email": email, "password": password} | more
        return post(client, f"/o/{made.slug}/sign-in", data)

    def test_the_second_step_comes_after_the_password_and_leads_where_it_was_asked(
        self, app, client, made
    ):
        phone, email = give_app(made, MANAGER), give_password(made, MANAGER)
        wanted = f"{base(made)}/approvals"
        wrong = self.enter(client, made, email, "not the password")
        nobody = self.enter(app.test_client(), made, "nobody@example.fi")
        assert (wrong.status_code, nobody.status_code) == (401, 401)
        half = self.enter(client, made, email, next=wanted)
        assert half.location == f"/o/{made.slug}/sign-in/second-step"
        assert client.get_cookie(f"{app.config['LUPAUS_COOKIES']}-staff") is None
        assert client.get(wanted).status_code == 303
        again = post(client, half.location, {"code": "000000"})
        assert again.status_code == 422 and "not right" in again.text
        done = post(client, half.location, {"code": phone.code(now())})
        assert (done.status_code, done.location) == (303, wanted)
        assert client.get(wanted).status_code == 200

    def test_there_is_no_second_step_before_the_password(self, client, made):
        path = f"/o/{made.slug}/sign-in"
        assert client.get(f"{path}/second-step").location == path
        sent = {"csrf_token": csrf_token(client, path), "code": "123456"}
        assert client.post(f"{path}/second-step", data=sent).location == path

    def test_it_waits_ten_minutes(self, client, made):
        phone, email = give_app(made, MANAGER), give_password(made, MANAGER)
        start = now()
        with inject_clock(lambda: start):
            half = self.enter(client, made, email)
            token = csrf_token(client, half.location)
        late = start + 10 * MINUTE
        with inject_clock(lambda: late):
            data = {"csrf_token": token, "code": phone.code(late)}
            over = client.post(half.location, data=data)
        assert over.status_code == 410 and "Start again" in over.text

    def test_a_passkey_takes_the_place_of_password_and_code(self, client, made):
        device, _ = give_passkey(made, MANAGER, site=SITE)
        begun = begin(client, made, "sign-in/passkey/begin", where="")
        assert begun["options"]["userVerification"] == "required"
        token = csrf_token(client, f"/o/{made.slug}/sign-in")
        data = {"csrf_token": token, "token": begun["token"], "next": "https://evil.example/"}
        wrong = Authenticator("http://localhost").sign(begun["options"], handle=b"x")
        path = f"/o/{made.slug}/sign-in/passkey"
        assert client.post(path, data=data | {"answer": wrong}).status_code == 422
        begun = begin(client, made, "sign-in/passkey/begin", where="")
        data |= {"answer": device.sign(begun["options"]), "token": begun["token"]}
        done = client.post(path, data=data)
        assert (done.status_code, done.location) == (303, base(made))
        with made.work() as uow:
            assert one(uow.session, "SELECT shown_by FROM staff_sessions "
                       "ORDER BY created_at DESC LIMIT 1").shown_by == "passkey"  # fmt: skip

    def test_challenges_are_not_given_out_without_end(self, client, made):
        path = f"/o/{made.slug}/sign-in"
        data = {"csrf_token": csrf_token(client, path)}
        at = now()
        with inject_clock(lambda: at):
            codes = {client.post(f"{path}/passkey/begin", data=data).status_code for _ in range(31)}
        assert codes == {200, 429}
