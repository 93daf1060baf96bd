"""Support, comments, names, news: what colleagues do around a proposal."""

import datetime as dt
import time
import uuid

import pytest

from promises.catalogue.errors import DraftRefused, NoSuchProposal
from promises.catalogue.models import ProposalState
from promises.catalogue.proposal_errors import NoSuchComment, NotYourComment, ProposalMovedOn
from promises.catalogue.proposal_models import NewsKind
from promises.catalogue.proposal_moves import (
    lock_undecided_proposal,
    merge_proposal,
    move_proposal,
)
from promises.catalogue.proposal_news import unread_news
from promises.catalogue.proposal_queries import (
    Order,
    Wanted,
    count_wanted,
    further_problems,
    get_proposal,
    list_proposals,
)
from promises.catalogue.proposal_similar import similar_to
from promises.catalogue.proposal_talk import list_comments, mentions, names_that_begin, supporters
from promises.catalogue.proposals import ProposalDraft
from promises.db.session import inject_clock, unit_of_work
from promises.db.sql import execute, one, rows
from promises.flows import discuss_proposal
from promises.flows.propose_promise import propose
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from promises.kernel.ids import new_id
from tests.catalogue.ground import make_ground
from tests.factories.catalogue import simple_terms
from tests.factories.identity import add_member
from tests.races.crowd import crowd

NOON = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
MANY = 5_000


@pytest.fixture
def ground(as_application):
    return make_ground()


def by(ground, actor, at=NOON):
    return _At(ground, actor, at)


class _At:
    def __init__(self, ground, actor, at):
        self.clock = inject_clock(lambda: at)
        self.work = unit_of_work(ground.organisation_id, actor)

    def __enter__(self):
        self.clock.__enter__()
        return self.work.__enter__()

    def __exit__(self, *error):
        try:
            return self.work.__exit__(*error)
        finally:
            self.clock.__exit__(*error)


def proposed(ground, **changes):
    parts = {
        "title": "Served within 15 minutes", "terms": simple_terms(),
        "way_of_working": "A second counter opens.", "problem_text": "A queue.",
    }  # fmt: skip
    with by(ground, ground.clerk) as uow:
        return propose(uow, draft=ProposalDraft(**(parts | changes))).id


def colleague(ground, name, role=Role.CLERK):
    with unit_of_work(ground.organisation_id, SYSTEM) as uow:
        return Actor(ActorKind.MEMBER, add_member(uow, role=role, name=name), role)


def move(ground, proposal_id, to, *, actor=None, reason="Because.", at=NOON):
    with by(ground, actor or ground.manager, at) as uow:
        proposal = lock_undecided_proposal(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id
        )
        return move_proposal(
            uow.session, proposal=proposal, actor=uow.actor, now=uow.now, to=to, reason=reason
        ).in_time


def merge(ground, proposal_id, into_id):
    with by(ground, ground.manager) as uow:
        merge_proposal(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id,
            into_id=into_id, actor=uow.actor, now=uow.now, reason="The same.",
        )  # fmt: skip


def read(ground, proposal_id, reader=None):
    with by(ground, SYSTEM) as uow:
        return get_proposal(
            uow.session, organisation_id=ground.organisation_id, proposal_id=proposal_id,
            reader=reader and reader.id,
        )  # fmt: skip


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


def test_board_is_narrowed_and_sorted(ground):
    plain = proposed(ground)
    liked = proposed(ground, title="Called within 9 minutes", way_of_working="100 % at the phones")
    with by(ground, ground.manager) as uow:
        discuss_proposal.support(uow, proposal_id=liked)
    tenant = {"organisation_id": ground.organisation_id}

    def ids(wanted=None, order=Order.NEWEST, **more):
        with by(ground, SYSTEM) as uow:
            page = list_proposals(uow.session, wanted=wanted, order=order, **tenant, **more)
            total = count_wanted(uow.session, wanted=wanted or Wanted(), **tenant)
        assert total >= len(page.rows)
        return [row.proposal_id for row in page.rows]

    assert ids(order=Order.SUPPORTED) == [liked, plain]
    assert ids(order=Order.SUPPORTED, offset=1) == [plain]
    assert ids(order=Order.WAITING) == [plain, liked]
    assert ids(Wanted(words="0 % at")) == [liked]
    assert ids(Wanted(words="%a%")) == []
    assert ids(Wanted(states=[ProposalState.DECLINED])) == []
    assert ids(Wanted(problem_id=read(ground, plain).problem_id)) == [plain]
    assert ids(Wanted(overdue_at=NOON)) == []
    assert set(ids(Wanted(overdue_at=NOON + dt.timedelta(days=30)))) == {plain, liked}


_FILL = """
INSERT INTO proposals (organisation_id, id, problem_id, title, terms, way_of_working, state,
    created_by, created_at)
SELECT q.organisation_id, gen_random_uuid(), q.problem_id,
    'Asia ' || n || ' hoidetaan ' || n %% 90 + 1 || ' minuutissa', q.terms,
    'Kello ' || n %% 24 || ' tiimi ' || n || ' siirtyy tiskille ja hoitaa asian ' || md5(n::text),
    'open', q.created_by, q.created_at
FROM proposals q, generate_series(1, %(n)s) AS n
WHERE q.organisation_id = %(organisation_id)s
"""


def test_similar_ones_among_five_thousand_are_found_in_half_a_second(ground):
    """The quickest of four tries counts: others use the processors too."""
    proposed(ground)
    way = "When five people wait, Anna leaves the loans and opens the second counter."
    wanted = proposed(ground, title="You are served within 12 minutes", way_of_working=way)
    with by(ground, SYSTEM) as uow:
        params = {"organisation_id": ground.organisation_id, "n": MANY // 2}
        execute(uow.session, _FILL, params)
    spent = []
    with by(ground, SYSTEM) as uow:
        for _ in range(4):
            began = time.monotonic()
            found = similar_to(
                uow.session, organisation_id=ground.organisation_id, now=NOON,
                title="You are served within 15 minutes, or 10 €",
                way_of_working="As soon as five people wait, Anna opens a second counter",
            )  # fmt: skip
            spent.append(time.monotonic() - began)
    print(f"\nsimilar among {MANY}: {min(spent) * 1000:.0f} ms")
    assert found.proposals[0].proposal_id == wanted
    assert min(spent) <= 0.5


def test_similar_promises_in_force_are_named_and_short_texts_are_like_nothing(ground):
    with by(ground, SYSTEM) as uow:
        from_factory = {"organisation_id": ground.organisation_id, "now": NOON}
        assert (
            similar_to(uow.session, title="Served", way_of_working="x", **from_factory).promises
            == ()
        )
        promise = "INSERT INTO promises (organisation_id, id, slug, titles, created_at) VALUES"
        execute(
            uow.session,
            f"{promise} (%(organisation_id)s, %(id)s, 'served', %(titles)s::jsonb, %(now)s)",
            from_factory | {"id": new_id(), "titles": '{"en": "Served within 15 minutes"}'},
        )
        found = similar_to(
            uow.session, title="You are served within 15 minutes", way_of_working="", **from_factory
        )
    assert [one.slug for one in found.promises] == ["served"]
