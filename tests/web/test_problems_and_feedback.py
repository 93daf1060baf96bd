"""The pages of problems and feedback: from a file of answers to a problem with its cases."""

import html
import io
import re

import pytest

from promises.catalogue.models import ProblemState
from promises.catalogue.problem_errors import (
    ProblemHoldsOthers,
    ProblemNotOpen,
    SameProblem,
    TextHandled,
)
from promises.catalogue.problem_queries import (
    BoardFilter,
    get_problem,
    list_cases,
    problem_board,
    similar_problems,
)
from promises.catalogue.problems import NewProblem
from promises.db.session import unit_of_work
from promises.feedback.errors import FileTaken, TextTaken
from promises.feedback.models import TextState
from promises.feedback.texts import list_texts
from promises.flows import import_feedback, merge_problems, report_problem, sort_feedback
from promises.flows.ask_staff import ask_staff
from promises.kernel.actors import Role
from promises.kernel.text import LOCALES
from tests.flows.ground import World
from tests.races.crowd import crowd
from tests.web.staff import csrf_token, post, sign_in

ROWS = """Vastausnumero;Pvm;Arvosana;Kommentti;Toimipiste;Segmentti
1;3.2.2026;9;Ystävällinen palvelu;Branch 1;Uudet
2;4.2.2026;2;Jonotin puoli tuntia, soittakaa 040 123 4567;Branch 1;
3;5.2.2026;8;=HYPERLINK("x");Branch 1;
4;6.2.2026;3;Puhelimeen ei vastata;Branch 1;
5;9.2.2026;10;;Branch 1;
6;10.2.2026;11;Pisteet yli;Branch 1;
7;32.2.2026;7;Outo päivä;Branch 1;
8;11.2.2030;7;Tulevaisuus;Branch 1;
9;11.2.2026;7;Väärä konttori;Kuu;
10;11.2.2026;;;Branch 1;
11;11.2.2026;7
"""


@pytest.fixture
def world(app):
    with app.app_context():
        yield World()


@pytest.fixture
def base(world):
    return f"/o/{world.made.slug}/staff"


def note(world, text, role=Role.CLERK, **others):
    with world.work(role) as uow:
        return report_problem.report(uow, problem=NewProblem(text=text, **others)).id


def card(world, problem_id):
    with world.work() as uow:
        return get_problem(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, problem_id=problem_id
        )


def cases(world, problem_id):
    with world.work() as uow:
        return list_cases(
            uow.session, organisation_id=uow.organisation_id, problem_id=problem_id, limit=500
        )


def link(world, ticket, problem_id):
    with world.work() as uow:
        return report_problem.link_ticket(
            uow, ticket_id=ticket.ticket_id, problem_id=problem_id
        ).added


def merge(world, problem_id, into_id):
    with world.work(Role.MANAGER) as uow:
        merge_problems.merge(uow, problem_id=problem_id, into_id=into_id)


def undo(world, problem_id):
    with world.work(Role.MANAGER) as uow:
        merge_problems.undo(uow, problem_id=problem_id)


# --- problems ---


def test_a_problem_is_written_down_in_one_form_and_found_by_its_words(client, world, base):
    sign_in(client, world.made, Role.CLERK)
    made = post(client, f"{base}/problems/new", {"text": "Phones ring unanswered. Ann: a@b.fi"})
    assert made.status_code == 303
    page = client.get(made.location).text
    assert "Phones ring unanswered. Ann: •••" in page
    assert "1 case" in page
    assert "Phones ring" in client.get(f"{base}/problems/similar?text=phone rings unanswered").text
    assert client.get(f"{base}/problems/similar?text=coffee").text.strip() == ""
    assert post(client, f"{base}/problems/new", {"text": ""}).status_code == 422
    board = client.get(f"{base}/problems").text
    assert "Phones ring unanswered" in board
    assert "Phones ring" not in client.get(f"{base}/problems?source=breaches").text
    heard = post(client, f"{made.location}/heard", {"note": "Again today"}, page=made.location)
    assert heard.status_code == 303
    assert "2 cases" in client.get(made.location).text


