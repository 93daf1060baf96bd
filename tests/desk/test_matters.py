"""Matters that take no number: opened, moved on, taken back, handed over, and as facts."""

import datetime as dt

import pytest

from promises.desk import actions, errors
from promises.desk.facts import load_cases
from promises.desk.models import EventSource, TicketKind, TicketState
from promises.desk.values import NewMatter, Said
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound, Refused
from promises.kernel.ids import new_id
from tests.factories.desk import Desk, seconds
from tests.factories.identity import make_organisation

pytestmark = pytest.mark.usefixtures("as_application")

T0 = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def at(**parts):
    return T0 + dt.timedelta(**parts)


@pytest.fixture
def desk():
    return Desk(make_organisation(counters=2, kinds=("A", "B")))


def case(desk, ticket_id):
    with desk.made.work(None) as uow:
        return load_cases(
            uow.session, organisation_id=desk.made.id, ticket_ids=[ticket_id]
        )[ticket_id]  # fmt: skip


def matter(desk, ticket_id):
    with desk.made.work(None) as uow:
        found = uow.session.connection().exec_driver_sql(
            "SELECT m.*, x.body AS subject FROM matters m LEFT JOIN matter_texts x"
            " ON x.organisation_id = m.organisation_id AND x.id = m.subject_id"
            " WHERE m.ticket_id = %s", (ticket_id,)
        )  # fmt: skip
        return found.one()


def test_matter_opens_without_a_number_and_keeps_what_was_said(desk):
    opened = desk.open_matter(
        at=T0, subject="The card did not work", promised_at=at(days=2),
        attributes={"price_minor": 900},
    )  # fmt: skip
    stored = desk.ticket(opened.ticket_id)
    assert (stored.state, stored.kind, stored.arrived_at) == ("open", "complaint", T0)
    assert stored.label == "A"
    assert desk.kinds(opened.ticket_id) == ["arrived", "promised"]
    kept = matter(desk, opened.ticket_id)
    assert (kept.subject, kept.promised_at) == ("The card did not work", at(days=2))
    assert kept.remind_at == at(days=2) - dt.timedelta(hours=12)


def test_matter_never_stands_in_the_queue(desk):
    desk.open_matter(at=T0)
    assert desk.call(at=at(minutes=1)).called is None
    assert desk.take(at=at(minutes=2)).number == 1
    assert len(desk.close(at=at(days=3))) == 1


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ({"kind": TicketKind.VISIT}, errors.NotOfThisKind),
        ({"promised_at": T0}, errors.PromisedInPast),
        ({"promised_at": at(days=4000)}, errors.PromisedTooFar),
        ({"attributes": {"arrived_at": 3}}, Refused),
        ({"attributes": {"Name": 3}}, Refused),
        ({"attributes": {"price": 1.5}}, Refused),
        ({"subject": "x" * 201}, Refused),
        ({"branch_id": new_id()}, NotFound),
        ({"service_kind_id": new_id()}, errors.ServiceNotOffered),
    ],
)
def test_matter_that_cannot_be_opened_leaves_nothing(desk, words, refusal):
    with pytest.raises(refusal):
        desk.open_matter(at=T0, **words)
    with desk.made.work(None) as uow:
        for table in ("tickets", "matters", "matter_texts", "service_events"):
            count = uow.session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}")
            assert count.scalar_one() == 0


def test_reference_that_is_known_is_not_opened_twice(desk):
    requests = [
        NewMatter(
            branch_id=desk.made.branch_id, service_kind_id=desk.made.kind_id,
            kind=TicketKind.APPLICATION, source=EventSource.API, external_ref=reference,
        )
        for reference in ("a-1", "a-2", "a-1")
    ]  # fmt: skip
    with desk.made.work() as uow:
        common = {"organisation_id": desk.made.id, "actor": uow.actor, "now": uow.now}
        first = actions.open_matters(uow.session, **common, requests=requests, next_due=[None] * 3)
        again = actions.open_matters(uow.session, **common, requests=requests, next_due=[None] * 3)
    assert [one is not None for one in first] == [True, True, False]
    assert again == [None, None, None]


def test_steps_of_a_matter_move_it_and_the_work_list(desk):
    ticket_id = desk.open_matter(at=T0).ticket_id
    partner = desk.add_partner()
    desk.log(ticket_id, "told", at=at(hours=1))
    desk.log(ticket_id, "handed_over", at=at(hours=2), said=Said(partner_id=partner))
    assert (desk.state(ticket_id), matter(desk, ticket_id).partner_id) == ("handed_over", partner)
    desk.log(ticket_id, "handed_back", at=at(hours=3))
    said = Said(promised_at=at(days=1), text="By tomorrow")
    desk.log(ticket_id, "promised", at=at(hours=4), said=said)
    assert matter(desk, ticket_id).promised_at == at(days=1)
    desk.log(ticket_id, "answered", at=at(hours=5))
    over = matter(desk, ticket_id)
    assert (desk.state(ticket_id), over.ended_at) == ("answered", at(hours=5))
    desk.log(ticket_id, "reopened", at=at(hours=6))
    assert (desk.state(ticket_id), matter(desk, ticket_id).ended_at) == ("open", None)
    assert desk.ticket(ticket_id).ended_at is None


