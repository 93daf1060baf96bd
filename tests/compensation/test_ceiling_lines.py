"""Who waits for room under a ceiling is not overtaken for ever, and holds nobody up for nothing."""

import datetime as dt
import uuid
from collections import Counter
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promises.compensation.ceiling_room import CeilingInForce, Ceilings
from promises.compensation.ceilings import span_of
from promises.compensation.control_models import CeilingPeriod, CeilingReaction, SumScope
from promises.flows import decide_compensation, dispute
from promises.kernel.actors import Role
from tests.compensation.test_ceilings import EMPTY, GONE, MONTH, WAITS, cap, here, keep_house
from tests.compensation.test_rolling_sums import break_one, states
from tests.flows.ground import World

pytestmark = pytest.mark.usefixtures("as_application")


def grow(world, place, amount_minor):
    """As if the terms had granted more for that debt; the oldest is 0."""
    world.rows(
        "UPDATE compensations SET amount_minor = %(amount)s WHERE id = %(id)s",
        amount=amount_minor,
        id=world.compensations()[place].id,
    )


def large_one_waits(world, amount_minor=2000):
    """One went out, and one that has room in another period only waits behind it."""
    break_one(world)
    break_one(world)
    break_one(world)
    assert states(world) == [GONE, GONE, EMPTY]
    grow(world, 2, amount_minor)


def first_of(world):
    return [row.first_id for row in world.rows("SELECT first_id FROM ceilings ORDER BY id")]


def test_younger_ones_go_beside_an_older_in_a_period_that_has_no_room_for_it_and_not_in_the_next():
    world = World()
    cap(world, 3000, **here(world))
    break_one(world)
    break_one(world)
    cap(world, 2500, **here(world), version=1)
    break_one(world)
    grow(world, 2, 2500)
    cap(world, 3000, **here(world), version=2)
    break_one(world)
    assert states(world) == [GONE, GONE, EMPTY, GONE]
    world.later(days=1)
    break_one(world)
    assert states(world)[2:] == [EMPTY, GONE, EMPTY]
    keep_house(world)
    assert states(world)[2:] == [GONE, GONE, EMPTY]
    assert first_of(world) == [world.compensations()[4].id]
    world.later(days=1)
    keep_house(world)
    assert states(world) == [GONE] * 5
    assert first_of(world) == [None]


def test_younger_one_takes_what_is_left_beside_the_older():
    world = World()
    cap(world, 2000)
    large_one_waits(world, 1000)
    world.later(days=1)
    break_one(world)
    assert states(world) == [GONE, GONE, EMPTY, GONE]
    break_one(world)
    assert states(world)[2:] == [EMPTY, GONE, EMPTY]


def test_debt_with_another_hold_keeps_no_room():
    world = World()
    cap(world, 2000)
    large_one_waits(world)
    world.later(days=1)
    with world.work(None) as uow:
        dispute.dispute(uow, ticket_id=world.compensations()[2].ticket_id)
    break_one(world)
    assert states(world) == [GONE, GONE, ("owed", "budget", "dispute"), GONE]


def test_debt_that_another_ceiling_keeps_back_until_later_keeps_no_room_here_till_then():
    world = World()
    cap(world, 2000)
    large_one_waits(world)
    cap(world, 3500, MONTH, **here(world))
    world.later(days=1)
    keep_house(world)
    assert states(world) == [GONE, GONE, EMPTY]
    break_one(world)
    assert states(world) == [GONE, GONE, EMPTY, GONE]
    world.now = dt.datetime(2026, 4, 1, 6, tzinfo=dt.UTC)
    break_one(world)
    assert states(world)[2:] == [EMPTY, GONE, EMPTY]
    keep_house(world)
    assert states(world)[2:] == [GONE, GONE, EMPTY]


def test_debt_whose_budget_is_used_up_keeps_no_room():
    world = World(budget_month_minor=3000)
    cap(world, 2000)
    large_one_waits(world)
    world.later(days=1)
    keep_house(world)
    assert states(world) == [GONE, GONE, EMPTY]
    break_one(world)
    assert states(world) == [GONE, GONE, EMPTY, GONE]


def test_debt_larger_than_the_ceiling_comes_before_a_person_with_the_reason_and_stops_nobody():
    world = World()
    cap(world, 2000)
    large_one_waits(world)
    assert first_of(world) == [world.compensations()[2].id]
    grow(world, 2, 2001)
    world.later(days=1)
    keep_house(world)
    assert states(world)[2] == WAITS
    assert first_of(world) == [None]
    break_one(world)
    break_one(world)
    assert states(world) == [GONE, GONE, WAITS, GONE, GONE]
    decided = world.rows("SELECT kind, reason, holds, actor_kind FROM compensation_decisions")
    assert [tuple(row) for row in decided] == [
        ("held", "larger_than_ceiling", ["approval"], "system")
    ]
    with world.work(Role.MANAGER) as uow:
        decide_compensation.approve(uow, compensation_ids=[world.compensations()[2].id])
    assert states(world)[2] == GONE


# --- against a slow count of everything that ever went out

