"""Proposing with a sentence, talking about it, and what the pages say of the history."""

import datetime as dt
import re

import pytest

from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_moves import lock_undecided_proposal, move_proposal
from promises.catalogue.proposal_queries import get_proposal, list_proposals
from promises.db.sql import execute, one
from promises.identity.queries import organisation_row
from promises.kernel.actors import Role
from promises.rules.terms import GuaranteeTerms
from tests.desk.test_statement_count import statements
from tests.factories.identity import make_organisation
from tests.web.catalogue import (
    TITLE,
    make_proposal,
    proposal_answers,
    publish_draft,
    version_answers,
)
from tests.web.staff import post, sign_in

WAY = "A second counter opens when five people wait."
SEEDED = """
INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id, day_on,
    letter, public_code, arrived_at, queued_at, called_at, service_started_at, ended_at, version,
    flags)
SELECT %(organisation_id)s, gen_random_uuid(), 'visit', 'served', 'desk', %(branch_id)s,
    %(kind_id)s, t.at::date, 'A', md5(%(seed)s || n::text), t.at, t.at, t.at + w.wait,
    t.at + w.wait, t.at + interval '40 minutes', 1, '{}'
FROM generate_series(1, %(n)s) AS n
CROSS JOIN LATERAL (SELECT now() - (2 + n %% 25) * interval '1 day' AS at) t
CROSS JOIN LATERAL (SELECT CASE WHEN n %% 4 = 0 THEN 25 ELSE 5 END * interval '1 minute' AS wait) w
"""


@pytest.fixture(scope="module")
def made(app):
    with app.app_context():
        return make_organisation(branches=2, kinds=("A", "B"))


def page(made, rest):
    return f"/o/{made.slug}/staff/{rest}"


def newest(app, made):
    with app.app_context(), made.work(None) as uow:
        return list_proposals(uow.session, organisation_id=made.id).rows[0]


def read(app, made, proposal_id):
    with app.app_context(), made.work(None) as uow:
        return get_proposal(uow.session, organisation_id=made.id, proposal_id=proposal_id)


def seed(app, made, n):
    with app.app_context(), made.work(None) as uow:
        execute(
            uow.session, SEEDED,
            {"organisation_id": made.id, "branch_id": made.branch_id, "kind_id": made.kind_id,
             "n": n, "seed": f"{made.id}{n}"},
        )  # fmt: skip


@pytest.mark.parametrize(
    ("sentence", "limit", "title"),
    [
        ("served-15-minutes", "12", "Served within 12 minutes, or €8"),
        ("complaint-2-business-days", "3", "Your complaint is answered in 3 business days"),
        ("weekly-word", "5", "You hear from us every 5 days until it is solved"),
    ],
)
def test_sentence_with_its_blanks_becomes_title_and_terms(
    app, client, made, sentence, limit, title
):
    sign_in(client, made, Role.CLERK)
    answers = proposal_answers(
        sentence=sentence, limit=limit, amount="8", title="", similar_seen="1",
        needs="One more telephone.", credit="y",
    )  # fmt: skip
    assert post(client, page(made, "proposals/new"), answers).status_code == 303
    row = newest(app, made)
    assert (row.title.replace("\xa0", " "), row.needs, row.credit) == (
        title, "One more telephone.", True,
    )  # fmt: skip
    assert isinstance(row.terms, GuaranteeTerms) == (sentence != "served-15-minutes")


def test_number_beyond_the_blank_is_refused_with_its_bounds(app, client, made):
    sign_in(client, made, Role.CLERK)
    answers = proposal_answers(sentence="complaint-2-business-days", limit="61", title="")
    response = post(client, page(made, "proposals/new"), answers)
    assert response.status_code == 422
    assert "Give a number between 1 and 60." in response.text


