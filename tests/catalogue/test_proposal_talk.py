"""Support, comments, names, news: what colleagues do around a proposal."""

import datetime as dt
import uuid

import pytest

from promises.catalogue.errors import DraftRefused, NoSuchProposal
from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_errors import NoSuchComment, NotYourComment, ProposalMovedOn
from promises.catalogue.proposal_models import NewsKind
from promises.catalogue.proposal_news import unread_news
from promises.catalogue.proposal_queries import further_problems
from promises.catalogue.proposal_talk import list_comments, mentions, names_that_begin, supporters
from promises.db.session import unit_of_work
from promises.db.sql import execute, one, rows
from promises.flows import discuss_proposal
from promises.kernel.actors import SYSTEM
from tests.catalogue.ground import make_ground
from tests.catalogue.talk import NOON, by, colleague, merge, move, proposed, read
from tests.races.crowd import crowd


@pytest.fixture
def ground(as_application):
    return make_ground()


def news(ground, actor):
    with by(ground, actor) as uow:
        found = unread_news(uow.session, organisation_id=ground.organisation_id, member_id=actor.id)
    return [item.kind for item in found]


def letters(ground):
    with by(ground, SYSTEM) as uow:
        found = rows(
            uow.session, "SELECT member_id, params, kind FROM messages ORDER BY created_at, id"
        )
    return {(row.member_id, row.kind, row.params.get("what")) for row in found}


def test_support_counts_once_a_member_and_is_taken_back(ground):
    proposal_id = proposed(ground)
    for wanted, count in ((True, 1), (True, 1), (False, 0), (False, 0), (True, 1)):
        with by(ground, ground.manager) as uow:
            discuss_proposal.support(uow, proposal_id=proposal_id, wanted=wanted)
        found = read(ground, proposal_id, ground.manager)
        assert (found.supports, found.supported) == (count, bool(count))


def test_support_of_a_merged_proposal_goes_where_it_went(ground):
    first, second, last = (proposed(ground, problem_text=f"Problem {n}") for n in range(3))
    with by(ground, ground.manager) as uow:
        discuss_proposal.support(uow, proposal_id=first)
    merge(ground, first, second)
    merge(ground, second, last)
    with by(ground, ground.other_manager) as uow:
        assert discuss_proposal.support(uow, proposal_id=first) == last
    assert (read(ground, last).supports, read(ground, first).state) == (2, ProposalState.MERGED)
    with by(ground, SYSTEM) as uow:
        carried = further_problems(
            uow.session, organisation_id=ground.organisation_id, proposal_id=last
        )
        names = supporters(uow.session, organisation_id=ground.organisation_id, proposal_id=last)
    assert {text for _, text in carried} == {"Problem 0", "Problem 1"}
    assert "Maija Manager" in names


def test_decided_proposal_takes_no_more_support_and_says_so(ground):
    proposal_id = proposed(ground)
    move(ground, proposal_id, ProposalState.DECLINED)
    with pytest.raises(ProposalMovedOn), by(ground, ground.manager) as uow:
        discuss_proposal.support(uow, proposal_id=proposal_id)
    assert read(ground, proposal_id).supports == 0


def test_support_and_merge_at_once_lose_nobody(ground, database):
    """Whoever comes while two proposals become one is counted by the one that is left."""
    first, home = proposed(ground), proposed(ground, title="Called within 9 minutes")
    people = [colleague(ground, f"Person {n}") for n in range(6)]
    with crowd(database.app_url, len(people) + 1) as many:

        def act(number):
            if number == len(people):
                merge(ground, first, home)
                return
            with unit_of_work(ground.organisation_id, people[number]) as uow:
                discuss_proposal.support(uow, proposal_id=first)

        assert [answer for answer in many.at_once(act) if answer is not None] == []
    assert read(ground, home).supports == len(people)


def test_of_two_merges_of_the_same_two_one_counts(ground, database):
    first, second = proposed(ground), proposed(ground, title="Called within 9 minutes")
    with crowd(database.app_url, 2) as many:
        answers = many.at_once(
            lambda number: merge(ground, *((first, second) if number else (second, first)))
        )
    assert sum(answer is None for answer in answers) == 1
    states = sorted((read(ground, one).state for one in (first, second)), key=str)
    assert states == [ProposalState.MERGED, ProposalState.OPEN]


def test_comments_are_told_to_followers_and_names_to_those_who_bear_them(ground):
    liisa = colleague(ground, "Liisa Clerk")
    proposal_id = proposed(ground)
    with by(ground, ground.manager) as uow:
        discuss_proposal.comment(
            uow, proposal_id=proposal_id, text="What do you say, @liisa clerk? Or @Nobody."
        )
    assert news(ground, ground.clerk) == [NewsKind.COMMENTED]
    assert news(ground, liisa) == [NewsKind.MENTIONED]
    assert news(ground, ground.manager) == []
    assert letters(ground) == {(liisa.id, "proposal_news", "mentioned")}
    with by(ground, liisa) as uow:
        discuss_proposal.comment(uow, proposal_id=proposal_id, text="Good!")
    assert news(ground, ground.manager) == [NewsKind.COMMENTED]
    with by(ground, ground.manager) as uow:
        assert discuss_proposal.have_read(uow) == 1
    assert news(ground, ground.manager) == []


