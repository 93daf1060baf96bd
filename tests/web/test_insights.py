"""Why and when promises break: pages, files, causes, actions, and whose figures are whose."""

import csv
import datetime as dt
import io
import re

import pytest

from promises.db.sql import rows
from promises.improvement.causes_queries import list_causes
from promises.improvement.causes_start import start_id
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.reporting.insights_results import changes_made
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases
from tests.web.staff import post, sign_in

DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture(scope="module")
def laid(bare_apps):
    """Some weeks of one promise at two branches: a few cases a day, one of them broken."""
    with bare_apps[0].app_context():
        ground = make_ground()
        with ground.made.work(Role.MANAGER) as uow:
            today = local_date(uow.now, "Europe/Helsinki")
            cases = Cases(uow, ground)
            stored = []
            for back in range(1, 19):
                day = today - back * DAY
                if day.weekday() == 6:
                    continue
                stored += cases.add(
                    *[Case(day, "kept", (n + 3) * MINUTE, hour=8 + n % 2) for n in range(4)],
                    Case(day, "broken", 20 * MINUTE, hour=9, money="redeemed"),
                )
            stored += cases.add(Case(today - DAY, "broken", 30 * MINUTE, branch=1, money="owed"))
    return Laid(ground, cases.promise, stored, today)


class Laid:
    def __init__(self, ground, promise, stored, today):
        self.ground, self.promise, self.stored, self.today = ground, promise, stored, today
        self.broken = [one for one in stored if one.breach_id]

    def path(self, rest=""):
        return f"/o/{self.ground.slug}/staff{rest}"

    def cause(self, key):
        return str(start_id(self.ground.made.id, key))

    @property
    def slug(self):
        return self.promise.slug


@pytest.fixture
def manager(client, laid):
    sign_in(client, laid.ground.made, Role.MANAGER)
    return client


def lines(answer):
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def totals(client, text):
    """Each number that leads to a list of cases or breaches, and what that list adds up to."""
    links = set(re.findall(r'<a href="([^"]+)" data-count="(\d+)"', text))
    assert links
    for href, count in links:
        answer = client.get(href.replace("&amp;", "&"))
        found = re.search(r'data-total="(\d+)"', answer.text)
        assert found, href
        yield href, int(count), int(found[1])


def test_page_of_a_promise_states_what_each_chart_shows(manager, laid):
    text = manager.get(laid.path(f"/promises/{laid.slug}/insights")).text
    share = f"{len(laid.stored) - len(laid.broken)}"
    assert text.count("<figcaption>") == 5
    assert text.count("<details>") >= 5
    assert "Nothing but chance so far" in text or "Too few days" in text
    assert "Most breaches began on" in text
    assert "Too few waits around the limit" in text
    assert f"Nobody has said yet why {len(laid.broken)} promises broke" in text
    assert int(share) == 4 * (len(laid.broken) - 1)


def test_every_number_of_the_page_is_the_sum_of_its_list(manager, laid):
    text = manager.get(laid.path(f"/promises/{laid.slug}/insights")).text
    found = list(totals(manager, text))
    hours = [one for one in found if "weekday=" in one[0] and "state=broken" in one[0]]
    assert sum(count for _, count, _ in hours) == len(laid.broken)
    assert [href for href, count, total in found if count != total] == []


@pytest.mark.parametrize("chart", ["days", "hours", "waits", "limit"])
def test_each_chart_is_a_file_too(manager, laid, chart):
    found = lines(manager.get(laid.path(f"/promises/{laid.slug}/insights/{chart}.csv")))
    if chart == "limit":
        assert len(found) == 1
        return
    kept = {"days": 2, "hours": 2, "waits": 1}[chart]
    expected = len(laid.stored) if chart == "waits" else len(laid.stored) - len(laid.broken)
    assert sum(int(line[kept]) for line in found[1:]) == expected


def test_file_of_no_chart_is_not_found(manager, laid):
    assert manager.get(laid.path(f"/promises/{laid.slug}/insights/x.csv")).status_code == 404


def test_note_stands_on_the_chart_until_it_is_taken_off(manager, laid):
    page = laid.path(f"/promises/{laid.slug}/insights")
    day = (laid.today - 3 * DAY).isoformat()
    sent = post(manager, f"{page}/notes", {"day_on": day, "text": "=Market day"}, page=page)
    assert sent.status_code == 303
    text = manager.get(page).text
    assert "Note: =Market day" in text
    (removal,) = re.findall(r'action="([^"]+/remove[^"]*)"', text)
    assert post(manager, removal.replace("&amp;", "&"), page=page).status_code == 303
    assert "Market day" not in manager.get(page).text
    empty = post(manager, f"{page}/notes", {"day_on": day, "text": ""}, page=page)
    assert empty.status_code == 422


def test_organisation_page_adds_up_and_is_a_file_too(manager, laid):
    text = manager.get(laid.path("/insights")).text
    assert [one for one in totals(manager, text) if one[1] != one[2]] == []
    money = lines(manager.get(laid.path("/insights/money.csv")))
    assert sum(int(line[1]) for line in money[1:]) == 1000 * (len(laid.broken) - 1)
    assert sum(int(line[3]) for line in money[1:]) == 1000
    assert len(lines(manager.get(laid.path("/insights/proposals.csv")))) == 5