def test_answer_says_that_the_work_began(desk):
    ticket_id = desk.open_matter(at=T0).ticket_id
    desk.log(ticket_id, "answered", at=at(hours=5))
    assert desk.kinds(ticket_id) == ["arrived", "answered", "service_started"]
    began = desk.open_matter(at=T0).ticket_id
    desk.log(began, "service_started", at=at(hours=1))
    desk.log(began, "answered", at=at(hours=5))
    assert desk.kinds(began) == ["arrived", "service_started", "answered"]
    assert desk.ticket(began).service_started_at == at(hours=1)


@pytest.mark.parametrize(
    ("kind", "said", "refusal"),
    [
        ("called", None, errors.NotOfThisKind),
        ("served", None, errors.NotOfThisKind),
        ("promised", None, errors.NotOfThisKind),
        ("promised", Said(promised_at=T0), errors.PromisedInPast),
        ("told", Said(promised_at=at(days=9)), errors.NotOfThisKind),
        ("handed_over", None, errors.PartnerUnknown),
        ("handed_over", Said(partner_id=new_id()), errors.PartnerUnknown),
        ("handed_back", None, errors.MatterNotHandedOver),
        ("reopened", None, errors.MatterNotOver),
        ("told", Said(attributes={"told": 1}), Refused),
    ],
)
def test_refused_step_changes_nothing(desk, kind, said, refusal):
    ticket_id = desk.open_matter(at=T0).ticket_id
    before = desk.snapshot(ticket_id), matter(desk, ticket_id)
    with pytest.raises(refusal):
        desk.log(ticket_id, kind, at=at(hours=1), said=said)
    assert (desk.snapshot(ticket_id), matter(desk, ticket_id)) == before


def test_visit_takes_no_step_of_a_matter(desk):
    ticket_id = desk.take(at=T0).ticket_id
    before = desk.snapshot(ticket_id)
    for kind, said in (("told", None), ("answered", None), ("called", Said(text="x"))):
        with pytest.raises(errors.NotOfThisKind):
            desk.log(ticket_id, kind, at=at(minutes=1), said=said)
    assert desk.snapshot(ticket_id) == before


def test_closed_partner_gets_nothing_more_and_opens_under_its_name(desk):
    partner = desk.add_partner("Debt Office")
    with desk.made.work(Role.ADMINISTRATOR) as uow:
        common = {"organisation_id": desk.made.id, "actor": uow.actor, "now": uow.now}
        actions.close_partner(uow.session, **common, partner_id=partner)
    ticket_id = desk.open_matter(at=T0).ticket_id
    with pytest.raises(errors.PartnerUnknown):
        desk.log(ticket_id, "handed_over", said=Said(partner_id=partner))
    assert desk.add_partner("Debt office") == partner
    desk.log(ticket_id, "handed_over", at=at(hours=1), said=Said(partner_id=partner))
    assert desk.state(ticket_id) == TicketState.HANDED_OVER


def test_undo_gives_the_earlier_promise_back(desk):
    ticket_id = desk.open_matter(at=T0, promised_at=at(days=1)).ticket_id
    later = desk.log(ticket_id, "promised", at=at(hours=1), said=Said(promised_at=at(days=5)))
    assert matter(desk, ticket_id).promised_at == at(days=5)
    desk.undo(ticket_id, later.event_id, at=at(hours=1) + seconds(9))
    assert matter(desk, ticket_id).promised_at == at(days=1)
    assert case(desk, ticket_id).named["promised_at"] == at(days=1)


def test_facts_by_name_tell_all_that_stands(desk):
    ticket_id = desk.open_matter(at=T0, attributes={"cause": "card", "price_minor": 500}).ticket_id
    office, lawyer = desk.add_partner("Debt Office"), desk.add_partner("Lawyer")
    wrong = desk.log(ticket_id, "told", at=at(hours=1))
    desk.undo(ticket_id, wrong.event_id, at=at(hours=1) + seconds(3))
    desk.log(ticket_id, "told", at=at(hours=2))
    desk.log(ticket_id, "handed_over", at=at(hours=3), said=Said(partner_id=office))
    desk.log(ticket_id, "handed_over", at=at(hours=4), said=Said(partner_id=lawyer))
    desk.log(ticket_id, "handed_back", at=at(hours=5))
    desk.log(ticket_id, "told", at=at(hours=6), said=Said(attributes={"price_minor": 700}))
    desk.log(ticket_id, "handed_over", at=at(hours=7), said=Said(partner_id=office))
    assert case(desk, ticket_id).named == {
        "arrived_at": T0,
        "told_at": at(hours=2),
        "told": (at(hours=2), at(hours=6)),
        "handed_over_at": at(hours=3),
        "handed_back_at": at(hours=5),
        "legs": (
            (at(hours=3), at(hours=4), "debt-office"),
            (at(hours=4), at(hours=5), "lawyer"),
            (at(hours=7), None, "debt-office"),
        ),
        "cause": "card",
        "price_minor": 700,
    }


