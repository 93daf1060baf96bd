"""Coming in and leaving."""

import pytest

from promises.db.session import inject_clock
from promises.kernel.actors import Role
from promises.kernel.clock import process_clock
from tests.factories.identity import PASSWORD, make_organisation
from tests.web.staff import give_password, post, secret_of_last_letter, sign_in


@pytest.fixture
def made(app):
    with app.app_context():
        return make_organisation()


@pytest.fixture
def email(app, made):
    with app.app_context():
        return give_password(made, Role.MANAGER)


def page(made, rest):
    return f"/o/{made.slug}/{rest}"


def staff_cookie(client):
    return client.get_cookie(f"{client.application.config['LUPAUS_COOKIES']}-staff")


def enter(client, made, email, password=PASSWORD, **more):
    where = page(made, "sign-in")
    return post(client, where, {"email": email, "password": password} | more)


def test_sign_in_leads_to_the_start_and_sets_a_guarded_cookie(client, made, email):
    response = enter(client, made, email)
    assert response.status_code == 303
    assert response.location == page(made, "staff")
    cookies = response.headers.getlist("Set-Cookie")
    session = next(cookie for cookie in cookies if "-staff=" in cookie)
    assert "HttpOnly" in session
    assert "SameSite=Lax" in session
    assert "Path=/" in session
    assert client.get(page(made, "staff")).status_code == 200


def test_sign_in_says_the_same_for_an_unknown_address_and_a_wrong_password(client, made, email):
    wrong = enter(client, made, email, "not the password at all")
    unknown = enter(client, made, "nobody@example.fi")
    assert wrong.status_code == unknown.status_code == 401
    said = "The e-mail address or the password is not right."
    assert said in wrong.text
    assert said in unknown.text
    assert staff_cookie(client) is None


def test_a_staff_page_leads_to_the_sign_in_and_back(client, made, email):
    asked = client.get(page(made, "staff/account?x=1"))
    assert asked.status_code == 303
    assert asked.location.startswith(page(made, "sign-in") + "?next=")
    response = enter(client, made, email, next=page(made, "staff/account?x=1"))
    assert response.location == page(made, "staff/account?x=1")


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/o/x/staff", "/\\evil"])
def test_sign_in_never_leads_elsewhere(client, made, email, wanted):
    response = enter(client, made, email, next=wanted)
    assert response.location == page(made, "staff")


@pytest.mark.parametrize("rest", ["/../../evil", "/%2e%2E/../evil/staff", "x", "@evil", "/./../x"])
def test_sign_in_never_leads_out_of_the_organisation(client, made, email, rest):
    response = enter(client, made, email, next=page(made, "staff") + rest)
    assert response.location == page(made, "staff")


def test_sign_out_ends_the_session_on_the_server(client, made, app):
    token = sign_in(client, made, Role.CLERK)
    assert client.get(page(made, "staff")).status_code == 200
    response = post(client, page(made, "sign-out"), page=page(made, "staff"))
    assert response.status_code == 303
    other = app.test_client()
    other.set_cookie(f"{app.config['LUPAUS_COOKIES']}-staff", token)
    assert other.get(page(made, "staff")).status_code == 303


def test_attempts_are_slowed_down_for_everybody_but_the_browser_that_is_known(
    app, client, made, email
):
    """A stranger can use up the account's attempts, but not those of its own browser."""
    enter(client, made, email)
    known = client.get_cookie(f"{app.config['LUPAUS_COOKIES']}-known").value
    stranger = app.test_client()
    codes = [enter(stranger, made, email, f"guess number {n}").status_code for n in range(7)]
    assert codes == [401] * 5 + [429] * 2
    refused = enter(app.test_client(), made, email)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) <= 60
    home = app.test_client()
    home.set_cookie(f"{app.config['LUPAUS_COOKIES']}-known", known)
    assert enter(home, made, email).status_code == 303
    forged = app.test_client()
    forged.set_cookie(f"{app.config['LUPAUS_COOKIES']}-known", "nonce." + "0" * 64)
    assert enter(forged, made, email).status_code == 429


def test_one_address_cannot_try_many_accounts(client, made):
    at = process_clock.now()
    with inject_clock(lambda: at):
        codes = {enter(client, made, f"nobody{n}@example.fi").status_code for n in range(22)}
    assert codes == {401, 429}


def test_right_passwords_use_up_no_attempts(app, made, email):
    for _ in range(8):
        assert enter(app.test_client(), made, email).status_code == 303


def test_a_reset_answers_the_same_for_anybody_and_works_once(app, client, made, email):
    where = page(made, "reset")
    unknown = post(client, where, {"email": "nobody@example.fi"})
    known = post(client, where, {"email": email})
    assert unknown.status_code == known.status_code == 200
    assert unknown.text.replace("nobody@example.fi", email) == without_nonce(known, unknown)
    with app.app_context():
        link = secret_of_last_letter(made)
    session = app.test_client()
    sign_in(session, made, Role.MANAGER)
    new = "seven swans on the ice"
    assert post(client, link, {"password": new, "again": new}).status_code == 303
    assert session.get(page(made, "staff")).status_code == 303
    assert client.get(link).status_code == 410
    assert enter(client, made, email).status_code == 401
    assert enter(client, made, email, new).status_code == 303


def without_nonce(response, like):
    """The page with the other page's nonce, which alone may differ."""
    import re

    own, other = (re.search(r'nonce="([^"]+)"', one.text)[1] for one in (response, like))
    return response.text.replace(own, other)


def test_resets_are_few(client, made, email):
    codes = [post(client, page(made, "reset"), {"email": email}).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]


@pytest.mark.parametrize("token", ["x", "a" * 22 + "." + "b" * 27, "..", "%00"])
def test_a_made_up_link_is_refused(client, made, token):
    assert client.get(page(made, f"invitation/{token}")).status_code in (404, 410)


class TestDemoLink:
    @pytest.fixture
    def demo(self, app):
        with app.app_context():
            return make_organisation(is_demo=True)

    def link(self, app, made, role=Role.MANAGER):
        from promises.flows.demo_sign_in import demo_path

        with app.app_context(), made.work(None) as uow:
            return demo_path(uow, member_id=made.members[role])

    def test_it_signs_in_once_from_this_machine(self, app, client, demo):
        link = self.link(app, demo)
        response = client.get(link)
        assert response.status_code == 303
        assert client.get(page(demo, "staff")).status_code == 200
        assert app.test_client().get(link).status_code == 410

    def test_it_does_not_from_elsewhere(self, app, client, demo):
        link = self.link(app, demo)
        away = client.get(link, environ_base={"REMOTE_ADDR": "192.0.2.7"})
        assert away.status_code == 403
        assert client.get(link).status_code == 303

    def test_there_is_none_outside_the_demonstration(self, app, made):
        from promises.kernel.errors import Forbidden

        with pytest.raises(Forbidden):
            self.link(app, made)

    def test_it_is_refused_where_demonstrations_are_off(self, database, app, demo):
        import dataclasses

        from promises.app import create_app
        from tests.conftest import dispose

        link = self.link(app, demo)
        plain = create_app(dataclasses.replace(database.config, demo=False))
        assert plain.test_client().get(link).status_code == 403
        dispose(plain)
