"""Running deferred jobs: the queue library's worker, kept alive, with its dead jobs rescued."""

import asyncio
import functools
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress

import procrastinate
import structlog
from flask import Flask
from procrastinate.jobs import Status

from promises.jobs.queue import QUEUE, TASKS

log = structlog.get_logger()

TaskRunner = Callable[..., object]
"""Called with organisation_id and the job's own primitives; idempotent, for a job may run twice."""

MAX_ATTEMPTS = 10
CONCURRENCY = 2
HEARTBEAT_S = 5.0
STALLED_AFTER_S = 20.0
RESCUE_EVERY_S = 5.0
FETCH_EVERY_S = 5.0
AWAY_PAUSE_S = 1.0
GRACE_S = 5.0


def make_queue(app: Flask, url: str, runners: Mapping[str, TaskRunner]) -> procrastinate.App:
    """The queue with every task that can be deferred. `url` is SQLAlchemy's, of the worker role.

    Raises ValueError when a task has no runner, or a runner no task.
    """
    if set(runners) != TASKS:
        raise ValueError(f"tasks and runners differ: {sorted(TASKS ^ set(runners))}")
    queue = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=url.replace("postgresql+psycopg://", "postgresql://", 1),
            min_size=1,
            max_size=4,
            timeout=10.0,
            kwargs={"application_name": "lupaus-jobs", "connect_timeout": 10},
        )
    )
    retry = procrastinate.RetryStrategy(max_attempts=MAX_ATTEMPTS, exponential_wait=2)
    for name, runner in runners.items():
        queue.task(name=name, queue=QUEUE, retry=retry)(_in_app(app, runner))
    return queue


def _in_app(app: Flask, runner: TaskRunner) -> TaskRunner:
    @functools.wraps(runner)
    def task(*, organisation_id: str, **primitives: str) -> None:
        with app.app_context():
            runner(uuid.UUID(organisation_id), **primitives)

    return task


async def serve_jobs(queue: procrastinate.App, stop: asyncio.Event) -> None:
    """Run jobs until `stop` is set, through any loss of the database."""
    while not stop.is_set():
        try:
            async with queue.open_async():
                await _serve_once(queue, stop)
        except Exception as error:  # noqa: BLE001  the queue is opened anew, whatever it was
            log.warning("queue_away", error=type(error).__name__)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), AWAY_PAUSE_S)


async def _serve_once(queue: procrastinate.App, stop: asyncio.Event) -> None:
    worker = asyncio.create_task(
        queue.run_worker_async(
            queues=[QUEUE],
            concurrency=CONCURRENCY,
            fetch_job_polling_interval=FETCH_EVERY_S,
            update_heartbeat_interval=HEARTBEAT_S,
            stalled_worker_timeout=STALLED_AFTER_S,
            shutdown_graceful_timeout=GRACE_S,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
    )
    tasks = [worker, asyncio.create_task(_rescue(queue)), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for result in ended:
        if isinstance(result, Exception):
            raise result


async def _rescue(queue: procrastinate.App) -> None:
    """Put the jobs of killed workers back into the queue; one that kills every worker is failed."""
    while True:
        stalled = await queue.job_manager.get_stalled_jobs(
            queue=QUEUE, seconds_since_heartbeat=STALLED_AFTER_S
        )
        for job in stalled:
            log.warning("job_rescued", job_id=job.id, task=job.task_name, attempts=job.attempts)
            if job.attempts >= MAX_ATTEMPTS:
                await queue.job_manager.finish_job(job, Status.FAILED, delete_job=False)
            else:
                await queue.job_manager.retry_job(job)
        await asyncio.sleep(RESCUE_EVERY_S)