def test_cause_is_one_tap_on_the_ticket_page_and_counts_at_once(client, manager, laid):
    breach = laid.broken[0]
    ticket = laid.path(f"/tickets/{breach.ticket_id}")
    sent = post(
        manager,
        laid.path(f"/breaches/{breach.breach_id}/cause"),
        {"cause_id": laid.cause("rush"), "back": "ticket"},
        page=ticket,
    )
    assert sent.status_code == 303
    assert sent.headers["Location"].endswith(ticket)
    assert "More customers than expected" in manager.get(ticket).text
    page = manager.get(laid.path("/causes")).text
    found = list(totals(manager, page))
    assert [one for one in found if one[1] != one[2]] == []
    assert sum(count for _, count, _ in found) == len(laid.broken)
    text = manager.get(laid.path(f"/breaches/{breach.breach_id}")).text
    assert 'aria-pressed="true">More customers than expected' in text
    table = lines(manager.get(laid.path("/causes.csv")))
    assert ["More customers than expected", "1"] in [line[:2] for line in table]


def test_all_unknown_get_one_cause_for_the_chosen_days_only(manager, laid):
    day = laid.broken[-2].case.day_on
    query = f"?from_on={day}&to_on={day}&promise={laid.promise.promise_id}"
    sent = post(
        manager,
        laid.path(f"/causes/together{query}"),
        {"cause_id": laid.cause("system_down")},
        page=laid.path("/causes"),
    )
    assert sent.status_code == 303
    on_day = [one for one in laid.broken if one.case.day_on == day]
    query = f"?cause={laid.cause('system_down')}"
    text = manager.get(laid.path(f"/causes{query}")).text
    assert int(re.search(r'data-total="(\d+)"', text)[1]) == len(on_day)


def test_list_of_causes_grows_and_retires(manager, laid):
    page = laid.path("/causes/list")
    assert post(manager, page, {"fi": "Kassakone rikki"}).status_code == 303
    assert post(manager, page, {"fi": "Kassakone rikki"}).status_code == 422
    retire = laid.path(f"/causes/{laid.cause('partner')}/retire")
    assert post(manager, retire, page=page).status_code == 303
    with manager.application.app_context(), laid.ground.made.work(Role.MANAGER) as uow:
        offered = [
            one.cause_id for one in list_causes(uow.session, organisation_id=uow.organisation_id)
        ]
    assert start_id(laid.ground.made.id, "partner") not in offered
    revive = laid.path(f"/causes/{laid.cause('partner')}/revive")
    assert post(manager, revive, page=page).status_code == 303


def test_action_goes_from_plan_to_public_result(app, manager, laid):
    new = laid.path(f"/improvements/new?promise={laid.promise.promise_id}")
    form = {
        "what": "A third counter opens at nine",
        "promise_id": str(laid.promise.promise_id),
        "owner_id": str(laid.ground.made.members[Role.MANAGER]),
        "due_on": laid.today.isoformat(),
    }
    sent = post(manager, new, form)
    assert sent.status_code == 303
    page = sent.headers["Location"]
    assert post(manager, new, form | {"what": ""}).status_code == 422
    tomorrow = (laid.today + DAY).isoformat()
    refused = post(manager, f"{page}/finish", {"done_on": tomorrow}, page=page)
    assert refused.status_code == 422
    done = (laid.today - 9 * DAY).isoformat()
    assert post(manager, f"{page}/finish", {"done_on": done}, page=page).status_code == 303
    text = manager.get(page).text
    assert "before," in text and "Chance alone explains the difference." in text
    assert (
        post(manager, f"{page}/check", {"outcome": "no_difference"}, page=page).status_code == 303
    )
    said = {"fi": "Kolmas palvelupiste aukeaa yhdeksältä."}
    assert post(manager, f"{page}/publish", said, page=page).status_code == 303
    assert "A third counter opens at nine" in manager.get(laid.path("/improvements")).text
    assert "Action in force" in manager.get(laid.path(f"/promises/{laid.slug}/insights")).text
    with app.app_context(), laid.ground.made.work(Role.MANAGER) as uow:
        (change,) = changes_made(
            uow.session, organisation_id=uow.organisation_id, promise_id=laid.promise.promise_id
        )
    assert change.text("sv") == said["fi"]
    assert change.result.breaches.before.cases > 0
    late = post(manager, f"{page}/finish", {"done_on": done}, page=page)
    assert late.status_code == 422


def test_clerk_tags_and_reads_but_changes_no_plan(client, laid):
    sign_in(client, laid.ground.made, Role.CLERK)
    assert client.get(laid.path("/causes")).status_code == 200
    assert client.get(laid.path("/improvements")).status_code == 200
    for rest in ("/insights", f"/promises/{laid.slug}/insights", "/causes/list"):
        assert client.get(laid.path(rest)).status_code == 403
    breach = laid.broken[1]
    sent = post(
        client,
        laid.path(f"/breaches/{breach.breach_id}/cause"),
        {"cause_id": laid.cause("rush")},
        page=laid.path(f"/breaches/{breach.breach_id}"),
    )
    assert sent.status_code == 303


def test_nobody_but_the_clerk_sees_own_figures(client, laid):
    made = laid.ground.made
    for role in (Role.MANAGER, Role.ACCOUNTANT, Role.ADMINISTRATOR):
        sign_in(client, made, role)
        assert client.get(laid.path("/my-day")).status_code == 403
    sign_in(client, made, Role.CLERK)
    answer = client.get(laid.path("/my-day"))
    assert answer.status_code == 200
    assert "Nothing yet this week" in answer.text
    told = client.get(laid.path(f"/my-day?member={made.members[Role.MANAGER]}"))
    assert told.text.count("stat-value") == 0


def test_no_table_holds_figures_by_person(app, laid):
    """Per-clerk statistics are off: no tally has a column that names a member of staff."""
    with app.app_context(), laid.ground.made.work(Role.MANAGER) as uow:
        found = rows(
            uow.session,
            "SELECT table_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND column_name IN ('kept', 'broken', 'served')"
            " INTERSECT SELECT table_name FROM information_schema.columns"
            " WHERE column_name IN ('member_id', 'actor_id', 'clerk_id')",
        )
    assert found == []
