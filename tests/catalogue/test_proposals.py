"""Proposing, deciding, ending: what is stored, what is refused, and that only one decides."""

import datetime as dt
import threading

import pytest

from promises.audit.queries import history
from promises.catalogue.errors import (
    AlreadyDecided,
    AlreadyEnding,
    DraftRefused,
    HistoryHoldsLiveTickets,
    NoSuchPromise,
    NoSuchProposal,
    NoticeTooShort,
    PromiseEnded,
)
from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_queries import (
    Wanted,
    count_proposals,
    get_proposal,
    list_problems,
    list_proposals,
)
from promises.catalogue.proposals import ProposalDraft
from promises.catalogue.queries import (
    PromiseState,
    list_promises,
    promise_by_slug,
    scope_names,
    versions_in_force,
)
from promises.db.session import unit_of_work
from promises.flows.decide_proposal import decline, publish
from promises.flows.end_promise import end_promise
from promises.flows.propose_promise import propose
from promises.kernel.actors import SYSTEM
from promises.kernel.errors import Forbidden
from tests.catalogue.ground import make_ground
from tests.factories.catalogue import new_version, simple_terms
from tests.reporting.cases import Case, Cases

DAY = dt.timedelta(days=1)


@pytest.fixture
def ground(as_application):
    return make_ground()


def draft(**changes):
    parts = {
        "title": "You are served within 15 minutes, or we pay you 10 €",
        "terms": simple_terms(),
        "way_of_working": "A second counter opens when five people wait.",
        "problem_text": "People wait half an hour on paydays.",
    }
    return ProposalDraft(**(parts | changes))


def proposed(ground, **changes):
    with unit_of_work(ground.organisation_id, ground.clerk) as uow:
        return propose(uow, draft=draft(**changes)).id


def read(ground, proposal_id):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        return get_proposal(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id
        )


def counts(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        problems = list_problems(uow.session, organisation_id=ground.organisation_id)
        states = count_proposals(uow.session, organisation_id=ground.organisation_id)
        promises = list_promises(uow.session, organisation_id=ground.organisation_id, at=uow.now)
        return len(problems), dict(states), len(promises)


def actions_on(ground, kind, object_id):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        found = history(
            uow.session,
            organisation_id=ground.organisation_id,
            object_kind=kind,
            object_id=object_id,
        )
    return [(row.action, row.actor_id) for row in found]


def test_proposal_is_stored_with_its_problem_and_is_open(ground):
    found = read(ground, proposed(ground, branch_id=ground.branch_id))
    assert found.state is ProposalState.OPEN
    assert found.problem == "People wait half an hour on paydays."
    assert found.terms == simple_terms()
    assert found.proposed_by == ground.clerk.id
    assert (found.branch_id, found.branch) == (ground.branch_id, "Branch 1")
    assert (found.reason, found.decided_at) == (None, None)


def test_proposals_share_a_problem_that_is_known(ground):
    first = read(ground, proposed(ground))
    second = read(ground, proposed(ground, problem_id=first.problem_id, problem_text=""))
    assert second.problem_id == first.problem_id
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        (problem,) = list_problems(uow.session, organisation_id=ground.organisation_id)
    assert problem.proposals == 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"title": "We always smile"}, ["title", "title"]),
        ({"title": "Palvelemme sinua mahdollisimman nopeasti"}, ["title", "title"]),
        ({"title": " "}, ["title"]),
        ({"way_of_working": "\r\n"}, ["way_of_working"]),
        ({"problem_text": ""}, ["problem_text"]),
        ({"problem_text": "a\x00b"}, ["problem_text"]),
        ({"terms": simple_terms(currency="SEK")}, ["currency"]),
    ],
)
def test_unusable_proposal_is_refused_with_the_reason_and_stores_nothing(ground, change, named):
    with pytest.raises(DraftRefused) as refusal:
        proposed(ground, **change)
    assert [problem.field for problem in refusal.value.problems] == named
    assert counts(ground) == (0, dict.fromkeys(ProposalState, 0), 0)


def test_problem_of_another_organisation_is_refused(ground):
    theirs = read(other := make_ground(), proposed(other))
    with pytest.raises(DraftRefused) as refusal:
        proposed(ground, problem_id=theirs.problem_id)
    assert [problem.field for problem in refusal.value.problems] == ["problem_id"]
    with pytest.raises(NoSuchProposal):
        read(ground, theirs.proposal_id)


def test_machine_proposes_nothing(ground):
    with pytest.raises(Forbidden), unit_of_work(ground.organisation_id, SYSTEM) as uow:
        propose(uow, draft=draft())
    assert counts(ground)[0] == 0


