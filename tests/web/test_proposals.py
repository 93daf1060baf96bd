"""Proposing and deciding, on the pages."""

import datetime as dt
import threading

import pytest

from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_queries import get_proposal, list_problems, list_proposals
from promises.catalogue.queries import list_versions, promise_by_slug
from promises.catalogue.targets import TargetStep
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.rules.terms import BeforeLimit, Boundary
from tests.factories.identity import make_organisation
from tests.web.catalogue import (
    TITLE,
    day,
    make_proposal,
    proposal_answers,
    publish_draft,
    revision,
    send_draft,
    version_answers,
)
from tests.web.staff import csrf_token, post, sign_in


@pytest.fixture
def made(app):
    with app.app_context():
        return make_organisation(branches=2, kinds=("A", "B"))


def page(made, rest):
    return f"/o/{made.slug}/staff/{rest}"


def draft(client, made, proposal_id):
    """The address of the proposal's draft."""
    shown = page(made, f"proposals/{proposal_id}")
    return post(client, f"{shown}/draft", page=shown).location


def proposals(app, made):
    with app.app_context(), made.work(None) as uow:
        return list_proposals(uow.session, organisation_id=made.id).rows


def read(app, made, proposal_id):
    with app.app_context(), made.work(None) as uow:
        return get_proposal(uow.session, organisation_id=made.id, proposal_id=proposal_id)


def promise(app, made, slug):
    with app.app_context(), made.work(None) as uow:
        info = promise_by_slug(uow.session, organisation_id=made.id, slug=slug, at=uow.now)
        versions = list_versions(uow.session, organisation_id=made.id, promise_id=info.promise_id)
        return info, versions


def test_clerk_proposes_and_sees_the_measurable_sentence(app, client, made):
    sign_in(client, made, Role.CLERK)
    answers = proposal_answers(
        services=str(made.kind_ids[1]), branches=[str(one.id) for one in made.branches],
        limit="90", unit="1", amount="7,50", sentence="teller-5-minutes",
    )  # fmt: skip
    response = post(client, page(made, "proposals/new"), answers)
    assert response.status_code == 303
    (row,) = proposals(app, made)
    assert (row.title, row.problem) == (TITLE, "People wait half an hour on paydays.")
    assert (row.terms.rule.limit_seconds, row.terms.amount_minor) == (90, 750)
    assert row.terms.rule.until == "called"
    assert row.terms.scope.service_kinds == {made.kind_ids[1]}
    shown = client.get(response.location).text
    assert "We call your number within 1\u00a0min 30\u00a0s, or we pay you €7.50." in shown
    assert "Branches: Branch 1, Branch 2." in shown


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title": "We always serve you with a smile"}, "cannot be measured"),
        ({"title": "Odotat vain hetken"}, "There is no number in it."),
        ({"way_of_working": ""}, "This is missing."),
        ({"problem_text": ""}, "This is missing."),
        ({"limit": "0"}, "Give a number between 1 and"),
        ({"limit": "soon"}, "Give a whole number."),
        ({"amount": "-5"}, "Give an amount, such as 10 or 10,50."),
        ({"amount": "0"}, "This must lie between 1 and"),
        ({"amount": "10,005"}, "Give an amount, such as 10 or 10,50."),
        ({"sentence": "smiles"}, "Choose one of these."),
        ({"problem_id": "00000000-0000-7000-8000-000000000000"}, "Choose one of these."),
        ({"problem_text": "a\x00b"}, "characters that cannot be printed"),
    ],
)
def test_unusable_proposal_is_refused_with_the_reason_and_nothing_is_lost(
    app, client, made, change, reason
):
    sign_in(client, made, Role.CLERK)
    answers = proposal_answers(**change)
    response = post(client, page(made, "proposals/new"), answers)
    assert response.status_code == 422
    assert reason in response.text
    assert "<title>Error:" in response.text
    for name in ("title", "way_of_working", "limit", "amount"):
        if answers[name] and "\x00" not in answers[name]:
            assert answers[name] in response.text
    assert proposals(app, made) == ()


def test_proposal_may_answer_a_problem_that_is_known(app, client, made):
    make_proposal(app, made)
    with app.app_context(), made.work(None) as uow:
        (known,) = list_problems(uow.session, organisation_id=made.id)
    sign_in(client, made, Role.CLERK)
    answers = proposal_answers(problem_id=str(known.problem_id), problem_text="", similar_seen="1")
    assert post(client, page(made, "proposals/new"), answers).status_code == 303
    assert {row.problem_id for row in proposals(app, made)} == {known.problem_id}


