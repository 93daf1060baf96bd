"""The page of a decision: what stands on it, each choice, and what staff hear."""

import datetime as dt
import re

import pytest

from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_queries import get_proposal
from promises.kernel.actors import Role
from promises.notify.letter_parts import Facts
from promises.notify.letters import compose_email
from promises.notify.models import MessageKind
from tests.factories.catalogue import simple_terms
from tests.flows.shadows import ShadowWorld
from tests.web.staff import post, sign_in


@pytest.fixture(scope="module")
def world(app):
    """With three days of visits behind it."""
    with app.app_context():
        made = ShadowWorld()
        made.now = dt.datetime.now(dt.UTC) - dt.timedelta(days=3)
        for _ in range(3):
            for minutes in (4, 12, 25):
                ticket = made.take()
                made.later(minutes=minutes)
                made.worker()
                for kind in ("called", "service_started", "served"):
                    made.log(ticket.ticket_id, kind, counter_id=made.made.counter_ids[0])
            made.later(hours=20)
        return made


@pytest.fixture
def manager(client, world):
    sign_in(client, world.made, Role.MANAGER)
    return client


def where(world, proposal_id):
    return f"/o/{world.made.slug}/staff/proposals/{proposal_id}/decision"


def row_of(app, world, proposal_id):
    with app.app_context(), world.work() as uow:
        return get_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
        )


