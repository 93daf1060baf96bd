"""The life of a shadow run: how it ends, who hears of it, and who is first."""

import datetime as dt
import threading

import pytest

from promises.catalogue.errors import AlreadyDecided, DraftRefused
from promises.catalogue.proposal_errors import ProposalMovedOn
from promises.catalogue.proposal_queries import get_proposal
from promises.catalogue.shadow_errors import ShadowRunEnded, ShadowRunStands
from promises.catalogue.shadow_queries import get_run
from promises.flows import shadow_runs
from promises.flows.decide_proposal import decline
from promises.flows.decide_publish import publish_proposal
from promises.flows.decide_steps import ask, merge
from promises.flows.shadow_judge import judge_shadows
from promises.identity.branches import close_branch as shut_for_good
from promises.kernel.actors import Role
from promises.kernel.errors import Refused
from tests.factories.catalogue import new_version, simple_terms
from tests.flows.shadows import ShadowWorld


@pytest.fixture(scope="module")
def world(app):
    with app.app_context():
        yield ShadowWorld()


def proposal(world, proposal_id):
    with world.work() as uow:
        return get_proposal(
            uow.session, organisation_id=uow.organisation_id, proposal_id=proposal_id
        )


def run_of(world, run_id):
    with world.work() as uow:
        return get_run(uow.session, organisation_id=uow.organisation_id, run_id=run_id)


def news(world, proposal_id):
    return {
        (one.kind, one.member_id)
        for one in world.rows(
            "SELECT kind, member_id FROM proposal_news WHERE proposal_id = %(p)s", p=proposal_id
        )
    }


def test_run_ends_at_its_time_however_late_the_worker_comes(world):
    proposal_id = world.propose(seconds=60)
    run_id = world.shadow(proposal_id, days=1)
    inside = world.take()
    world.later(hours=23, minutes=59)
    at_the_end = world.take()
    world.later(minutes=2)
    world.take()
    world.later(days=3)
    world.log(at_the_end.ticket_id, "left")
    world.round()
    run = run_of(world, run_id)
    assert (run.state, run.ended_at) == ("ended", run.ends_at)
    states = {case.ticket_id: case.state for case in world.cases(run_id)}
    assert states == {inside.ticket_id: "broken", at_the_end.ticket_id: "open"}
    outcome = run.outcome
    assert (outcome.kept, outcome.broken, outcome.open, outcome.owed.amount_minor) == (
        0,
        1,
        1,
        1000,
    )
    assert proposal(world, proposal_id).state == "open"
    members = world.made.members
    assert {
        ("trial_ended", members[Role.CLERK]), ("trial_ended", members[Role.MANAGER])
    } <= news(world, proposal_id)  # fmt: skip
    mailed = world.rows("SELECT member_id FROM messages WHERE params ->> 'what' = 'trial_ended'")
    assert [one.member_id for one in mailed] == [members[Role.CLERK]]
    before = world.cases(run_id)
    world.later(days=1).round()
    assert world.cases(run_id) == before


def test_ended_run_is_neither_prolonged_nor_stopped_and_its_result_stands(world):
    run_id = world.shadow(world.propose(), days=1)
    world.take()
    world.later(hours=1)
    with world.work(Role.MANAGER) as uow:
        shadow_runs.prolong(uow, run_id=run_id, ends_at=uow.now + dt.timedelta(days=2))
    world.later(hours=30).round()
    assert run_of(world, run_id).running
    with world.work(Role.MANAGER) as uow:
        result = shadow_runs.stop(uow, run_id=run_id)
        found = (result.kept, result.broken, result.excluded, result.open)
    assert found == (0, 1, 0, 0)
    for step in (
        lambda uow: shadow_runs.stop(uow, run_id=run_id),
        lambda uow: shadow_runs.prolong(uow, run_id=run_id, ends_at=uow.now + dt.timedelta(days=9)),
    ):
        with pytest.raises(ShadowRunEnded), world.work(Role.MANAGER) as uow:
            step(uow)
    row = run_of(world, run_id)
    assert (row.state, row.outcome.broken) == ("stopped", 1)
    assert (
        world.one("SELECT count(*) AS n FROM shadow_results WHERE run_id = %(r)s", r=run_id).n == 1
    )