def test_without_the_script_the_same_proposal_is_asked_about_once(app, client):
    with app.app_context():
        made = make_organisation()
    make_proposal(app, made)
    sign_in(client, made, Role.CLERK)
    answers = proposal_answers(needs="Two more hands", problem_text="A queue again.")
    asked = post(client, page(made, "proposals/new"), answers)
    assert asked.status_code == 200
    assert "Is it one of these? Support it instead." in asked.text
    for text in ("Two more hands", "A queue again.", WAY):
        assert text in asked.text
    seen = re.search(r'name="similar_seen"[^>]*value="([^"]*)"', asked.text)[1]
    sent = post(client, page(made, "proposals/new"), answers | {"similar_seen": seen})
    assert sent.status_code == 303
    assert newest(app, made).needs == "Two more hands"


def test_parts_beside_the_form_answer_what_is_typed_so_far(app, client):
    with app.app_context():
        made = make_organisation()
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.CLERK)
    where = page(made, "proposals/new")
    typed = {"sentence": "served-15-minutes", "limit": "15", "amount": "10", "way_of_working": WAY}
    assert str(proposal_id) in client.get(f"{where}/similar", query_string=typed).text
    assert str(proposal_id) not in client.get(f"{where}/similar", query_string={"limit": "x"}).text
    assert "Fill in the sentence" in client.get(f"{where}/tried", query_string={"limit": "0"}).text
    seed(app, made, 20)
    few = client.get(f"{where}/tried", query_string=typed).text
    assert "15 of 20 cases would have been kept, about €76 a month." in few


def test_history_is_tried_on_the_own_branch_of_who_is_bound_to_one(app, client):
    with app.app_context():
        made = make_organisation(branches=2)
        with made.work(None) as uow:
            bound = "UPDATE members SET branch_id = %(branch)s WHERE id = %(member)s"
            other = {"branch": made.branches[1].id, "member": made.members[Role.CLERK]}
            execute(uow.session, bound, other)
    seed(app, made, 40)
    proposal_id = make_proposal(app, made)
    sign_in(client, made, Role.CLERK)
    shown = client.get(page(made, f"proposals/{proposal_id}")).text
    assert "There is no history of such cases yet." in shown
    sign_in(client, made, Role.MANAGER)
    assert "75% would have been kept" in client.get(page(made, f"proposals/{proposal_id}")).text


def test_support_comment_follow_and_news_on_the_pages(app, client, made):
    proposal_id = make_proposal(app, made)
    where = page(made, f"proposals/{proposal_id}")
    sign_in(client, made, Role.MANAGER)
    for wanted in ("1", "1"):
        assert post(client, f"{where}/support", {"wanted": wanted}, page=where).status_code == 303
    empty = post(client, f"{where}/comments", {"text": " "}, page=where)
    assert (empty.status_code, "This is missing." in empty.text) == (422, True)
    said = "Watch the <b>Mondays</b>."
    assert post(client, f"{where}/comments", {"text": said}, page=where).status_code == 303
    shown = client.get(where).text
    assert "Watch the &lt;b&gt;Mondays&lt;/b&gt;." in shown
    assert "Take my support back" in shown
    sign_in(client, made, Role.CLERK)
    board = client.get(page(made, "proposals")).text
    assert "New for you" in board
    seen = post(client, page(made, "proposals/news"), page=page(made, "proposals"))
    assert seen.status_code == 303
    assert "New for you" not in client.get(page(made, "proposals")).text
    assert post(client, f"{where}/follow", {"wanted": "0"}, page=where).status_code == 303
    assert not read(app, made, proposal_id).followed
    assert read(app, made, proposal_id).supports == 1


