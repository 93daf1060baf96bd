"""Figures against a plain recount of the same cases."""

import datetime as dt
import random

import pytest

from promises.db.session import unit_of_work
from promises.kernel.actors import SYSTEM
from promises.kernel.money import Money
from promises.reporting.money import MoneyStage, money_figures
from promises.reporting.scorecard import (
    Selection,
    daily_series,
    days_without_breach,
    kept_on_day,
    scorecard,
    scorecard_grid,
    scorecards_by_promise,
    waits,
)
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases

DAY = dt.timedelta(days=1)
MONDAY = dt.date(2026, 3, 2)
ALL = Selection()
STATES = ("kept", "broken", "excluded", "open")


@pytest.fixture
def ground(as_application):
    return make_ground()


@pytest.fixture
def uow(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as work:
        yield work


def random_cases(seed, n=150):
    chance = random.Random(seed)
    cases = []
    for _ in range(n):
        state = chance.choice(STATES)
        waited = dt.timedelta(seconds=chance.randint(0, 2000), microseconds=chance.choice((0, 1)))
        cases.append(
            Case(
                day_on=MONDAY + chance.randint(0, 9) * DAY,
                state=state,
                waited=None if state == "open" else waited,
                evidence=chance.choice(("live", "unverified", "imported")),
                branch=chance.randint(0, 1),
                money=chance.choice([None, *MoneyStage, "ready", "failed"])
                if state == "broken"
                else None,
                amount_minor=chance.randint(1, 5000),
            )
        )
    return cases


@pytest.fixture
def world(uow, ground):
    """Two promises with random cases; what is counted, and the cases of the first."""
    first, second = Cases(uow, ground), Cases(uow, ground)
    cases = random_cases(7)
    first.add(*cases)
    others = random_cases(8, 40)
    second.add(*others)
    return first, second, cases, others


def chosen(cases, selection, ground):
    branches = (ground.branch_id, ground.other_branch_id)
    return [
        case
        for case in cases
        if (selection.branch_id is None or branches[case.branch] == selection.branch_id)
        and (selection.from_on is None or case.day_on >= selection.from_on)
        and (selection.to_on is None or case.day_on <= selection.to_on)
    ]


def selections(first, ground):
    for branch_id in (None, ground.branch_id):
        for from_on, to_on in ((None, None), (MONDAY + 2 * DAY, MONDAY + 5 * DAY)):
            yield Selection(first.promise.promise_id, branch_id, from_on, to_on)


def recount(cases):
    counts = {state: sum(case.state == state for case in cases) for state in STATES}
    for evidence in ("live", "unverified", "imported"):
        counts[f"broken_{evidence}"] = sum(
            case.state == "broken" and case.evidence == evidence for case in cases
        )
    return counts


def test_scorecard_equals_a_recount_for_every_selection(uow, ground, world):
    first, second, cases, others = world
    for selection in selections(first, ground):
        card = scorecard(uow.session, organisation_id=ground.organisation_id, selection=selection)
        wanted = chosen(cases, selection, ground)
        assert {name: getattr(card, name) for name in recount([])} == recount(wanted)
        assert card.commitments == len(wanted)
        assert card.broken == card.broken_live + card.broken_unverified + card.broken_imported
    everything = scorecard(uow.session, organisation_id=ground.organisation_id)
    assert everything.commitments == len(cases) + len(others)
    by_promise = scorecards_by_promise(
        uow.session, organisation_id=ground.organisation_id, selection=ALL
    )
    assert by_promise[second.promise.promise_id].kept == recount(others)["kept"]
    by_branch = scorecard_grid(
        uow.session, organisation_id=ground.organisation_id, selection=ALL
    ).by_branch
    assert sum(card.commitments for card in by_branch.values()) == len(cases) + len(others)


def test_another_organisation_counts_nothing(uow, ground, world):
    other = make_ground()
    with unit_of_work(other.organisation_id, SYSTEM) as theirs:
        for organisation_id in (other.organisation_id, ground.organisation_id):
            card = scorecard(theirs.session, organisation_id=organisation_id)
            assert card.commitments == 0


def test_daily_series_has_every_day_and_adds_up(uow, ground, world):
    first, _, cases, _ = world
    selection = Selection(first.promise.promise_id, None, MONDAY - 3 * DAY, MONDAY + 12 * DAY)
    days = daily_series(uow.session, organisation_id=ground.organisation_id, selection=selection)
    grid = scorecard_grid(uow.session, organisation_id=ground.organisation_id, selection=selection)
    assert grid.days(selection.from_on, selection.to_on) == days
    assert [day.day_on for day in days] == [MONDAY + n * DAY for n in range(-3, 13)]
    assert (days[0].kept, days[0].broken, days[0].excluded) == (0, 0, 0)
    for day in days:
        on_day = [case for case in cases if case.day_on == day.day_on]
        assert (day.kept, day.broken, day.excluded) == tuple(
            sum(case.state == state for case in on_day) for state in STATES[:3]
        )


def test_waits_put_the_limit_itself_left_of_the_line(uow, ground):
    limit, hair = dt.timedelta(minutes=15), dt.timedelta(microseconds=1)
    Cases(uow, ground).add(
        Case(MONDAY, "kept", dt.timedelta(0)),
        Case(MONDAY, "kept", limit - hair),
        Case(MONDAY, "kept", limit),
        Case(MONDAY, "broken", limit + hair),
        Case(MONDAY, "broken", dt.timedelta(hours=2)),
        Case(MONDAY, "broken", dt.timedelta(hours=1), ended_by="left"),
        Case(MONDAY, "excluded", dt.timedelta(minutes=1)),
        Case(MONDAY, "open"),
    )
    found = waits(uow.session, organisation_id=ground.organisation_id, selection=ALL)
    assert found.counts == ((0, 1), (900, 2), (901, 1), (7200, 1))
    assert found.bins(300, 6) == [1, 0, 2, 1, 0, 1]
    assert [found.percentile(share) for share in (1, 50, 60, 61, 100)] == [0, 900, 900, 901, 7200]


def test_percentile_of_nobody_is_nothing(uow, ground):
    found = waits(uow.session, organisation_id=ground.organisation_id, selection=ALL)
    assert (found.cases, found.percentile(50), found.bins(60, 3)) == (0, None, [0, 0, 0])


def money_of(stage):
    return "owed" if stage in ("ready", "failed") else stage


def test_money_is_in_exactly_one_stage(uow, ground, world):
    first, _, cases, _ = world
    for selection in selections(first, ground):
        figures = money_figures(
            uow.session,
            organisation_id=ground.organisation_id,
            currency="EUR",
            selection=selection,
        )
        paid = [case for case in chosen(cases, selection, ground) if case.money]
        for stage in MoneyStage:
            mine = [case for case in paid if money_of(case.money) == stage]
            amount = 0 if stage is MoneyStage.NOTHING else sum(c.amount_minor for c in mine)
            assert figures.of(stage).count == len(mine)
            assert figures.of(stage).amount == Money(amount, "EUR")


def clean_days(uow, ground, now, selection=ALL):
    return days_without_breach(
        uow.session,
        organisation_id=ground.organisation_id,
        now=now,
        zone="Europe/Helsinki",
        selection=selection,
    )


def test_days_without_breach_pass_over_annulled_breaches(uow, ground):
    cases = Cases(uow, ground)
    now = dt.datetime(2026, 3, 12, 9, tzinfo=dt.UTC)
    assert clean_days(uow, ground, now) is None
    cases.add(Case(MONDAY, "kept", dt.timedelta(0)))
    assert clean_days(uow, ground, now).days == 10
    assert clean_days(uow, ground, now).last_breach_at is None
    cases.add(Case(MONDAY + 2 * DAY, "broken", branch=1))
    cases.add(Case(MONDAY + 5 * DAY, "excluded", annulment="confirmed"))
    found = clean_days(uow, ground, now)
    assert (found.days, found.since_on) == (8, MONDAY + 2 * DAY)
    assert clean_days(uow, ground, now, Selection(branch_id=ground.branch_id)).days == 10
    cases.add(Case(MONDAY + 6 * DAY, "broken", annulment="asked"))
    assert clean_days(uow, ground, now).days == 4
    cases.add(Case(dt.date(2026, 3, 12), "broken", hour=6))
    assert clean_days(uow, ground, now).days == 0


def test_days_without_breach_are_counted_on_local_dates(uow, ground):
    # the deadline, 22.15 in UTC on Monday, is a quarter past midnight on Tuesday in Helsinki
    cases = Cases(uow, ground)
    cases.add(Case(MONDAY, "broken", hour=22, waited=None))
    tuesday_evening = dt.datetime(2026, 3, 3, 21, 59, tzinfo=dt.UTC)
    assert clean_days(uow, ground, tuesday_evening).days == 0
    assert clean_days(uow, ground, tuesday_evening + dt.timedelta(minutes=1)).days == 1


def test_kept_on_day_counts_one_branch_and_one_day(uow, ground):
    kept = dt.timedelta(minutes=1)
    Cases(uow, ground).add(
        Case(MONDAY, "kept", kept),
        Case(MONDAY, "kept", kept),
        Case(MONDAY, "kept", kept, branch=1),
        Case(MONDAY + DAY, "kept", kept),
        Case(MONDAY, "broken"),
    )
    n = kept_on_day(
        uow.session,
        organisation_id=ground.organisation_id,
        branch_id=ground.branch_id,
        day_on=MONDAY,
    )
    assert n == 2
