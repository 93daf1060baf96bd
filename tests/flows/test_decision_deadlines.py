"""Management decides within so many working days: counted, rested, reminded of, and reckoned up."""

import datetime as dt

import pytest

from promises.catalogue.decision_deadlines import decision_time
from promises.catalogue.errors import DraftRefused
from promises.catalogue.models import ProposalState as S
from promises.catalogue.proposal_errors import ProposalMovedOn
from promises.catalogue.proposal_figures import Kept, decision_record, funnel, list_deadlines
from promises.catalogue.proposal_models import NewsKind
from promises.catalogue.proposal_states import ALLOWED, answers, may_become
from promises.db.sql import execute, rows
from promises.flows import discuss_proposal
from promises.flows.decide_proposal import decline
from promises.flows.remind_decisions import remind_decisions
from promises.identity.decision_time import change_decision_time
from promises.identity.new_calendars import create_calendar
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.errors import Forbidden, Refused
from tests.catalogue import test_proposal_talk as talk
from tests.catalogue.ground import make_ground

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
TICK = dt.timedelta.resolution
MONDAY = talk.NOON  # 2 March 2026, noon in Helsinki; its tenth working day is Monday the 16th
LATE = dt.datetime(2026, 3, 16, 22, 0, tzinfo=dt.UTC)  # the midnight after it


@pytest.fixture
def ground(as_application):
    return make_ground()


def tenant(ground):
    return {"organisation_id": ground.organisation_id}


def decided(ground, proposal_id, at):
    with talk.by(ground, ground.manager, at) as uow:
        decline(uow, proposal_id=proposal_id, reason="Not now.")


def record(ground, at):
    with talk.by(ground, SYSTEM, at) as uow:
        found = decision_record(uow.session, now=uow.now, **tenant(ground))
        listed = list_deadlines(uow.session, now=uow.now, **tenant(ground))
        broken = list_deadlines(
            uow.session, now=uow.now, kept=(Kept.LATE, Kept.WAITING), **tenant(ground)
        )
    assert (len(listed), len(broken)) == (found.counted, found.broken)
    return found.in_time, found.late, found.waiting


def remind(ground, at):
    with talk.by(ground, SYSTEM, at) as uow:
        return remind_decisions(uow)


def test_ten_working_days_are_counted_and_the_last_one_is_whole(ground):
    proposal_id = talk.proposed(ground)
    assert talk.read(ground, proposal_id).decide_before == LATE
    assert not talk.read(ground, proposal_id).overdue(LATE - TICK)
    assert talk.read(ground, proposal_id).overdue(LATE)


def test_public_holidays_and_the_change_of_clocks_are_counted_right(ground):
    """Over Easter and the last Sunday of March: two days fall out, and midnight is an hour off."""
    with talk.by(ground, SYSTEM) as uow:
        time = decision_time(uow.session, now=uow.now, **tenant(ground))
    proposed = dt.datetime(2026, 3, 27, 10, 0, tzinfo=dt.UTC)  # a Friday
    before = time.starting(proposed)
    assert before == dt.datetime(2026, 4, 14, 21, 0, tzinfo=dt.UTC)
    assert time.last_day(before) == dt.date(2026, 4, 14)
    assert time.days_left(before, proposed) == 10
    assert time.days_left(before, before - TICK) == 0
    assert time.days_left(before, before + 2 * DAY) == -3


@pytest.mark.parametrize(("at", "in_time"), [(LATE - TICK, (1, 0, 0)), (LATE, (0, 1, 0))])
def test_decision_is_in_time_until_the_very_end_of_the_last_day(ground, at, in_time):
    decided(ground, talk.proposed(ground), at)
    assert record(ground, at) == in_time


def test_late_and_undecided_counts_as_broken_at_once_and_only_once(ground):
    proposal_id = talk.proposed(ground)
    assert record(ground, LATE - TICK) == (0, 0, 0)
    assert record(ground, LATE) == (0, 0, 1)
    decided(ground, proposal_id, LATE + DAY)
    assert record(ground, LATE + 2 * DAY) == (0, 1, 0)
    assert record(ground, LATE + 400 * DAY) == (0, 0, 0)


def test_time_rests_while_a_question_is_open(ground):
    """Asked on Wednesday, answered on the next Monday: three working days are given back."""
    proposal_id = talk.proposed(ground)
    talk.move(ground, proposal_id, S.ASKED, reason="How many?", at=MONDAY + 2 * DAY)
    assert record(ground, LATE + 30 * DAY) == (0, 0, 0)
    with pytest.raises(Forbidden), talk.by(ground, ground.manager, MONDAY + 3 * DAY) as uow:
        discuss_proposal.answer(uow, proposal_id=proposal_id, text="Ten.")
    with pytest.raises(DraftRefused), talk.by(ground, ground.clerk, MONDAY + 3 * DAY) as uow:
        discuss_proposal.answer(uow, proposal_id=proposal_id, text=" ")
    with talk.by(ground, ground.clerk, MONDAY + 7 * DAY) as uow:
        discuss_proposal.answer(uow, proposal_id=proposal_id, text="Ten.")
    found = talk.read(ground, proposal_id)
    assert (found.state, found.decide_before) == (S.OPEN, LATE + 3 * DAY)
    with pytest.raises(ProposalMovedOn), talk.by(ground, ground.clerk, MONDAY + 8 * DAY) as uow:
        discuss_proposal.answer(uow, proposal_id=proposal_id, text="Eleven.")


