import asyncio
import contextlib
import threading
import uuid

import pytest
from procrastinate.exceptions import ConnectorException
from psycopg.errors import InsufficientPrivilege

from promises.jobs.queue import RUN_IMPORT, SETTLE_PAYOUTS, TASKS, defer
from promises.worker.queue import make_queue, serve_jobs
from tests.conftest import bare_app, dispose
from tests.factories.identity import make_organisation
from tests.worker.ground import wait_for

JOBS = "SELECT status::text, attempts FROM procrastinate_jobs ORDER BY id"


@pytest.fixture
def apps(fresh_database):
    made = bare_app(fresh_database.app_url), bare_app(fresh_database.worker_url)
    yield made
    for app in made:
        dispose(app)


@pytest.fixture
def organisation(apps):
    with apps[0].app_context():
        return make_organisation()


def put(apps, organisation, task=SETTLE_PAYOUTS, **primitives):
    with apps[0].app_context(), organisation.work(None) as uow:
        defer(uow.session, task, organisation_id=organisation.id, **primitives)


@contextlib.contextmanager
def serving(worker_app, url, **runners):
    nothing = {task: lambda **words: None for task in TASKS}
    queue = make_queue(worker_app, url, nothing | {SETTLE_PAYOUTS: runners["settle"]} | {
        RUN_IMPORT: runners.get("run_import", nothing[RUN_IMPORT])
    })  # fmt: skip
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(serve_jobs(queue, stop)))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(120)
        assert not thread.is_alive()
        loop.close()


def jobs(server, database):
    with server.connect(database=database.name) as administrator:
        return administrator.execute(JOBS).fetchall()


def test_a_deferred_job_runs_for_its_organisation_and_is_forgotten(
    apps, organisation, server, fresh_database
):
    ran = []
    with serving(
        apps[1],
        fresh_database.worker_url,
        settle=lambda one: ran.append(one),
        run_import=lambda one, import_id: ran.append((one, import_id)),
    ):
        put(apps, organisation)
        put(apps, organisation, RUN_IMPORT, import_id="7")
        wait_for(lambda: len(ran) == 2)
        wait_for(lambda: jobs(server, fresh_database) == [])
    assert set(ran) == {organisation.id, (organisation.id, "7")}


def test_a_job_rolls_back_with_its_transaction(apps, organisation, server, fresh_database):
    with pytest.raises(RuntimeError), apps[0].app_context(), organisation.work(None) as uow:
        defer(uow.session, SETTLE_PAYOUTS, organisation_id=organisation.id)
        raise RuntimeError
    assert jobs(server, fresh_database) == []


def test_the_application_cannot_defer_for_another_organisation(
    apps, organisation, server, fresh_database
):
    work = organisation.work(None)
    with apps[0].app_context(), pytest.raises(ConnectorException) as refused, work as uow:
        defer(uow.session, SETTLE_PAYOUTS, organisation_id=uuid.uuid4())
    assert isinstance(refused.value.__cause__, InsufficientPrivilege)
    assert jobs(server, fresh_database) == []


def test_a_job_that_fails_is_tried_again_later(apps, organisation, server, fresh_database):
    tries = []

    def settle(organisation_id):
        tries.append(organisation_id)
        if len(tries) == 1:
            raise ValueError("not yet")

    with serving(apps[1], fresh_database.worker_url, settle=settle):
        put(apps, organisation)
        wait_for(lambda: len(tries) == 2, seconds=120)
        wait_for(lambda: jobs(server, fresh_database) == [])


@pytest.mark.crash
def test_the_job_of_a_killed_worker_is_rescued(apps, organisation, server, fresh_database):
    put(apps, organisation)
    with server.connect(database=fresh_database.name) as administrator:
        administrator.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour')"
        )
        administrator.execute(
            "UPDATE procrastinate_jobs SET status = 'doing',"
            " worker_id = (SELECT max(id) FROM procrastinate_workers)"
        )
    ran = []
    with serving(apps[1], fresh_database.worker_url, settle=lambda one: ran.append(one)):
        wait_for(lambda: ran == [organisation.id], seconds=120)
        wait_for(lambda: jobs(server, fresh_database) == [])


@pytest.mark.crash
def test_jobs_go_on_when_the_database_comes_back(apps, organisation, server, fresh_database):
    ran = []
    with serving(apps[1], fresh_database.worker_url, settle=lambda one: ran.append(one)):
        put(apps, organisation)
        wait_for(lambda: len(ran) == 1)
        with server.connect() as administrator:
            administrator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                " AND application_name = 'lupaus-jobs'",
                [fresh_database.name],
            )
        put(apps, organisation)
        wait_for(lambda: len(ran) == 2, seconds=120)


def test_a_task_without_a_runner_is_refused(apps, fresh_database):
    with pytest.raises(ValueError, match=RUN_IMPORT):
        make_queue(apps[1], fresh_database.worker_url, {SETTLE_PAYOUTS: lambda one: None})