def test_who_stopped_following_hears_no_more_even_after_a_comment(ground):
    proposal_id = proposed(ground)
    with by(ground, ground.clerk) as uow:
        discuss_proposal.keep_following(uow, proposal_id=proposal_id, wanted=False)
        discuss_proposal.comment(uow, proposal_id=proposal_id, text="Mine.")
    with by(ground, ground.manager) as uow:
        discuss_proposal.comment(uow, proposal_id=proposal_id, text="Yours.")
    assert news(ground, ground.clerk) == []
    assert not read(ground, proposal_id, ground.clerk).followed


def test_closed_member_is_neither_named_nor_told(ground):
    gone = colleague(ground, "Gone Person")
    proposal_id = proposed(ground)
    with by(ground, gone) as uow:
        discuss_proposal.keep_following(uow, proposal_id=proposal_id, wanted=True)
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        closed = "UPDATE members SET state = 'deactivated' WHERE id = %(id)s"
        assert execute(uow.session, closed, {"id": gone.id}) == 1
    with by(ground, ground.manager) as uow:
        text = "Is @Gone Person still here?"
        assert not discuss_proposal.comment(uow, proposal_id=proposal_id, text=text).mentioned
        told = one(
            uow.session, "SELECT count(*) AS n FROM proposal_news WHERE member_id = %(id)s",
            {"id": gone.id},
        )  # fmt: skip
        offered = names_that_begin(
            uow.session, organisation_id=ground.organisation_id, begun="gone"
        )
    assert (told.n, offered, letters(ground)) == (0, [], set())


def test_comment_is_corrected_by_its_author_for_a_quarter_of_an_hour(ground):
    proposal_id = proposed(ground)
    with by(ground, ground.clerk) as uow:
        first = discuss_proposal.comment(uow, proposal_id=proposal_id, text="Wrnog.").comment_id

    def correct(actor, minutes, text="Wrong, @Maija."):
        with by(ground, actor, NOON + dt.timedelta(minutes=minutes)) as uow:
            discuss_proposal.correct(uow, proposal_id=proposal_id, comment_id=first, text=text)

    correct(ground.clerk, 14)
    for actor, minutes in ((ground.clerk, 15), (ground.manager, 1)):
        with pytest.raises(NotYourComment):
            correct(actor, minutes, "Mine now.")
    with pytest.raises(DraftRefused):
        correct(ground.clerk, 2, "  ")
    with by(ground, SYSTEM) as uow:
        page = list_comments(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id
        )
        kept = one(uow.session, "SELECT count(*) AS n FROM proposal_comments").n
    assert [(row.text, row.corrected_at is not None) for row in page.rows] == [
        ("Wrong, @Maija.", True)
    ]
    assert kept == 2
    assert news(ground, ground.other_manager) == [NewsKind.MENTIONED]
    with pytest.raises(NoSuchComment), by(ground, ground.clerk) as uow:
        other = proposed(ground, title="Called within 9 minutes")
        discuss_proposal.correct(uow, proposal_id=other, comment_id=first, text="Elsewhere.")


def test_comments_come_in_pages_with_the_newest_last(ground):
    proposal_id = proposed(ground)
    for number in range(5):
        with by(ground, ground.clerk) as uow:
            discuss_proposal.comment(uow, proposal_id=proposal_id, text=f"Comment {number}")
    seen, before = [], None
    with by(ground, SYSTEM) as uow:
        while True:
            page = list_comments(
                uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id,
                before=before, limit=2,
            )  # fmt: skip
            seen = [row.text for row in page.rows] + seen
            before = page.older_before
            if before is None:
                break
    assert seen == [f"Comment {number}" for number in range(5)]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Anna", {"Anna Berg"}),
        ("@anna berg, and @LIISA LAINE!", {"Anna Berg", "Liisa Laine"}),
        ("@Liisa", set()),
        ("@Liisa Laines", set()),
        ("mail@anna.fi @Ann", {"Anna Berg"}),
        ("@Åsa Öst\nand so on", {"Åsa Öst"}),
        ("nothing", set()),
    ],
)
def test_names_are_found_in_a_text(text, named):
    people = [
        (uuid.uuid5(uuid.NAMESPACE_DNS, name), name)
        for name in ("Anna Berg", "Liisa Laine", "Liisa Lahti", "Åsa Öst")
    ]
    names = dict(people)
    assert {names[member_id] for member_id in mentions(text, people)} == named


def test_things_of_another_organisation_are_not_there(ground):
    other = make_ground()
    theirs = proposed(other)
    with by(other, other.clerk) as uow:
        comment_id = discuss_proposal.comment(uow, proposal_id=theirs, text="Ours.").comment_id
    for act in (
        lambda uow: discuss_proposal.support(uow, proposal_id=theirs),
        lambda uow: discuss_proposal.comment(uow, proposal_id=theirs, text="Hello"),
        lambda uow: discuss_proposal.keep_following(uow, proposal_id=theirs, wanted=True),
        lambda uow: discuss_proposal.answer(uow, proposal_id=theirs, text="Yes"),
    ):
        with pytest.raises(NoSuchProposal), by(ground, ground.manager) as uow:
            act(uow)
    with pytest.raises(NoSuchComment), by(ground, ground.clerk) as uow:
        discuss_proposal.correct(uow, proposal_id=theirs, comment_id=comment_id, text="Mine.")
    with pytest.raises(NoSuchProposal):
        merge(ground, proposed(ground), theirs)
    assert (read(other, theirs).supports, read(other, theirs).comments) == (0, 1)