def words(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def proposed(app, world, **changes):
    with app.app_context():
        return world.propose(**changes)


def send(client, world, proposal_id, choice, **answers):
    page = where(world, proposal_id)
    return post(client, f"{page}/{choice}", answers, page=page)


def everything(client, world, proposal_id, **changes):
    """What the form of publishing holds when the page is opened, as a browser would send it."""
    text = client.get(where(world, proposal_id)).text
    form = re.search(r'<form[^>]*decision/publish".*?</form>', text, re.DOTALL)[0]
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    answers = {
        name: value
        for name, value in fields.items()
        if name not in ("services", "branches", "matters") and "targets" not in name
    }
    for one in re.findall(
        r"<input[^>]*type=\"radio\"[^>]*checked[^>]*>|<input[^>]*checked[^>]*type=\"radio\"[^>]*>",
        form,
    ):
        answers[re.search(r'name="([^"]+)"', one)[1]] = re.search(r'value="([^"]+)"', one)[1]
    for name, body in re.findall(r'<select[^>]*name="([^"]+)".*?>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', body)
        answers[name] = chosen[1] if chosen else re.search(r'value="([^"]*)"', body)[1]
    for name, body in re.findall(
        r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.DOTALL
    ):
        answers[name] = body.strip()
    return answers | changes


def test_decision_shows_evidence_odds_at_five_limits_and_titles_in_three_languages(
    app, manager, world
):
    proposal_id = proposed(app, world)
    shown = manager.get(where(world, proposal_id))
    said = words(shown)
    assert "People wait half an hour on paydays." in said and "1 case behind it" in said
    assert "Would have been kept 6 of 9" in said and "working days left to decide" in said
    limits = re.findall(r'data-label="Limit"[^>]*>([^<]+)<', shown.text)
    assert len(limits) >= 5
    answers = everything(manager, world, proposal_id)
    assert answers["title_fi"].startswith("Palvelemme") and answers["title_sv"]
    assert answers["title_en"].startswith("We serve you within 15")
    assert answers["way_of_working"] == "A second counter opens when five people wait."


def test_publishing_from_the_decision_sets_level_and_tells_the_branch(app, manager, world):
    proposal_id = proposed(app, world)
    answers = everything(
        manager, world, proposal_id, notice="Thank you all.", budget_month="500",
        **{"targets-0-share": "92,5"},
    )  # fmt: skip
    sent = send(manager, world, proposal_id, "publish", **answers)
    assert sent.status_code == 303, words(sent)[:3000]
    row = row_of(app, world, proposal_id)
    assert row.state is ProposalState.PUBLISHED
    with app.app_context():
        version = world.one(
            "SELECT * FROM promise_versions WHERE promise_id = %(p)s", p=row.promise_id
        )
        letters = world.rows("SELECT * FROM messages WHERE kind = 'promise_notice'")
    today = dt.datetime.now(dt.UTC).astimezone(dt.timezone(dt.timedelta(hours=2))).date()
    assert [one["share"] for one in version.target_path] == ["0.925"]
    assert version.target_path[0]["from"] in {today.isoformat(), str(today + dt.timedelta(days=1))}
    assert version.terms["budget_month_minor"] == 50_000
    assert [one.member_id for one in letters] == [world.made.members[Role.CLERK]]
    subject, body = compose_email(
        Facts(
            kind=MessageKind.PROMISE_NOTICE, locale="en", organisation="Bank", name="Kaisa",
            zone="Europe/Helsinki", params=letters[0].params,
        )
    )  # fmt: skip
    assert subject.startswith("A new promise of ours: We serve you within 15")
    assert "Thank you all." in body and "How we keep it: A second counter opens" in body
    assert manager.get(where(world, proposal_id)).status_code == 303


def test_publishing_without_a_title_or_with_a_falling_level_stores_nothing(app, manager, world):
    proposal_id = proposed(app, world)
    answers = everything(manager, world, proposal_id)
    for wrong in (
        {"title_fi": "", "title_sv": "", "title_en": ""},
        {"targets-0-share": "90", "targets-1-share": "95", "targets-1-from_on": "2020-01-01"},
        {"starts": "later", "starts_on": "2020-01-01"},
    ):
        assert send(manager, world, proposal_id, "publish", **answers | wrong).status_code == 422
    assert row_of(app, world, proposal_id).state is ProposalState.OPEN


def test_decline_ask_and_merge_need_words_and_then_tell_them(app, manager, world):
    one, other, third = (proposed(app, world) for _ in range(3))
    for choice in ("decline", "ask", "merge", "shadow"):
        refused = send(manager, world, one, choice)
        assert refused.status_code == 422 and "<details" in refused.text
    assert row_of(app, world, one).state is ProposalState.OPEN
    asked = send(manager, world, one, "ask", question="Also at Christmas?")
    assert asked.status_code == 303
    assert "Also at Christmas?" in words(manager.get(where(world, one)))
    assert send(manager, world, other, "decline", decline_reason="Not now.").status_code == 303
    merged = send(manager, world, one, "merge", into=str(third), merge_reason="The same idea.")
    assert merged.status_code == 303
    again = send(manager, world, third, "merge", into=str(one), merge_reason="Back again.")
    assert again.status_code == 422
    states = [row_of(app, world, each).state.value for each in (one, other, third)]
    assert states == ["merged", "declined", "open"]


def test_somebody_else_was_first_is_told_and_nothing_changes(app, manager, world):
    proposal_id = proposed(app, world)
    page = where(world, proposal_id)
    token = re.search(r'name="csrf_token" value="([^"]+)"', manager.get(page).text)[1]
    assert send(manager, world, proposal_id, "decline", decline_reason="No.").status_code == 303
    late = manager.post(
        f"{page}/ask", data={"csrf_token": token, "question": "May I ask something?"}
    )
    assert late.status_code == 409 and "was decided already" in words(late)
    assert row_of(app, world, proposal_id).reason == "No."


def test_shadow_run_from_the_decision_is_followed_prolonged_and_stopped(app, manager, world):
    proposal_id = proposed(app, world, terms=simple_terms(seconds=60))
    branch = str(world.made.branch_id)
    day = (dt.datetime.now(dt.UTC) + dt.timedelta(days=10)).date().isoformat()
    started = send(manager, world, proposal_id, "shadow", shadow_branches=branch, ends_on=day)
    assert started.status_code == 303
    assert "It runs in shadow from now on." in words(manager.get(started.location))
    with app.app_context():
        run = world.one("SELECT * FROM shadow_runs WHERE proposal_id = %(p)s", p=proposal_id)
        world.now = dt.datetime.now(dt.UTC)
        world.take()
        world.later(minutes=5).round()
    here = f"/o/{world.made.slug}/staff/shadows/{run.id}"
    said = words(manager.get(here))
    assert "Broken cases 1 Broken cases" in said and "€10.00" in said
    assert "1 case, would be owed: €10.00" in words(manager.get(f"{here}/cases?state=broken"))
    assert "1 case, would be owed: €10.00" in words(manager.get(f"{here}/cases?state=decided"))
    assert "No case here" in words(manager.get(f"{here}/cases?state=kept"))
    table = manager.get(f"{here}/days.csv").text.splitlines()
    assert table[0].startswith("day,kept,broken") and table[1].split(",")[1:3] == ["0", "1"]
    assert post(manager, f"{here}/prolong", {"ends_on": "2020-01-01"}, page=here).status_code == 422
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(days=30)).date().isoformat()
    assert post(manager, f"{here}/prolong", {"ends_on": later}, page=here).status_code == 303
    with world.at(world.now):
        assert post(manager, f"{here}/stop", page=here).status_code == 303
        assert "Stopped by" in words(manager.get(here))
    sign_in(manager, world.made, Role.CLERK)
    assert manager.get(here).status_code == 200
    assert manager.get(where(world, proposal_id)).status_code == 403


def test_board_leads_through_what_waits_for_a_decision(app, manager, world):
    board = f"/o/{world.made.slug}/staff/proposals"
    first = re.search(r'href="([^"]+/decision)"[^>]*data-key="a"', manager.get(board).text)[1]
    later = re.search(r'href="([^"]+later=[^"]+)"[^>]*data-key="z"', manager.get(board).text)[1]
    second = re.search(r'href="([^"]+/decision)"[^>]*data-key="a"', manager.get(later).text)
    assert second is None or second[1] != first
    assert manager.get(f"/o/{world.made.slug}/staff/decisions/next").location == first
