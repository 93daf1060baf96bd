"""What the screens of the desk are shown."""

import datetime as dt

import pytest

from promises.desk import queries
from promises.desk.actions import set_next_due, touch_branches, touch_tickets
from promises.desk.facts import load_cases, staff_acted_at
from promises.desk.models import EventKind, EventSource, TicketState
from promises.desk.search import PAGE, TicketSearch, find_tickets
from promises.identity.models import ServiceStart
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id
from tests.factories.desk import Desk, seconds
from tests.factories.identity import make_organisation


@pytest.fixture
def desk(as_application):
    return Desk(make_organisation(kinds=("A", "B"), branches=2))


def ask(desk, query, **words):
    with desk.made.work() as uow:
        return query(uow.session, organisation_id=desk.made.id, **words)


def do(desk, verb, **words):
    return ask(desk, verb, **words)


def peek(desk, public_code):
    """The version that a poll of the ticket's page reads; it comes with the database's clock."""
    found, now = queries.peek_ticket_version(organisation_id=desk.made.id, public_code=public_code)
    assert abs(desk.now() - now) < seconds(60)
    return found


# ---- versions


def test_branch_version_rises_with_every_touch(desk):
    branch_id = desk.made.branch_id
    assert ask(desk, queries.branch_version, branch_id=branch_id) == 0
    for expected in (1, 2):
        do(desk, touch_branches, branch_ids=[branch_id])
        assert ask(desk, queries.branch_version, branch_id=branch_id) == expected


def test_poll_reads_the_same_branch_version(desk):
    branch_id = desk.made.branch_id
    for expected in (0, 1):
        version, _now = queries.peek_branch_version(
            organisation_id=desk.made.id, branch_id=branch_id
        )
        assert version == expected == ask(desk, queries.branch_version, branch_id=branch_id)
        do(desk, touch_branches, branch_ids=[branch_id])


def test_touching_several_branches_raises_each_once(desk):
    first, second = (branch.id for branch in desk.made.branches)
    do(desk, touch_branches, branch_ids=[second, first, second])
    assert ask(desk, queries.branch_version, branch_id=first) == 1
    assert ask(desk, queries.branch_version, branch_id=second) == 1


def test_touch_without_staff_keeps_the_time_of_the_last_staff_act(desk):
    branch_id, at = desk.made.branch_id, desk.now()
    for acted in (at, None, at - seconds(60)):
        do(desk, touch_branches, branch_ids=[branch_id], staff_acted_at=acted)
    assert ask(desk, staff_acted_at, branch_ids=[branch_id]) == {branch_id: at}


def test_ticket_version_changes_with_ticket_and_branch(desk):
    issued = desk.take()

    def version():
        return peek(desk, issued.public_code)

    first = version()
    do(desk, touch_branches, branch_ids=[desk.made.branch_id])
    assert version().branch_version == first.branch_version + 1
    desk.call()
    assert version().version == first.version + 1
    do(desk, touch_tickets, ticket_ids=[issued.ticket_id])
    assert version().version == first.version + 2
    assert version().ticket_id == issued.ticket_id


def test_unknown_code_has_no_version(desk):
    assert peek(desk, "nobody") is None


def test_ticket_of_another_organisation_has_no_version(desk):
    foreign = Desk(make_organisation()).take()
    assert peek(desk, foreign.public_code) is None


def test_next_due_raises_the_version_only_where_it_changed(desk):
    first, second = desk.take(), desk.take()
    due = desk.now() + seconds(900)
    do(desk, set_next_due, due={first.ticket_id: due, second.ticket_id: None})
    stored = desk.ticket(first.ticket_id), desk.ticket(second.ticket_id)
    assert [one.next_due_at for one in stored] == [due, None]
    assert [one.version for one in stored] == [2, 1]
    do(desk, set_next_due, due={first.ticket_id: due})
    assert desk.ticket(first.ticket_id).version == 2
    do(desk, set_next_due, due={})


# ---- queue and counter


