"""Yesterday's backup is restored, and everything that was paid since is found: nothing twice."""

import dataclasses
import subprocess

import pytest

from promises.db import roles
from promises.db.binaries import find_binaries
from promises.db.embedded import PORT, SUPERUSER
from tests.conftest import bare_app, dispose, make_database
from tests.fakes.stripe_server import FakeStripe
from tests.payouts.shop import Shop

pytestmark = [pytest.mark.slow, pytest.mark.no_cover]


def _program(server, name, *words):
    """A program of the server's own version, as the administrator who reads every row."""
    where = ["-h", str(server.socket_folder), "-p", str(PORT), "-U", SUPERUSER]
    path = str(find_binaries().folder / name)
    done = subprocess.run([path, *where, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def stripe():
    with FakeStripe() as fake:
        yield fake


@dataclasses.dataclass
class Yesterday:
    """What there was when the backup was made, and what happened after it."""

    shop: Shop
    backup: object
    paid: list
    unseen: list
    lost: object
    lost_ticket: object


@pytest.fixture(scope="module")
def yesterday(server, stripe, tmp_path_factory):
    made = make_database(server)
    app = bare_app(made.app_url)
    try:
        with app.app_context():
            backup = tmp_path_factory.mktemp("backup") / "dump.sql"
            yield _a_day(server, stripe, made.name, backup)
    finally:
        dispose(app)
        server.drop_database(made.name)


def _a_day(server, stripe, name, backup):
    shop = Shop(stripe)
    paid = [shop.paid()[0] for _ in range(2)]
    ((unknown, _),) = shop.owe_refunds()
    stripe.fail_next("drop_after")
    shop.settle()
    ((sent, _),) = shop.owe_refunds()
    stripe.fail_next("pending")
    shop.rows("UPDATE payouts SET lease_until = 'infinity' WHERE state = 'unknown' RETURNING id")
    shop.settle()
    shop.rows(
        "UPDATE payouts SET lease_until = %(now)s WHERE state = 'unknown' RETURNING id",
        now=shop.now,
    )
    ready = [payout_id for payout_id, _ in shop.owe_refunds(2)]
    waiting = shop.take()
    shop.give(waiting.ticket_id, {"payment": shop.pay()})
    _program(server, "pg_dump", "--file", str(backup), name)

    # what the backup does not know
    shop.later(minutes=16)
    shop.staff_act()
    shop.sweep()
    shop.call()
    shop.log(waiting.ticket_id, "service_started")
    shop.settle()
    stripe.turn(shop.payout(sent).provider_ref, "succeeded")
    shop.later(hours=2)
    shop.settle()
    (lost,) = shop.rows(
        "SELECT p.id FROM payouts p JOIN compensations c ON c.id = p.compensation_id"
        " WHERE c.ticket_id = %(t)s",
        t=waiting.ticket_id,
    )
    unseen = [unknown, sent, *ready]
    assert {shop.payout(one).state for one in (*paid, *unseen, lost.id)} == {"paid"}
    shop.later(days=1)
    stripe.advance(days=1)
    stripe.forget_keys()
    return Yesterday(shop, backup, paid, unseen, lost.id, waiting.ticket_id)


@pytest.fixture(params=["compared first", "paid first"])
def restored(request, server, yesterday):
    """The backup in an empty database of its own."""
    name = f"tests_restored_{request.param.split()[0]}"
    server.create_database(name)
    _program(
        server, "psql", "--quiet", "--no-psqlrc", "--set", "ON_ERROR_STOP=1", "--dbname", name,
        "--file", str(yesterday.backup),
    )  # fmt: skip
    app = bare_app(server.url(roles.APPLICATION, name))
    try:
        with app.app_context():
            yield request.param
    finally:
        dispose(app)
        server.drop_database(name)


def test_nothing_is_paid_twice_after_yesterdays_backup_and_every_orphan_is_found(
    yesterday, restored, stripe
):
    shop, before = yesterday.shop, shop_effects(yesterday.shop)
    states = {shop.payout(one).state for one in yesterday.unseen}
    assert states == {"unknown", "submitted", "ready"}
    assert shop.rows("SELECT id FROM payouts WHERE id = %(p)s", p=yesterday.lost) == []
    shop.sweep()  # the worker finds what the backup does not know to be broken
    if restored == "paid first":
        shop.settle()
    (run,) = shop.reconcile(days=7)
    assert (run.theirs, run.ours, run.differences) == (7, 6, 1)
    (orphan,) = [one for one in shop.incidents() if one.kind == "unknown_effect"]
    assert orphan.details["payout"] == str(yesterday.lost)
    assert shop.rail_state().pause_trouble == "other_effect"

    shop.works_again()  # an administrator has looked, and tests the connection
    shop.later(hours=1)
    shop.settle()
    assert shop_effects(shop) == before
    assert {shop.payout(one).state for one in (*yesterday.paid, *yesterday.unseen)} == {"paid"}
    assert all(len(shop.standing(one)) == 1 for one in (*yesterday.paid, *yesterday.unseen))
    # the same breach was found anew; it waits, and is not paid again by itself
    (debt,) = shop.rows(
        "SELECT state, holds FROM compensations WHERE ticket_id = %(t)s", t=yesterday.lost_ticket
    )
    assert (debt.state, bool(debt.holds)) == ("owed", True)
    assert shop.unbalanced() == []


def shop_effects(shop):
    return [(one.ref, one.payout_id) for one in shop.stripe.effects() if one.standing]