def test_run_cannot_start_twice_in_the_past_or_at_a_closed_branch(world):
    proposal_id = world.propose()
    with pytest.raises(DraftRefused) as refused:
        world.shadow(proposal_id, days=-1)
    assert [one.field for one in refused.value.problems] == ["ends_on"]
    world.shadow(proposal_id)
    with pytest.raises(ShadowRunStands):
        world.shadow(proposal_id)
    other = ShadowWorld()
    another = other.propose()
    with other.work(Role.ADMINISTRATOR) as uow:
        shut_for_good(
            uow.session, organisation_id=uow.organisation_id, actor=uow.actor, now=uow.now,
            branch_id=other.made.branch_id,
        )  # fmt: skip
    with pytest.raises(DraftRefused) as refused:
        other.shadow(another)
    assert [one.field for one in refused.value.problems] == ["branches"]
    assert other.rows("SELECT 1 FROM shadow_runs") == []


def test_two_workers_share_the_rounds_and_write_each_case_once(app, world):
    run_id = world.shadow(world.propose(seconds=60))
    for _ in range(5):
        world.take()
    world.later(minutes=5)
    ready, written = threading.Barrier(2), []

    def work():
        with app.app_context():
            ready.wait(120)
            with world.work(None) as uow:
                written.append(judge_shadows(uow))

    with world.at(world.now):
        threads = [threading.Thread(target=work) for _ in range(2)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    world.later(seconds=1).round()
    assert len(world.cases(run_id)) == 5
    assert {case.state for case in world.cases(run_id)} == {"broken"}


def test_round_that_is_cut_off_is_taken_up_again(world):
    run_id = world.shadow(world.propose(seconds=60))
    ticket = world.take()
    world.later(minutes=5)
    with pytest.raises(RuntimeError), world.work(None) as uow:
        judge_shadows(uow)
        raise RuntimeError("the worker dies before its transaction counts")
    assert world.cases(run_id) == []
    world.round()
    assert [case.ticket_id for case in world.cases(run_id)] == [ticket.ticket_id]


def test_of_two_managers_one_decides_and_the_other_hears_that_it_is_decided(app, world):
    proposal_id = world.propose()
    run_id = world.shadow(proposal_id)
    ready, outcomes = threading.Barrier(2), []

    def decide(step):
        with app.app_context():
            ready.wait(120)
            try:
                with world.work(Role.MANAGER) as uow:
                    step(uow)
                outcomes.append("done")
            except AlreadyDecided:
                outcomes.append("late")

    def publishes(uow):
        publish_proposal(
            uow, proposal_id=proposal_id, version=new_version(uow.now), reason="",
            notice="From Monday on.", sentences={"en": "Served in time."},
        )  # fmt: skip

    with world.at(world.now):
        threads = [
            threading.Thread(target=decide, args=(step,))
            for step in (publishes, lambda uow: decline(uow, proposal_id=proposal_id, reason="No."))
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert sorted(outcomes) == ["done", "late"]
    row = proposal(world, proposal_id)
    assert (row.state == "published") == (row.promise_id is not None)
    assert run_of(world, run_id).state == "stopped"
    notices = world.rows("SELECT params FROM messages WHERE kind = 'promise_notice'")
    assert bool(notices) == (row.state == "published")


def test_question_merging_and_merging_back(world):
    one, other = world.propose(), world.propose(seconds=1200)
    with world.work(Role.MANAGER) as uow:
        ask(uow, proposal_id=one, question="How many a day?")
    with pytest.raises(ProposalMovedOn), world.work(Role.MANAGER) as uow:
        ask(uow, proposal_id=one, question="And at noon?")
    row = proposal(world, one)
    assert (row.state, row.reason) == ("asked", "How many a day?")
    with world.work(Role.MANAGER) as uow:
        merge(uow, proposal_id=one, into_id=other, reason="It says the same.")
    assert proposal(world, one).merged_into == other
    for proposal_id, into_id, error in ((other, one, AlreadyDecided), (other, other, Refused)):
        with pytest.raises(error), world.work(Role.MANAGER) as uow:
            merge(uow, proposal_id=proposal_id, into_id=into_id, reason="And back.")
    assert proposal(world, other).state == "open"


def test_decision_drops_the_draft_that_somebody_had_begun(app, world):
    from_draft = world.propose()
    with world.work(Role.MANAGER) as uow:
        draft = world.begin_draft(uow, from_draft)
    with world.work(Role.MANAGER) as uow:
        publish_proposal(
            uow, proposal_id=from_draft, version=new_version(uow.now, terms=simple_terms()),
            reason="", notice=None, sentences={},
        )  # fmt: skip
    state = world.one("SELECT state FROM drafts WHERE id = %(d)s", d=draft).state
    assert state == "dropped"
