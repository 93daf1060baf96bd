"""Rules that every route keeps, whoever wrote it. Driven by the URL map, so that none is missed."""

import re
import uuid

import pytest
from werkzeug.routing import UnicodeConverter

from promises.db.session import unit_of_work
from promises.db.tenancy import tenant_tables
from promises.http.permissions import ROLE_PERMISSIONS, Asks, Permission, access_of
from promises.identity.access import NewKey, issue_api_key
from promises.identity.models import Scope
from promises.kernel.actors import SYSTEM, Role
from tests.factories.identity import make_organisation
from tests.web.staff import csrf_token, sign_in

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BY_TOKEN_ALONE = {"follow_pages.stop"}
"""Mail programs post here by themselves: the token in the address says all, see RFC 8058."""

EVIDENCE = {Permission.DESK}
MONEY = {Permission.COMPENSATION_DECIDE, Permission.PAYOUT_RELEASE}
DOORS = MONEY | {Permission.RAIL_SETTINGS, Permission.BREACH_ANNUL, Permission.DISPUTE_RESOLVE}
DOORS |= {Permission.PEOPLE, Permission.KEYS}
"""What a form asks for that decides about money, or about who may: it wants a second step first."""
WITHOUT_A_DOOR = {
    "approval_queue.check",  # decides nothing: it shows what would be
    "approvals.ask_annulment",  # another person decides
    "keys.revoke",  # to take away what was stolen may not wait
    "people.deactivate",  # likewise
    "people.invite_again",  # the same invitation, to the same address
    "rails.test",  # asks the provider, changes nothing
}


def routes(app):
    """(rule, method) of everything that can be asked for."""
    return [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in METHODS
        if method in rule.methods
    ]


def pages(app, asks):
    """Those under an organisation's address that ask for this kind of visitor."""
    return [
        (rule, method)
        for rule, method in routes(app)
        if "slug" in rule.arguments and access_of(app, rule.endpoint, method).asks is asks
    ]


def address(app, rule, slug, ids):
    values = {name: ids.get(name, made_up(rule, name)) for name in rule.arguments - {"slug"}}
    with app.test_request_context():
        return app.url_map.bind("localhost").build(rule.endpoint, {"slug": slug} | values)


def made_up(rule, name):
    kind = type(rule._converters[name]).__name__
    return {
        "UUIDConverter": uuid.UUID(int=7),
        "IntegerConverter": 7,
        "CodeConverter": "ABCDEFGH",
        "TokenConverter": "A" * 22 + "." + "B" * 30,
        "AccountConverter": "compensation_owed",
    }.get(kind, "some-name")


def send(client, method, path, token):
    return client.open(path, method=method, data={"csrf_token": token} if method != "GET" else None)


@pytest.fixture(scope="module")
def ours(app):
    with app.app_context():
        return make_organisation()


@pytest.fixture(scope="module")
def theirs(app):
    with app.app_context():
        return make_organisation()


def test_every_route_declares_its_permission(app):
    without = [
        f"{method} {rule}"
        for rule, method in routes(app)
        if access_of(app, rule.endpoint, method) is None
    ]
    assert without == []


def test_every_parameter_has_a_type(app):
    loose = [
        f"{rule} <{name}>"
        for rule in app.url_map.iter_rules()
        for name, converter in rule._converters.items()
        if type(converter) is UnicodeConverter
    ]
    assert loose == []


def test_paths_are_kebab_case(app):
    odd = [
        str(rule)
        for rule in app.url_map.iter_rules()
        for part in re.sub(r"<[^>]*>", "", rule.rule).split("/")
        if part and not re.fullmatch(r"\.?[a-z0-9]+([-.][a-z0-9]+)*", part)
    ]
    assert odd == []


def test_no_role_both_makes_evidence_and_releases_money():
    for role, held in ROLE_PERMISSIONS.items():
        assert not (held & EVIDENCE and held & MONEY), role
    assert not ROLE_PERMISSIONS[Role.ADMINISTRATOR] & (EVIDENCE | MONEY)


