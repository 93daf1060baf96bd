"""Answers after a case, and that no figure tells of fewer than five, however it is asked for."""

import datetime as dt
import itertools
import random
import uuid

import pytest

from promises.db.session import unit_of_work
from promises.db.sql import execute, rows
from promises.desk.queries import ticket_by_code
from promises.feedback.blocks import form_blocks
from promises.feedback.errors import AnswerSettled, NotAsked, TextTaken
from promises.feedback.figures import FigureFilter, feedback_figures, list_blocks
from promises.feedback.models import LEAST_SHOWN, Question, TextState
from promises.feedback.settings import Asking, change_asking
from promises.feedback.texts import count_texts, list_texts, mark_text
from promises.flows.answer_feedback import after_case, answer
from promises.flows.settle_feedback import settle_feedback
from promises.kernel.actors import SYSTEM
from promises.kernel.errors import Refused
from tests.factories.identity import make_organisation
from tests.flows.ground import World
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")

COLUMNS = {
    "branch": "branch_id", "service": "service_kind_id", "outcome": "outcome",
    "segment": "segment",
}  # fmt: skip
LONG_AGO, FAR_OFF = dt.date(2000, 1, 1), dt.date(2100, 1, 1)


@pytest.fixture
def world():
    return World()


def ask(world, *questions, **others):
    with world.work() as uow:
        change_asking(
            uow.session, organisation_id=uow.organisation_id, now=uow.now,
            asking=Asking(questions or (Question.EFFORT,), **others),
        )  # fmt: skip


def over(world, *, wait=3):
    """A visit that is over; its code."""
    ticket = world.take()
    world.later(minutes=wait)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.later(minutes=1).log(ticket.ticket_id, "served")
    return ticket.public_code


def say(world, code, score=None, body=""):
    with world.work(None) as uow:
        ticket = ticket_by_code(uow.session, organisation_id=uow.organisation_id, public_code=code)
        answer(uow, ticket, score=score, body=body)


def asked(world, code):
    with world.work(None) as uow:
        ticket = ticket_by_code(uow.session, organisation_id=uow.organisation_id, public_code=code)
        return after_case(uow, ticket)


def settle(world):
    with world.work(None) as uow:
        return settle_feedback(uow)


def test_a_case_is_asked_about_once_and_only_when_it_is_over(world):
    ask(world)
    waiting = world.take().public_code
    assert asked(world, waiting) is None
    with pytest.raises(NotAsked):
        say(world, waiting, 3)
    world.log(world.one("SELECT id FROM tickets").id, "left")
    assert asked(world, waiting).question is Question.EFFORT
    world.later(days=14)
    assert asked(world, waiting) is None
    assert world.rows("SELECT * FROM feedback_receipts") == []


def test_an_answer_is_changed_for_an_hour_and_then_nobodys(world):
    ask(world)
    code = over(world)
    say(world, code, 2)
    say(world, code, 4, "Call me: 040 123 4567, anna@example.fi")
    (row,) = world.rows("SELECT * FROM feedback_answers")
    assert (row.score, row.body) == (4, "Call me: •••, •••")
    assert asked(world, code).given.score == 4
    for score, body in ((0, ""), (6, ""), (None, "words"), (3, "x" * 1001)):
        with pytest.raises(Refused):
            say(world, code, score, body)
    world.later(hours=1)
    assert not asked(world, code).given.changeable
    with pytest.raises(AnswerSettled):
        say(world, code, 1)
    world.later(hours=2)
    settle(world)
    (after,) = world.rows("SELECT * FROM feedback_answers")
    assert after.id != row.id
    assert (after.score, after.settles_at) == (4, None)
    ticket = world.one("SELECT * FROM tickets")
    known = {str(value) for value in (ticket.id, ticket.public_code, ticket.ended_at)}
    assert not known & {str(value) for value in after}


def test_of_many_taps_at_once_one_answer_stands(world, app_url):
    ask(world)
    code = over(world)
    with crowd(app_url, 8) as people:
        found = people.at_once(lambda number: say(world, code, 1 + number % 5))
    assert found == [None] * 8
    assert len(world.rows("SELECT * FROM feedback_answers")) == 1
    assert len(world.rows("SELECT * FROM feedback_receipts")) == 1


