"""Taking a number, and serving somebody who took none."""

import datetime as dt

import pytest

from promises.desk import errors
from promises.desk.models import EventKind, EventSource, TicketKind, TicketState
from promises.identity import actions as identity
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from tests.factories.desk import Desk, seconds
from tests.factories.identity import make_organisation

OFFICE = (*((((540, 720), (780, 960)),) * 5), (), ())
"""09:00–12:00 and 13:00–16:00 on weekdays, in Helsinki."""


@pytest.fixture
def desk(as_application):
    return Desk(make_organisation(kinds=("A", "B")))


def count(desk):
    with desk.made.work(None) as uow:
        found = uow.session.connection().exec_driver_sql(
            "SELECT (SELECT count(*) FROM tickets), (SELECT count(*) FROM service_events), "
            "(SELECT coalesce(sum(last_number), 0) FROM branch_days)"
        )
        return tuple(found.one())


def test_ticket_carries_letter_and_number(desk):
    first = desk.take()
    second = desk.take(kind_id=desk.made.kind_ids[1])
    assert (first.number, first.label) == (1, "A001")
    assert (second.number, second.label) == (2, "B002")


def test_ticket_is_stored_with_its_arrival(desk):
    at = desk.now()
    issued = desk.take(at=at, locale="sv")
    stored = desk.ticket(issued.ticket_id)
    assert stored.state is TicketState.WAITING
    assert (stored.arrived_at, stored.queued_at, stored.locale) == (at, at, "sv")
    assert (stored.label, stored.public_code) == (issued.label, issued.public_code)
    [event] = desk.timeline(issued.ticket_id)
    assert (event.kind, event.source) == (EventKind.ARRIVED, EventSource.KIOSK)
    assert (event.occurred_at, event.recorded_at, event.verified) == (at, at, True)
    assert event.event_id == issued.event_id


def test_numbers_of_branches_and_days_are_apart(desk, as_application):
    made = make_organisation(branches=2)
    two = Desk(made)
    assert [two.take(branch_id=branch.id).number for branch in made.branches] == [1, 1]
    tomorrow = two.now() + dt.timedelta(days=1)
    assert two.take(at=tomorrow).number == 1
    assert two.take().number == 2


def test_day_is_the_branchs_own(as_application):
    """22:30 in Helsinki and 22:30 in UTC are different days for the number sequence."""
    made = make_organisation(time_zone="Europe/Helsinki")
    evening = dt.datetime(2026, 6, 1, 20, 59, 59, tzinfo=dt.UTC)
    before = Desk(made).take(at=evening)
    after = Desk(made).take(at=evening + seconds(1))
    assert (before.day_on, before.number) == (dt.date(2026, 6, 1), 1)
    assert (after.day_on, after.number) == (dt.date(2026, 6, 2), 1)


def test_public_codes_are_unguessable_and_differ(desk):
    codes = {desk.take().public_code for _ in range(20)}
    assert len(codes) == 20
    assert all(len(code) >= 22 for code in codes)


@pytest.mark.parametrize(("back", "verified"), [(0, True), (60, True), (60.001, False)])
def test_claimed_arrival_is_believed_for_a_minute(desk, back, verified):
    at = desk.now()
    issued = desk.take(at=at, occurred_at=at - seconds(back))
    assert issued.verified is verified
    assert desk.timeline(issued.ticket_id)[0].verified is verified
    assert desk.ticket(issued.ticket_id).queued_at == at - seconds(back)


def test_clock_slightly_ahead_counts_as_now(desk):
    at = desk.now()
    assert desk.take(at=at, occurred_at=at + seconds(2)).arrived_at == at


@pytest.mark.parametrize(
    ("claim", "refusal"),
    [
        (lambda now: now + seconds(2.001), errors.TimeInFuture),
        (lambda now: now.replace(tzinfo=None), errors.TimeWithoutZone),
        (lambda now: now - dt.timedelta(days=31, seconds=1), errors.TimeTooOld),
    ],
)
def test_impossible_arrival_is_refused_and_takes_no_number(desk, claim, refusal):
    desk.take()
    before, at = count(desk), desk.now()
    with pytest.raises(refusal):
        desk.take(at=at, occurred_at=claim(at))
    assert count(desk) == before


def test_foreign_offset_is_the_same_instant(desk):
    at = desk.now()
    local = at.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert desk.take(at=at, occurred_at=local).arrived_at == at


