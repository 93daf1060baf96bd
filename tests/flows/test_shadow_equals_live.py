"""A shadow run says of every ticket what the live engine said, whenever and however often its round
comes: the same terms run live and in shadow through the same days."""

import contextlib
import datetime as dt
import random

import pytest

from promises.desk.models import EventSource
from promises.flows.record_event import undo
from promises.kernel.errors import DomainError
from promises.rules.terms import parse_terms
from tests.flows import guarantees
from tests.flows.shadows import GeneralShadowWorld, ShadowWorld, amounts_of, facts_of

DAY_ENDS_AT_THREE = (((480, 900),),) * 7
MINUTE = dt.timedelta(minutes=1)
NEXT = {
    "waiting": ("called", "left", "service_started"),
    "called": ("service_started", "no_show", "left"),
    "in_service": ("served",),
}


class Day:
    """People come, are called, leave, are marked late and wrongly, until the branch closes."""

    def __init__(self, world, seed):
        self.world, self.rng, self.tickets = world, random.Random(seed), {}

    def act(self):
        self.world.move_to(self.world.now + self.rng.uniform(0.2, 3) * MINUTE)
        acts = (self.come, self.come, self.happen, self.happen, self.happen, self.take_back)
        with contextlib.suppress(DomainError):  # the desk refuses what cannot be
            self.rng.choice(acts)()

    def claimed(self):
        back = self.rng.choice((None, None, None, 0.5, 3, 18))
        return None if back is None else self.world.now - back * MINUTE

    def come(self):
        made = self.world.made
        ticket = self.world.take(
            service_kind_id=self.rng.choice(made.kind_ids),
            source=EventSource.DESK,
            occurred_at=self.claimed(),
        )
        self.tickets[ticket.ticket_id] = []

    def happen(self):
        ticket_id = self.rng.choice(list(self.tickets)[-5:]) if self.tickets else None
        if ticket_id is None:
            return
        ticket = self.world.one("SELECT * FROM tickets WHERE id = %(t)s", t=ticket_id)
        kinds = NEXT.get(ticket.state)
        if kinds:
            counter_id = ticket.counter_id or self.rng.choice(self.world.made.counter_ids)
            logged = self.world.log(
                ticket_id,
                self.rng.choice(kinds),
                occurred_at=self.claimed(),
                counter_id=counter_id,
            )
            self.tickets[ticket_id].append(logged.event_id)

    def take_back(self):
        held = [(one, events) for one, events in sorted(self.tickets.items()) if events]
        if held:
            ticket_id, events = self.rng.choice(held)
            with self.world.work() as uow:
                undo(uow, ticket_id=ticket_id, event_id=events.pop())


@pytest.mark.parametrize("seed", range(4))
def test_shadow_run_beside_live_promise_gives_the_same_states_reasons_and_amounts(app, seed):
    caps = {"per_device_day": None, "per_branch_day_anonymous": 3}
    with app.app_context():
        world = ShadowWorld(
            weekly=DAY_ENDS_AT_THREE,
            seconds=600,
            caps=caps,
            before_limit=("excluded", "kept")[seed % 2],
            after_limit=("owed", "not_owed")[seed // 2 % 2],
            to=("service_started", "called")[seed % 2],
        )
        before = world.take()
        world.log(before.ticket_id, "left")
        terms = parse_terms(world.one("SELECT terms FROM promise_versions").terms)
        world.later(minutes=1)
        often, once = (world.shadow(world.propose(terms)) for _ in range(2))
        since = world.now
        world.later(minutes=20)  # no arrival is claimed for before the runs, where caps differ
        day = Day(world, seed)
        for _ in range(50):
            day.act()
            if day.rng.random() < 0.4:
                world.round(often)
        world.move_to(since + dt.timedelta(hours=8))
        world.later(minutes=1)
        world.round()
        live = world.live(world.published.promise_id, since)
        states = {row.state for row in live}
        assert "broken" in states and len(states) > 1
        for run_id in (often, once):
            assert facts_of(world.cases(run_id)) == facts_of(live)
            assert before.ticket_id not in {row.ticket_id for row in world.cases(run_id)}
        assert sum(amounts_of(world.cases(once))) == sum(amounts_of(live))
        assert amounts_of(world.cases(often)) == amounts_of(world.cases(once))


GENERAL = {
    "two working days": guarantees.ANSWERED_IN_TWO_DAYS,
    "word every week": guarantees.TOLD_EVERY_WEEK,
    "growing by the day": guarantees.GROWING_BY_THE_DAY,
}


@pytest.mark.parametrize("name", GENERAL)
def test_shadow_run_of_general_terms_follows_occurrences_and_growing_amounts_as_live(app, name):
    rng = random.Random(name)
    with app.app_context():
        world = GeneralShadowWorld(GENERAL[name])
        terms = parse_terms(GENERAL[name])
        often, once = (world.shadow(world.propose(terms), days=60) for _ in range(2))
        since = world.now
        open_ones = []
        for _ in range(24):
            world.move_to(world.now + dt.timedelta(hours=rng.uniform(3, 60)))
            open_ones += [world.open()] if rng.random() < 0.5 else []
            if open_ones and rng.random() < 0.8:
                ticket = rng.choice(open_ones[-3:])
                kind = rng.choice(("told", "answered"))
                back = rng.choice((None, None, dt.timedelta(hours=30)))
                occurred_at = None if back is None else world.now - back
                with contextlib.suppress(DomainError):
                    world.say(ticket, kind, occurred_at=occurred_at)
            if rng.random() < 0.5:
                world.round(often)
        world.move_to(world.now + dt.timedelta(days=25))
        world.later(minutes=1)
        world.round()
        live = world.live(world.published[0].promise_id, since)
        assert len(live) > 5 and {"kept", "broken"} <= {row.state for row in live}
        for run_id in (often, once):
            cases = world.cases(run_id)
            assert facts_of(cases) == facts_of(live)
            assert amounts_of(cases) == amounts_of(live)
