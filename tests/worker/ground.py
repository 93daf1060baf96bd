"""A live world: organisations by the real clock, acted in as the application role."""

import contextlib
import datetime as dt
import threading
import time

from promises.db.sql import rows
from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from promises.flows.take_number import take_number
from promises.kernel.actors import Role
from promises.worker.service import BATCH, sweep_batch
from promises.worker.watcher import Duties, Watcher
from tests.factories.catalogue import publish_simple_promise
from tests.factories.identity import make_organisation

BREACHES = """
SELECT * FROM breaches WHERE organisation_id = %(organisation_id)s ORDER BY breached_at, id
"""


class Live:
    """An organisation with a short promise. Inside `app` it acts as the application."""

    def __init__(self, app, *, seconds=1, **terms):
        self.app = app
        with app.app_context():
            self.made = make_organisation()
            with self.made.work(Role.MANAGER) as uow:
                publish_simple_promise(
                    uow.session,
                    organisation_id=self.made.id,
                    now=uow.now,
                    valid_from=uow.now,
                    seconds=seconds,
                    **terms,
                )
        self.id = self.made.id

    def take(self, count=1, **changes):
        with self.app.app_context(), self.made.work() as uow:
            request = {
                "branch_id": self.made.branch_id,
                "service_kind_id": self.made.kind_id,
                "source": EventSource.DESK,
            }
            return [
                take_number(uow, request=NewTicket(**(request | changes))) for _ in range(count)
            ]

    def rows(self, statement, **params):
        with self.app.app_context(), self.made.work(None) as uow:
            return rows(uow.session, statement, {"organisation_id": self.id} | params)

    def breaches(self):
        return self.rows(BREACHES)

    def age(self, seconds):
        """Make everything that is open older, as after an outage."""
        self.rows(
            "UPDATE commitments SET started_at = started_at - %(by)s, due_at = due_at - %(by)s"
            " WHERE organisation_id = %(organisation_id)s AND state = 'open'",
            by=dt.timedelta(seconds=seconds),
        )


def wait_for(check, seconds=120.0):
    """Until `check()` is true; its value."""
    until = time.monotonic() + seconds
    while not (found := check()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return found


@contextlib.contextmanager
def watching(worker_app, *, count=1, sweep=sweep_batch, hand_on=lambda errand, one: None):
    """So many watchers in threads, as the worker's database role."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=Watcher(worker_app, Duties(sweep, BATCH, hand_on), stop).run)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(120)
        assert not any(thread.is_alive() for thread in threads)