def test_board_shows_what_became_of_a_proposal(app, client, made):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = page(made, f"proposals/{proposal_id}")
    response = post(
        client, f"{where}/decline", {"reason": "We have two counters only."}, page=where
    )
    assert response.status_code == 303
    assert read(app, made, proposal_id).state is ProposalState.DECLINED
    sign_in(client, made, Role.CLERK)
    assert "Nothing waits for a decision" in client.get(page(made, "proposals")).text
    for shown in ("declined", "mine"):
        board = client.get(page(made, f"proposals?show={shown}")).text
        assert "Declined: We have two counters only." in board
    assert "We have two counters only." in client.get(where).text


def test_declining_needs_a_reason(app, client, made):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = page(made, f"proposals/{proposal_id}")
    response = post(client, f"{where}/decline", {"reason": " "}, page=where)
    assert response.status_code == 422
    assert read(app, made, proposal_id).state is ProposalState.OPEN


def test_manager_checks_the_whole_and_publishes(app, client, made):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = draft(client, made, proposal_id)
    assert TITLE in client.get(where).text
    answers = version_answers(
        boundary="exclusive", before_limit="kept", cap_customer="2", cap_case="20",
        approval_threshold="50", budget_month="2000", reason="Thank you!",
    )  # fmt: skip
    check = send_draft(client, where, answers)
    assert check.status_code == 200
    assert "We serve you in under 15\u00a0min, or we pay you €10." in check.text
    assert "Palvelemme sinua" in check.text or "Palvelemme 15 minuutissa" in check.text
    assert "Exactly 15\u00a0min is already too late." in check.text
    assert "€2,000.00" in check.text
    assert read(app, made, proposal_id).state is ProposalState.OPEN

    response = publish_draft(client, where, answers)
    assert response.status_code == 303
    assert response.location == page(made, "promises/palvelemme-15-minuutissa")
    info, (version,) = promise(app, made, "palvelemme-15-minuutissa")
    terms = version.terms
    assert info.titles == {"fi": "Palvelemme 15 minuutissa", "en": "Served within 15 minutes"}
    assert terms.rule.boundary is Boundary.EXCLUSIVE
    assert terms.rule.before_limit is BeforeLimit.KEPT
    assert (terms.caps.per_case_minor, terms.caps.per_customer.count) == (2000, 2)
    assert (terms.approval_threshold_minor, terms.budget_month_minor) == (5000, 200_000)
    (step,) = version.target_path
    assert (step.from_on, str(step.share.normalize())) == (dt.date(2026, 6, 1), "0.975")
    assert isinstance(step, TargetStep)
    assert version.published_by == made.members[Role.MANAGER]
    assert client.get(response.location).status_code == 200
    sign_in(client, made, Role.CLERK)
    assert "Thank you!" in client.get(page(made, f"proposals/{proposal_id}")).text


def test_draft_of_a_proposal_keeps_every_answer(app, client, made):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = draft(client, made, proposal_id)
    assert send_draft(client, where, version_answers(team_reward="A boat trip")).status_code == 200
    assert draft(client, made, proposal_id) == where
    shown = client.get(where)
    assert "A boat trip" in shown.text
    assert 'value="97.5"' in shown.text


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"title_fi": "", "title_en": ""}, "Give the title in at least one language."),
        ({"starts": "later"}, "Give the day."),
        ({"targets-0-share": ""}, "Give both the day and the level, or neither."),
        ({"targets-0-share": "101"}, "Give a number between 0 and 100."),
        ({"targets-1-from_on": "2026-01-01", "targets-1-share": "99"}, "The days must rise"),
        ({"budget_month": "lots"}, "Give an amount, such as 10 or 10,50."),
        ({"cap_device": "0"}, "Give a number between 1 and"),
        ({"way_of_working": ""}, "This is missing."),
        ({"limit": "99999999"}, "Give a number between 1 and"),
        ({"limit": "9000", "unit": "3600"}, "This must lie between 1 and"),
    ],
)
def test_unusable_version_is_refused_and_the_proposal_stays_open(app, client, made, change, reason):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = draft(client, made, proposal_id)
    response = publish_draft(client, where, version_answers(**change))
    assert response.status_code == 422
    assert reason in response.text
    assert "Cake for the team" in response.text
    assert read(app, made, proposal_id).state is ProposalState.OPEN