def test_queue_is_in_order_of_arrival_with_its_times(desk):
    at = desk.now()
    second = desk.take(at=at, kind_id=desk.made.kind_ids[1])
    first = desk.take(at=at, occurred_at=at - seconds(30))
    do(desk, set_next_due, due={first.ticket_id: at + seconds(70)})
    waiting = ask(desk, queries.list_waiting, branch_id=desk.made.branch_id, now=at + seconds(20))
    assert [one.ticket_id for one in waiting] == [first.ticket_id, second.ticket_id]
    head, tail = waiting
    assert (head.label, head.waited, head.started_at) == ("A002", seconds(50), at - seconds(30))
    assert head.next_due_at == at + seconds(70)
    assert head.at_risk_at == at + seconds(50)
    assert (tail.service_names["en"], tail.next_due_at, tail.at_risk_at) == ("Kind B", None, None)


def test_queue_leaves_out_others_and_keeps_to_its_limit(desk):
    called, _, third = desk.take(), desk.take(), desk.take(kind_id=desk.made.kind_ids[1])
    desk.take(branch_id=desk.made.branches[1].id)
    desk.call()
    now, branch_id = desk.now(), desk.made.branch_id
    assert len(ask(desk, queries.list_waiting, branch_id=branch_id, now=now)) == 2
    assert len(ask(desk, queries.list_waiting, branch_id=branch_id, now=now, limit=1)) == 1
    only = ask(
        desk, queries.list_waiting, branch_id=branch_id, now=now,
        service_kind_ids=[desk.made.kind_ids[1]],
    )  # fmt: skip
    assert [one.ticket_id for one in only] == [third.ticket_id]
    assert ask(desk, queries.count_waiting, branch_id=branch_id) == 2
    assert desk.state(called.ticket_id) is TicketState.CALLED


def test_counter_without_a_customer(desk):
    view = ask(desk, queries.counter_view, counter_id=desk.made.counter_id)
    assert view.current is None
    assert (view.counter_name, view.branch_id, view.version) == ("1", desk.made.branch_id, 0)
    assert view.service_start is ServiceStart.TAP
    assert view.time_zone == "Europe/Helsinki"


def test_counter_shows_the_times_of_this_stay(desk):
    ticket = desk.take(locale="fi").ticket_id
    at = desk.now()
    desk.call(at=at)
    desk.log(ticket, "transferred", at=at + seconds(5), service_kind_id=desk.made.kind_ids[1])
    desk.call(at=at + seconds(60))
    current = ask(desk, queries.counter_view, counter_id=desk.made.counter_id).current
    assert (current.ticket_id, current.state) == (ticket, TicketState.CALLED)
    assert (current.called_at, current.no_show_from_at) == (at + seconds(60), at + seconds(180))
    assert (current.label, current.service_names["en"], current.locale) == ("A001", "Kind B", "fi")
    desk.log(ticket, "service_started", at=at + seconds(70))
    current = ask(desk, queries.counter_view, counter_id=desk.made.counter_id).current
    assert (current.service_started_at, current.no_show_from_at) == (at + seconds(70), None)


def test_undone_call_is_not_shown_as_this_stays_call(desk):
    desk.take()
    at = desk.now()
    first = desk.call(at=at).called
    desk.undo(first.ticket_id, first.event_id, at=at + seconds(5))
    desk.call(at=at + seconds(9))
    current = ask(desk, queries.counter_view, counter_id=desk.made.counter_id).current
    assert current.called_at == at + seconds(9)


def test_counter_of_another_organisation_is_not_there(desk):
    with pytest.raises(NotFound):
        ask(desk, queries.counter_view, counter_id=make_organisation().counter_id)


# ---- hall


def test_hall_shows_the_latest_calls_first(as_application):
    desk = Desk(make_organisation(counters=7, service_start=ServiceStart.CALL))
    at = desk.now()
    for _ in range(8):
        desk.take(at=at)
    for number in range(7):
        desk.call(desk.made.counter_ids[number], at=at + seconds(number))
    hall = ask(desk, queries.hall_view, branch_id=desk.made.branch_id, now=at + seconds(10))
    assert [call.label for call in hall.calls] == ["A007", "A006", "A005", "A004", "A003"]
    assert [call.counter_name for call in hall.calls] == ["7", "6", "5", "4", "3"]
    assert hall.calls[0].called_at == at + seconds(6)
    assert hall.waiting == 1


def test_recall_brings_a_number_back_to_the_top(desk):
    at = desk.now()
    first, second = desk.take(at=at), desk.take(at=at)
    desk.call(at=at)
    desk.call(desk.made.counter_ids[1], at=at + seconds(1))
    desk.log(
        first.ticket_id, "recalled", at=at + seconds(2), counter_id=desk.made.counter_id
    )  # fmt: skip
    hall = ask(desk, queries.hall_view, branch_id=desk.made.branch_id, now=at + seconds(3))
    assert [call.ticket_id for call in hall.calls] == [first.ticket_id, second.ticket_id]
    assert hall.calls[0].called_at == at + seconds(2)


