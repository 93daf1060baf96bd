"""What holds for every request and every response, whatever it is of."""

import dataclasses
import re

import pytest
from flask import Flask

from promises.http import i18n
from promises.kernel.actors import Role
from tests.conftest import dispose
from tests.factories.identity import make_organisation
from tests.pages import CheckedClient
from tests.web.staff import post, sign_in

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.fixture
def made(app):
    with app.app_context():
        return make_organisation()


@pytest.fixture
def secure_app(database):
    """The service as it runs behind one proxy under its own name."""
    from promises.app import create_app

    config = dataclasses.replace(
        database.config, embedded=False, base_url="https://promises.example", cookie_secure=True,
        trusted_proxies=1, demo=False,
    )  # fmt: skip
    app = create_app(config)
    app.testing = True
    app.test_client_class = CheckedClient
    yield app
    dispose(app)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nowhere", "GET", 404),
        ("/static/theme.css", "GET", 200),
        ("/static/none.css", "GET", 404),
        ("/o/nobody/sign-in", "GET", 404),
        ("/o/{slug}/sign-in", "GET", 200),
        ("/o/{slug}/sign-in", "POST", 400),
        ("/o/{slug}/sign-in", "DELETE", 405),
        ("/o/{slug}/sign-in", "OPTIONS", 200),
        ("/o/{slug}/staff", "GET", 303),
        ("/o/{slug}/staff", "POST", 405),
        ("/o/{slug}/reset/%00", "GET", 404),
        ("/o/{slug}/sign-in?next=%00", "GET", 404),
    ],
)
def test_every_response_carries_the_security_headers(client, made, path, method, status):
    with client.open(path.format(slug=made.slug), method=method) as response:
        assert response.status_code == status
        for name, value in HEADERS.items():
            assert response.headers[name] == value
        policy = response.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "Strict-Transport-Security" not in response.headers
        assert response.headers["Cache-Control"]


def test_a_nonce_is_new_for_each_page_and_stands_in_the_policy(client, made):
    seen = set()
    for _ in range(3):
        response = client.get(f"/o/{made.slug}/sign-in")
        nonces = set(re.findall(r'nonce="([^"]+)"', response.text))
        assert len(nonces) == 1
        assert f"'nonce-{next(iter(nonces))}'" in response.headers["Content-Security-Policy"]
        seen |= nonces
    assert len(seen) == 3


def test_a_method_that_does_not_fit_names_those_that_do(client, made):
    response = client.delete(f"/o/{made.slug}/sign-in")
    assert {"GET", "POST"} <= set(response.headers["Allow"].split(", "))


def test_behind_https_cookies_are_bound_to_the_host(secure_app):
    with secure_app.app_context():
        made = make_organisation()
    client = secure_app.test_client()
    base = "https://promises.example"
    page = client.get(f"/o/{made.slug}/sign-in?lang=sv", base_url=base)
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    cookies = page.headers.getlist("Set-Cookie")
    assert any(cookie.startswith("__Host-lupaus-form=") for cookie in cookies)
    for cookie in cookies:
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Domain" not in cookie


def test_a_forged_host_is_refused(secure_app):
    client = secure_app.test_client()
    assert client.get("/", base_url="https://promises.example").status_code in (200, 302)
    assert client.get("/", base_url="https://evil.example").status_code == 400


def test_only_the_nearest_proxy_names_the_client(secure_app):
    from promises.http.limits import client_address

    seen = []
    secure_app.before_request_funcs.setdefault(None, []).insert(
        0, lambda: seen.append(client_address())
    )
    forwarded = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9"}
    secure_app.test_client().get("/", base_url="https://promises.example", headers=forwarded)
    assert seen == ["203.0.113.9"]


