"""The pages of a promise, and the lists behind their numbers."""

import datetime as dt
import re

import pytest

from promises.catalogue.queries import PromiseState, list_versions, promise_by_slug
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from tests.catalogue.ground import make_ground
from tests.factories.catalogue import publish_simple_promise
from tests.reporting.cases import Case, Cases
from tests.web.catalogue import day, publish_draft, send_draft, version_answers
from tests.web.staff import csrf_token, post, sign_in

DAY = dt.timedelta(days=1)


@pytest.fixture
def ground(app):
    with app.app_context():
        return make_ground()


def work(app, ground, role=Role.MANAGER):
    return ground.made.work(role)


def page(ground, rest):
    return f"/o/{ground.slug}/staff/{rest}"


@pytest.fixture
def promise(app, ground):
    """40 kept, 2 broken, 1 excluded and 1 open in the last days; two of them at branch 2."""
    with app.app_context(), work(app, ground) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        cases = Cases(uow, ground)
        soon = dt.timedelta(minutes=5)
        cases.add(*[Case(today - n % 20 * DAY, "kept", soon) for n in range(39)])
        cases.add(
            Case(today - DAY, "kept", soon, branch=1),
            Case(today - 2 * DAY, "broken", dt.timedelta(minutes=20), money="redeemed"),
            Case(today - 3 * DAY, "broken", None, evidence="imported", branch=1, money="owed"),
            Case(today - DAY, "excluded", soon, ended_by="left", reason="left_before_limit"),
            Case(today, "open"),
        )
        return cases.promise.slug


def draft(client, ground, promise):
    """The address of the draft of its next version."""
    shown = page(ground, f"promises/{promise}")
    return post(client, f"{shown}/draft", page=shown).location


def linked(text, label):
    """The address behind the number of a tile or a line with this label."""
    tile = rf'stat-label">{label}</p>\s*<p class="stat-value"><a href="([^"]+)"'
    line = rf'<dt>{label}</dt><dd><a href="([^"]+)"'
    found = re.search(tile, text) or re.search(line, text)
    assert found, f"no link behind {label}"
    return found[1].replace("&amp;", "&")


def rows(text):
    return len(re.findall(r"/staff/tickets/", text))


def test_numbers_of_a_promise_lead_to_the_cases_that_they_count(client, ground, promise):
    sign_in(client, ground.made, Role.MANAGER)
    text = client.get(page(ground, f"promises/{promise}")).text
    assert "95.2%" in text
    assert "of 42 cases" in text
    for label, count in (
        ("Kept", 40), ("Broken", 2), ("Excluded", 1), ("Still open", 1),
        ("Seen as it happened", 1), ("Imported", 1), ("Owed", 1), ("Redeemed", 1), ("Issued", 0),
    ):  # fmt: skip
        listed = client.get(linked(text, label))
        assert listed.status_code == 200
        assert rows(listed.text) == count, label


def test_page_of_a_promise_narrows_to_branch_and_days(client, ground, promise):
    sign_in(client, ground.made, Role.MANAGER)
    where = page(ground, f"promises/{promise}")
    text = client.get(f"{where}?branch={ground.other_branch_id}").text
    assert rows(client.get(linked(text, "Kept")).text) == 1
    assert rows(client.get(linked(text, "Broken")).text) == 1
    assert "1 of 2" in text
    text = client.get(f"{where}?from_on={day(-400)}&to_on={day(-300)}").text
    assert "No case yet" in text
    assert client.get(f"{where}?from_on=whenever&branch=nonsense").status_code == 200


def test_clerk_of_a_branch_sees_the_cases_of_that_branch_only(app, client, ground, promise):
    from promises.identity.models import Member

    with app.app_context(), work(app, ground) as uow:
        uow.session.get(
            Member, (ground.organisation_id, ground.clerk.id)
        ).branch_id = ground.other_branch_id
    sign_in(client, ground.made, Role.CLERK)
    for rest, count in (("cases", 2), ("breaches", 1)):
        for asked in ("", f"?branch={ground.branch_id}"):
            assert rows(client.get(page(ground, f"{rest}{asked}")).text) == count


def test_lists_go_on_over_the_pages(app, client, ground):
    with app.app_context(), work(app, ground) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        Cases(uow, ground).add(
            *[Case(today - n % 7 * DAY, "broken", dt.timedelta(hours=1)) for n in range(60)]
        )
    sign_in(client, ground.made, Role.MANAGER)
    for rest in ("cases?state=broken", "breaches"):
        first = client.get(page(ground, rest)).text
        following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
        second = client.get(following).text
        assert (rows(first), rows(second)) == (50, 10)
        seen = set(re.findall(r"/staff/tickets/([0-9a-f-]+)", first + second))
        assert len(seen) == 60
        assert 'rel="next"' not in second
    assert rows(client.get(page(ground, "cases?after=nonsense&state=smiling")).text) == 50


