"""The worker process: one watcher, three lanes and the queue, started and stopped together."""

import asyncio
import signal
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog
from flask import Flask

from promises.db import sql
from promises.db.session import unit_of_work
from promises.flows import run_import
from promises.flows.close_branches import close_branch, shut_with_overdue
from promises.flows.decide_proposal import judge_past
from promises.flows.go_round import HOURLY, ROUND, Duty
from promises.flows.housekeep import housekeep
from promises.flows.provider_events import handle_events
from promises.flows.reconcile_rails import reconcile
from promises.flows.remind_staff import remind
from promises.flows.send_messages import Post, send_due
from promises.flows.settle_payouts import settle, settle_own
from promises.flows.sweep_deadlines import sweep
from promises.jobs.queue import (
    HANDLE_EVENTS,
    JUDGE_HISTORY,
    RECONCILE_RAILS,
    RUN_IMPORT,
    SETTLE_PAYOUTS,
)
from promises.kernel.actors import SYSTEM
from promises.payouts.rails.base import Rails
from promises.worker.lanes import Lane, Runner
from promises.worker.look import Errand
from promises.worker.queue import TaskRunner, make_queue, serve_jobs
from promises.worker.watcher import Duties, Watcher

log = structlog.get_logger()

BATCH = 500
JOIN_S = 6.0
PULSE_S = 0.5
SETTLING_LANES = 4
"""Organisations whose providers are asked at the same time."""
STOPPING = (signal.SIGTERM, signal.SIGINT)

_BRANCHES_WITH_LIVE_TICKETS = """
SELECT DISTINCT branch_id FROM tickets
WHERE organisation_id = %(organisation_id)s AND state IN ('waiting', 'called', 'in_service')
"""


class ThreadEnded(RuntimeError):
    """A part of the worker ended by itself, which it never should; the process must start anew."""


@dataclass(frozen=True)
class Tools:
    """What the worker works with, besides the database."""

    rails: Rails
    post: Post


def sweep_batch(organisation_id: uuid.UUID) -> int:
    """Work off at most a batch of what is due; returns how many. Deadlines and closing times are
    taken in the order in which they came."""
    closed: set[uuid.UUID] = set()
    while True:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            shut = shut_with_overdue(uow, limit=BATCH)
        waiting = sorted((at, branch) for branch, at in shut.items() if branch not in closed)
        until = waiting[0][0] if waiting else None
        with unit_of_work(organisation_id, SYSTEM) as uow:
            done = sweep(uow, limit=BATCH, until=until).done
        if done or not waiting:
            return done
        with unit_of_work(organisation_id, SYSTEM) as uow:
            close_branch(uow, branch_id=waiting[0][1])
        closed.add(waiting[0][1])


def close_branches(organisation_id: uuid.UUID) -> int:
    """Each branch in a unit of work of its own; returns how many tickets were ended."""
    with unit_of_work(organisation_id, SYSTEM) as uow:
        found = sql.rows(
            uow.session, _BRANCHES_WITH_LIVE_TICKETS, {"organisation_id": organisation_id}
        )
    ended = 0
    for row in found:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            ended += close_branch(uow, branch_id=row.branch_id)
    return ended


def keep_house(organisation_id: uuid.UUID) -> None:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        housekeep(uow)


def go_round(organisation_id: uuid.UUID, duties: Sequence[Duty] = ROUND) -> None:
    """Each duty in a unit of work of its own. One that fails does not keep the others from their
    turn; the first failure is then raised."""
    failures: list[Exception] = []
    for duty in duties:
        try:
            with unit_of_work(organisation_id, SYSTEM) as uow:
                duty(uow)
        except Exception as error:  # noqa: BLE001  raised below
            log.warning("round_failed", duty=duty.__name__, error=type(error).__name__)
            failures.append(error)
    if failures:
        raise failures[0]


def remind_staff(organisation_id: uuid.UUID) -> int:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return remind(uow)


