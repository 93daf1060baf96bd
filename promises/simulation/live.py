"""A day in front of the viewer, in the live branch, by the real clock.

It opens with one promise kept and one broken, whose customer is then served and paid; after that
customers come calmly, for as long as it runs. Deadlines, payouts and mail are the worker's.
"""

import datetime as dt
import heapq
import random
import threading
import uuid
from typing import Any

import structlog

from promises.db import sql
from promises.desk.models import EventKind, EventSource
from promises.desk.values import NewTicket
from promises.identity.actions import add_contact
from promises.identity.models import ContactChannel
from promises.kernel.actors import SYSTEM, Actor
from promises.kernel.clock import Clock, process_clock
from promises.kernel.errors import DomainError
from promises.kernel.text import LOCALES
from promises.simulation.acts import Acts
from promises.simulation.bank import (
    DAILY,
    EXPRESS,
    LIVE_DAILY_COUNTER,
    LIVE_EXPRESS_COUNTER,
    Bank,
)
from promises.simulation.letters import REGULARS
from promises.simulation.play import SECOND, Act, Desk, Habits, Hall, Play, Visit

log = structlog.get_logger()

# The opening, in seconds after the start. The first express customer is served in time; the matter
# takes long, so that the second one's 40 seconds pass before the counter is free.
FIRST_COMES, SECOND_COMES, DAILY_COMES = 1.0, 2.0, 4.0
FIRST_CALLED, FIRST_STARTS = 6.0, 9.0
SECOND_CALLED, SECOND_STARTS = 46.0, 49.0
STREAM_BEGINS = 60.0

BETWEEN_EXPRESS_S, BETWEEN_DAILY_S = 40.0, 70.0
SLOW_EVERY = 7
"""Every seventh express matter takes so long that somebody behind it may wait in vain."""
SLOW_S = 50.0
GIVES_CONTACT, SHOWS_CARD = 0.35, 0.5
TRY_AGAIN_S = 5.0
LONGEST_WAIT_S = 1.0
KEPT_VISITS = 300

_AT_COUNTER = """
SELECT id, state FROM tickets
WHERE organisation_id = %(organisation_id)s AND counter_id = %(counter_id)s
    AND state IN ('called', 'in_service')
"""

_OURS_IN_LINE = """
SELECT id FROM tickets
WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s
    AND device_id = %(device_id)s AND state = 'waiting'
ORDER BY queued_at, id
"""