def test_what_customers_say_is_told_apart_by_what_became_of_the_promise(world):
    ask(world)
    say(world, over(world), 5)
    late = world.take()
    world.staff_act()
    world.later(minutes=16).sweep()
    world.call()
    world.log(late.ticket_id, "service_started")
    world.later(minutes=1).log(late.ticket_id, "served")
    say(world, late.public_code, 1)
    world.settle()
    say(world, late.public_code, 3)
    found = {row.outcome: row.score for row in world.rows("SELECT * FROM feedback_answers")}
    assert found == {"kept": 5, "made_good": 3}


def test_questions_take_turns_and_can_be_switched_off(world):
    ask(world, Question.EFFORT, Question.EMOTION)
    codes = [over(world) for _ in range(12)]
    assert {asked(world, code).question for code in codes} == {Question.EFFORT, Question.EMOTION}
    with world.work() as uow:
        change_asking(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, asking=Asking(())
        )
    assert asked(world, codes[0]) is None


# --- groups under five ---


class Crowded:
    """An organisation with answers of every kind; the attacker knows which answer is whose."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.made = make_organisation(branches=4, kinds=("A", "B", "C"))
        self.months = [dt.date(2026, month, 1) for month in (1, 2, 3)]

    def work(self):
        return unit_of_work(self.made.id, SYSTEM)

    def add(self, uow, month_on):
        pick = self.random
        # few branches and outcomes are common, most are rare: small groups are the rule
        branch = self.made.branches[min(int(pick.expovariate(0.9)), 3)].id
        kind = self.made.kind_ids[min(int(pick.expovariate(1.2)), 2)]
        outcome = pick.choices(("kept", "made_good", "broken", "nothing"), (12, 4, 2, 1))[0]
        values = {
            "o": self.made.id, "id": uuid.uuid4(), "score": pick.randint(1, 5), "month": month_on,
            "branch": branch, "kind": kind, "outcome": outcome,
            "segment": pick.choices((None, "new"), (5, 1))[0],
        }  # fmt: skip
        execute(
            uow.session,
            "INSERT INTO feedback_answers (organisation_id, id, question, score, month_on,"
            " branch_id, service_kind_id, outcome, segment, source) VALUES (%(o)s, %(id)s,"
            " 'effort', %(score)s, %(month)s, %(branch)s, %(kind)s, %(outcome)s, %(segment)s,"
            " 'case')",
            values,
        )

    def every_figure(self, uow):
        """All that any page can be asked for: by span of months, branch, service and outcome."""
        spans = [(a, b) for a, b in itertools.product(self.months, repeat=2) if a <= b]
        branches = [None, *(one.id for one in self.made.branches)]
        kinds = [None, *self.made.kind_ids]
        outcomes = [None, "kept", "made_good", "broken", "nothing"]
        for span, branch, kind, outcome in itertools.product(spans, branches, kinds, outcomes):
            only = FigureFilter(Question.EFFORT, *span, branch, kind, outcome)
            figures = feedback_figures(uow.session, organisation_id=self.made.id, only=only)
            dimensions = (
                figures.months, figures.branches, figures.services, figures.segments,
                figures.outcomes,
            )  # fmt: skip
            for groups in dimensions:
                assert sum(one.tally.answers for one in groups) == figures.total.answers
                yield from (one.tally.answers for one in groups)
            yield figures.total.answers


def published(crowd, uow):
    """By answer, in which of all figures it counts: what an attacker adds and subtracts."""
    found = rows(
        uow.session,
        "SELECT a.id, a.block_id, a.month_on, a.branch_id, a.service_kind_id, a.outcome, a.segment"
        " FROM feedback_answers a WHERE organisation_id = %(o)s AND block_id IS NOT NULL",
        {"o": crowd.made.id},
    )
    only = FigureFilter(Question.EFFORT, LONG_AGO, FAR_OFF)
    blocks = {
        one.block_id: one
        for one in list_blocks(uow.session, organisation_id=crowd.made.id, only=only)
    }
    return found, blocks


@pytest.mark.parametrize("seed", range(4))
def test_no_figure_and_no_difference_of_figures_tells_of_fewer_than_five(seed):
    """The attacker knows every answer's branch, service, month and outcome, sees every figure on
    every day, and adds and subtracts them at will.

    Whatever is added up, answers that count in exactly the same figures cannot be told apart, and
    each sum is made of whole such classes. So it is enough that every class holds five.
    """
    crowd = Crowded(seed)
    seen_before = {}
    for month_on, _ in itertools.product(crowd.months, range(4)):
        with crowd.work() as uow:
            for _ in range(crowd.random.randint(1, 14)):
                crowd.add(uow, month_on)
        with crowd.work() as uow:
            form_at(uow, crowd, month_on)
        with crowd.work() as uow:
            found, blocks = published(crowd, uow)
            for row in found:  # what is said of a block is true of each of its answers
                block = blocks[row.block_id]
                for name, column in COLUMNS.items():
                    if name in block.shared:
                        assert getattr(row, column) == getattr(block, column)
                assert block.first_on <= row.month_on <= block.last_on
            classes = {}
            for row in found:
                classes.setdefault(row.block_id, set()).add(row.id)
            assert all(len(ids) >= LEAST_SHOWN for ids in classes.values())
            assert {key: blocks[key].tally.answers for key in classes} == {
                key: len(ids) for key, ids in classes.items()
            }
            # from one day to the next: a block never grows, so no newcomer can be subtracted
            for key, ids in seen_before.items():
                assert classes[key] == ids
            seen_before = classes
    with crowd.work() as uow:
        assert all(n == 0 or n >= LEAST_SHOWN for n in crowd.every_figure(uow))
        waiting = rows(
            uow.session,
            "SELECT count(*) AS n FROM feedback_answers"
            " WHERE organisation_id = %(o)s AND block_id IS NULL",
            {"o": crowd.made.id},
        )[0].n
    assert seen_before, "an attacker with nothing to look at proves nothing"
    assert waiting < LEAST_SHOWN * 20


def form_at(uow, crowd, month_on):
    return form_blocks(uow.session, organisation_id=crowd.made.id, month_on=month_on)


def test_differences_of_all_pairs_of_figures_are_none_or_five():
    """The same by numbers alone: of any two figures of which one holds the other, the difference is
    nobody's or of five."""
    crowd = Crowded(7)
    with crowd.work() as uow:
        for _ in range(60):
            crowd.add(uow, crowd.months[0])
        form_at(uow, crowd, crowd.months[1])
    with crowd.work() as uow:
        only = FigureFilter(Question.EFFORT, LONG_AGO, FAR_OFF)
        blocks = list_blocks(uow.session, organisation_id=crowd.made.id, only=only)
        keys = ("branch_id", "service_kind_id", "outcome", "segment")
        figures = [frozenset(one.block_id for one in blocks)]
        for size in (1, 2, 3):
            for chosen in itertools.combinations(zip(COLUMNS, keys, strict=True), size):
                grouped = {}
                for one in blocks:
                    if all(name in one.shared for name, _ in chosen):
                        key = tuple(getattr(one, column) for _, column in chosen)
                        grouped.setdefault(key, set()).add(one.block_id)
                figures += [frozenset(some) for some in grouped.values()]
        answers = {one.block_id: one.tally.answers for one in blocks}
    assert len(set(figures)) > 10
    for small, large in itertools.permutations(set(figures), 2):
        if small < large:
            assert sum(answers[one] for one in large - small) >= LEAST_SHOWN


