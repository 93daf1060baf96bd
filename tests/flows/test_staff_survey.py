"""The question to staff: whoever reads every row of the database learns nothing of anybody."""

import datetime as dt
import itertools
import random

import pytest

from promises.db.session import unit_of_work
from promises.feedback.errors import SurveyAnswered, SurveyClosed
from promises.feedback.models import LEAST_SHOWN
from promises.feedback.settings import Asking, change_asking
from promises.feedback.surveys import groups_to_show, open_survey_of, survey_results
from promises.flows.ask_staff import answer_staff_question, ask_staff
from promises.kernel.actors import Actor, ActorKind, Role
from promises.kernel.errors import Refused
from tests.factories.identity import add_member
from tests.flows.ground import World
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")

SCORES = (9, 10, 3, 7, 8, 10, 0)


@pytest.fixture
def world():
    made = World()
    with made.work(None) as uow:
        assert ask_staff(uow)
        made.people = [
            Actor(ActorKind.MEMBER, add_member(uow, role=Role.CLERK, branch_id=branch), Role.CLERK)
            for branch in (made.made.branch_id, None)
            for _ in range(7)
        ]
    return made


def say(world, actor, score, text=""):
    with world.at(world.now), unit_of_work(world.made.id, actor) as uow:
        mine = open_survey_of(
            uow.session, organisation_id=uow.organisation_id, now=uow.now, member_id=actor.id
        )
        survey_id = mine.survey_id if mine else world.one("SELECT id FROM staff_surveys").id
        answer_staff_question(uow, survey_id=survey_id, score=score, text=text)


def results(world):
    with world.work(None) as uow:
        return survey_results(uow.session, organisation_id=uow.organisation_id, now=uow.now)


def close(world):
    world.now = world.one("SELECT closes_at FROM staff_surveys").closes_at


def test_a_round_opens_once_a_quarter_and_ends_in_it(world):
    with world.work(None) as uow:
        assert not ask_staff(uow)
    world.now = dt.datetime(2026, 6, 25, tzinfo=dt.UTC)
    with world.work(None) as uow:
        assert not ask_staff(uow)
        change_asking(
            uow.session, organisation_id=uow.organisation_id, now=uow.now,
            asking=Asking(survey_days=0),
        )  # fmt: skip
    world.now = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    with world.work(None) as uow:
        assert not ask_staff(uow)
    assert [row.quarter for row in world.rows("SELECT quarter FROM staff_surveys")] == ["2026Q1"]


def test_a_member_answers_once_and_nothing_but_a_score_of_the_scale(world):
    someone = world.people[0]
    for score in (None, 11, -1):
        with pytest.raises(Refused):
            say(world, someone, score)
    say(world, someone, 9, "Good people. Mail me: a@b.fi")
    before = world.rows("SELECT branch_id, score, answers FROM staff_survey_counts ORDER BY 1, 2")
    with pytest.raises(SurveyAnswered):
        say(world, someone, 2)
    after = world.rows("SELECT branch_id, score, answers FROM staff_survey_counts ORDER BY 1, 2")
    assert after == before
    close(world)
    with pytest.raises(SurveyClosed):
        say(world, world.people[1], 5)
    assert world.one("SELECT body FROM staff_survey_texts").body == "Good people. Mail me: •••"


def test_nothing_is_shown_of_four_and_of_five_only_when_the_round_is_closed(world):
    for actor, score in zip(world.people[:4], SCORES, strict=False):
        say(world, actor, score, "Said by one of four")
    assert results(world) == []
    then = world.now
    close(world)
    (four,) = results(world)
    assert (four.total, four.branches, four.texts) == (None, (), ())
    world.now = then
    say(world, world.people[4], 10)
    close(world)
    (five,) = results(world)
    assert five.total.answers == 5
    told = five.total
    assert (told.promoters, told.passives, told.detractors, told.net) == (3, 1, 1, None)
    assert five.texts == ()


def test_a_small_branch_is_not_what_is_left_of_the_total(world):
    """Six of the branch and two of the others: the branch is hidden as well, or the two would be
    the total less the branch."""
    for actor, score in zip(
        (*world.people[:6], *world.people[7:9]), itertools.cycle(SCORES), strict=False
    ):
        say(world, actor, score)
    close(world)
    (found,) = results(world)
    assert found.total.answers == 8
    assert found.branches == ()
    assert found.apart.answers == 8


@pytest.mark.parametrize("seed", range(3))
def test_no_sum_of_shown_groups_leaves_fewer_than_five_of_the_total(seed):
    pick = random.Random(seed)
    for _ in range(500):
        sizes = {key: pick.choice((0, 1, 2, 4, 5, 6, 9)) for key in range(pick.randint(1, 7))}
        shown = groups_to_show(sizes)
        assert all(sizes[key] >= LEAST_SHOWN for key in shown)
        for count in range(len(shown) + 1):
            for some in itertools.combinations(shown, count):
                left = sum(sizes.values()) - sum(sizes[key] for key in some)
                assert left == 0 or left >= LEAST_SHOWN or not some
    assert groups_to_show({"a": 5, "b": 7}) == {"a", "b"}
    assert groups_to_show({"a": 4, "b": 7, "c": 20}) == {"c"}


def test_no_row_tells_what_a_member_said_not_even_by_the_order_of_writing(world):
    """The attacker reads every column of every table, and the system columns that say in which
    transaction and where a row was written."""
    for number, (actor, score) in enumerate(
        zip(world.people, itertools.cycle(SCORES), strict=False)
    ):
        say(world, actor, score, f"Text {number}" if number % 2 else "")
        receipts = world.rows("SELECT r.*, xmin::text AS wrote FROM staff_survey_receipts r")
        assert set(receipts[0]._fields) == {"organisation_id", "survey_id", "member_id", "wrote"}
        for table in ("staff_survey_counts", "staff_survey_texts"):
            wrote = {row.wrote for row in world.rows(f"SELECT xmin::text AS wrote FROM {table}")}
            assert len(wrote) <= 1, f"{table} tells which row was written last"
    texts = world.rows("SELECT t.*, ctid::text AS place FROM staff_survey_texts t")
    assert {one.body for one in texts} == {f"Text {n}" for n in range(1, 14, 2)}
    assert not {"score", "branch_id", "member_id", "created_at"} & set(texts[0]._fields)
    assert all(one.id.version == 4 for one in texts)
    in_order = sorted(texts, key=lambda one: int(one.body.split()[1]))
    by_place = sorted(texts, key=lambda one: tuple(map(int, one.place.strip("()").split(","))))
    assert in_order != by_place  # the same by chance: once in 5,040


def test_many_members_at_once_are_all_counted(world, app_url):
    with crowd(app_url, 14) as people:
        found = people.at_once(
            lambda number: say(world, world.people[number], number % 11, f"Words of {number}")
        )
    assert found == [None] * 14
    close(world)
    (result,) = results(world)
    assert result.total.answers == 14
    assert {branch: one.answers for branch, one in result.branches} == {
        world.made.branch_id: 7, None: 7,
    }  # fmt: skip
    assert len(result.texts) == 14