def test_version_may_start_on_a_later_day_of_the_organisation(app, client, made):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = draft(client, made, proposal_id)
    on = day(40)
    answers = version_answers(starts="later", starts_on=on, starts_at="08:30")
    assert publish_draft(client, where, answers).status_code == 303
    info, (version,) = promise(app, made, "palvelemme-15-minuutissa")
    assert info.state == "scheduled"
    assert local_date(version.valid_from, "Europe/Helsinki").isoformat() == on
    assert version.valid_from.minute == 30


def test_time_that_the_clocks_skip_is_refused(app, client, made):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = draft(client, made, proposal_id)
    answers = version_answers(starts="later", starts_on="2027-03-28", starts_at="03:30")
    response = publish_draft(client, where, answers)
    assert response.status_code == 422
    assert "The clocks skip this time on that day." in response.text
    assert read(app, made, proposal_id).state is ProposalState.OPEN


def test_later_start_in_the_past_is_applied_to_history_only_where_it_is_asked_for(
    app, client, made
):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    where = draft(client, made, proposal_id)
    late = version_answers(starts="later", starts_on=day(-3))
    refused = publish_draft(client, where, late)
    assert refused.status_code == 422
    assert "Choose a time that is still to come." in refused.text
    assert read(app, made, proposal_id).state is ProposalState.OPEN
    future = version_answers(starts="past", starts_on=day(3))
    refused = publish_draft(client, where, future)
    assert refused.status_code == 422
    assert "Choose a time in the past." in refused.text
    past = version_answers(starts="past", starts_on=day(-3))
    assert publish_draft(client, where, past).status_code == 303
    _, (version,) = promise(app, made, "palvelemme-15-minuutissa")
    assert version.applied_to_history


def test_of_two_managers_at_once_one_publishes_and_the_other_is_told(app, made):
    proposal_id = make_proposal(app, made)
    clients = [app.test_client() for _ in range(2)]
    asked = []
    for one in clients:
        sign_in(one, made, Role.MANAGER)
        where = draft(one, made, proposal_id)
    assert send_draft(clients[0], where, version_answers()).status_code == 200
    check = f"{where}/check"
    for one in clients:
        asked.append({"csrf_token": csrf_token(one, check), "revision": revision(one, check)})
    start, statuses, texts = threading.Barrier(2), [], []

    def run(one, answers):
        start.wait(120)
        response = one.post(check, data=answers)
        statuses.append(response.status_code)
        texts.append(response.text)

    threads = [threading.Thread(target=run, args=pair) for pair in zip(clients, asked, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [303, 409]
    assert any("This draft was published or dropped already." in text for text in texts)
    assert read(app, made, proposal_id).state is ProposalState.PUBLISHED


@pytest.mark.parametrize("role", [Role.CLERK, Role.ACCOUNTANT, Role.ADMINISTRATOR])
def test_only_managers_decide(app, client, made, role):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, role)
    where = page(made, f"proposals/{proposal_id}")
    assert "Edit and publish" not in client.get(where).text
    token = csrf_token(client, page(made, "proposals/new"))
    for rest, answers in (
        ("decline", {"reason": "No."}),
        ("draft", {}),
    ):
        response = client.post(f"{where}/{rest}", data=answers | {"csrf_token": token})
        assert response.status_code == 403
    assert read(app, made, proposal_id).state is ProposalState.OPEN


def test_proposal_of_another_organisation_is_not_there(app, client, made):
    with app.app_context():
        other = make_organisation()
    theirs = make_proposal(app, other)
    sign_in(client, made, Role.MANAGER)
    token = csrf_token(client, page(made, "proposals/new"))
    where = page(made, f"proposals/{theirs}")
    assert client.get(where).status_code == 404
    for rest, answers in (
        ("decline", {"reason": "No."}),
        ("draft", {}),
    ):
        response = client.post(f"{where}/{rest}", data=answers | {"csrf_token": token})
        assert response.status_code == 404
    assert read(app, other, theirs).state is ProposalState.OPEN


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_pages_of_proposals_open_in_every_language(app, client, made, lang):
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    for rest in ("proposals", "proposals/new", f"proposals/{proposal_id}", "proposals?show=mine"):
        joined = "&" if "?" in rest else "?"
        assert client.get(page(made, f"{rest}{joined}lang={lang}")).status_code == 200