def test_undone_call_walk_in_and_yesterday_are_not_in_the_hall(desk):
    at = desk.now()
    desk.take(at=at)
    called = desk.call(at=at).called
    desk.undo(called.ticket_id, called.event_id, at=at)
    desk.walk_in(desk.made.counter_ids[1], at=at)
    hall = ask(desk, queries.hall_view, branch_id=desk.made.branch_id, now=at)
    assert (hall.calls, hall.waiting) == ((), 1)
    desk.call(at=at)
    tomorrow = ask(
        desk, queries.hall_view, branch_id=desk.made.branch_id, now=at + dt.timedelta(days=1)
    )
    assert tomorrow.calls == ()


# ---- one ticket


def test_people_ahead_counts_those_who_came_before(desk):
    tickets = [desk.take() for _ in range(3)]
    ahead = [ask(desk, queries.people_ahead, ticket=desk.ticket(one.ticket_id)) for one in tickets]
    assert ahead == [0, 1, 2]
    desk.call()
    ahead = [ask(desk, queries.people_ahead, ticket=desk.ticket(one.ticket_id)) for one in tickets]
    assert ahead == [0, 0, 1]


def test_ticket_is_found_by_its_code_and_by_its_id(desk):
    issued = desk.take()
    by_code = ask(desk, queries.ticket_by_code, public_code=issued.public_code)
    assert by_code == desk.ticket(issued.ticket_id)
    assert (by_code.branch_name, by_code.service_names["fi"]) == ("Branch 1", "Palvelu A")
    assert ask(desk, queries.ticket_by_code, public_code="nobody") is None
    assert ask(desk, queries.ticket_by_id, ticket_id=new_id()) is None


def test_ticket_of_another_organisation_is_not_found(desk):
    foreign = Desk(make_organisation()).take()
    assert ask(desk, queries.ticket_by_code, public_code=foreign.public_code) is None
    assert ask(desk, queries.ticket_by_id, ticket_id=foreign.ticket_id) is None
    assert ask(desk, queries.ticket_timeline, ticket_id=foreign.ticket_id) == []


def test_timeline_shows_what_was_undone_and_by_what(desk):
    ticket = desk.take().ticket_id
    called = desk.call().called
    desk.undo(ticket, called.event_id)
    events = desk.timeline(ticket)
    assert [(event.kind.value, event.undone) for event in events] == [
        ("arrived", False), ("called", True), ("undone", False),
    ]  # fmt: skip
    assert events[2].corrects_id == events[1].event_id
    assert (events[1].counter_name, events[0].service_names["en"]) == ("1", "Kind A")


def test_facts_leave_out_what_was_undone(desk):
    ticket = desk.take().ticket_id
    called = desk.call().called
    desk.undo(ticket, called.event_id)
    facts = ask(desk, queries.load_facts, ticket_ids=[ticket])[ticket]
    assert [event.kind.value for event in facts.events] == ["arrived"]


def test_facts_keep_the_service_of_the_arrival(desk):
    """Otherwise a transfer could take a ticket out of a promise's reach."""
    ticket = desk.take().ticket_id
    desk.log(ticket, "transferred", service_kind_id=desk.made.kind_ids[1])
    facts = ask(desk, queries.load_facts, ticket_ids=[ticket])[ticket]
    assert facts.service_kind_id == desk.made.kind_id


def test_late_correction_leaves_the_old_evidence_beside_the_new(desk):
    ticket = desk.take().ticket_id
    at = desk.now()
    started = desk.log(ticket, "service_started", at=at)
    desk.log(ticket, "undone", corrects_id=started.event_id, at=at + seconds(5))
    case = ask(desk, load_cases, ticket_ids=[ticket])[ticket]
    assert case.verified_facts is case.facts
    again = desk.log(ticket, "service_started", at=at + seconds(6))
    desk.log(ticket, "undone", corrects_id=again.event_id, at=at + seconds(60))
    case = ask(desk, load_cases, ticket_ids=[ticket])[ticket]
    assert [event.kind.value for event in case.facts.events] == ["arrived"]
    assert [event.kind.value for event in case.verified_facts.events] == [
        "arrived", "service_started",
    ]  # fmt: skip


