"""Coming in and leaving."""

import pytest

from promises.kernel.actors import Role
from tests.factories.identity import PASSWORD, make_organisation
from tests.web.staff import give_password, post, sign_in


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


def test_sign_out_ends_the_session_on_the_server(client, made, app):
    token = sign_in(client, made, Role.CLERK)
    assert client.get(page(made, "staff")).status_code == 200
    response = post(client, page(made, "sign-out"), page=page(made, "staff"))
    assert response.status_code == 303
    other = app.test_client()
    other.set_cookie(f"{app.config['LUPAUS_COOKIES']}-staff", token)
    assert other.get(page(made, "staff")).status_code == 303
