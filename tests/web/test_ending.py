"""Pausing, worsening and ending a promise on the pages, and who is told before."""

import datetime as dt
import re

import pytest

from promises.catalogue.pause_queries import pauses_of_promise
from promises.flows.decide_proposal import publish
from promises.flows.end_promise import end_promise
from promises.flows.pause_promise import pause_promise
from promises.http.permissions import Asks, access_of
from promises.identity.access import add_device, enrol_device
from promises.identity.models import DeviceKind
from promises.kernel.actors import Role
from promises.kernel.clock import process_clock
from tests.factories.catalogue import new_version
from tests.flows.ground import World
from tests.web.staff import csrf_token, post, sign_in

HOUR = dt.timedelta(hours=1)
REASON = "The till system is changed."


@pytest.fixture
def world(app):
    with app.app_context():
        made = World()
        made.now = process_clock.now()
        yield made


@pytest.fixture
def pages(world):
    return f"/o/{world.made.slug}/staff/promises/{world.published.slug}"


def known(world):
    with world.work() as uow:
        return pauses_of_promise(
            uow.session, organisation_id=world.made.id, promise_id=world.published.promise_id
        )


def device(world, client, kind):
    """The client becomes a device of the branch."""
    with world.work(Role.ADMINISTRATOR) as uow:
        tenant = {"organisation_id": world.made.id, "now": uow.now}
        _, code = add_device(
            uow.session, **tenant, actor=uow.actor, kind=kind, name="In the hall",
            branch_id=world.made.branch_id,
        )  # fmt: skip
        _, token = enrol_device(uow.session, **tenant, code=code)
    client.set_cookie(f"{client.application.config['LUPAUS_COOKIES']}-device", token)


def pause(world, **changes):
    with world.work(Role.MANAGER) as uow:
        return pause_promise(
            uow,
            **{
                "promise_id": world.published.promise_id,
                "branch_id": None,
                "starts_at": uow.now,
                "ends_at": None,
                "reasons": {"en": REASON},
            }
            | changes,
        )


def test_manager_pauses_at_once_and_ends_it(client, world, pages):
    sign_in(client, world.made, Role.MANAGER)
    answer = post(
        client,
        f"{pages}/pauses/new",
        {"branch_id": "", "begins": "now", "until": "open", "reason_en": REASON},
    )
    assert answer.status_code == 303
    (one,) = known(world)
    assert (one.branch_id, one.ends_at, one.reasons) == (None, None, {"en": REASON})
    shown = client.get(f"{pages}/pauses").text
    assert REASON in shown
    assert "Paused now" in shown
    answer = post(client, f"{pages}/pauses/{one.pause_id}/end", page=f"{pages}/pauses")
    assert answer.status_code == 303
    (one,) = known(world)
    assert one.ends_at is not None
    assert "End the pause now" not in client.get(f"{pages}/pauses").text


def test_manager_announces_a_pause_of_a_branch_for_known_days(client, world, pages):
    sign_in(client, world.made, Role.MANAGER)
    data = {
        "branch_id": str(world.made.branch_id), "begins": "later", "begins_on": "2031-01-07",
        "begins_at": "09:00", "until": "day", "until_on": "2031-01-08", "reason_fi": "Remontti.",
    }  # fmt: skip
    assert post(client, f"{pages}/pauses/new", data).status_code == 303
    (one,) = known(world)
    assert one.branch_id == world.made.branch_id
    assert one.starts_at == dt.datetime(2031, 1, 7, 7, tzinfo=dt.UTC)
    assert one.ends_at == dt.datetime(2031, 1, 7, 22, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"begins": "now", "until": "open"}, "Give the reason in at least one language."),
        ({"begins": "later", "until": "open", "reason_en": "x"}, "Give the day."),
        (
            {"begins": "later", "begins_on": "2020-01-01", "until": "open", "reason_en": "x"},
            "never in the past",
        ),
    ],
)
def test_pause_without_reason_or_day_is_refused_and_nothing_changes(
    client, world, pages, data, words
):
    sign_in(client, world.made, Role.MANAGER)
    answer = post(client, f"{pages}/pauses/new", {"branch_id": ""} | data)
    assert answer.status_code == 422
    assert words in answer.text
    assert known(world) == []