def test_published_proposal_names_its_promise_and_is_audited(ground):
    proposal_id = proposed(ground)
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        made = publish(
            uow,
            version=new_version(uow.now, slug="served"),
            proposal_id=proposal_id,
            reason="Thank you!",
        )
    found = read(ground, proposal_id)
    assert (found.state, found.promise_slug) == (ProposalState.PUBLISHED, "served")
    assert (found.reason, found.decided_by) == ("Thank you!", ground.manager.id)
    assert actions_on(ground, "promise", made.promise_id) == [
        ("promise_published", ground.manager.id)
    ]
    assert counts(ground)[1][ProposalState.PUBLISHED] == 1


def test_declined_proposal_tells_the_reason_and_is_audited(ground):
    proposal_id = proposed(ground)
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        decline(uow, proposal_id=proposal_id, reason="  We have too few counters for it. ")
    found = read(ground, proposal_id)
    assert (found.state, found.reason) == (
        ProposalState.DECLINED,
        "We have too few counters for it.",
    )
    assert found.promise_id is None
    assert actions_on(ground, "proposal", proposal_id) == [("proposal_declined", ground.manager.id)]


def test_declining_without_a_reason_is_refused(ground):
    proposal_id = proposed(ground)
    with pytest.raises(DraftRefused), unit_of_work(ground.organisation_id, ground.manager) as uow:
        decline(uow, proposal_id=proposal_id, reason="\n ")
    assert read(ground, proposal_id).state is ProposalState.OPEN
    assert actions_on(ground, "proposal", proposal_id) == []


def test_decided_proposal_is_not_decided_again(ground):
    proposal_id = proposed(ground)
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        decided = decline(uow, proposal_id=proposal_id, reason="Too dear.")
    with (
        unit_of_work(ground.organisation_id, ground.other_manager) as uow,
        pytest.raises(AlreadyDecided) as refusal,
    ):
        publish(uow, version=new_version(uow.now), proposal_id=proposal_id)
    assert refusal.value.params["decided_at"] == decided.decided_at
    assert counts(ground)[2] == 0
    assert read(ground, proposal_id).decided_by == ground.manager.id


def test_refused_publication_leaves_the_proposal_open(ground):
    proposal_id = proposed(ground)
    with pytest.raises(DraftRefused), unit_of_work(ground.organisation_id, ground.manager) as uow:
        publish(uow, version=new_version(uow.now, way_of_working=""), proposal_id=proposal_id)
    assert read(ground, proposal_id).state is ProposalState.OPEN
    assert counts(ground)[2] == 0