def test_proposer_alone_answers_the_question_and_the_time_goes_on(app, client, made):
    proposal_id = make_proposal(app, made)
    where = page(made, f"proposals/{proposal_id}")
    with app.app_context(), made.work(Role.MANAGER) as uow:
        proposal = lock_undecided_proposal(
            uow.session, organisation_id=made.id, proposal_id=proposal_id
        )
        move_proposal(
            uow.session, proposal=proposal, actor=uow.actor, now=uow.now, to=ProposalState.ASKED,
            reason="How many a week?",
        )  # fmt: skip
    sign_in(client, made, Role.MANAGER)
    assert "How many a week?" in client.get(where).text
    assert post(client, f"{where}/answer", {"answer": "Ten."}, page=where).status_code == 403
    sign_in(client, made, Role.CLERK)
    assert "How many a week?" in client.get(page(made, "proposals")).text
    assert post(client, f"{where}/answer", {"answer": " "}, page=where).status_code == 422
    assert post(client, f"{where}/answer", {"answer": "Ten."}, page=where).status_code == 303
    assert read(app, made, proposal_id).state is ProposalState.OPEN
    assert "Ten." in client.get(where).text
    assert post(client, f"{where}/answer", {"answer": "Two."}, page=where).status_code == 409


def test_published_proposal_shows_how_it_is_kept_and_credits_who_agreed(app, client):
    with app.app_context():
        made = make_organisation()
    named, unnamed = make_proposal(app, made, credit=True), make_proposal(app, made)
    sign_in(client, made, Role.MANAGER)
    for number, proposal_id in enumerate((named, unnamed)):
        shown = page(made, f"proposals/{proposal_id}")
        where = post(client, f"{shown}/draft", page=shown).location
        answers = version_answers(title_en=f"Served {number}", title_fi=f"Palvelu {number}")
        assert publish_draft(client, where, answers).status_code == 303
    with app.app_context(), made.work(None) as uow:
        clerk = one(
            uow.session, "SELECT name FROM members WHERE id = %(id)s",
            {"id": made.members[Role.CLERK]},
        ).name  # fmt: skip
    slugs = [read(app, made, one_id).promise_slug for one_id in (named, unnamed)]
    first, second = (client.get(page(made, f"promises/{slug}")).text for slug in slugs)
    assert f"Proposed by {clerk}:" in first and TITLE in first
    assert "It began as a proposal:" in second and clerk not in second
    sign_in(client, made, Role.CLERK)
    mine = client.get(page(made, "proposals?show=mine")).text
    assert mine.count("No case yet") == 2


def test_administrator_sets_the_time_to_decide(app, client, made):
    sign_in(client, made, Role.ADMINISTRATOR)
    where = page(made, "settings/decisions")
    assert post(client, where, {"days": "0", "calendar": ""}).status_code == 422
    assert post(client, where, {"days": "4", "calendar": ""}).status_code == 303
    with app.app_context(), made.work(None) as uow:
        row = organisation_row(uow.session, organisation_id=made.id)
        assert (row.decide_within_days, row.decision_calendar) == (4, None)


def test_board_needs_few_statements_however_many_proposals(app, client, monkeypatch):
    """As many for thirty as for three."""
    with app.app_context():
        made = make_organisation()
    counts = []
    for more in (3, 27):
        for number in range(more):
            make_proposal(app, made, title=f"Served within {number + 5} minutes")
        sign_in(client, made, Role.MANAGER)
        client.get(page(made, "proposals"))
        with statements(monkeypatch) as sent:
            client.get(page(made, "proposals"))
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 20


def test_late_decisions_stand_first_for_whoever_looks_for_them(app, client, made):
    proposal_id = make_proposal(app, made, title="Called within 7 minutes")
    with app.app_context(), made.work(None) as uow:
        late = "UPDATE proposals SET decide_before = %(at)s WHERE id = %(id)s"
        execute(uow.session, late, {"at": uow.now - dt.timedelta(days=1), "id": proposal_id})
    sign_in(client, made, Role.MANAGER)
    board = client.get(page(made, "proposals?show=overdue")).text
    assert "Called within 7 minutes" in board and "The decision is late" in board
    listed = client.get(page(made, "proposals/decisions?kept=broken")).text
    assert "Late and still undecided" in listed and "Called within 7 minutes" in listed
    lines = client.get(page(made, "proposals/funnel.csv")).text.splitlines()
    assert lines[0] == "state,proposals,median_age_seconds"