def test_two_workers_at_once_put_no_answer_into_two_blocks(app_url):
    crowded = Crowded(3)
    with crowded.work() as uow:
        for _ in range(40):
            crowded.add(uow, crowded.months[0])

    def look(_number):
        with crowded.work() as uow:
            return form_at(uow, crowded, crowded.months[1])

    with crowd(app_url, 4) as people:
        shown = people.at_once(look)
    with crowded.work() as uow:
        found, blocks = published(crowded, uow)
    assert sum(shown) == len(found) == sum(one.tally.answers for one in blocks.values())


def test_words_are_read_only_among_five_and_without_their_score(world):
    ask(world)
    for number in range(4):
        say(world, over(world), 1 + number, f"The queue was long {number}")
    world.later(hours=3)
    assert settle(world) == 0
    with world.work() as uow:
        tenant = {"organisation_id": uow.organisation_id}
        assert list_texts(uow.session, state=TextState.NEW, **tenant) == []
        assert count_texts(uow.session, **tenant)[TextState.NEW] == 0
    say(world, over(world), 5)
    world.later(hours=4)
    assert settle(world) == 5
    with world.work() as uow:
        texts = list_texts(uow.session, state=TextState.NEW, **tenant)
        assert {one.body for one in texts} == {f"The queue was long {n}" for n in range(4)}
        assert not hasattr(texts[0], "score")
        mark_text(uow.session, answer_id=texts[0].answer_id, to=TextState.SET_ASIDE, **tenant)
        with pytest.raises(TextTaken):
            mark_text(uow.session, answer_id=texts[0].answer_id, to=TextState.LINKED, **tenant)
