"""One past day of the bank, through the real flows at the instants of that day.

The same generator gives the same day.
"""

import datetime as dt
import heapq
import random

from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from promises.kernel.actors import Actor, Role
from promises.kernel.zones import resolve_local
from promises.rules.deadlines import due_at
from promises.simulation.acts import Acts
from promises.simulation.bank import DAILY, EXPRESS, LOANS, ZONE, Bank, Branch
from promises.simulation.play import MINUTE, Act, Desk, Habits, Hall, Play, Visit
from promises.simulation.promises import express_terms, main_terms

FIRST_MINUTE, LAST_MINUTE, CLOSING_MINUTE = 600, 975, 990
KNOWN, LUNCH_CROWD, REDEEMS, DISPUTES, RESOLVED = 0.4, 0.2, 0.6, 0.02, 0.7


class Day(Play):
    """All branches of the bank on one day."""

    habits = Habits(
        absent=0.025,
        impatient=0.12,
        patience_min=(4, 22),
        call_pause_s=(4, 15),
        walk_s=(6, 25),
        service_s={DAILY: 250.0, LOANS: 560.0, EXPRESS: 12.0},
    )

    def __init__(self, acts: Acts, bank: Bank, day: dt.date, rng: random.Random) -> None:
        super().__init__(acts, bank, rng)
        self._day = day
        main, express = main_terms(bank), express_terms(bank)
        self._terms = {DAILY: main, LOANS: main, EXPRESS: express}

    def play(self) -> int:
        """To the end of the day; returns how many customers came."""
        halls = [
            self._open(branch)
            for branch in self._bank.branches.values()
            if branch.plan.weekly[self._day.weekday()]
        ]
        while self._agenda:
            instant, _, act = heapq.heappop(self._agenda)
            act(instant)
        return sum(len(hall.visits) for hall in halls)

    def _local(self, minute: float) -> dt.datetime:
        midnight = dt.datetime.combine(self._day, dt.time.min)
        return resolve_local(midnight + minute * MINUTE, ZONE).instant

    def _open(self, branch: Branch) -> Hall:
        plan = branch.plan
        names = plan.counters[: plan.staffed]
        desks = [
            Desk(branch.clerk(place), branch.counter_ids[name]) for place, name in enumerate(names)
        ]
        hall = Hall(branch, desks)
        begin, end = (self._local(minute) for minute in plan.breaks)
        self._at(begin, lambda _: setattr(desks[-1], "rests_until", end))
        self._at(end, self._call_if(hall, desks[-1]))
        for _ in range(round(plan.visits * self._rng.uniform(0.85, 1.15))):
            minute: float = self._rng.uniform(FIRST_MINUTE, LAST_MINUTE)
            if self._rng.random() < LUNCH_CROWD:
                minute = self._rng.gauss(sum(plan.breaks) / 2, 12)
            letter = self._rng.choices(plan.services, (3, 1))[0]
            self._at(self._local(minute), self._arrival(hall, letter))
        if not plan.always_open:
            self._at(self._local(CLOSING_MINUTE) + MINUTE, lambda now: self._close(now, hall))
        return hall

    def _arrival(self, hall: Hall, letter: str) -> Act:
        return lambda now: void(self._arrive(now, hall, letter))

    def _acts_at(self, now: dt.datetime) -> Acts:
        return self._acts.at(now)

    def _request(self, now: dt.datetime, hall: Hall, letter: str) -> tuple[Actor, NewTicket]:
        clerk, customer_id = hall.desks[0].clerk, None
        if self._rng.random() < KNOWN:
            reference = f"asiakas {self._rng.randint(1, 250)}"
            customer_id = self._acts.at(now).recognise(clerk, reference)
        return clerk, NewTicket(
            branch_id=hall.branch.id,
            service_kind_id=self._bank.service_ids[letter],
            source=EventSource.DESK,
            customer_id=customer_id,
        )

    def _on_arrival(self, now: dt.datetime, hall: Hall, visit: Visit) -> None:
        self._at(due_at(self._terms[visit.letter], now), lambda then: self._watch(then, visit))

    def _watch(self, now: dt.datetime, visit: Visit) -> None:
        """What the worker would find at that deadline."""
        if not visit.served and not visit.over:
            visit.broken = self._acts.at(now).sweep() > 0

    def _on_start(self, now: dt.datetime, hall: Hall, visit: Visit) -> None:
        if visit.broken:
            self._acts.at(now).settle()

    def _on_finish(self, now: dt.datetime, hall: Hall, desk: Desk, visit: Visit) -> None:
        if visit.broken and self._rng.random() < REDEEMS:
            self._acts.at(now).redeem(desk.clerk, visit.ticket_id, desk.counter_id)
        if self._rng.random() < DISPUTES:
            later = now + self._between((5, 40), MINUTE)
            self._at(later, lambda then: self._dispute(then, visit))

    def _dispute(self, now: dt.datetime, visit: Visit) -> None:
        self._acts.at(now).dispute(visit.ticket_id)
        if self._rng.random() < RESOLVED:
            manager = self._bank.member(Role.MANAGER)
            later = now + self._between((20, 90), MINUTE)
            self._at(later, lambda then: self._acts.at(then).resolve(manager, visit.ticket_id))

    def _close(self, now: dt.datetime, hall: Hall) -> None:
        hall.closed = True
        self._acts.at(now).close(hall.branch.id)
        for visit in hall.visits.values():
            visit.over = visit.over or not visit.served
        for desk in hall.desks:
            if desk.visit is not None and not desk.visit.served:
                desk.visit = None


def void(_: object) -> None:
    """An act has no result."""
