"""Polls: 304 before anything is rendered, never across people, languages or organisations."""

import datetime as dt

import pytest

from promises.http.conditional import respond_if_changed
from promises.http.permissions import Permission, public, staff
from promises.kernel.actors import Role
from tests.conftest import dispose
from tests.factories.identity import make_organisation
from tests.web.staff import sign_in

NOW = dt.datetime(2026, 5, 1, 9, 0, tzinfo=dt.UTC)


@pytest.fixture
def polled(database):
    """A page whose parts the test sets; `rendered` counts how often it was made."""
    from promises.app import create_app

    app = create_app(database.config)
    app.testing = True
    app.state = {"version": 1, "rendered": 0}

    def render():
        app.state["rendered"] += 1
        return f"version {app.state['version']}"

    def view():
        return respond_if_changed((app.state["version"],), render, now=NOW)

    def guarded():
        return respond_if_changed((app.state["version"],), render, now=NOW)

    app.add_url_rule("/o/<slug:slug>/poll", "poll", public(view))
    app.add_url_rule(
        "/o/<slug:slug>/staff/poll", "staff_poll", staff(Permission.OWN_ACCOUNT)(guarded)
    )
    yield app
    dispose(app)


@pytest.fixture
def made(polled):
    with polled.app_context():
        return make_organisation()


def test_the_same_parts_are_answered_without_rendering(polled, made):
    client = polled.test_client()
    page = f"/o/{made.slug}/poll"
    first = client.get(page)
    assert (first.status_code, polled.state["rendered"]) == (200, 1)
    assert first.headers["X-Now"] == "1777626000000"
    again = client.get(page, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data, polled.state["rendered"]) == (304, b"", 1)
    bare = client.get(page, headers={"If-None-Match": first.headers["ETag"].strip('"')})
    assert bare.status_code == 304
    polled.state["version"] = 2
    changed = client.get(page, headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, changed.text) == (200, "version 2")


def test_another_language_organisation_or_person_is_another_page(polled, made):
    client = polled.test_client()
    with polled.app_context():
        other = make_organisation()
    tags = {client.get(f"/o/{made.slug}/poll?lang={one}").headers["ETag"] for one in ["fi", "sv"]}
    tags.add(polled.test_client().get(f"/o/{other.slug}/poll?lang=fi").headers["ETag"])
    for role in (Role.CLERK, Role.MANAGER):
        member = polled.test_client()
        sign_in(member, made, role)
        tags.add(member.get(f"/o/{made.slug}/staff/poll?lang=fi").headers["ETag"])
    assert len(tags) == 5


def test_a_dead_session_gets_no_304(polled, made):
    client = polled.test_client()
    sign_in(client, made, Role.CLERK)
    page = f"/o/{made.slug}/staff/poll"
    tag = client.get(page).headers["ETag"]
    poll = {"If-None-Match": tag, "X-Live": "1"}
    assert client.get(page, headers=poll).status_code == 304
    with polled.app_context(), made.work() as uow:
        uow.session.connection().exec_driver_sql("UPDATE staff_sessions SET ended_at = now()")
    assert client.get(page, headers=poll).status_code == 401
