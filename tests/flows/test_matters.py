"""Matters through the chain: opened, promised, told, reminded of, missed, answered."""

import datetime as dt

import pytest

from promises.desk.errors import MatterKnown
from promises.desk.models import EventKind, EventSource, TicketKind
from promises.desk.values import EventClaim, NewMatter, Said
from promises.flows.open_matter import assign, erase, open_many, open_matter
from promises.flows.record_event import record_events
from promises.flows.remind_staff import remind
from promises.identity.actions import add_contact, known_customer
from promises.identity.models import ContactChannel
from promises.kernel.actors import Role
from tests.flows.ground import TICK, World

pytestmark = pytest.mark.usefixtures("as_application")

DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def world():
    """Complaints are taken up within two days, or we pay."""
    return World(ticket_kinds=("complaint",), seconds=2 * 86_400)


def request(world, kind=TicketKind.COMPLAINT, **words):
    given = {
        "branch_id": world.made.branch_id,
        "service_kind_id": world.made.kind_id,
        "kind": kind,
        "source": EventSource.DESK,
    }
    return NewMatter(**given | words)


def opened(world, kind=TicketKind.COMPLAINT, **words):
    with world.work() as uow:
        return open_matter(uow, request=request(world, kind, **words))


def contact(world, locale="en"):
    with world.work() as uow:
        return add_contact(
            uow.session, organisation_id=world.made.id, now=uow.now, locale=locale,
            channel=ContactChannel.EMAIL, address="anna@example.fi",
        )  # fmt: skip


def matter(world, ticket_id):
    return world.one("SELECT * FROM matters WHERE ticket_id = %(t)s", t=ticket_id)


def messages(world, *kinds):
    found = world.rows("SELECT * FROM messages ORDER BY created_at, id")
    return [row for row in found if not kinds or row.kind in kinds]


def remind_now(world):
    with world.work(None) as uow:
        return remind(uow)


def test_matter_comes_under_the_promise_for_its_kind(world):
    complaint = opened(world)
    commitment = world.commitment(complaint.ticket_id)
    assert (commitment.state, commitment.due_at) == ("open", world.now + 2 * DAY + TICK)
    assert matter(world, complaint.ticket_id).next_due_at == commitment.due_at
    other = opened(world, TicketKind.REQUEST)
    assert matter(world, other.ticket_id).next_due_at is None


def test_answer_in_time_keeps_the_promise(world):
    ticket_id = opened(world).ticket_id
    world.later(days=1).log(ticket_id, "answered")
    assert world.commitment(ticket_id).state == "kept"
    kept = matter(world, ticket_id)
    assert (kept.next_due_at, kept.late_since, kept.ended_at) == (None, None, world.now)


def test_missed_deadline_is_owed_and_stays_first_until_answered(world):
    ticket_id = opened(world).ticket_id
    due = world.commitment(ticket_id).due_at
    world.later(days=2).staff_act()
    world.now += TICK
    world.sweep()
    late = matter(world, ticket_id)
    assert (late.late_since, late.next_due_at, late.work_at) == (due, None, due)
    (debt,) = world.compensations()
    assert (debt.state, debt.amount_minor) == ("released", 1000)
    world.later(hours=1).log(ticket_id, "answered")
    assert matter(world, ticket_id).ended_at == world.now


def test_answer_that_is_late_marks_the_matter_as_well(world):
    ticket_id = opened(world).ticket_id
    due = world.commitment(ticket_id).due_at
    world.now = due + HOUR
    world.log(ticket_id, "answered")
    assert matter(world, ticket_id).late_since == due
    assert len(world.breaches()) == 1


def test_customer_hears_at_each_step_once(world):
    ticket_id = opened(world, contact_id=contact(world)).ticket_id
    world.later(hours=1)
    world.log(ticket_id, "promised", said=Said(promised_at=world.now + DAY))
    world.later(hours=1).log(ticket_id, "told")
    world.later(hours=1).log(ticket_id, "answered", said=Said(text="Your money is back."))
    found = messages(world)
    assert [row.kind for row in found] == [
        "matter_received", "matter_promised", "matter_told", "matter_answered",
    ]  # fmt: skip
    assert found[0].params["due_at"] == "2026-03-04T10:00:00+00:00"
    assert "money" not in str([row.params for row in found])


def test_customer_without_a_contact_hears_nothing(world):
    world.log(opened(world).ticket_id, "answered")
    assert messages(world) == []


