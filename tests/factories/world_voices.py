"""Problems and feedback of the full organisation: each state, a file, answers, a round."""

import datetime as dt

from promises.catalogue.problems import NewProblem
from promises.desk.imports.mapping import Encoding
from promises.feedback.models import Question, TextState
from promises.feedback.rows import Meaning, RowMapping
from promises.feedback.surveys import answer_survey, open_survey
from promises.feedback.texts import list_texts
from promises.flows import import_feedback, merge_problems, report_problem, sort_feedback
from promises.kernel.actors import Actor, ActorKind, Role
from tests.factories.identity import add_member

DAY = dt.timedelta(days=1)
COLUMNS = RowMapping(
    Question.RECOMMENDATION,
    {Meaning.REFERENCE: 0, Meaning.DATE: 1, Meaning.SCORE: 2, Meaning.BODY: 3, Meaning.BRANCH: 4},
)
"""The headings of the file are of no language, and so are not guessed."""


def fill(world):
    on = (world.present - 40 * DAY).date().isoformat()
    lines = [f"{n},{on},{(9, 3, 7, 10, 8, 2)[n]},Comment number {n},Branch 1" for n in range(6)]
    bad = "x,yesterday,9,Bad day,Branch 1"
    content = "\n".join(["id,on,nr,so,at", *lines, bad]).encode()
    with world.work(Role.MANAGER) as uow:
        done, waiting = (
            import_feedback.stage(
                uow, filename=name, content=content, encoding=Encoding.UTF_8, delimiter=None
            )
            for name in ("answers.csv", "more answers.csv")
        )
        for file_id in (done, waiting):
            import_feedback.choose_columns(uow, import_id=file_id, mapping=COLUMNS)
        import_feedback.take_in(uow, import_id=done)
    with world.work() as uow:
        texts = list_texts(uow.session, organisation_id=world.made.id, state=TextState.NEW)
        problem_id = sort_feedback.link_text(
            uow, answer_id=texts[0].answer_id, problem_id=None, text="Comments are not read"
        )
        sort_feedback.set_aside(uow, answer_id=texts[1].answer_id)
        other = report_problem.report(uow, problem=NewProblem(text="Comments are never read"))
        closed = report_problem.report(uow, problem=NewProblem(text="The door is heavy"))
        report_problem.link_ticket(uow, ticket_id=world.ticket.ticket_id, problem_id=problem_id)
    with world.work(Role.MANAGER) as uow:
        merge_problems.merge(uow, problem_id=other.id, into_id=problem_id)
        merge_problems.close(uow, problem_id=closed.id, reason="The door was mended.")
    case = world.one(
        "SELECT id FROM problem_evidence WHERE problem_id = %(p)s AND ticket_id IS NOT NULL",
        p=problem_id,
    )
    world.manager_pages += [
        "/problems?show=closed", "/problems?show=merged", f"/problems/{other.id}",
        f"/problems/{closed.id}", f"/problems/{problem_id}", f"/feedback/files/{done}",
        "/feedback?show=set_aside", "/feedback/figures?question=effort",
    ]  # fmt: skip
    return {
        "answer_id": texts[2].answer_id, "case_id": case.id, "survey_id": _survey(world),
        "file_id": waiting,
    }  # fmt: skip


def _survey(world):
    """A round that is over, with answers, and one that is open."""
    with world.work(None) as uow:
        common = {"organisation_id": world.made.id, "branch_ids": [world.made.branch_id]}
        then = uow.now - 90 * DAY
        for quarter, opens in (("2001Q1", then), ("2001Q2", uow.now - DAY)):
            open_survey(
                uow.session, now=opens, quarter=quarter, closes_at=opens + 14 * DAY, **common
            )
    old, new = (row.id for row in world.rows("SELECT id FROM staff_surveys ORDER BY quarter"))
    with world.work(None) as uow:
        for number in range(6):
            actor = Actor(ActorKind.MEMBER, add_member(uow, role=Role.CLERK), Role.CLERK)
            answer_survey(
                uow.session, organisation_id=world.made.id, actor=actor, now=then + DAY,
                survey_id=old, branch_id=None, score=5 + number, text=f"Sentence {number}",
            )  # fmt: skip
    return new