def test_word_that_is_claimed_late_counts_from_when_we_learnt_it(desk):
    ticket_id = desk.open_matter(at=T0).ticket_id
    desk.log(ticket_id, "told", at=at(hours=9), occurred_at=at(hours=2))
    found = case(desk, ticket_id)
    assert found.named["told"] == (at(hours=2),)
    assert found.verified_named["told"] == (at(hours=9),)


def test_visit_is_known_by_name_as_well(desk):
    ticket_id = desk.take(at=T0, attributes={"price_minor": 100}).ticket_id
    desk.call(at=at(minutes=1))
    desk.log(ticket_id, "service_started", at=at(minutes=2))
    assert case(desk, ticket_id).named == {
        "arrived_at": T0, "called_at": at(minutes=1), "service_started_at": at(minutes=2),
        "price_minor": 100,
    }  # fmt: skip


def test_whose_matter_it_is_can_change(desk):
    ticket_id = desk.open_matter(at=T0).ticket_id
    clerk = desk.made.members[Role.CLERK]
    with desk.made.work() as uow:
        common = {"organisation_id": desk.made.id, "actor": uow.actor, "now": uow.now}
        actions.assign(uow.session, **common, ticket_id=ticket_id, owner_id=clerk)
    assert matter(desk, ticket_id).owner_id == clerk
    with pytest.raises(NotFound), desk.made.work() as uow:
        actions.assign(uow.session, **common, ticket_id=ticket_id, owner_id=new_id())
    assert matter(desk, ticket_id).owner_id == clerk


def test_erased_text_leaves_the_events(desk):
    ticket_id = desk.open_matter(at=T0, subject="About Anna").ticket_id
    desk.log(ticket_id, "told", at=at(hours=1), said=Said(text="Anna was called"))
    with desk.made.work() as uow:
        erased = actions.erase_texts(
            uow.session, organisation_id=desk.made.id, now=uow.now, ticket_ids=[ticket_id]
        )
    assert erased == 2
    assert matter(desk, ticket_id).subject is None
    assert desk.kinds(ticket_id) == ["arrived", "told"]


def test_noted_facts_count_as_they_were_said_last(desk):
    ticket_id = desk.open_matter(at=T0, attributes={"cause": "card"}).ticket_id
    desk.log(ticket_id, "noted", at=at(hours=1), said=Said(attributes={"cause": "storm", "n": 1}))
    last = desk.log(ticket_id, "noted", at=at(hours=2), said=Said(attributes={"cause": None}))
    assert last.verified
    assert case(desk, ticket_id).named["cause"] is None
    desk.undo(ticket_id, last.event_id, at=at(hours=2) + seconds(5))
    assert case(desk, ticket_id).named["cause"] == "storm"
    assert case(desk, ticket_id).named["n"] == 1


def test_noted_time_long_past_stands_where_we_learnt_it(desk):
    ticket_id = desk.open_matter(at=T0).ticket_id
    said = {
        "restored_at": at(hours=1).isoformat(), "due_at": at(hours=9).isoformat(),
        "day_on": "2026-01-01", "outages": [[at(hours=1).isoformat(), None]],
    }  # fmt: skip
    logged = desk.log(ticket_id, "noted", at=at(hours=3), said=Said(attributes=said))
    assert not logged.verified
    found = case(desk, ticket_id)
    assert found.doubted
    assert found.named["restored_at"] == at(hours=1).isoformat()
    assert found.verified_named["restored_at"] == at(hours=3).isoformat()
    assert found.verified_named["due_at"] == at(hours=9).isoformat()
    assert found.verified_named["day_on"] == "2026-01-01"
    assert "outages" not in found.verified_named


def test_noted_time_of_this_minute_is_vouched_for(desk):
    ticket_id = desk.open_matter(at=T0).ticket_id
    said = Said(attributes={"restored_at": at(hours=3).isoformat()})
    assert desk.log(ticket_id, "noted", at=at(hours=3) + seconds(30), said=said).verified
    assert not case(desk, ticket_id).doubted


def test_note_about_an_older_state_is_refused(desk):
    ticket_id = desk.open_matter(at=T0).ticket_id
    seen = desk.ticket(ticket_id).version
    desk.log(ticket_id, "told", at=at(hours=1))
    before = desk.snapshot(ticket_id)
    with pytest.raises(errors.MatterMoved):
        desk.log(
            ticket_id, "noted", at=at(hours=2), said=Said(attributes={"n": 1}), seen_version=seen
        )
    with pytest.raises(errors.NothingNoted):
        desk.log(ticket_id, "noted", at=at(hours=2), said=Said())
    assert desk.snapshot(ticket_id) == before