def test_reminder_comes_once_when_a_quarter_of_the_time_is_left(world):
    clerk = world.made.members[Role.CLERK]
    ticket_id = opened(world, owner_id=clerk).ticket_id
    world.later(hours=35, minutes=59)
    assert remind_now(world) == 0
    world.later(minutes=2)
    assert remind_now(world) == 1
    assert remind_now(world) == 0
    (note,) = messages(world)
    assert (note.kind, note.member_id, note.ticket_id) == ("matter_due", clerk, ticket_id)
    assert note.params["due_at"] == "2026-03-04T10:00:00+00:00"
    with world.work() as uow:
        uow.session.connection().exec_driver_sql(
            "UPDATE matters SET remind_at = opened_at WHERE ticket_id = %s", (ticket_id,)
        )
    assert (remind_now(world), len(messages(world))) == (1, 1)


def test_reminder_without_an_owner_goes_to_the_clerks_of_the_branch(world):
    opened(world)
    world.later(days=1, hours=20)
    assert remind_now(world) == 1
    assert [row.member_id for row in messages(world)] == [world.made.members[Role.CLERK]]


def test_promised_date_is_reminded_of_and_a_moved_one_again(world):
    clerk = world.made.members[Role.CLERK]
    promised = world.now + 8 * HOUR
    ticket_id = opened(world, TicketKind.CALLBACK, owner_id=clerk, promised_at=promised).ticket_id
    world.later(hours=7)
    remind_now(world)
    world.log(ticket_id, "promised", said=Said(promised_at=world.now + 4 * HOUR))
    assert remind_now(world) == 0
    world.later(hours=3, minutes=30)
    remind_now(world)
    assert len({row.dedupe_key for row in messages(world, "matter_due")}) == 2


def test_what_is_over_or_late_is_not_reminded_of(world):
    done, late = opened(world), opened(world)
    world.log(done.ticket_id, "answered")
    world.later(days=3)
    remind_now(world)
    assert messages(world) == []
    assert matter(world, late.ticket_id).remind_at is None


def test_known_reference_is_refused_alone_and_left_out_in_bulk(world):
    opened(world, TicketKind.APPLICATION, external_ref="a-1")
    with pytest.raises(MatterKnown):
        opened(world, TicketKind.APPLICATION, external_ref="a-1")
    with world.work() as uow:
        found = open_many(
            uow,
            requests=[
                request(world, TicketKind.APPLICATION, external_ref=name) for name in ("a-1", "a-2")
            ],
        )
    assert [one is not None for one in found] == [False, True]
    assert world.one("SELECT count(*) AS n FROM matters").n == 2


def test_many_applicants_are_answered_at_once_each_with_a_reason(world):
    tickets = [
        opened(world, TicketKind.APPLICATION, contact_id=contact(world)).ticket_id for _ in range(3)
    ]
    claims = [
        EventClaim(
            ticket_id=ticket_id, kind=EventKind.ANSWERED, source=EventSource.DESK,
            said=Said(text=f"Reason {n}"),
        )
        for n, ticket_id in enumerate(tickets)
    ]  # fmt: skip
    world.later(hours=1)
    with world.work() as uow:
        record_events(uow, claims=claims)
    texts = world.rows("SELECT ticket_id, body FROM matter_texts ORDER BY body")
    assert [(row.ticket_id, row.body) for row in texts] == [
        (ticket_id, f"Reason {n}") for n, ticket_id in enumerate(tickets)
    ]
    assert len(messages(world, "matter_answered")) == 3


def test_new_owner_and_erased_texts_change_the_page(world):
    ticket_id = opened(world, subject="About Anna").ticket_id
    version = world.one("SELECT version FROM tickets WHERE id = %(t)s", t=ticket_id).version
    clerk = world.made.members[Role.CLERK]
    with world.work() as uow:
        assign(uow, ticket_id=ticket_id, owner_id=clerk)
    with world.work() as uow:
        assert erase(uow, ticket_id=ticket_id) == 1
    assert matter(world, ticket_id).owner_id == clerk
    after = world.one("SELECT version FROM tickets WHERE id = %(t)s", t=ticket_id).version
    assert after == version + 2


def test_known_customer_counts_against_the_cap_of_a_customer(world):
    with world.work() as uow:
        customer = known_customer(
            uow.session, organisation_id=world.made.id, now=uow.now, reference="c-1"
        )
    ticket_id = opened(world, customer_id=customer).ticket_id
    assert world.one("SELECT customer_id FROM tickets WHERE id = %(t)s", t=ticket_id)[0] == customer