def test_a_ticket_counts_once_a_problem_also_after_a_merge(world):
    first, second = note(world, "The form is long"), note(world, "The form is too long")
    ticket = world.take()
    assert link(world, ticket, first)
    assert not link(world, ticket, first)
    assert link(world, ticket, second)
    merge(world, second, first)
    assert card(world, first).cases == len(cases(world, first)) == 3  # two tellings, one ticket
    assert card(world, second).cases == 0
    assert not link(world, ticket, second), "what is linked to a merged one counts with the other"
    undo(world, second)
    assert (card(world, first).cases, card(world, second).cases) == (2, 2)


def test_a_case_that_was_noted_by_mistake_is_taken_back(client, world, base):
    problem = note(world, "The door sticks")
    link(world, world.take(), problem)
    case = next(one for one in cases(world, problem) if one.ticket_id)
    sign_in(client, world.made, Role.CLERK)
    page = f"{base}/problems/{problem}"
    path = f"{base}/problem-cases/{case.case_id}/take-back"
    assert post(client, path, page=page).status_code == 303
    assert card(world, problem).cases == 1
    assert post(client, path, page=page).status_code == 404


def test_chains_circles_and_closed_problems_are_refused_and_change_nothing(world):
    a, b, c = (note(world, f"Problem {name}") for name in "abc")
    merge(world, b, a)
    before = world.rows("SELECT * FROM problems ORDER BY id")
    for problem, into, refusal in (
        (a, c, ProblemHoldsOthers), (a, b, ProblemNotOpen), (c, b, ProblemNotOpen),
        (b, c, ProblemNotOpen), (c, c, SameProblem),
    ):  # fmt: skip
        with pytest.raises(refusal):
            merge(world, problem, into)
    assert world.rows("SELECT * FROM problems ORDER BY id") == before
    with world.work(Role.MANAGER) as uow:
        merge_problems.close(uow, problem_id=c, reason="The machine is repaired.")
    with pytest.raises(ProblemNotOpen):
        link(world, world.take(), c)
    with world.work(Role.MANAGER) as uow:
        merge_problems.reopen(uow, problem_id=c)
    assert link(world, world.take(), c)


def test_managers_who_merge_at_once_never_make_a_circle(world, app_url):
    first, second = note(world, "One way"), note(world, "The other way")
    pairs = ((first, second), (second, first))
    with crowd(app_url, 8) as people:
        found = people.at_once(lambda number: merge(world, *pairs[number % 2]))
    assert len([one for one in found if one is None]) == 1
    states = [row.state for row in world.rows("SELECT state FROM problems")]
    assert sorted(states) == [ProblemState.MERGED, ProblemState.OPEN]


def test_the_board_counts_the_last_30_days_against_the_30_before(world):
    problem = note(world, "The queue is long", branch_id=world.made.branch_id)
    for _ in range(3):
        link(world, world.take(), problem)
    world.later(days=31)
    link(world, world.take(), problem)
    found = card(world, problem)
    assert (found.cases, found.recent, found.before) == (5, 1, 4)
    assert found.branch_ids == (world.made.branch_id,)
    with world.work() as uow:
        only = BoardFilter(branch_id=world.made.branch_id)
        common = {"organisation_id": uow.organisation_id, "now": uow.now}
        assert [one.problem_id for one in problem_board(uow.session, only=only, **common)] == [
            problem
        ]
        assert (
            similar_problems(uow.session, uow.organisation_id, "queue so long", but=problem) == []
        )


def test_a_clerk_neither_merges_nor_closes(client, world, base):
    problem, other = note(world, "It is cold"), note(world, "It is cold inside")
    sign_in(client, world.made, Role.CLERK)
    page = client.get(f"{base}/problems/{problem}").text
    assert "Merge" not in page
    for act in ("merge", "close", "reopen", "undo-merge"):
        answer = post(
            client, f"{base}/problems/{problem}/{act}", {"into_id": other, "reason": "x"},
            page=f"{base}/problems/{problem}",
        )  # fmt: skip
        assert answer.status_code == 403
    assert card(world, problem).state is ProblemState.OPEN


# --- files of answers ---


def upload(client, base, text=ROWS, name="palaute.csv"):
    token = csrf_token(client, f"{base}/feedback/files")
    data = {
        "csrf_token": token, "delimiter": "auto", "encoding": "utf-8",
        "file": (io.BytesIO(text.encode()), name),
    }  # fmt: skip
    return client.post(f"{base}/feedback/files", data=data, content_type="multipart/form-data")