def test_question_asked_too_late_does_not_make_the_decision_timely(ground):
    proposal_id = talk.proposed(ground)
    talk.move(ground, proposal_id, S.ASKED, reason="How many?", at=LATE + HOUR)
    with talk.by(ground, ground.clerk, LATE + 5 * DAY) as uow:
        discuss_proposal.answer(uow, proposal_id=proposal_id, text="Ten.")
    assert talk.read(ground, proposal_id).decide_before == LATE
    decided(ground, proposal_id, LATE + 6 * DAY)
    assert record(ground, LATE + 7 * DAY) == (0, 1, 0)


def test_decision_on_an_open_question_counts_when_it_was_asked(ground):
    proposal_id = talk.proposed(ground)
    talk.move(ground, proposal_id, S.ASKED, reason="How many?", at=MONDAY + DAY)
    decided(ground, proposal_id, LATE + 30 * DAY)
    assert record(ground, LATE + 31 * DAY) == (1, 0, 0)


def test_trial_is_an_answer_and_its_end_starts_a_new_deadline(ground):
    proposal_id = talk.proposed(ground)
    assert talk.move(ground, proposal_id, S.SHADOW, at=MONDAY + DAY) is True
    assert record(ground, LATE + DAY) == (1, 0, 0)
    assert talk.move(ground, proposal_id, S.OPEN, at=LATE + DAY) is None
    found = talk.read(ground, proposal_id)
    assert (found.decide_before > LATE + 13 * DAY, found.answered_at) == (True, None)
    decided(ground, proposal_id, LATE + 2 * DAY)
    assert record(ground, LATE + 3 * DAY) == (2, 0, 0)


def test_managers_are_reminded_on_the_last_day_and_once_it_has_passed(ground):
    proposal_id = talk.proposed(ground)
    last_morning = dt.datetime(2026, 3, 16, 6, 0, tzinfo=dt.UTC)
    assert remind(ground, last_morning - TICK) == 0
    assert [remind(ground, last_morning), remind(ground, last_morning)] == [1, 0]
    for manager in (ground.manager, ground.other_manager):
        assert talk.news(ground, manager) == [NewsKind.DUE_SOON]
    next_morning = last_morning + DAY
    assert [remind(ground, next_morning), remind(ground, next_morning + 9 * DAY)] == [1, 0]
    assert set(talk.news(ground, ground.manager)) == {NewsKind.DUE_SOON, NewsKind.OVERDUE}
    assert talk.news(ground, ground.clerk) == []
    with talk.by(ground, SYSTEM, LATE) as uow:
        sent = rows(uow.session, "SELECT kind, params FROM messages ORDER BY params::text")
    assert [(row.kind, row.params["late"]) for row in sent] == [
        *[("decision_due", False)] * 2, *[("decision_due", True)] * 2,
    ]  # fmt: skip
    decided(ground, proposal_id, next_morning + 10 * DAY)
    assert remind(ground, next_morning + 11 * DAY) == 0


def test_proposal_from_before_deadlines_gets_one_from_now_on(ground):
    proposal_id = talk.proposed(ground)
    with talk.by(ground, SYSTEM) as uow:
        forget = "UPDATE proposals SET decide_before = NULL, remind_at = NULL WHERE id = %(id)s"
        execute(uow.session, forget, {"id": proposal_id})
    remind(ground, MONDAY + 7 * DAY)
    assert talk.read(ground, proposal_id).decide_before == LATE + 7 * DAY


def test_organisation_chooses_the_days_and_the_calendar(ground):
    office = ground.made.actor(Role.ADMINISTRATOR)

    def choose(days, calendar):
        with talk.by(ground, office) as uow:
            change_decision_time(
                uow.session, actor=office, now=uow.now, days=days, calendar=calendar,
                **tenant(ground),
            )  # fmt: skip

    for days, calendar in ((0, None), (61, None), (5, "not-there")):
        with pytest.raises(Refused):
            choose(days, calendar)
    with talk.by(ground, office) as uow:
        weekly = ((), (), (), (), (), (), ((600, 900),))  # Sundays only
        slug = create_calendar(
            uow.session, actor=office, now=uow.now, name="Sundays", time_zone="Europe/Helsinki",
            weekly=weekly, **tenant(ground),
        ).slug  # fmt: skip
    choose(1, slug)
    sunday = talk.read(ground, talk.proposed(ground)).decide_before
    assert sunday == dt.datetime(2026, 3, 8, 22, 0, tzinfo=dt.UTC)
    choose(10, None)
    assert talk.read(ground, talk.proposed(ground)).decide_before == LATE


def test_funnel_counts_every_state_with_its_age(ground):
    first = talk.proposed(ground)
    talk.proposed(ground, title="Called within 9 minutes")
    decided(ground, first, MONDAY + 2 * DAY)
    with talk.by(ground, SYSTEM, MONDAY + 3 * DAY) as uow:
        found = funnel(uow.session, now=uow.now, **tenant(ground))
    counts = {stage.state: (stage.count, stage.age) for stage in found.stages}
    assert counts[S.OPEN] == (1, 3 * DAY)
    assert counts[S.DECLINED] == (1, 3 * DAY)
    assert counts[S.MERGED] == (0, None)
    assert (found.proposed, found.decided, found.median) == (2, 1, 2 * DAY)


def test_nothing_follows_the_end_and_only_what_management_does_answers_a_deadline():
    for state in S:
        assert not may_become(state, state)
        if not ALLOWED[state]:
            assert state in {S.PUBLISHED, S.DECLINED, S.MERGED}
    answering = {(a, b) for a in S for b in ALLOWED[a] if answers(a, b)}
    assert {b for _, b in answering} == {S.SHADOW, S.PUBLISHED, S.DECLINED, S.MERGED}
    assert {a for a, _ in answering} == {S.OPEN, S.ASKED}
