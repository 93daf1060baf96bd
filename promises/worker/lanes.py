"""A lane: one thread that runs errands one after the other, each organisation's at most once."""

import threading
import uuid
from collections.abc import Callable, Mapping

import structlog
from flask import Flask

from promises.kernel.clock import Clock, process_clock
from promises.worker.look import Errand
from promises.worker.rests import Rests
from promises.worker.trouble import is_away

log = structlog.get_logger()

Runner = Callable[[uuid.UUID], object]
Job = tuple[Errand, uuid.UUID]

AWAY_PAUSE_S = 1.0


class Lane:
    """What is offered while the same errand waits or runs is one errand. A failing errand rests
    for a growing while; the watcher offers it again."""

    def __init__(
        self,
        app: Flask,
        runners: Mapping[Errand, Runner],
        stop: threading.Event,
        clock: Clock = process_clock,
    ) -> None:
        self._app = app
        self._runners = runners
        self._stop = stop
        self._rests: Rests[Job] = Rests(1.0, 60.0, clock)
        self._waiting: dict[Job, None] = {}
        self._changed = threading.Condition()

    @property
    def errands(self) -> frozenset[Errand]:
        return frozenset(self._runners)

    def offer(self, errand: Errand, organisation_id: uuid.UUID) -> None:
        with self._changed:
            self._waiting.setdefault((errand, organisation_id))
            self._changed.notify()

    def wake(self) -> None:
        """Let the loop see that it is to stop."""
        with self._changed:
            self._changed.notify_all()

    def run(self) -> None:
        """Until `stop` is set; what runs then is finished."""
        while (job := self._next()) is not None:
            errand, organisation_id = job
            try:
                with self._app.app_context():
                    self._runners[errand](organisation_id)
            except Exception as error:  # noqa: BLE001  one errand may not end the lane
                self._note_failure(job, error)
            else:
                self._rests.forgive(job)
            finally:
                with self._changed:
                    self._waiting.pop(job, None)

    def _next(self) -> Job | None:
        with self._changed:
            while not self._stop.is_set():
                resting = self._rests.resting()
                for job in self._waiting:
                    if job not in resting:
                        return job
                self._waiting.clear()  # whoever rests is offered again
                self._changed.wait()
        return None

    def _note_failure(self, job: Job, error: Exception) -> None:
        errand, organisation_id = job
        if is_away(error):
            self._stop.wait(AWAY_PAUSE_S)
            return
        pause = self._rests.push_back(job)
        log.exception(
            "errand_failed",
            errand=errand.value,
            organisation_id=str(organisation_id),
            pause_s=pause,
        )