def test_a_file_becomes_answers_once_and_words_become_problems(client, world, base):
    sign_in(client, world.made, Role.MANAGER)
    made = upload(client, base)
    assert made.status_code == 303, made.text
    look = client.get(made.location).text
    assert "Jonotin puoli tuntia, soittakaa •••" in look
    assert "040 123" not in look
    taken = post(client, f"{made.location}/take-in", page=made.location)
    assert taken.status_code == 303
    done = world.one("SELECT * FROM feedback_imports")
    assert (done.rows_read, done.rows_added, done.rows_known, done.rows_refused) == (11, 5, 0, 6)
    problems = client.get(f"{made.location}/problems").text
    for line in (7, 8, 9, 10, 11, 12):
        assert f">{line}<" in problems
    csv = client.get(f"{made.location}/problems.csv").text
    assert len(csv.strip().splitlines()) == 7
    again = upload(client, base)
    post(client, f"{again.location}/take-in", page=again.location)
    assert world.one("SELECT count(*) AS n FROM feedback_answers").n == 5
    assert post(client, f"{again.location}/take-in", page=again.location).status_code == 409
    assert world.one("SELECT count(*) AS n FROM feedback_files").n == 0

    inbox = client.get(f"{base}/feedback").text
    assert "Puhelimeen ei vastata" in inbox
    known = note(world, "Puhelimeen ei vastata aamulla")
    with world.work() as uow:
        texts = {
            one.body: one.answer_id
            for one in list_texts(
                uow.session, organisation_id=uow.organisation_id, state=TextState.NEW
            )
        }
    assert len(texts) == 4
    page = f"{base}/feedback/texts/{texts['Puhelimeen ei vastata']}"
    assert "Puhelimeen ei vastata aamulla" in client.get(page).text
    assert post(client, page, {"problem_id": str(known)}).status_code == 303
    assert card(world, known).cases == 2
    new = post(client, f"{base}/feedback/texts/{texts['Jonotin puoli tuntia, soittakaa •••']}",
               {"problem_id": "", "text": "Jonot ovat pitkiä"})  # fmt: skip
    assert "Jonot ovat pitkiä" in client.get(new.location).text
    assert card(world, new.location.rsplit("/", 1)[-1]).cases == 1
    aside = f"{base}/feedback/texts/{texts['Ystävällinen palvelu']}"
    assert post(client, f"{aside}/set-aside", page=aside).status_code == 303
    assert "Ystävällinen" in client.get(f"{base}/feedback?show=set_aside").text


def test_columns_are_chosen_and_a_wrong_choice_is_refused(client, world, base):
    sign_in(client, world.made, Role.MANAGER)
    text = "a|b|c\n2026-02-01|hello there|x\n"
    page = upload(client, base, text).location
    assert post(client, f"{page}/take-in", page=page).status_code == 303
    assert world.one("SELECT count(*) AS n FROM feedback_answers").n == 0
    refused = post(client, page, {"question": "words", "dates": "auto", "date": "0"})
    assert refused.status_code == 422
    chosen = {"question": "words", "dates": "auto", "date": "0", "body": "1"}
    assert post(client, page, chosen).status_code == 303
    assert "hello there" in client.get(page).text
    assert post(client, f"{page}/drop", page=page).status_code == 303
    assert world.one("SELECT state FROM feedback_imports").state == "dropped"
    assert upload(client, base, "", "empty.csv").status_code == 422
    assert upload(client, base, 'a,b\n"never closed', "open.csv").status_code == 303
    assert "cannot be read" in client.get(upload(client, base, 'a,b\n"x', "q.csv").location).text