@pytest.mark.parametrize(
    ("given", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_an_address_counts_as_what_one_household_has(app, given, counted):
    from promises.http.limits import client_address

    with app.test_request_context(environ_base={"REMOTE_ADDR": given}):
        assert client_address() == counted


def test_a_form_sent_from_another_site_is_refused(client, made):
    sign_in(client, made, Role.CLERK)
    where = f"/o/{made.slug}/sign-out"
    page = f"/o/{made.slug}/staff"
    crossed = post(client, where, page=page, headers={"Sec-Fetch-Site": "cross-site"})
    assert crossed.status_code == 403
    assert client.get(page).status_code == 200
    assert (
        post(client, where, page=page, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 303
    )


def test_a_poll_of_an_ended_session_is_told_so_and_not_led_away(client, made):
    response = client.get(f"/o/{made.slug}/staff", headers={"X-Live": "1"})
    assert response.status_code == 401


class TestLanguage:
    """First the choice, then the person's, then the organisation's, then the browser's."""

    def lang(self, client, path, **options):
        return re.search(r'<html lang="(..)"', client.get(path, **options).text)[1]

    def test_the_choice_is_kept_and_wins(self, client, made):
        page = f"/o/{made.slug}/sign-in"
        assert self.lang(client, f"{page}?lang=fi") == "fi"
        assert self.lang(client, page, headers={"Accept-Language": "sv"}) == "fi"
        assert self.lang(client, f"{page}?lang=xx") == "fi"

    def test_a_member_sees_their_own_language(self, client, app):
        with app.app_context():
            made = make_organisation(locale="sv")
        assert self.lang(client, f"/o/{made.slug}/sign-in") == "sv"
        sign_in(client, made, Role.CLERK)
        assert self.lang(client, f"/o/{made.slug}/staff") == "en"

    def test_outside_an_organisation_the_browser_decides(self, client):
        assert self.lang(client, "/nowhere", headers={"Accept-Language": "de, sv;q=0.5"}) == "sv"
        assert self.lang(client, "/nowhere", headers={"Accept-Language": "de"}) == "en"


def test_filters_speak_the_language_of_the_request(app):
    import datetime as dt
    from fractions import Fraction

    from promises.kernel.money import Money
    from promises.kernel.text import Message

    at = dt.datetime(2026, 10, 25, 0, 30, tzinfo=dt.UTC)
    template = (
        "{{ money|money(true) }}|{{ 1000|amount('EUR') }}|{{ 270|duration }}|"
        "{{ at|clock_time('Europe/Helsinki') }}|{{ at|date('Europe/Helsinki') }}|"
        "{{ share|percent }}|{{ 12345|count }}|{{ [1, 2]|count }}|{{ said|say }}"
    )
    values = {
        "money": Money(1000, "EUR"), "at": at, "share": Fraction(9372, 10000),
        "said": Message("Number %(n)s", {"n": "A042"}),
    }  # fmt: skip
    with app.test_request_context("/?lang=fi"):
        shown = app.jinja_env.from_string(template).render(**values).replace("\xa0", " ")
        assert i18n.day_names()[0] == "Maanantai"
        assert i18n.country_name("SE") == "Ruotsi"
    parts = shown.split("|")
    assert parts[:3] == ["10 €", "10,00 €", "4 min 30 s"]
    assert parts[3:8] == ["3.30", "25.10.2026", "93,7 %", "12 345", "2"]
    assert parts[8].endswith("A042")


def test_an_app_without_routes_declared_is_closed():
    """What would happen to a page whose author forgot to say whom it is for."""
    from promises.http import permissions
    from promises.kernel.errors import Forbidden

    bare = Flask("bare")
    permissions.init_app(bare)
    bare.add_url_rule("/open", view_func=permissions.public(lambda: "in"), endpoint="open")
    bare.add_url_rule("/forgotten", view_func=lambda: "in", endpoint="forgotten")
    bare.testing = True
    assert bare.test_client().get("/open").text == "in"
    with pytest.raises(Forbidden):
        bare.test_client().get("/forgotten")
