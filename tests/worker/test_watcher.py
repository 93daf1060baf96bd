import datetime as dt
import uuid

import pytest

from promises.db.session import unit_of_work
from promises.kernel.actors import SYSTEM
from promises.worker.look import Depth, Errand, everybody, look
from promises.worker.service import sweep_batch
from tests.conftest import bare_app, dispose
from tests.worker.ground import Live, wait_for, watching


@pytest.fixture
def apps(fresh_database):
    """The application and the worker of a world of their own."""
    made = bare_app(fresh_database.app_url), bare_app(fresh_database.worker_url)
    yield made
    for app in made:
        dispose(app)


def test_a_deadline_is_noticed_when_it_passes(apps):
    application, worker = apps
    live = Live(application)
    with watching(worker):
        live.take(3)
        breaches = wait_for(lambda: len(live.breaches()) == 3 and live.breaches())
    for breach in breaches:
        assert dt.timedelta(0) <= breach.detected_at - breach.breached_at < dt.timedelta(seconds=5)


def test_a_deadline_that_nobody_saw_coming_is_found_after_an_outage_once(apps):
    application, worker = apps
    live = Live(application, seconds=60)
    live.take(20)
    live.age(120)
    with watching(worker, count=3):
        wait_for(lambda: len(live.breaches()) == 20)
    assert live.rows("SELECT count(*) AS n FROM compensations")[0].n == 20


def test_a_look_sees_deadlines_of_the_next_second_only(apps):
    application, worker = apps
    near, far = Live(application, seconds=1), Live(application, seconds=600)
    near.take()
    far.take()
    with worker.app_context():
        due = look(Depth.DEADLINES)
    assert set(due.deadlines) == {near.id}
    assert due.overdue() == []
    assert 0 < due.seconds_to_next() <= 1


def test_a_look_leaves_out_who_rests(apps):
    application, worker = apps
    live = Live(application, seconds=1)
    live.take()
    with worker.app_context():
        assert look(Depth.DEADLINES, resting={live.id}).deadlines == {}


def test_the_application_role_sees_nothing_of_what_is_due(apps):
    application, _ = apps
    live = Live(application, seconds=1)
    live.take()
    with application.app_context():
        due = look(Depth.SLOW_ERRANDS)
    assert (due.deadlines, due.errands) == ({}, [])


def test_the_worker_inside_one_organisation_sees_nothing_of_another(apps):
    application, worker = apps
    live = Live(application, seconds=1)
    live.take()
    other = Live(application)
    with worker.app_context(), unit_of_work(other.id, SYSTEM) as uow:
        for table in ("commitments", "tickets", "messages", "payouts"):
            found = uow.session.connection().exec_driver_sql(f"SELECT count(*) FROM {table}")
            assert found.scalar() == 0


def test_live_tickets_are_an_errand_of_the_slow_look(apps):
    application, worker = apps
    live = Live(application, seconds=600)
    live.take()
    with worker.app_context():
        assert look(Depth.ERRANDS).errands == []
        assert look(Depth.SLOW_ERRANDS).errands == [(Errand.CLOSE, live.id)]


def test_errands_and_housekeeping_are_handed_on(apps):
    application, worker = apps
    live = Live(application, seconds=600)
    live.take()
    handed = []
    with watching(worker, hand_on=lambda *errand: handed.append(errand)):
        wait_for(lambda: {(Errand.CLOSE, live.id), (Errand.HOUSEKEEP, live.id)} <= set(handed))


def test_everybody_is_every_organisation(apps):
    application, worker = apps
    ids = {Live(application).id for _ in range(2)}
    with worker.app_context():
        assert set(everybody()) == ids


def test_a_poison_organisation_does_not_hold_up_the_others(apps):
    application, worker = apps
    poison, healthy = Live(application), Live(application)
    tries = []

    def sweep(organisation_id: uuid.UUID) -> int:
        if organisation_id == poison.id:
            tries.append(organisation_id)
            raise ValueError("its data cannot be read")
        return sweep_batch(organisation_id)

    poison.take()
    with watching(worker, sweep=sweep):
        healthy.take(2)
        wait_for(lambda: len(healthy.breaches()) == 2)
        wait_for(lambda: tries)
        healthy.take()
        wait_for(lambda: len(healthy.breaches()) == 3)
    assert poison.breaches() == []
    assert len(tries) < 6  # pushed back, not hammered


def test_a_deadline_whose_ticket_is_held_is_left_and_found_when_it_is_free(apps):
    application, worker = apps
    live = Live(application)
    held, free = live.take(2)
    with watching(worker):
        with application.app_context(), live.made.work() as uow:
            uow.session.connection().exec_driver_sql(
                "SELECT 1 FROM tickets WHERE id = %(id)s FOR UPDATE", {"id": held.ticket_id}
            )
            wait_for(lambda: [row.ticket_id for row in live.breaches()] == [free.ticket_id])
        wait_for(lambda: len(live.breaches()) == 2)


@pytest.mark.crash
def test_the_watcher_survives_the_loss_of_its_connections(apps, server, fresh_database):
    application, worker = apps
    live = Live(application)
    with watching(worker):
        live.take()
        wait_for(lambda: len(live.breaches()) == 1)
        for _ in range(3):
            with server.connect() as administrator:
                administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = %s AND usename = 'lupaus_worker'",
                    [fresh_database.name],
                )
        live.take()
        wait_for(lambda: len(live.breaches()) == 2)