@pytest.mark.parametrize("source", [EventSource.KIOSK, EventSource.CUSTOMER])
@pytest.mark.parametrize(
    ("local", "opens"),
    [
        ((2, 8, 59), (2, 9, 0)),
        ((2, 12, 0), (2, 13, 0)),
        ((2, 16, 0), (3, 9, 0)),
        ((7, 10, 0), (9, 9, 0)),
    ],
)
def test_closed_branch_refuses_customers_and_says_when_it_opens(
    as_application, source, local, opens
):
    """2.3.2026 is a Monday; Helsinki is two hours ahead of UTC."""
    desk = Desk(make_organisation(weekly=OFFICE))
    at, opens_at = (
        dt.datetime(2026, 3, day, hour - 2, minute, tzinfo=dt.UTC)
        for day, hour, minute in (local, opens)
    )
    before = count(desk)
    with pytest.raises(errors.BranchClosed) as refused:
        desk.take(at=at, source=source)
    assert refused.value.params == {"opens_at": opens_at}
    assert count(desk) == before


@pytest.mark.parametrize("source", [EventSource.DESK, EventSource.API])
def test_staff_may_issue_while_closed(as_application, source):
    desk = Desk(make_organisation(weekly=OFFICE))
    sunday = dt.datetime(2026, 3, 1, 10, 0, tzinfo=dt.UTC)
    assert desk.take(at=sunday, source=source).label == "A001"


def test_kiosk_issues_while_open(as_application):
    desk = Desk(make_organisation(weekly=OFFICE))
    opening = dt.datetime(2026, 3, 2, 7, 0, tzinfo=dt.UTC)
    assert desk.take(at=opening).label == "A001"


def test_branch_closed_for_good_refuses_everybody(desk):
    made = desk.made
    with made.work() as uow:
        identity.close_branch(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            branch_id=made.branch_id,
        )  # fmt: skip
    with pytest.raises(errors.BranchClosedForGood):
        desk.take(source=EventSource.DESK)
    assert count(desk) == (0, 0, 0)


def test_service_that_the_branch_does_not_give_is_refused(desk):
    made = desk.made
    with made.work() as uow:
        identity.set_branch_services(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            branch_id=made.branch_id, service_kind_ids=[made.kind_ids[1]],
        )  # fmt: skip
    with pytest.raises(errors.ServiceNotOffered):
        desk.take()
    with pytest.raises(errors.ServiceNotOffered):
        desk.take(kind_id=new_id())
    assert count(desk) == (0, 0, 0)


def test_branch_of_another_organisation_is_not_there(desk):
    other = make_organisation()
    with pytest.raises(NotFound):
        desk.take(branch_id=other.branch_id)


def test_label_outlives_a_transfer(desk):
    issued = desk.take()
    desk.log(issued.ticket_id, "transferred", service_kind_id=desk.made.kind_ids[1])
    assert desk.ticket(issued.ticket_id).label == "A001"


def test_number_above_999_keeps_its_digits(desk):
    with desk.made.work(None) as uow:
        uow.session.connection().exec_driver_sql(
            "INSERT INTO branch_days (organisation_id, branch_id, day_on, last_number) "
            "VALUES (%s, %s, %s, 999)",
            (desk.made.id, desk.made.branch_id, dt.date(2026, 3, 2)),
        )
    noon = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)
    assert desk.take(at=noon).label == "A1000"


def test_other_kinds_of_matters_get_no_number(desk):
    before = desk.take().number
    with pytest.raises(errors.NotOfThisKind):
        desk.take(kind=TicketKind.COMPLAINT, source=EventSource.API)
    assert desk.take().number == before + 1


def test_walk_in_is_served_at_once_without_an_arrival(desk):
    at = desk.now()
    issued = desk.walk_in(at=at)
    stored = desk.ticket(issued.ticket_id)
    assert issued.arrived_at is None
    assert (stored.state, stored.arrived_at) == (TicketState.IN_SERVICE, None)
    assert (stored.service_started_at, stored.counter_name) == (at, "1")
    assert desk.kinds(issued.ticket_id) == ["service_started"]


def test_walk_in_at_a_busy_counter_is_refused(desk):
    desk.walk_in()
    before = count(desk)
    with pytest.raises(errors.CounterBusy):
        desk.walk_in()
    assert count(desk) == before
    assert desk.walk_in(desk.made.counter_ids[1]).number == 2


def test_walk_in_at_a_closed_or_unknown_counter_is_refused(desk):
    made = desk.made
    with made.work() as uow:
        identity.close_counter(
            uow.session, organisation_id=made.id, actor=uow.actor, now=uow.now,
            counter_id=made.counter_id,
        )  # fmt: skip
    with pytest.raises(errors.CounterNotHere):
        desk.walk_in()
    with pytest.raises(NotFound):
        desk.walk_in(new_id())
    assert count(desk) == (0, 0, 0)


def test_walk_in_undone_leaves_nothing_behind(desk):
    issued = desk.walk_in()
    desk.undo(issued.ticket_id, issued.event_id)
    assert desk.state(issued.ticket_id) is TicketState.WITHDRAWN
    assert desk.walk_in().number == 2
