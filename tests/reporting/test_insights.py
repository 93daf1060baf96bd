"""Hours of the week, causes, money by month, results of actions: against a plain recount."""

import datetime as dt
from collections import Counter

import pytest

from promises.db.sql import rows
from promises.flows.improve import (
    check_action,
    drop_action,
    finish_action,
    move_action,
    publish_action,
    start_action,
)
from promises.flows.remind_actions import remind_actions
from promises.flows.tag_cause import tag_cause
from promises.improvement.actions import NewAction
from promises.improvement.actions_models import Outcome
from promises.improvement.actions_queries import get_action, list_actions
from promises.improvement.causes_start import start_id
from promises.improvement.errors import ActionMoved, NoSuchAction, NoSuchCause
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound, Refused
from promises.kernel.ids import new_id
from promises.kernel.zones import local_clock, local_date
from promises.reporting.insights import clock_spans, hours_of_week
from promises.reporting.insights_causes import OfCause, breaches_of_cause, causes_counted
from promises.reporting.insights_money import MoneyPart, money_by_month
from promises.reporting.insights_results import changes_made, result_of
from promises.reporting.scorecard import Selection
from promises.reporting.statistics import Change
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases

ZONE = "Europe/Helsinki"
FIRST, LAST = dt.date(2026, 3, 23), dt.date(2026, 4, 3)  # clocks are moved on 29 March
DAY = dt.timedelta(days=1)
MINUTE = dt.timedelta(minutes=1)
DONE_ON = dt.date(2026, 3, 30)


