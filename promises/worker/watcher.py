"""The watcher: sleeps until the next deadline, breaks what is due, and hands on what else is due.

Deadlines are worked off here and nothing else is, so that a slow mail server or a long payout
cannot make a breach late.
"""

import threading
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from flask import Flask

from promises.db.base import db
from promises.kernel.clock import Clock, process_clock
from promises.worker.look import AHEAD, Depth, Due, Errand, everybody, look
from promises.worker.rests import Rests
from promises.worker.trouble import is_away

log = structlog.get_logger()

Sweep = Callable[[uuid.UUID], int]
"""Breaks at most a batch of what is due in one organisation; returns how many."""

CEILING_S = AHEAD.total_seconds()
ERRANDS_EVERY_S = 1.0
SLOW_ERRANDS_EVERY_S = 15.0
HOUSEKEEPING_EVERY_S = 600.0
ROUND_EVERY_S = 60.0
HOURLY_EVERY_S = 3600.0
REGULAR = {
    Errand.ROUND: ROUND_EVERY_S,
    Errand.HOURLY: HOURLY_EVERY_S,
    Errand.HOUSEKEEP: HOUSEKEEPING_EVERY_S,
}
LOOK_AGAIN_S = 0.25
AWAY_PAUSE_S = 0.5
MARGIN_S = 0.0005
"""Waking a hair late saves the look that would find nothing due yet."""


@dataclass(frozen=True)
class Duties:
    """What the watcher calls. `sweep` is asked again while it returns a full batch."""

    sweep: Sweep
    batch: int
    hand_on: Callable[[Errand, uuid.UUID], None]


class Watcher:
    """One thread's loop. Several watchers, in this process or others, share the work safely: a
    sweep skips what another holds."""

    def __init__(
        self, app: Flask, duties: Duties, stop: threading.Event, clock: Clock = process_clock
    ) -> None:
        self._app = app
        self._duties = duties
        self._stop = stop
        self._clock = clock
        self._failing: Rests[uuid.UUID] = Rests(1.0, 60.0, clock)
        self._blocked: Rests[uuid.UUID] = Rests(0.01, 0.1, clock)
        self._errands_at = self._slow_at = 0.0
        self._regular = dict.fromkeys(REGULAR, 0.0)
        self._away = False

    def run(self) -> None:
        """Until `stop` is set. Survives the loss of the database."""
        while not self._stop.is_set():
            try:
                with self._app.app_context():
                    pause = self._turn()
            except Exception as error:  # noqa: BLE001  nothing may end the watch
                pause = self._note_failure(error)
            self._stop.wait(pause)

    def _turn(self) -> float:
        """Look once, work off what is overdue, and return how long to sleep."""
        started = self._clock.monotonic()
        due = self._look()
        if self._away:
            self._away = False
            log.info("database_back")
        overdue = due.overdue()
        if overdue:
            self._work_off(deque(overdue))
            return 0.0
        waits = [due.seconds_to_next(), self._blocked.seconds_to_next()]
        known = [wait for wait in waits if wait is not None]
        spent = self._clock.monotonic() - started
        return max(0.0, min([CEILING_S, *(wait + MARGIN_S for wait in known)]) - spent)

    def _look(self) -> Due:
        now = self._clock.monotonic()
        depth = Depth.DEADLINES
        if now >= self._slow_at:
            depth, self._slow_at = Depth.SLOW_ERRANDS, now + SLOW_ERRANDS_EVERY_S
        elif now >= self._errands_at:
            depth = Depth.ERRANDS
        due = look(depth, resting=self._failing.resting() | self._blocked.resting())
        if depth is not Depth.DEADLINES:
            self._errands_at = now + ERRANDS_EVERY_S
        for errand, organisation_id in due.errands:
            self._duties.hand_on(errand, organisation_id)
        self._hand_to_everybody(now)
        return due

    def _hand_to_everybody(self, now: float) -> None:
        """What every organisation needs now and then."""
        come = [errand for errand, at in self._regular.items() if now >= at]
        if not come:
            return
        self._regular |= {errand: now + REGULAR[errand] for errand in come}
        for organisation_id in everybody():
            for errand in come:
                self._duties.hand_on(errand, organisation_id)

    def _work_off(self, waiting: deque[uuid.UUID]) -> None:
        """A batch an organisation in turn, so that a large backlog makes nobody else late; looks
        again soon for those whose deadline comes meanwhile."""
        until = self._clock.monotonic() + LOOK_AGAIN_S
        while waiting and not self._stop.is_set() and self._clock.monotonic() < until:
            organisation_id = waiting.popleft()
            if self._sweep_one(organisation_id):
                waiting.append(organisation_id)

    def _sweep_one(self, organisation_id: uuid.UUID) -> bool:
        """Whether there is more to do at once."""
        try:
            broken = self._duties.sweep(organisation_id)
        except Exception as error:
            if is_away(error):
                raise
            pause = self._failing.push_back(organisation_id)
            log.exception("sweep_failed", organisation_id=str(organisation_id), pause_s=pause)
            return False
        self._failing.forgive(organisation_id)
        if broken == 0:
            # somebody else holds what is due: an event is judging it, or another watcher
            self._blocked.push_back(organisation_id)
            return False
        self._blocked.forgive(organisation_id)
        log.info("breaches_recorded", organisation_id=str(organisation_id), count=broken)
        return broken >= self._duties.batch

    def _note_failure(self, error: Exception) -> float:
        if not is_away(error):
            log.exception("watcher_failed")
        elif not self._away:
            self._away = True
            log.warning("database_away", error=type(error).__name__)
        with self._app.app_context():
            db.engine.dispose()  # connections to a server that is gone
        return AWAY_PAUSE_S
