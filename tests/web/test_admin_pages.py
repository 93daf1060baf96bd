"""The administrator's pages, driven as a browser would."""

import re

import pytest

from promises.identity import calendars, queries
from promises.identity.access import device_by_token, key_by_token
from promises.identity.models import DeviceKind, MemberState, Scope
from promises.kernel.actors import Role
from tests.factories.identity import PASSWORD, make_organisation
from tests.web.staff import post, secret_of_last_letter, sign_in


@pytest.fixture
def made(app):
    with app.app_context():
        yield make_organisation()


@pytest.fixture
def admin(client, made):
    sign_in(client, made, Role.ADMINISTRATOR)
    return client


def page(made, rest):
    return f"/o/{made.slug}/{rest}"


def member(made, role):
    with made.work() as uow:
        return queries.member_by_id(
            uow.session, organisation_id=made.id, member_id=made.members[role]
        )


def letters(made):
    with made.work() as uow:
        connection = uow.session.connection()
        return connection.exec_driver_sql(
            "SELECT kind, member_id, expires_at FROM messages ORDER BY created_at"
        ).all()


@pytest.mark.parametrize(
    "rest",
    [
        "staff", "staff/account", "staff/account/password", "staff/people", "staff/people/invite",
        "staff/branches", "staff/branches/new", "staff/services/new", "staff/keys",
        "staff/keys/new", "staff/devices", "staff/devices/new", "staff/settings", "enrol",
        "reset", "sign-in",
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_pages_open_in_every_language(admin, made, rest, language):
    response = admin.get(page(made, rest), query_string={"lang": language})
    assert response.status_code == 200
    assert f'<html lang="{language}"' in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_an_invitation_is_sent_and_accepted(app, admin, made):
    invite = page(made, "staff/people/invite")
    response = post(
        admin, invite,
        {"name": "Aino Aalto", "email": " Aino@Example.fi ", "role": "manager", "branch_id": "",
         "locale": "en"},
    )  # fmt: skip
    assert response.status_code == 303
    with made.work() as uow:
        people = queries.list_members(uow.session, organisation_id=made.id)
        aino = next(one for one in people if one.email == "aino@example.fi")
    assert aino.state == MemberState.INVITED
    assert [(kind, member_id) for kind, member_id, _ in letters(made)] == [("invitation", aino.id)]

    link = secret_of_last_letter(made)
    guest = app.test_client()
    assert "Aino Aalto" in guest.get(link).text
    short = post(guest, link, {"password": "short", "again": "short"})
    assert short.status_code == 422
    assert "at least 15 characters" in short.text
    differing = post(guest, link, {"password": PASSWORD, "again": PASSWORD + "x"})
    assert "The two passwords differ" in differing.text
    assert post(guest, link, {"password": PASSWORD, "again": PASSWORD}).status_code == 303
    again = guest.get(link)
    assert again.status_code == 410
    entered = post(guest, page(made, "sign-in"), {"email": "AINO@example.fi", "password": PASSWORD})
    assert entered.status_code == 303
    assert "Aino Aalto" in guest.get(page(made, "staff")).text


def test_a_clerk_without_a_branch_is_refused_beside_the_field(admin, made):
    response = post(
        admin, page(made, "staff/people/invite"),
        {"name": "Olli", "email": "olli@example.fi", "role": "clerk", "branch_id": "",
         "locale": "fi"},
    )  # fmt: skip
    assert response.status_code == 422
    assert "Choose the branch of the clerk." in response.text
    assert 'value="Olli"' in response.text
    assert letters(made) == []


def test_deactivation_ends_sessions_at_once(app, admin, made):
    clerk = app.test_client()
    sign_in(clerk, made, Role.CLERK)
    assert clerk.get(page(made, "staff")).status_code == 200
    where = page(made, f"staff/people/{made.members[Role.CLERK]}")
    assert post(admin, f"{where}/deactivate", page=where).status_code == 303
    assert clerk.get(page(made, "staff")).status_code == 303
    assert member(made, Role.CLERK).state == MemberState.DEACTIVATED


def test_a_changed_role_holds_from_the_next_request(app, admin, made):
    other = app.test_client()
    sign_in(other, made, Role.ACCOUNTANT)
    assert other.get(page(made, "staff/people")).status_code == 403
    where = page(made, f"staff/people/{made.members[Role.ACCOUNTANT]}")
    assert post(admin, where, {"role": "administrator", "branch_id": ""}).status_code == 303
    assert other.get(page(made, "staff/people")).status_code == 200


def test_nobody_changes_their_own_role(admin, made):
    where = page(made, f"staff/people/{made.members[Role.ADMINISTRATOR]}")
    other = page(made, "staff/people/invite")
    response = post(admin, where, {"role": "manager", "branch_id": ""}, page=other)
    assert response.status_code == 422
    assert member(made, Role.ADMINISTRATOR).role == Role.ADMINISTRATOR


def test_a_password_change_ends_the_other_sessions_only(app, client, made):
    from tests.web.staff import give_password

    give_password(made, Role.MANAGER)
    sign_in(client, made, Role.MANAGER)
    other = app.test_client()
    sign_in(other, made, Role.MANAGER)
    where = page(made, "staff/account/password")
    new = "three herons stand there"
    wrong = post(client, where, {"current": "no", "password": new, "again": new})
    assert wrong.status_code == 422
    assert other.get(page(made, "staff")).status_code == 200
    right = post(client, where, {"current": PASSWORD, "password": new, "again": new})
    assert right.status_code == 303
    assert client.get(page(made, "staff")).status_code == 200
    assert other.get(page(made, "staff")).status_code == 303


def test_a_branch_gets_hours_counters_and_services(admin, made):
    response = post(
        admin, page(made, "staff/branches/new"),
        {"name": "Töölö", "time_zone": "Europe/Helsinki", "service_start": "tap",
         "no_show_after_s": "90", "slug": ""},
    )  # fmt: skip
    assert response.status_code == 303
    where = response.location
    branch_id = where.rsplit("/", 1)[1]
    assert post(admin, f"{where}/counters", {"counter": "7"}, page=where).status_code == 303
    taken = post(admin, f"{where}/counters", {"counter": "7"}, page=where)
    assert taken.status_code == 422
    assert "is in use already" in taken.text
    assert post(admin, f"{where}/services", {"kinds": [str(made.kind_id)]}).status_code == 303
    with made.work() as uow:
        branch = queries.branch_by_slug(uow.session, organisation_id=made.id, slug="toolo")
        assert str(branch.id) == branch_id
        assert branch.no_show_after_s == 90
        hours = calendars.stored_hours(
            uow.session, organisation_id=made.id, calendar_id=branch.calendar_id
        )
        assert hours.spec.weekly == (*((((600, 990),),) * 5), (), ())
        kinds = queries.service_kinds_of_branch(
            uow.session, organisation_id=made.id, branch_id=branch.id
        )
        assert [kind.id for kind in kinds] == [made.kind_id]


def test_a_key_is_shown_once_and_works_until_revoked(app, admin, made):
    response = post(
        admin, page(made, "staff/keys/new"),
        {"name": "Till", "scopes": ["read", "events:write"], "branch_id": "", "expires_on": ""},
    )  # fmt: skip
    key = re.search(r"<code>(lup_[^<]+)</code>", response.text)[1]
    listed = admin.get(page(made, "staff/keys")).text
    assert key not in listed
    assert f"…{key[-4:]}" in listed
    opened = key_by_token(key)
    assert opened.scopes == {Scope.READ, Scope.EVENTS_WRITE}
    revoke = page(made, f"staff/keys/{opened.id}/revoke")
    assert post(admin, revoke, page=page(made, "staff/keys")).status_code == 303
    assert key_by_token(key) is None


def test_a_device_is_enrolled_by_its_code_once(app, admin, made):
    response = post(
        admin, page(made, "staff/devices/new"),
        {"kind": "kiosk", "name": "Door", "branch_id": str(made.branch_id)},
    )  # fmt: skip
    code = "-".join(re.findall(r"<span>([0-9A-Z]{4})</span>", response.text))
    tablet = app.test_client()
    where = page(made, "enrol")
    wrong = post(tablet, where, {"code": "ABCD-EFGH-JKMN-PQRS"})
    assert wrong.status_code == 422
    right = post(tablet, where, {"code": f" {code.lower()} "})
    assert right.status_code == 303
    assert right.location == page(made, "kiosk")
    token = tablet.get_cookie(f"{app.config['LUPAUS_COOKIES']}-device").value
    device = device_by_token(token)
    assert (device.kind, device.branch_id) == (DeviceKind.KIOSK, made.branch_id)
    assert post(app.test_client(), where, {"code": code}).status_code == 422
    shut = page(made, f"staff/devices/{device.id}/revoke")
    assert post(admin, shut, page=page(made, "staff/devices")).status_code == 303
    assert device_by_token(token) is None


def test_settings_change_the_name_on_every_page(admin, made):
    where = page(made, "staff/settings")
    wanted = {"name": "Uusi pankki", "locale": "sv", "voucher_use": "fee",
              "voucher_valid_years": "5", "notice_hours": "48"}  # fmt: skip
    assert post(admin, where, wanted).status_code == 303
    assert "Uusi pankki" in admin.get(page(made, "staff")).text
    with made.work() as uow:
        info = queries.organisation_info(uow.session, organisation_id=made.id)
    assert (info.voucher_use, info.voucher_valid_years, info.locale) == ("fee", 5, "sv")


@pytest.mark.parametrize("bad", ["a\x00b", "a\x1bb", "a\x7fb"])
def test_unprintable_characters_are_refused_and_nothing_is_saved(admin, made, bad):
    where = page(made, "staff/settings")
    wanted = {"name": bad, "locale": "fi", "voucher_use": "cash", "voucher_valid_years": "3",
              "notice_hours": "24"}  # fmt: skip
    response = post(admin, where, wanted)
    assert response.status_code == 422
    assert "cannot be printed" in response.text
    with made.work() as uow:
        info = queries.organisation_info(uow.session, organisation_id=made.id)
    assert info.name != bad


def test_a_huge_body_is_refused_with_a_page(admin, made):
    where = page(made, "staff/settings")
    response = admin.post(where, data={"name": "x" * 2_000_000})
    assert response.status_code == 413
    assert "too large" in response.text