def test_two_who_take_a_file_or_a_text_at_once_take_it_once(world, app_url):
    with world.work(Role.MANAGER) as uow:
        import_id = import_feedback.stage(
            uow, filename="x.csv", content=ROWS.encode(), encoding=import_feedback.Encoding.UTF_8,
            delimiter=None,
        )  # fmt: skip

    def take(_number):
        with world.work(Role.MANAGER) as uow:
            return import_feedback.take_in(uow, import_id=import_id)

    with crowd(app_url, 4) as people:
        found = people.at_once(take)
    assert sorted(type(one).__name__ for one in found) == ["FileTaken"] * 3 + ["Taken"]
    assert isinstance(next(one for one in found if isinstance(one, Exception)), FileTaken)
    with world.work() as uow:
        text = list_texts(uow.session, organisation_id=uow.organisation_id, state=TextState.NEW)[0]

    def sort(number):
        with world.work() as uow:
            return sort_feedback.link_text(
                uow, answer_id=text.answer_id, problem_id=None, text=f"Words {number}"
            )

    with crowd(app_url, 4) as people:
        found = people.at_once(sort)
    assert len([one for one in found if isinstance(one, TextTaken | TextHandled)]) == 3
    assert world.one("SELECT count(*) AS n FROM problems").n == 1


# --- figures, survey, settings, the customer's page ---


def test_figures_agree_with_their_list_and_their_file(client, world, base):
    with world.work(Role.MANAGER) as uow:
        import_id = import_feedback.stage(
            uow, filename="x.csv", content=ROWS.encode(), encoding=import_feedback.Encoding.UTF_8,
            delimiter=None,
        )  # fmt: skip
        import_feedback.take_in(uow, import_id=import_id)
    sign_in(client, world.made, Role.MANAGER)
    page = client.get(f"{base}/feedback/figures?question=recommendation&months=12")
    assert "of 5 answers" in page.text
    assert "2 gladly, 1 perhaps, 2 not" in page.text
    assert (
        "5 answers" in client.get(f"{base}/feedback/figures/answers?question=recommendation").text
    )
    counted = re.findall(r'href="([^"]+)" data-count="(\d+)"', page.text)
    assert len(counted) >= 5
    for href, count in counted:
        listed = client.get(html.unescape(href)).text
        assert f'data-total="{count}"' in listed
    csv = client.get(f"{base}/feedback/figures.csv").text
    assert "All,,5,0,0,1,1,0,0,0,0,1,1,1" in csv
    nothing = client.get(f"{base}/feedback/figures?question=effort").text
    assert "Not yet five answers" in nothing


@pytest.mark.parametrize("lang", LOCALES)
def test_a_customer_answers_with_one_tap_and_without_scripts(client, world, lang):
    ticket = world.take()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.later(minutes=1).log(ticket.ticket_id, "served")
    path = f"/o/{world.made.slug}/t/{ticket.public_code}"
    client.set_cookie("lupaus-lang", lang)
    with world.at(world.now):
        page = client.get(path).text
        assert 'id="feedback-title"' in page
        scores = re.findall(r'name="score" value="(\d+)"', page)
        given = {"score": scores[-1]} if scores else {"body": "Fine"}
        answer = post(client, f"{path}/feedback", given, page=path)
        assert answer.status_code == 303
        after = client.get(path).text
        assert 'aria-pressed="true"' in after or "Fine" in after
        assert world.one("SELECT count(*) AS n FROM feedback_answers").n == 1


def test_staff_answer_the_survey_on_its_page_and_managers_change_what_is_asked(client, world, base):
    sign_in(client, world.made, Role.MANAGER)
    page = f"{base}/feedback/settings"
    asked = {"questions": ["effort"], "survey_days": "5", "recurring_breaches": "3",
             "recurring_days": "20"}  # fmt: skip
    assert post(client, page, asked).status_code == 303
    assert world.one("SELECT questions FROM feedback_settings").questions == ["effort"]
    assert post(client, page, asked | {"survey_days": "99"}).status_code == 422
    with unit_of_work(world.made.id, world.made.actor(Role.MANAGER)) as uow:
        held = ask_staff(uow)
    if not held:
        pytest.skip("the quarter of this day ends before a round would")
    survey = client.get(f"{base}/survey").text
    path = re.search(r'action="([^"]+/survey/[-0-9a-f]{36})"', survey)[1]
    assert post(client, path, {"text": "x"}, page=f"{base}/survey").status_code == 422
    assert post(client, path, {"score": "9"}, page=f"{base}/survey").status_code == 303
    assert "You have answered" in client.get(f"{base}/survey").text
    sign_in(client, world.made, Role.CLERK)
    assert client.get(page).status_code == 403
    assert client.get(f"{base}/feedback/files").status_code == 403