@pytest.fixture(scope="module")
def laid(bare_apps):
    """Two weeks over the change of the clocks; one promise, two branches."""
    with bare_apps[0].app_context():
        ground = make_ground()
        with ground.made.work(Role.MANAGER) as uow:
            cases = Cases(uow, ground)
            stored = []
            for back in range(12):
                day = LAST - back * DAY
                late = 4 if day < DONE_ON else 0
                stored += cases.add(
                    *[Case(day, "kept", 4 * MINUTE, hour=7) for _ in range(6 - late // 2)],
                    *[Case(day, "broken", 20 * MINUTE, hour=8, money="issued")] * late,
                )
            stored += cases.add(
                Case(LAST, "broken", 20 * MINUTE, branch=1, money="failed"),
                Case(LAST, "excluded", annulment="confirmed", money="cancelled"),
                Case(LAST, "open"),
                Case(FIRST, "broken", 20 * MINUTE, money="redeemed"),
            )
    return Laid(ground, cases.promise.promise_id, stored)


class Laid:
    def __init__(self, ground, promise_id, stored):
        self.ground, self.promise_id, self.stored = ground, promise_id, stored
        self.broken = [one for one in stored if one.case.state == "broken"]
        self.selection = Selection(promise_id, None, FIRST, LAST)

    def work(self, role=Role.MANAGER):
        return self.ground.made.work(role)

    def cause(self, key):
        return start_id(self.ground.made.id, key)

    def ask(self, verb, **options):
        with self.work() as uow:
            return verb(uow.session, organisation_id=uow.organisation_id, **options)


pytestmark = pytest.mark.usefixtures("as_application")


def test_hours_are_those_of_the_clock_on_the_wall(laid):
    zones = {laid.ground.branch_id: ZONE, laid.ground.other_branch_id: "Asia/Kathmandu"}
    found = laid.ask(hours_of_week, selection=laid.selection, zones=zones)
    expected = Counter()
    for one in laid.stored:
        if one.case.state in ("kept", "broken"):
            zone = "Asia/Kathmandu" if one.case.branch else ZONE
            _, at = local_clock(one.started_at, zone)
            expected[one.case.day_on.isoweekday(), at.hour, one.case.state] += 1
    told = Counter()
    for one in found:
        told[one.weekday, one.hour, "kept"] += one.kept
        told[one.weekday, one.hour, "broken"] += one.broken
    assert +told == expected
    assert {one.hour for one in found if one.weekday == 2} == {9, 10}  # 24 March and 31 March


def test_clocks_are_moved_to_the_minute():
    first, last = (dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (3, 12))
    moved = dt.datetime(2026, 3, 29, 1, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 1, tzinfo=dt.UTC)
    assert clock_spans(ZONE, first, last) == [(first, 7200), (moved[0], 10800), (moved[1], 7200)]
    assert clock_spans("Asia/Kathmandu", first, last) == [(first, 20700)]


def test_causes_add_up_to_the_breaches_that_stand(laid):
    with laid.work(Role.CLERK) as uow:
        for one in laid.broken[:5]:
            tag_cause(uow, breach_id=one.breach_id, cause_id=laid.cause("rush"))
        tag_cause(uow, breach_id=laid.broken[0].breach_id, cause_id=laid.cause("partner"))
    counted = {
        one.cause_id: one.count for one in laid.ask(causes_counted, selection=laid.selection)
    }
    assert counted == {
        None: len(laid.broken) - 5, laid.cause("rush"): 4, laid.cause("partner"): 1
    }  # fmt: skip
    listed = laid.ask(
        breaches_of_cause, selection=laid.selection, of=OfCause(True, laid.cause("rush")), limit=3
    )
    rest = laid.ask(
        breaches_of_cause, selection=laid.selection, of=OfCause(True, laid.cause("rush")),
        after=listed.after, limit=3,
    )  # fmt: skip
    shown = [one.breach_id for one in (*listed.rows, *rest.rows)]
    assert sorted(shown) == sorted(one.breach_id for one in laid.broken[1:5])
    assert rest.after is None


def test_money_by_month_is_in_one_part_each(laid):
    march, april = laid.ask(money_by_month, selection=laid.selection)
    expected = Counter()
    parts = {"issued": "issued", "failed": "failed", "redeemed": "paid", "owed": "held"}
    for one in laid.broken:
        expected[one.case.day_on.month, parts[one.case.money]] += one.case.amount_minor
    for month in (march, april):
        for part in MoneyPart:
            assert month.parts[part].amount_minor == expected[month.month_on.month, part.value]
    assert march.timed == sum(one.case.day_on.month == 3 for one in laid.broken)
    assert april.timed == 0


def result(laid, **options):
    asked = {
        "promise_id": laid.promise_id, "branch_id": None, "cause_id": None, "done_on": DONE_ON,
        "today": LAST + DAY,
    }  # fmt: skip
    return laid.ask(result_of, **(asked | options))


def test_result_counts_equally_many_open_days(laid):
    found = result(laid)
    assert (found.days, found.from_on, found.to_on) == (5, dt.date(2026, 3, 25), LAST)
    days = Counter()
    for one in laid.stored:
        if found.from_on <= one.case.day_on <= LAST and one.case.state in ("kept", "broken"):
            days[one.case.day_on >= DONE_ON, one.case.state] += 1
    assert found.breaches.before.hits == days[False, "broken"] == 20
    assert found.breaches.after.hits == days[True, "broken"] == 1
    assert found.kept_after.cases == days[True, "kept"] + days[True, "broken"]
    assert found.breaches.change is Change.FEWER
    of_branch = result(laid, branch_id=laid.ground.branch_id)
    assert of_branch.breaches.after.hits == 0
    assert result(laid, done_on=LAST + DAY) is None
    assert result(laid, done_on=FIRST) is None
    assert result(laid, cause_id=new_id()).breaches.before.hits == 0


def begin(laid, **changes):
    action = {
        "promise_id": laid.promise_id, "what": "A third counter opens",
        "owner_id": laid.ground.made.members[Role.MANAGER], "due_on": DONE_ON,
    } | changes  # fmt: skip
    with laid.work() as uow:
        return start_action(uow, action=NewAction(**action))


def test_action_moves_one_way_only(laid):
    action_id = begin(laid)
    with laid.work() as uow, pytest.raises(ActionMoved):
        check_action(uow, action_id=action_id, outcome=Outcome.HELPED)
    with laid.work() as uow:
        finish_action(uow, action_id=action_id, done_on=DONE_ON)
    for again in (
        lambda uow: finish_action(uow, action_id=action_id, done_on=DONE_ON),
        lambda uow: drop_action(uow, action_id=action_id, reason="No"),
        lambda uow: move_action(
            uow, action_id=action_id, due_on=LAST,
            owner_id=laid.ground.made.members[Role.MANAGER],
        ),
    ):  # fmt: skip
        with pytest.raises(ActionMoved), laid.work() as uow:
            again(uow)
    with laid.work() as uow:
        check_action(uow, action_id=action_id, outcome=Outcome.HELPED)
        publish_action(uow, action_id=action_id, texts={"en": "A third counter opens at nine."})
    kept = laid.ask(get_action, action_id=action_id)
    assert (kept.done_on, kept.outcome) == (DONE_ON, Outcome.HELPED)
    assert kept.result["breaches_before"] == 20
    (change,) = laid.ask(changes_made, promise_id=laid.promise_id)
    assert change.result.breaches.change is Change.FEWER
    assert laid.ask(changes_made, promise_id=new_id()) == []


def test_refused_action_leaves_nothing(laid):
    before = len(laid.ask(list_actions))
    for refusal, changes in (
        (NotFound, {"promise_id": new_id()}),
        (NotFound, {"owner_id": new_id()}),
        (NotFound, {"branch_id": new_id()}),
        (NoSuchCause, {"cause_id": new_id()}),
        (Refused, {"what": "  "}),
    ):
        with pytest.raises(refusal):
            begin(laid, **changes)
    with pytest.raises(NoSuchAction), laid.work() as uow:
        finish_action(uow, action_id=new_id(), done_on=DONE_ON)
    assert len(laid.ask(list_actions)) == before


def test_owner_hears_on_the_day_and_each_week_until_it_is_done(laid):
    with laid.work(None) as uow:
        remind_actions(uow)
        today = local_date(uow.now, ZONE)
    action_id = begin(laid, due_on=today, what="Breaks are spread out")
    later = begin(laid, due_on=today + 3 * DAY)
    with laid.work(None) as uow:
        assert remind_actions(uow) == 1
    with laid.work(None) as uow:
        assert remind_actions(uow) == 0
        found = rows(
            uow.session,
            "SELECT params->>'late' AS late, member_id FROM messages"
            " WHERE kind = 'action_due' AND starts_with(dedupe_key, %(key)s)",
            {"key": f"action_due:{action_id}"},
        )
        assert [tuple(row) for row in found] == [("false", laid.ground.made.members[Role.MANAGER])]
    with laid.work() as uow:
        drop_action(uow, action_id=later, reason="Not needed any more")
        finish_action(uow, action_id=action_id, done_on=today)
    left = laid.ask(list_actions, promise_id=laid.promise_id)
    assert all(one.state != "open" or one.due_on != today for one in left)
