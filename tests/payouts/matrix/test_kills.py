"""Rows 1 to 4: the worker's process ends without a farewell. Row 34: the database does."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from promises.db.sql import one
from promises.flows import settle_payouts
from promises.payouts.retries import LEASE
from tests.payouts.matrix.dying import DIED
from tests.payouts.matrix.ground import SOON, check
from tests.races.crowd import crowd
from tests.worker.ground import wait_for

pytestmark = pytest.mark.usefixtures("as_application")

POINTS = {
    # where it dies: the payout's state then, effects at the provider then
    "before the call": ("submitting", 0),
    "after the call": ("submitting", 1),
    "before the commit": ("submitting", 1),
    "after the commit": ("paid", 1),
}


class DyingWorker:
    """A worker that dies at each of POINTS, one after the other."""

    def __init__(self, shop, database):
        told = {
            "url": database.app_url,
            "secret": database.config.secret_key.hex(),
            "organisation_id": str(shop.made.id),
            "stripe": shop.stripe.url,
            "now": shop.now.isoformat(),
            "points": list(POINTS),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.payouts.matrix.dying", json.dumps(told)],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()

    def exit_code(self):
        """Settles once, and dies; how it ended."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.mark.no_cover
def test_rows_1_to_4_killed_worker_leaves_one_effect_and_a_paid_payout(shop, client, database):
    payouts = shop.debt_to(count=len(POINTS))
    shop.hold(payouts)
    with DyingWorker(shop, database) as worker:
        for payout_id, (point, (state, effects)) in zip(payouts, POINTS.items(), strict=True):
            shop.free([payout_id])
            assert worker.exit_code() == DIED, point
            assert shop.payout(payout_id).state == state, point
            assert len(shop.stripe.effects(payout_id)) == effects, point
    shop.now += LEASE
    shop.settle()
    for payout_id in payouts:
        check(shop, client, payout_id, "paid", effects=1)
        assert shop.creates(payout_id) == 1


def test_row_34_database_lost_between_the_call_and_its_record(
    shop, client, server, database, monkeypatch
):
    (payout_id,) = shop.debt_to()

    def cut_off_first(uow, *given):
        pid = one(uow.session, "SELECT pg_backend_pid() AS pid", {}).pid
        with server.connect(database=database.name) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", [pid])
        return take_in(uow, *given)

    take_in = settle_payouts.take_in
    with monkeypatch.context() as patched:
        patched.setattr(settle_payouts, "take_in", cut_off_first)
        with pytest.raises((OperationalError, psycopg.OperationalError)):
            shop.settle()
    check(shop, client, payout_id, "submitting", effects=1, says=SOON)
    shop.now += LEASE
    shop.settle()
    assert shop.creates(payout_id) == 1
    check(shop, client, payout_id, "paid", effects=1)


def test_row_34b_lease_lost_while_the_call_is_under_way(shop, stripe, client, app_url):
    """As after a failover to a standby that had not yet heard of the claim."""
    (payout_id,) = shop.debt_to()
    stripe.configure(latency_s=0.1)
    called = threading.Event()

    def work(number):
        if number == 0:
            called.set()
            return shop.settle()
        called.wait(120)
        wait_for(lambda: shop.payout(payout_id).state != "ready")
        shop.execute(
            "UPDATE payouts SET lease_until = created_at WHERE id = ANY(%(ids)s)", [payout_id]
        )
        return shop.settle()

    try:
        with crowd(app_url, 2) as workers:
            answers = workers.at_once(work)
    finally:
        stripe.configure()
    assert not [one for one in answers if isinstance(one, Exception)], answers
    shop.settle_within_schedule(payout_id)
    check(shop, client, payout_id, "paid", effects=1)
