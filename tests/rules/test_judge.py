"""What the engine says of the cases that a branch knows, one by one."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from promises.rules.facts import EventKind, FactEvent, Facts, TicketKind
from promises.rules.judge import ReasonCode, State, judge, judge_committed
from tests.rules.ground import IDS, SECOND, START, at, facts, terms

LIMIT = 900 * SECOND
LATE = LIMIT + 1  # the limit itself is still kept
MIDDLE = 300 * SECOND
LONG_AFTER = at(10 * LIMIT)


def decide(*log, now=LONG_AFTER, measured=None, **changes):
    verdict = judge(terms(**changes), facts(*log, measured=measured), now)
    return str(verdict.state), str(verdict.reason)


def test_judge_service_at_the_limit_is_kept_and_a_microsecond_later_broken():
    kept = judge(terms(), facts(("arrived", 0), ("service_started", LIMIT)), LONG_AFTER)
    broken = judge(terms(), facts(("arrived", 0), ("service_started", LATE)), LONG_AFTER)
    assert (kept.state, kept.reason) == (State.KEPT, ReasonCode.IN_TIME)
    assert (broken.state, broken.reason) == (State.BROKEN, ReasonCode.TOO_LATE)
    assert kept.breached_at is None
    assert broken.breached_at == broken.due_at == at(LATE)
    assert (kept.measured_seconds, broken.measured_seconds) == (900, 900)
    assert broken.measured == timedelta(minutes=15, microseconds=1)


def test_judge_exclusive_limit_breaks_at_the_limit_itself():
    changes = {"limit__boundary": "exclusive"}
    assert decide(("arrived", 0), ("service_started", LIMIT - 1), **changes)[0] == "kept"
    assert decide(("arrived", 0), ("service_started", LIMIT), **changes)[0] == "broken"


@pytest.mark.parametrize(
    ("boundary", "now", "state"),
    [
        ("inclusive", LIMIT, "open"),
        ("inclusive", LATE, "broken"),
        ("exclusive", LIMIT - 1, "open"),
        ("exclusive", LIMIT, "broken"),
    ],
)
def test_judge_clock_alone_breaks_at_the_deadline(boundary, now, state):
    assert decide(("arrived", 0), now=at(now), limit__boundary=boundary)[0] == state


def test_judge_broken_by_the_clock_has_no_end_but_a_breach():
    verdict = judge(terms(), facts(("arrived", 0)), LONG_AFTER)
    assert verdict.reason is ReasonCode.DEADLINE_PASSED
    assert (verdict.ended_at, verdict.ended_by, verdict.measured_seconds) == (None, None, None)
    assert verdict.breached_at == at(LATE)


def test_judge_missing_values_are_open_and_never_kept():
    for log in ([("called", 10)], [("served", 10)], [("recalled", 10)], [("no_show", 10)]):
        assert decide(("arrived", 0), *log, now=at(LIMIT)) == ("open", "waiting")
    assert decide(("arrived", 0), now=at(0), measured=10) == ("open", "waiting")


def test_judge_walk_in_without_arrival_opens_no_commitment():
    log = [("called", 0), ("service_started", 5), ("served", 90)]
    verdict = judge(terms(), facts(*log), LONG_AFTER)
    assert (verdict.state, verdict.reason) == (State.NOT_APPLICABLE, ReasonCode.NO_ARRIVAL)
    assert (verdict.due_at, verdict.measured, verdict.measured_seconds) == (None, None, None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scope__ticket_kinds": ["complaint", "request"]}, "other_ticket_kind"),
        ({"scope__service_kinds": IDS[1:]}, "other_service_kind"),
        ({"scope__branches": IDS[1:]}, "other_branch"),
    ],
)
def test_judge_ticket_out_of_scope_is_not_applicable(changes, reason):
    arrived = (FactEvent(EventKind.ARRIVED, START),)
    ticket = facts(service=IDS[0], branch=IDS[0])
    unknown = Facts(TicketKind.VISIT, None, None, arrived)
    for one in (ticket, unknown):
        verdict = judge(terms(**changes), one, LONG_AFTER)
        assert (verdict.state, verdict.reason) == (State.NOT_APPLICABLE, reason)


def test_judge_committed_ticket_stays_under_the_promise_after_a_transfer():
    narrow = terms(scope__service_kinds=IDS[:1])
    moved = facts(("arrived", 0), ("transferred", 5), service=IDS[1])
    assert judge(narrow, moved, LONG_AFTER).state is State.NOT_APPLICABLE
    assert judge_committed(narrow, moved, LONG_AFTER).breached_at == at(LATE)
    inside = facts(("arrived", 0), ("service_started", 5), service=IDS[0])
    assert judge_committed(narrow, inside, LONG_AFTER) == judge(narrow, inside, LONG_AFTER)
    assert judge_committed(narrow, facts(), LONG_AFTER).reason is ReasonCode.NO_ARRIVAL


def test_judge_ticket_inside_a_narrow_scope_is_judged():
    narrow = terms(scope__service_kinds=IDS[:2], scope__branches=IDS[:2])
    ticket = facts(("arrived", 0), ("service_started", 1), service=IDS[1], branch=IDS[0])
    assert judge(narrow, ticket, LONG_AFTER).state is State.KEPT


@pytest.mark.parametrize(
    ("before_limit", "left", "expected"),
    [
        ("excluded", LIMIT, ("excluded", "left_before_limit")),
        ("kept", LIMIT, ("kept", "left_before_limit")),
        ("excluded", LATE, ("broken", "left_after_limit")),
        ("kept", LATE, ("broken", "left_after_limit")),
    ],
)
def test_judge_leaving_follows_the_terms_before_the_limit_only(before_limit, left, expected):
    changes = {"leavers__before_limit": before_limit}
    assert decide(("arrived", 0), ("left", left), **changes) == expected


@pytest.mark.parametrize(
    ("closed", "expected"),
    [(LIMIT, ("excluded", "closed_before_limit")), (LATE, ("broken", "closed_after_limit"))],
)
def test_judge_closed_by_rule_counts_like_leaving(closed, expected):
    assert decide(("arrived", 0), ("closed", closed)) == expected


def test_judge_first_of_leaving_and_closing_counts():
    assert decide(("arrived", 0), ("left", 5), ("closed", 6))[1] == "left_before_limit"
    assert decide(("arrived", 0), ("left", 6), ("closed", 5))[1] == "closed_before_limit"
    assert decide(("arrived", 0), ("left", 5), ("closed", 5))[1] == "left_before_limit"
    assert decide(("arrived", 0), ("left", LATE), ("closed", 5))[1] == "closed_before_limit"


def test_judge_left_after_limit_is_known_for_those_who_were_gone():
    def left_after_limit(*log):
        return judge(terms(), facts(("arrived", 0), *log), LONG_AFTER).left_after_limit

    assert left_after_limit(("left", LATE))
    assert left_after_limit(("called", LATE), ("no_show", LATE + SECOND))
    assert not left_after_limit(("closed", LATE))
    assert not left_after_limit(("left", LIMIT))
    assert not left_after_limit(("service_started", LATE))
    assert not left_after_limit()


def test_judge_called_in_time_but_not_come_is_excluded():
    log = [("arrived", 0), ("called", LIMIT), ("no_show", LATE + SECOND)]
    verdict = judge(terms(), facts(*log), LONG_AFTER)
    assert (verdict.state, verdict.reason) == (State.EXCLUDED, ReasonCode.NO_SHOW)
    assert (verdict.ended_at, verdict.ended_by) == (at(LIMIT), EventKind.CALLED)


def test_judge_called_too_late_and_not_come_is_broken():
    log = [("arrived", 0), ("called", LATE), ("no_show", LATE + SECOND)]
    assert decide(*log) == ("broken", "no_show_after_limit")


def test_judge_called_in_time_but_neither_come_nor_marked_is_broken_by_the_clock():
    assert decide(("arrived", 0), ("called", 5)) == ("broken", "deadline_passed")


def test_judge_no_show_without_a_call_decides_nothing():
    assert decide(("arrived", 0), ("no_show", 5), now=at(6)) == ("open", "waiting")
    assert decide(("arrived", 0), ("no_show", 5)) == ("broken", "deadline_passed")


def test_judge_no_show_after_leaving_follows_the_rule_for_leaving():
    log = [("arrived", 0), ("left", 4), ("called", 5), ("no_show", 6)]
    assert decide(*log, leavers__before_limit="kept") == ("kept", "left_before_limit")
    together = [("arrived", 0), ("left", 5), ("called", 5), ("no_show", 6)]
    assert decide(*together) == ("excluded", "no_show")


def test_judge_no_show_closed_later_stays_a_no_show():
    log = [("arrived", 0), ("called", 5), ("no_show", 6), ("closed", 10 * LIMIT)]
    assert decide(*log) == ("excluded", "no_show")


def test_judge_service_outweighs_a_note_that_the_customer_left():
    left = [("arrived", 0), ("left", 4), ("no_show", 5), ("closed", 6), ("called", 3)]
    assert decide(*left, ("service_started", MIDDLE)) == ("kept", "in_time")
    assert decide(*left, ("service_started", LATE)) == ("broken", "too_late")


def test_judge_promise_of_a_call_is_kept_by_the_call():
    changes = {"measure__to": "called"}
    assert decide(("arrived", 0), ("called", LIMIT), **changes) == ("kept", "in_time")
    assert decide(("arrived", 0), ("called", LATE), **changes) == ("broken", "too_late")
    no_show = [("arrived", 0), ("called", LIMIT), ("no_show", LATE)]
    assert decide(*no_show, **changes) == ("kept", "in_time")


def test_judge_promise_of_a_call_counts_service_without_a_call():
    verdict = judge(
        terms(measure__to="called"), facts(("arrived", 0), ("service_started", 9)), LONG_AFTER
    )
    assert (verdict.state, verdict.ended_by) == (State.KEPT, EventKind.SERVICE_STARTED)
    both = facts(("arrived", 0), ("called", 9), ("service_started", 12))
    assert judge(terms(measure__to="called"), both, LONG_AFTER).ended_by is EventKind.CALLED


def test_judge_call_into_an_empty_hall_keeps_nothing():
    changes = {"measure__to": "called"}
    gone = [("arrived", 0), ("left", MIDDLE), ("called", MIDDLE + 1)]
    assert decide(*gone, **changes) == ("excluded", "left_before_limit")
    assert decide(*gone, ("service_started", LATE), **changes) == ("kept", "in_time")
    late = [("arrived", 0), ("left", LATE), ("called", LATE + 1)]
    assert decide(*late, **changes) == ("broken", "left_after_limit")


def test_judge_transfer_keeps_the_first_arrival_and_the_first_service():
    log = [("arrived", 0), ("service_started", 5), ("transferred", 9), ("arrived", 9)]
    verdict = judge(terms(), facts(*log, ("service_started", LATE)), LONG_AFTER)
    assert (verdict.started_at, verdict.ended_at) == (START, at(5))
    assert verdict.state is State.KEPT


def test_judge_measured_wait_outweighs_the_time_of_day():
    late_by_clock = [("arrived", 0), ("service_started", 5 * LIMIT)]
    kept = judge(terms(), facts(*late_by_clock, measured=LIMIT), LONG_AFTER)
    assert (kept.state, kept.ended_at, kept.by_duration) == (State.KEPT, at(LIMIT), True)
    early_by_clock = [("arrived", 0), ("service_started", -2 * SECOND)]
    assert decide(*early_by_clock, measured=LATE) == ("broken", "too_late")
    assert decide(("arrived", 0), ("left", 1), measured=LATE) == ("broken", "left_after_limit")
    assert decide(("arrived", 0), ("left", LATE), measured=5) == ("excluded", "left_before_limit")


def test_judge_contradictory_times_count_as_no_wait():
    verdict = judge(terms(), facts(("arrived", 0), ("service_started", -2 * SECOND)), LONG_AFTER)
    assert verdict.state is State.KEPT
    assert verdict.measured_seconds == -2


def test_judge_undone_events_are_left_out_by_the_caller_and_ignored_here():
    log = [("arrived", 0), ("undone", 4), ("disputed", 5), ("presence_shown", 6)]
    assert decide(*log, now=at(MIDDLE)) == ("open", "waiting")


def test_judge_takes_events_and_the_present_in_any_zone():
    helsinki = ZoneInfo("Europe/Helsinki")
    started = datetime(2026, 10, 25, 3, 50, tzinfo=helsinki)
    served = datetime(2026, 10, 25, 3, 10, tzinfo=helsinki, fold=1)  # 20 real minutes later
    made = Facts(
        TicketKind.VISIT,
        None,
        None,
        (FactEvent(EventKind.ARRIVED, started), FactEvent(EventKind.SERVICE_STARTED, served)),
    )
    verdict = judge(terms(), made, served.replace(hour=12))
    assert (verdict.state, verdict.measured_seconds) == (State.BROKEN, 1200)
    waiting = Facts(TicketKind.VISIT, None, None, made.events[:1])
    assert judge(terms(), waiting, datetime(2026, 10, 25, 4, tzinfo=helsinki)).state is State.BROKEN


def test_judge_refuses_a_naive_present_where_it_decides():
    with pytest.raises(TypeError):
        judge(terms(), facts(("arrived", 0)), datetime(2026, 1, 1))  # noqa: DTZ001  refused
