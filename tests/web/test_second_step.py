"""Second steps on the pages: set up, taken off, and asked at the sign-in."""

import re

import pytest

from promises.db.session import inject_clock
from promises.db.sql import one
from promises.identity import factors
from promises.kernel.actors import Role
from tests.factories.authenticator import Authenticator
from tests.factories.identity import PASSWORD, make_organisation
from tests.factories.second_steps import App, give_app, give_passkey
from tests.web.second_steps import MANAGER, MINUTE, SITE, base, begin, now, shows
from tests.web.staff import csrf_token, give_password, post, sign_in

pytestmark = pytest.mark.usefixtures("as_application")


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