def test_clerk_reads_pauses_and_cannot_make_one(client, world, pages):
    sign_in(client, world.made, Role.CLERK)
    assert client.get(f"{pages}/pauses").status_code == 200
    assert client.get(f"{pages}/pauses/new").status_code == 403


def test_kiosk_says_that_a_promise_is_paused_before_it_gives_a_number(client, world):
    device(world, client, DeviceKind.KIOSK)
    page = f"/o/{world.made.slug}/kiosk"
    data = {"service_kind_id": str(world.made.kind_id), "csrf_token": csrf_token(client, page)}
    assert "or you get" in client.get(page).text
    pause(world)
    refused = client.post(f"{page}/take", data=data)
    assert refused.status_code == 409
    assert REASON in refused.text
    assert world.rows("SELECT 1 FROM tickets") == []
    told = client.get(page).text
    assert REASON in told
    assert "or you get" not in told
    assert re.search(r'name="paused" value="1"', told)
    assert client.post(f"{page}/take", data=data | {"paused": "1"}).status_code == 303
    assert len(world.rows("SELECT 1 FROM tickets")) == 1
    assert world.rows("SELECT 1 FROM commitments") == []


def test_display_and_counter_say_that_a_promise_is_paused(client, world, app):
    pause(world)
    device(world, client, DeviceKind.DISPLAY)
    assert "Paused now: " in client.get(f"/o/{world.made.slug}/display").text
    clerk = app.test_client()
    sign_in(clerk, world.made, Role.CLERK)
    counter = f"/o/{world.made.slug}/staff/counter"
    post(clerk, f"{counter}/pick", {"counter_id": str(world.made.counter_id)})
    assert REASON in clerk.get(counter).text


def test_everything_public_about_an_ended_promise_stays(app, client, world, pages):
    world.now = process_clock.now() - dt.timedelta(days=3)
    pause(world, starts_at=world.now, ends_at=world.now + HOUR)
    with world.work(Role.MANAGER) as uow:
        end_promise(
            uow,
            promise_id=world.published.promise_id,
            ends_at=uow.now + dt.timedelta(days=2),
            reasons={"en": "Nobody queues any more."},
        )
    slug, visited = world.published.slug, 0
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint, "GET")
        about = rule.arguments == {"slug", "promise_slug"} and access is not None
        if about and access.asks is Asks.ANYBODY:
            with app.test_request_context():
                ids = {"slug": world.made.slug, "promise_slug": slug}
                path = app.url_map.bind("localhost").build(rule.endpoint, ids)
            assert client.get(path).status_code == 200, path
            visited += 1
    assert visited
    assert f"/p/{slug}" in client.get(f"/o/{world.made.slug}/").text
    assert "Nobody queues any more." in client.get(f"/o/{world.made.slug}/p/{slug}").text
    sign_in(client, world.made, Role.MANAGER)
    assert REASON in client.get(f"{pages}/pauses").text
    assert "Pause this promise" not in client.get(f"{pages}/pauses").text


def test_manager_reviews_a_quarter_and_goes_on_to_the_pause(client, world):
    published = dt.timedelta(days=200)  # any day of the year: a whole quarter lies in between
    world.now = process_clock.now() - published
    with world.work(Role.MANAGER) as uow:
        made = publish(uow, version=new_version(uow.now, slug="reviewed", title="Long in force"))
    sign_in(client, world.made, Role.MANAGER)
    base = f"/o/{world.made.slug}/staff/reviews"
    listed = client.get(base).text
    quarter = re.search(r"/staff/reviews/reviewed\?quarter=(\d{4}-\d)", listed)[1]
    page = f"{base}/{made.slug}?quarter={quarter}"
    assert post(client, page, {"verdict": "pause", "sentence": ""}).status_code == 422
    said = {"verdict": "pause", "sentence": "The till is changed.", "public_en": "We pause."}
    answer = post(client, page, said)
    assert answer.location.endswith("/promises/reviewed/pauses/new")
    listed = client.get(base).text
    assert f"reviewed?quarter={quarter}" not in listed
    assert "Customers read: We pause." in listed
    public = client.get(f"/o/{world.made.slug}/p/{made.slug}").text
    assert "We pause." in public
    assert "The till is changed." not in public
    assert client.get(f"{base}/{made.slug}?quarter=2026-7").status_code == 404