def run_import_job(organisation_id: uuid.UUID, import_id: str) -> None:
    run_import.run(organisation_id, uuid.UUID(import_id))


def handle_events_job(organisation_id: uuid.UUID) -> None:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        handle_events(uow)


def judge_history_job(organisation_id: uuid.UUID, version_id: str) -> None:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        judge_past(uow, version_id=uuid.UUID(version_id))


class Service:
    """Everything that one worker process runs. Several processes share the work."""

    def __init__(self, app: Flask, url: str, tools: Tools) -> None:
        self._stop = threading.Event()
        post, rails = tools.post, tools.rails
        mail: dict[Errand, Runner] = {
            Errand.SEND: lambda one: send_due(one, post),
            Errand.REMIND: remind_staff,
        }
        settling: dict[Errand, Runner] = {Errand.SETTLE: lambda one: settle(one, rails)}
        house: dict[Errand, Runner] = {
            Errand.CLOSE: close_branches,
            Errand.HOUSEKEEP: keep_house,
        }
        regular: dict[Errand, Runner] = {
            Errand.ROUND: go_round,
            Errand.HOURLY: lambda one: go_round(one, HOURLY),
        }
        self._lanes = [
            Lane(app, runners, self._stop)
            for runners in (mail, house, regular, *[settling] * SETTLING_LANES)
        ]
        self._by_errand: dict[Errand, list[Lane]] = {}
        for lane in self._lanes:
            for errand in lane.errands:
                self._by_errand.setdefault(errand, []).append(lane)
        self._watcher = Watcher(app, Duties(sweep_batch, BATCH, self._hand_on), self._stop)
        jobs: dict[str, TaskRunner] = {
            SETTLE_PAYOUTS: lambda organisation_id: self._settle(organisation_id, rails),
            HANDLE_EVENTS: handle_events_job,
            RECONCILE_RAILS: lambda organisation_id, run_id: reconcile(
                organisation_id, rails, uuid.UUID(run_id)
            ),
            RUN_IMPORT: run_import_job,
            JUDGE_HISTORY: judge_history_job,
        }
        self._queue = make_queue(app, url, jobs)
        self._threads = [
            self._thread("watcher", self._watcher.run),
            *(self._thread(f"lane-{n}", lane.run) for n, lane in enumerate(self._lanes)),
        ]

    def run(self) -> None:
        """Until SIGTERM or SIGINT; what is under way is finished, for some seconds. From the main
        thread. Raises ThreadEnded."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, stop.set)
        for thread in self._threads:
            thread.start()
        log.info("worker_started")
        jobs = asyncio.create_task(serve_jobs(self._queue, stop))
        try:
            await self._until(stop, jobs)
        finally:
            self._stop.set()
            for lane in self._lanes:
                lane.wake()
            stop.set()
            await asyncio.gather(jobs, return_exceptions=True)
            for thread in self._threads:
                await asyncio.to_thread(thread.join, JOIN_S)
            log.info("worker_stopped")

    async def _until(self, stop: asyncio.Event, jobs: "asyncio.Task[None]") -> None:
        while not stop.is_set():
            dead = [thread.name for thread in self._threads if not thread.is_alive()]
            if dead or jobs.done():
                raise ThreadEnded(", ".join(dead) or "queue")
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), PULSE_S)

    def _hand_on(self, errand: Errand, organisation_id: uuid.UUID) -> None:
        """An organisation always comes to the same of several lanes."""
        lanes = self._by_errand[errand]
        lanes[organisation_id.int % len(lanes)].offer(errand, organisation_id)

    def _settle(self, organisation_id: uuid.UUID, rails: Rails) -> None:
        """Vouchers at once; what asks a provider goes to its lane, so that one that is slow holds
        up no other organisation's jobs."""
        settle_own(organisation_id, rails)
        self._hand_on(Errand.SETTLE, organisation_id)

    def _thread(self, name: str, run: Callable[[], None]) -> threading.Thread:
        return threading.Thread(target=run, name=name, daemon=True)