class LiveDay(Play):
    """One run. Only the demo organisation's live branch, only its counters 3 and 4, and only
    customers of the simulated kiosk; whoever takes a number by hand is called like the others."""

    habits = Habits(
        absent=0.0,
        impatient=0.04,
        patience_min=(0.3, 2),
        call_pause_s=(2, 6),
        walk_s=(3, 7),
        service_s={DAILY: 45.0, EXPRESS: 13.0},
    )

    def __init__(
        self,
        acts: Acts,
        bank: Bank,
        rng: random.Random,
        stop: threading.Event,
        clock: Clock = process_clock,
    ) -> None:
        super().__init__(acts, bank, rng)
        self._stop = stop
        self._clock = clock
        live = bank.live
        kinds = bank.service_ids
        self._express = Desk(
            live.clerk(0), live.counter_ids[LIVE_EXPRESS_COUNTER], (kinds[EXPRESS],)
        )
        self._daily = Desk(live.clerk(1), live.counter_ids[LIVE_DAILY_COUNTER], (kinds[DAILY],))
        self._hall = Hall(live, [self._express, self._daily])
        self._contacts = 0
        self._express_matters = 0

    def play(self, seconds: float | None = None) -> None:
        """Until told to stop, or for so many seconds. Leaves nobody waiting."""
        began = self._clock.now()
        self._clear()
        self._plan_opening(began)
        self._plan_stream(began + STREAM_BEGINS * SECOND)
        end = None if seconds is None else began + seconds * SECOND
        while not self._stop.is_set() and (end is None or self._clock.now() < end):
            self._turn()
        self._clear()

    def _turn(self) -> None:
        instant, _, act = self._agenda[0]
        wait = (instant - self._clock.now()).total_seconds()
        if wait > 0:
            self._stop.wait(min(wait, LONGEST_WAIT_S))
            return
        heapq.heappop(self._agenda)
        try:
            act(instant)
        except DomainError as refusal:
            # the viewer did something to the same ticket or counter: that is the idea
            log.info("act_refused", reason=refusal.code)
            for desk in self._hall.desks:
                self._free(desk)
                self._at(instant + TRY_AGAIN_S * SECOND, self._call_if(self._hall, desk))

    def _plan_opening(self, began: dt.datetime) -> None:
        hall, express = self._hall, self._express
        seconds: tuple[tuple[float, Act], ...] = (
            (FIRST_COMES, lambda now: self._come(now, EXPRESS, contact=False)),
            (SECOND_COMES, lambda now: self._come(now, EXPRESS, contact=True)),
            (DAILY_COMES, lambda now: self._come(now, DAILY, contact=False)),
            (FIRST_CALLED, lambda now: self._show(now, FIRST_STARTS - FIRST_CALLED)),
            (FIRST_CALLED + 2, self._call_if(hall, self._daily)),
            (SECOND_CALLED, lambda now: self._show(now, SECOND_STARTS - SECOND_CALLED)),
            (STREAM_BEGINS, lambda now: self._call(now, hall, express)),
        )
        for second, act in seconds:
            self._at(began + second * SECOND, act)

    def _come(self, now: dt.datetime, letter: str, *, contact: bool) -> None:
        """Somebody takes a number; the counters do not react by themselves during the opening."""
        request = self._new_ticket(letter, self._contact() if contact else None)
        ticket = self._acts.take(self._bank.kiosk, request)
        self._hall.visits[ticket.ticket_id] = Visit(ticket.ticket_id, letter)

    def _show(self, now: dt.datetime, walk_s: float) -> None:
        """The express counter calls, and service starts after so many seconds."""
        desk = self._express
        called = self._acts.call(desk.clerk, desk.counter_id, desk.kinds).called
        if called is None:
            return
        visit = Visit(called.ticket_id, EXPRESS, in_line=False, served=True)
        desk.visit = self._hall.visits[called.ticket_id] = visit

        def start(_then: dt.datetime) -> None:
            self._acts.log(desk.clerk, visit.ticket_id, EventKind.SERVICE_STARTED)

        self._at(now + walk_s * SECOND, start)

    def _plan_stream(self, begins: dt.datetime) -> None:
        for letter, mean in ((EXPRESS, BETWEEN_EXPRESS_S), (DAILY, BETWEEN_DAILY_S)):
            self._at(begins + self._rng.uniform(0, 20) * SECOND, self._stream(letter, mean))

    def _stream(self, letter: str, mean: float) -> Act:
        def arrive(now: dt.datetime) -> None:
            pause = min(self._rng.expovariate(1 / mean), 4 * mean)
            self._at(now + pause * SECOND, arrive)
            self._arrive(now, self._hall, letter)
            while len(self._hall.visits) > KEPT_VISITS:
                self._hall.visits.pop(next(iter(self._hall.visits)))

        return arrive

    def _acts_at(self, now: dt.datetime) -> Acts:
        return self._acts

    def _request(self, now: dt.datetime, hall: Hall, letter: str) -> tuple[Actor, NewTicket]:
        contact_id = self._contact() if self._rng.random() < GIVES_CONTACT else None
        customer_id = None
        if letter == DAILY and self._rng.random() < SHOWS_CARD:
            customer_id = self._acts.recognise(self._bank.kiosk, self._rng.choice(REGULARS))
        return self._bank.kiosk, self._new_ticket(letter, contact_id, customer_id)

    def _new_ticket(
        self, letter: str, contact_id: uuid.UUID | None, customer_id: uuid.UUID | None = None
    ) -> NewTicket:
        return NewTicket(
            branch_id=self._hall.branch.id,
            service_kind_id=self._bank.service_ids[letter],
            source=EventSource.KIOSK,
            device_id=self._bank.kiosk_id,
            contact_id=contact_id,
            customer_id=customer_id,
        )

    def _contact(self) -> uuid.UUID:
        """An address that leads nowhere, in each language in turn; now and then a telephone."""
        self._contacts += 1
        number = self._contacts
        mobile = number % 5 == 0
        address = f"+35840000{number % 10000:04d}" if mobile else f"asiakas.{number}@example.com"
        with self._acts.work(SYSTEM) as uow:
            return add_contact(
                uow.session,
                organisation_id=uow.organisation_id,
                now=uow.now,
                channel=ContactChannel.SMS if mobile else ContactChannel.EMAIL,
                address=address,
                locale=LOCALES[number % len(LOCALES)],
            )

    def _lasts(self, visit: Visit) -> dt.timedelta:
        if visit.letter == EXPRESS:
            self._express_matters += 1
            if self._express_matters % SLOW_EVERY == 0:
                return SLOW_S * SECOND
        return super()._lasts(visit)

    def _clear(self) -> None:
        """Send home whoever an earlier run left in the hall, and finish what is at our counters."""
        for desk in self._hall.desks:
            self._free(desk)
        tenant = {
            "organisation_id": self._bank.organisation_id,
            "branch_id": self._hall.branch.id,
            "device_id": self._bank.kiosk_id,
        }
        for row in self._rows(_OURS_IN_LINE, tenant):
            self._try(self._express.clerk, row.id, EventKind.LEFT)

    def _free(self, desk: Desk) -> None:
        tenant = {
            "organisation_id": self._bank.organisation_id,
            "counter_id": desk.counter_id,
        }
        for row in self._rows(_AT_COUNTER, tenant):
            if row.state == "called":
                self._try(desk.clerk, row.id, EventKind.SERVICE_STARTED)
            self._try(desk.clerk, row.id, EventKind.SERVED)
        if desk.visit is not None:
            desk.visit.over, desk.visit = True, None

    def _rows(self, statement: str, params: dict[str, uuid.UUID]) -> list[Any]:
        with self._acts.work(SYSTEM) as uow:
            return sql.rows(uow.session, statement, params)

    def _try(self, clerk: Actor, ticket_id: uuid.UUID, kind: EventKind) -> None:
        try:
            self._acts.log(clerk, ticket_id, kind)
        except DomainError as refusal:
            log.info("act_refused", reason=refusal.code)