ORGANISATION, START = uuid.UUID(int=1), dt.date(2026, 1, 1)
BRANCHES, PROMISES = [uuid.UUID(int=n) for n in (2, 3)], [uuid.UUID(int=n) for n in (4, 5)]
PLACES = [
    (SumScope.ORGANISATION.value, str(ORGANISATION)),
    *((SumScope.BRANCH.value, str(one)) for one in BRANCHES),
    *((SumScope.WHOLE_PROMISE.value, str(one)) for one in PROMISES),
]
LARGEST = 60


class Simulated:
    """Ceilings in memory, built anew for each day from all that went out, day by day."""

    def __init__(self, limits):
        self.limits = limits
        self.lines = {}
        self.out = []
        self.sums = Counter()
        self.waiting = []
        self.made = 0

    def debt(self, day, branch, promise, amount):
        self.made += 1
        return SimpleNamespace(
            id=uuid.UUID(int=1000 + self.made),
            created_at=dt.datetime.combine(day, dt.time(), dt.UTC),
            branch_id=BRANCHES[branch],
            promise_id=PROMISES[promise],
            amount_minor=amount,
        )

    def counts(self, place, row):
        return place[1] in (str(ORGANISATION), str(row.branch_id), str(row.promise_id))

    def used(self, place, period, day):
        first, last = span_of(period, day)
        return sum(self.sums[place, day] for day in days(first, last))

    def check(self, day):
        """Slowly: by each thing that ever went out."""
        for (place, period), limit in self.limits.items():
            first, last = span_of(period, day)
            mine = [row for on, row in self.out if first <= on <= last and self.counts(place, row)]
            assert sum(row.amount_minor for row in mine) <= limit

    def go(self, day, row):
        self.out.append((day, row))
        for place in PLACES:
            if self.counts(place, row):
                self.sums[place, day] += row.amount_minor
        self.waiting = [one for one in self.waiting if one is not row]

    def try_all(self, day, debts):
        """One transaction."""
        ceilings = Ceilings(ORGANISATION, day)
        waits = {row.id for row in self.waiting}
        for name, limit in self.limits.items():
            place, period = name
            first = self.lines.get(name)
            on, last = span_of(period, day)
            ceilings.by_key.setdefault(place, []).append(
                CeilingInForce(
                    ceiling_id=_id(name),
                    key=place,
                    limit_minor=limit,
                    reaction=CeilingReaction.WAIT,
                    used_minor=self.used(place, period, day),
                    period_on=on,
                    last_on=last,
                    filled_on=None,
                    first=first if first and first.compensation_id in waits else None,
                )
            )
        added = {}
        for row in sorted(debts, key=lambda row: (row.created_at, row.id)):
            full = ceilings.full_for(row, added)
            assert not full.larger
            if full.ceilings:
                ceilings.wait(row, full)
                self.waiting += [] if row in self.waiting else [row]
                continue
            ceilings.add(row, added)
            branch = (SumScope.BRANCH.value, str(row.branch_id))
            added[branch] = added.get(branch, 0) + row.amount_minor
            self.go(day, row)
        self.lines = {
            name: next(one.first for one in ceilings.by_key[name[0]] if one.ceiling_id == _id(name))
            for name in self.limits
        }


def _id(name):
    return uuid.uuid5(ORGANISATION, str(name))


def days(first, last):
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]


limits = st.dictionaries(
    st.tuples(st.sampled_from(PLACES), st.sampled_from(list(CeilingPeriod))),
    st.integers(LARGEST, 2 * LARGEST),
    min_size=1,
    max_size=4,
)
DAYS = 160
"""Longer than four ceilings, each in its turn, can keep the oldest back."""


def run(limits, large, retried_first, small):
    """Whether the large ones went, which came when all was full, beside small ones each day."""
    world = Simulated(limits)
    places = [(0, 0), (0, 1), (1, 0), (1, 1)]

    def young(day):
        return [world.debt(day, *place, small) for place in places for _ in range(LARGEST // small)]

    world.try_all(START, young(START) + young(START))
    world.waiting.clear()
    large = [world.debt(START, *place, LARGEST) for place in large]
    world.try_all(START, large)
    day = START
    while world.waiting and day < START + dt.timedelta(days=DAYS):
        day += dt.timedelta(days=1)
        if retried_first:
            world.try_all(day, list(world.waiting))
        world.try_all(day, young(day))
        world.waiting = [one for one in world.waiting if one in large]  # the others give up
        world.try_all(day, list(world.waiting))
        world.check(day)
    return not world.waiting


@settings(max_examples=25, deadline=None)
@given(
    limits=limits,
    large=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=2),
    retried_first=st.booleans(),
    small=st.integers(8, 30),
)
def test_no_debt_starves_beside_small_ones_that_never_end_and_no_ceiling_is_overspent(
    limits, large, retried_first, small
):
    assert run(limits, large, retried_first, small)


def test_large_debt_would_starve_if_no_room_were_kept_for_it(monkeypatch):
    """What the property above rests on."""
    monkeypatch.setattr(CeilingInForce, "_kept", lambda *_: 0)
    assert not run({(PLACES[0], CeilingPeriod.DAY): LARGEST}, [(0, 0)], False, 10)