def test_list_of_promises_shows_each_with_its_figures(client, ground, promise):
    sign_in(client, ground.made, Role.CLERK)
    text = client.get(page(ground, "promises")).text
    assert "95.2%" in text
    assert f"/promises/{promise}" in text


def read(app, ground, slug):
    with app.app_context(), work(app, ground) as uow:
        info = promise_by_slug(
            uow.session, organisation_id=ground.organisation_id, slug=slug, at=uow.now
        )
        return info, list_versions(
            uow.session, organisation_id=ground.organisation_id, promise_id=info.promise_id
        )


def test_manager_publishes_a_next_version_that_starts_from_the_one_in_force(
    app, client, ground, promise
):
    sign_in(client, ground.made, Role.MANAGER)
    where = draft(client, ground, promise)
    form = client.get(where).text
    assert 'name="limit"' in form
    assert 'value="15"' in form
    assert "applied to imported history" not in form
    changed = send_draft(client, where, version_answers(limit="12")).text
    assert re.search(r"Within how long</dt><dd><del>15.min</del> → <ins>12.min</ins>", changed)
    assert publish_draft(client, where, version_answers(limit="12")).status_code == 303
    info, (newest, oldest) = read(app, ground, promise)
    assert (newest.number, newest.terms.rule.limit_seconds) == (2, 720)
    assert (oldest.number, oldest.terms.rule.limit_seconds) == (1, 900)
    assert info.version.version_id == newest.version_id
    assert not newest.applied_to_history
    shown = client.get(page(ground, f"promises/{promise}")).text
    assert "What is different from the version before" in shown


def test_next_version_never_reaches_into_the_past(app, client, ground, promise):
    sign_in(client, ground.made, Role.MANAGER)
    where = draft(client, ground, promise)
    for starts in ("past", "later"):
        answers = version_answers(starts=starts, starts_on=day(-2))
        assert publish_draft(client, where, answers).status_code == 422
    assert len(read(app, ground, promise)[1]) == 1


def test_manager_ends_a_promise_with_a_reason(app, client, ground, promise):
    sign_in(client, ground.made, Role.MANAGER)
    where = page(ground, f"promises/{promise}/end")
    for wrong in (
        {"ends_on": day(3)},
        {"reason_en": "Enough"},
        {"ends_on": day(-1), "reason_en": "Enough"},
        {"ends_on": day(0), "reason_en": "Enough"},
    ):
        assert post(client, where, wrong).status_code == 422
    assert read(app, ground, promise)[0].ends_at is None
    right = {"ends_on": day(3), "reason_en": "We answer at once instead."}
    response = post(client, where, right)
    assert response.status_code == 303
    info, _ = read(app, ground, promise)
    assert (info.state, info.end_reason) == (PromiseState.IN_FORCE, "We answer at once instead.")
    shown = client.get(response.location).text
    assert "This promise ends on" in shown
    assert "We answer at once instead." in shown
    again = post(client, where, right)
    assert again.status_code == 422
    assert "was settled already" in again.text


@pytest.mark.parametrize("role", [Role.CLERK, Role.ACCOUNTANT, Role.ADMINISTRATOR])
def test_only_managers_publish_and_end(app, client, ground, promise, role):
    sign_in(client, ground.made, role)
    token = csrf_token(client, page(ground, "proposals/new"))
    for rest, answers in (
        ("draft", {}),
        ("end", {"ends_on": day(3), "reason_en": "No."}),
    ):
        where = page(ground, f"promises/{promise}/{rest}")
        assert client.post(where, data=answers | {"csrf_token": token}).status_code == 403
    info, versions = read(app, ground, promise)
    assert (info.ends_at, len(versions)) == (None, 1)


def test_promise_of_another_organisation_is_not_there(app, client, ground, promise):
    with app.app_context():
        other = make_ground()
        with work(app, other) as uow:
            publish_simple_promise(
                uow.session, organisation_id=other.organisation_id, now=uow.now, slug="theirs"
            )
    sign_in(client, ground.made, Role.MANAGER)
    for rest in ("", "/end"):
        assert client.get(page(ground, f"promises/theirs{rest}")).status_code == 404
    sign_in(client, other.made, Role.MANAGER)
    assert rows(client.get(page(other, "cases")).text) == 0
    assert client.get(page(ground, f"promises/{promise}")).status_code == 404


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_pages_of_promises_open_in_every_language(client, ground, promise, lang):
    sign_in(client, ground.made, Role.MANAGER)
    for rest in (
        "promises", f"promises/{promise}", f"promises/{promise}/end", "cases", "breaches",
    ):  # fmt: skip
        assert client.get(page(ground, f"{rest}?lang={lang}")).status_code == 200