@pytest.mark.parametrize("round_", range(5))
def test_of_two_managers_at_once_exactly_one_decides(ground, as_application, round_):
    proposal_id = proposed(ground)
    start, outcomes = threading.Barrier(2), []

    def run(actor, verb):
        with as_application.app_context():
            start.wait(120)
            try:
                with unit_of_work(ground.organisation_id, actor) as uow:
                    verb(uow)
                outcomes.append("decided")
            except AlreadyDecided:
                outcomes.append("refused")

    def first(uow):
        publish(uow, version=new_version(uow.now), proposal_id=proposal_id)

    def second(uow):
        decline(uow, proposal_id=proposal_id, reason="Not now.")

    threads = [
        threading.Thread(target=run, args=(ground.manager, first)),
        threading.Thread(target=run, args=(ground.other_manager, second)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["decided", "refused"]
    state = read(ground, proposal_id).state
    assert counts(ground)[2] == (state is ProposalState.PUBLISHED)


def test_promise_reaches_into_the_past_over_imported_tickets_only(ground):
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        days_ago = (uow.now - 10 * DAY).date()
        Cases(uow, ground).add(Case(days_ago, "kept", dt.timedelta(minutes=1)))
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        now = uow.now
        later = publish(uow, version=new_version(now, valid_from=now - 8 * DAY, slug="later"))
    assert later.applied_to_history
    with (
        unit_of_work(ground.organisation_id, ground.manager) as uow,
        pytest.raises(HistoryHoldsLiveTickets),
    ):
        publish(uow, version=new_version(now, valid_from=now - 12 * DAY, slug="earlier"))
    elsewhere = simple_terms(branches=[ground.other_branch_id])
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        made = publish(
            uow,
            version=new_version(now, terms=elsewhere, valid_from=now - 12 * DAY, slug="elsewhere"),
        )
    assert made.applied_to_history
    with unit_of_work(ground.organisation_id, SYSTEM) as uow, pytest.raises(NoSuchPromise):
        promise_by_slug(uow.session, organisation_id=ground.organisation_id, slug="earlier", at=now)


def published(ground, **changes):
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        return publish(uow, version=new_version(uow.now, **changes)), uow.now


def end(ground, promise_id, ends_at, reason="The branch closes."):
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        return end_promise(uow, promise_id=promise_id, ends_at=ends_at, reasons={"en": reason})


def in_force(ground, at):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        return versions_in_force(
            uow.session,
            organisation_id=ground.organisation_id,
            at=at,
            branch_id=ground.branch_id,
            service_kind_id=ground.service_kind_id,
            ticket_kind="visit",
        )


def test_ended_promise_is_in_force_until_its_end_and_is_audited(ground):
    made, now = published(ground, slug="ending")
    ends_at = now + 2 * DAY
    end(ground, made.promise_id, ends_at)
    assert len(in_force(ground, ends_at - dt.timedelta(microseconds=1))) == 1
    assert in_force(ground, ends_at) == ()
    assert actions_on(ground, "promise", made.promise_id)[0] == (
        "promise_ended",
        ground.manager.id,
    )
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        for at, state in ((now, PromiseState.IN_FORCE), (ends_at, PromiseState.ENDED)):
            found = promise_by_slug(
                uow.session, organisation_id=ground.organisation_id, slug="ending", at=at
            )
            assert (found.state, found.version.version_id) == (state, made.version_id)
            assert found.end_reason == "The branch closes."
            assert found.version.valid_to == ends_at


def test_ended_promise_gets_neither_a_new_version_nor_another_end(ground):
    made, now = published(ground)
    end(ground, made.promise_id, now + 2 * DAY)
    version = new_version(now, valid_from=now + 2 * DAY, promise_id=made.promise_id)
    with unit_of_work(ground.organisation_id, ground.manager) as uow, pytest.raises(PromiseEnded):
        publish(uow, version=version)
    with pytest.raises(AlreadyEnding):
        end(ground, made.promise_id, now + 3 * DAY)
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        before_end = new_version(now, valid_from=now + DAY, promise_id=made.promise_id)
        assert publish(uow, version=before_end).number == 2


@pytest.mark.parametrize(
    ("days", "reason", "refused"),
    [(-1, "Why not", NoticeTooShort), (1, "Why not", NoticeTooShort), (2, "  ", DraftRefused)],
)
def test_end_without_notice_or_without_a_reason_is_refused(ground, days, reason, refused):
    made, now = published(ground)
    with pytest.raises(refused):
        end(ground, made.promise_id, now + days * DAY, reason)
    assert len(in_force(ground, now + 3 * DAY)) == 1


def test_promise_of_another_organisation_is_not_ended(ground):
    other = make_ground()
    made, now = published(ground)
    with pytest.raises(NoSuchPromise):
        end(other, made.promise_id, now + 2 * DAY)
    assert len(in_force(ground, now + DAY)) == 1


def test_promise_that_has_not_begun_shows_its_first_version(ground):
    with unit_of_work(ground.organisation_id, ground.manager) as uow:
        now = uow.now
        first = publish(uow, version=new_version(now, valid_from=now + DAY, slug="coming"))
        publish(
            uow, version=new_version(now, valid_from=now + 9 * DAY, promise_id=first.promise_id)
        )
        found = promise_by_slug(
            uow.session, organisation_id=ground.organisation_id, slug="coming", at=now
        )
    assert (found.state, found.version.version_id) == (PromiseState.SCHEDULED, first.version_id)
    assert found.title("fi") == "Palvelu 15 minuutissa"
    assert found.title("sv") == "You are served within 15 minutes"


def test_scope_names_cover_branches_and_services(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        names = scope_names(uow.session, organisation_id=ground.organisation_id, locale="fi")
    assert names[ground.branch_id] == "Branch 1"
    assert names[ground.service_kind_id] == "Palvelu A"


def test_proposals_come_in_pages_without_gaps(ground):
    ids = [proposed(ground, title=f"Served within {n + 5} minutes") for n in range(5)]
    seen, before = [], None
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        while True:
            page = list_proposals(
                uow.session, organisation_id=ground.organisation_id, before=before, limit=2
            )
            seen += [row.proposal_id for row in page.rows]
            before = page.next_before
            if before is None:
                break
        mine = list_proposals(
            uow.session,
            organisation_id=ground.organisation_id,
            wanted=Wanted(states=[ProposalState.OPEN], proposed_by=ground.manager.id),
        )
    assert seen == ids[::-1]
    assert mine.rows == ()