def test_recorded_acts_come_in_the_order_asked_and_know_what_was_undone(desk):
    ticket = desk.take()
    called = desk.call().called
    undone = desk.undo(ticket.ticket_id, called.event_id)
    ids = [undone.event_id, called.event_id, new_id()]
    acts = ask(desk, queries.recorded_acts, event_ids=ids)
    assert [(act.kind.value, act.label, act.undone) for act in acts] == [
        ("undone", "A001", False), ("called", "A001", True),
    ]  # fmt: skip
    assert acts[0].branch_id == desk.made.branch_id


def test_branches_with_live_tickets(desk):
    first, second = (branch.id for branch in desk.made.branches)
    assert ask(desk, queries.branches_with_live_tickets) == []
    ticket = desk.take(branch_id=second).ticket_id
    assert ask(desk, queries.branches_with_live_tickets) == [second]
    desk.log(ticket, "left")
    assert ask(desk, queries.branches_with_live_tickets) == []


# ---- search


def find(desk, *, limit=PAGE, day_on=None, **words):
    search = TicketSearch(
        branch_id=desk.made.branch_id, day_on=day_on or desk.take().day_on, **words
    )
    return ask(desk, find_tickets, search=search, limit=limit)


def test_search_pages_through_a_day_without_gap_or_repeat(desk):
    day_on = [desk.take() for _ in range(7)][0].day_on
    seen, after = [], None
    while True:
        page = find(desk, limit=3, day_on=day_on, after=after)
        seen += [row.label for row in page.rows]
        if not page.more:
            break
        after = (page.rows[-1].queued_at, page.rows[-1].ticket_id)
    assert seen == [f"A{number:03d}" for number in range(7, 0, -1)]


@pytest.mark.parametrize("text", ["A002", "a2", "2", "002", " A 2 ", "A-002"])
def test_search_by_number(desk, text):
    wanted = [desk.take() for _ in range(3)][1]
    page = find(desk, text=text, day_on=wanted.day_on)
    assert [row.ticket_id for row in page.rows] == [wanted.ticket_id]


def test_search_by_number_of_another_letter_finds_nothing(desk):
    issued = desk.take()
    assert find(desk, text="B001", day_on=issued.day_on).rows == ()


def test_search_by_code_or_address_finds_any_day(desk):
    issued = desk.take()
    other_day = issued.day_on - dt.timedelta(days=9)
    for text in (issued.public_code, f"https://a.example/o/x/t/{issued.public_code}"):
        page = find(desk, text=text, day_on=other_day)
        assert [row.ticket_id for row in page.rows] == [issued.ticket_id]


def test_search_by_state(desk):
    first = desk.take()
    desk.take()
    desk.call()
    page = find(desk, state=TicketState.CALLED, day_on=first.day_on)
    assert [(row.label, row.counter_name) for row in page.rows] == [("A001", "1")]


@pytest.mark.parametrize("text", ["nothing like it", "99999999999", "\0", "x" * 500, "%", "'"])
def test_search_that_nothing_fits_is_empty(desk, text):
    issued = desk.take()
    page = find(desk, text=text or "-", day_on=issued.day_on)
    assert page.rows == () or text == "\0"


def test_waited_time_of_a_served_customer_is_shown(desk):
    at = desk.now()
    ticket = desk.take(at=at)
    desk.log(ticket.ticket_id, "service_started", at=at + seconds(90))
    [row] = find(desk, day_on=ticket.day_on).rows
    assert (row.waited, row.state) == (seconds(90), TicketState.IN_SERVICE)


def test_withdrawn_ticket_is_not_listed(desk):
    walk_in = desk.walk_in()
    desk.undo(walk_in.ticket_id, walk_in.event_id)
    assert find(desk, day_on=walk_in.day_on).rows == ()


def test_kinds_and_sources_of_events_survive_the_way(desk):
    ticket = desk.take(source=EventSource.KIOSK).ticket_id
    desk.log(ticket, "presence_shown", source=EventSource.CUSTOMER)
    last = desk.timeline(ticket)[-1]
    assert (last.kind, last.source) == (EventKind.PRESENCE_SHOWN, EventSource.CUSTOMER)
    assert desk.ticket(ticket).presence_shown_at == last.occurred_at