def test_every_form_about_money_or_about_who_may_asks_for_a_second_step(app):
    asking, open_doors = set(), set()
    for rule, method in pages(app, Asks.MEMBER):
        access = access_of(app, rule.endpoint, method)
        if method != "GET" and access.permission in DOORS:
            (asking if access.fresh else open_doors).add(rule.endpoint)
    assert open_doors == WITHOUT_A_DOOR
    assert {"approvals.approve", "approvals.decide_window", "goodwill.decide"} <= asking


def test_no_key_of_a_program_opens_a_door_of_money(app, client, ours):
    with app.app_context(), ours.work(Role.ADMINISTRATOR) as uow:
        _, key = issue_api_key(
            uow.session, organisation_id=ours.id, actor=uow.actor, now=uow.now,
            request=NewKey(name="Everything", scopes=tuple(Scope)),
        )  # fmt: skip
    token = csrf_token(client, f"/o/{ours.slug}/sign-in")
    for rule, method in pages(app, Asks.MEMBER):
        if method != "GET" and access_of(app, rule.endpoint, method).permission in DOORS:
            path = address(app, rule, ours.slug, {})
            answer = client.open(
                path, method=method, data={"csrf_token": token},
                headers={"Authorization": f"Bearer {key}"},
            )  # fmt: skip
            assert answer.status_code == 401, f"{method} {path}"


def test_every_permission_is_held_by_some_role():
    held = set().union(*ROLE_PERMISSIONS.values())
    assert held == set(Permission)


def test_staff_pages_let_nobody_in_without_a_session(app, client, ours):
    for rule, method in pages(app, Asks.MEMBER):
        path = address(app, rule, ours.slug, {})
        token = csrf_token(client, f"/o/{ours.slug}/sign-in")
        response = send(client, method, path, token)
        assert response.status_code in (303, 401), f"{method} {path}"
        if response.status_code == 303:
            assert response.location.startswith(f"/o/{ours.slug}/sign-in")


@pytest.mark.parametrize("role", Role)
def test_each_role_opens_what_it_may_and_nothing_else(app, client, ours, role):
    sign_in(client, ours, role)
    token = csrf_token(client, f"/o/{ours.slug}/staff/account")
    for rule, method in pages(app, Asks.MEMBER):
        wanted = access_of(app, rule.endpoint, method).permission
        if wanted in ROLE_PERMISSIONS[role]:
            continue
        path = address(app, rule, ours.slug, {})
        assert send(client, method, path, token).status_code == 403, f"{method} {path}"


def test_a_form_without_its_token_is_refused(app, client, ours):
    sign_in(client, ours, Role.ADMINISTRATOR)
    for rule, method in routes(app):
        if method == "GET" or str(rule).startswith("/api/") or rule.endpoint in BY_TOKEN_ALONE:
            continue
        path = address(app, rule, ours.slug, {}) if "slug" in rule.arguments else str(rule)
        assert client.open(path, method=method).status_code == 400, f"{method} {path}"


def test_pages_of_another_organisation_do_not_exist(app, client, ours, theirs):
    before = rows_of(app, theirs)
    for role in Role:
        sign_in(client, ours, role)
        token = csrf_token(client, f"/o/{ours.slug}/staff/account")
        for rule, method in pages(app, Asks.MEMBER):
            path = address(app, rule, theirs.slug, {})
            assert send(client, method, path, token).status_code == 404, f"{method} {path}"
    assert rows_of(app, theirs) == before


def rows_of(app, made):
    """Every row of an organisation, as text; sign-ins aside."""
    with app.app_context(), unit_of_work(made.id, SYSTEM) as uow:
        connection = uow.session.connection()
        return {
            table: sorted(
                str(row) for row in connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()
            )
            for table in tenant_tables()
        }
