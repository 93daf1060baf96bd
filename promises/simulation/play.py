"""The queueing model under the simulated days: who waits, who is called, how long matters take.

It only decides when people act. What comes of an act, the real flows decide. A subclass says how
its clock goes and whom it lets in.
"""

import datetime as dt
import heapq
import itertools
import random
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from promises.desk.models import EventKind
from promises.desk.values import NewTicket
from promises.kernel.actors import Actor
from promises.simulation.acts import Acts
from promises.simulation.bank import Bank, Branch

SECOND, MINUTE = dt.timedelta(seconds=1), dt.timedelta(minutes=1)
NO_SHOW_AFTER = 125 * SECOND

Act = Callable[[dt.datetime], None]


@dataclass
class Visit:
    """A customer in the model: in line, at a counter, or done with."""

    ticket_id: uuid.UUID
    letter: str
    in_line: bool = True
    served: bool = False
    over: bool = False
    broken: bool = False


@dataclass
class Desk:
    """A counter that a clerk staffs, and whom it has. `kinds` None: it serves all."""

    clerk: Actor
    counter_id: uuid.UUID
    kinds: Collection[uuid.UUID] | None = None
    visit: Visit | None = None
    rests_until: dt.datetime | None = None


@dataclass
class Hall:
    """One branch on one day."""

    branch: Branch
    desks: list[Desk]
    visits: dict[uuid.UUID, Visit] = field(default_factory=dict)
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Habits:
    """Chances and mean lengths: how customers of a day behave."""

    absent: float
    impatient: float
    patience_min: tuple[float, float]
    call_pause_s: tuple[float, float]
    walk_s: tuple[float, float]
    service_s: dict[str, float]


class Play:
    """An agenda of acts in the order of their instants."""

    habits: Habits

    def __init__(self, acts: Acts, bank: Bank, rng: random.Random) -> None:
        self._acts = acts
        self._bank = bank
        self._rng = rng
        self._agenda: list[tuple[dt.datetime, int, Act]] = []
        self._order = itertools.count()

    def _request(self, now: dt.datetime, hall: Hall, letter: str) -> tuple[Actor, NewTicket]:
        """Who takes the number, and what is asked for."""
        raise NotImplementedError

    def _acts_at(self, now: dt.datetime) -> Acts:
        """The acts with the clock of this day."""
        raise NotImplementedError

    def _on_arrival(self, now: dt.datetime, hall: Hall, visit: Visit) -> None:
        """What follows besides the wait."""

    def _on_start(self, now: dt.datetime, hall: Hall, visit: Visit) -> None:
        """The service has begun."""

    def _on_finish(self, now: dt.datetime, hall: Hall, desk: Desk, visit: Visit) -> None:
        """The matter is settled; the customer is still at the counter."""

    def _at(self, instant: dt.datetime, act: Act) -> None:
        heapq.heappush(self._agenda, (instant, next(self._order), act))

    def _between(self, bounds: tuple[float, float], unit: dt.timedelta) -> dt.timedelta:
        return self._rng.uniform(*bounds) * unit

    def _arrive(self, now: dt.datetime, hall: Hall, letter: str) -> Visit:
        actor, request = self._request(now, hall, letter)
        visit = Visit(self._acts_at(now).take(actor, request).ticket_id, letter)
        hall.visits[visit.ticket_id] = visit
        if self._rng.random() < self.habits.impatient:
            patience = self._between(self.habits.patience_min, MINUTE)
            self._at(now + patience, lambda then: self._leave(then, hall, visit))
        self._on_arrival(now, hall, visit)
        for desk in hall.desks:
            self._at(
                now + self._between(self.habits.call_pause_s, SECOND), self._call_if(hall, desk)
            )
        return visit

    def _call_if(self, hall: Hall, desk: Desk) -> Act:
        """Call the next, if the counter is still free then."""
        return lambda now: self._call(now, hall, desk) if desk.visit is None else None

    def _leave(self, now: dt.datetime, hall: Hall, visit: Visit) -> None:
        if visit.in_line and not visit.over:
            visit.over = True
            self._acts_at(now).log(hall.desks[0].clerk, visit.ticket_id, EventKind.LEFT)

    def _call(self, now: dt.datetime, hall: Hall, desk: Desk) -> None:
        """End the counter's visit, if there is one, and call the next unless the clerk rests."""
        rests = desk.rests_until is not None and now < desk.rests_until
        acts = self._acts_at(now)
        before, desk.visit = desk.visit, None
        if before is not None:
            before.over = True
        if hall.closed or rests:
            if before is not None:
                acts.log(desk.clerk, before.ticket_id, EventKind.SERVED)
            return
        called = acts.call(desk.clerk, desk.counter_id, desk.kinds).called
        if called is None:
            return
        unknown = Visit(called.ticket_id, self._letter_of(called.service_kind_id))
        visit = desk.visit = hall.visits.setdefault(called.ticket_id, unknown)
        visit.in_line = False
        if self._rng.random() < self.habits.absent:
            self._at(now + NO_SHOW_AFTER, lambda then: self._give_up(then, hall, desk, visit))
        else:
            walk = self._between(self.habits.walk_s, SECOND)
            self._at(now + walk, lambda then: self._serve(then, hall, desk, visit))

    def _letter_of(self, service_kind_id: uuid.UUID) -> str:
        letters = {one: letter for letter, one in self._bank.service_ids.items()}
        return letters[service_kind_id]

    def _give_up(self, now: dt.datetime, hall: Hall, desk: Desk, visit: Visit) -> None:
        if visit.over:
            return
        self._acts_at(now).log(desk.clerk, visit.ticket_id, EventKind.NO_SHOW)
        visit.over, desk.visit = True, None
        self._call(now, hall, desk)

    def _serve(self, now: dt.datetime, hall: Hall, desk: Desk, visit: Visit) -> None:
        if visit.over:
            return
        self._acts_at(now).log(desk.clerk, visit.ticket_id, EventKind.SERVICE_STARTED)
        visit.served = True
        self._on_start(now, hall, visit)
        self._at(now + self._lasts(visit), lambda then: self._finish(then, hall, desk, visit))

    def _lasts(self, visit: Visit) -> dt.timedelta:
        """Lognormal, so that a few matters are long."""
        mean = self.habits.service_s[visit.letter]
        return self._rng.lognormvariate(0, 0.5) * 0.88 * mean * SECOND

    def _finish(self, now: dt.datetime, hall: Hall, desk: Desk, visit: Visit) -> None:
        if visit.over:
            return
        self._on_finish(now, hall, desk, visit)
        self._call(now, hall, desk)
