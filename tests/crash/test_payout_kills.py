"""Workers and the database are killed at random while payouts go out by each called rail, and the
provider does wrong as well: what it did is what was paid, never twice, none lost, none stuck."""

import contextlib
import datetime as dt
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from promises.audit.queries import verify
from promises.db import roles
from promises.db.embedded import EmbeddedServer
from promises.db.migrate import migrate
from promises.kernel.ids import new_id
from tests.conftest import TEMPLATE, bare_app, dispose, make_database
from tests.crash.settlers import maker_of
from tests.fakes.core_system import KEY, core_system
from tests.fakes.stripe_server import TEST_KEY, StripeProcess
from tests.payouts.ground import Purse
from tests.profiles import PROFILE

pytestmark = [pytest.mark.crash, pytest.mark.slow, pytest.mark.no_cover]

SEED = 20261122
FULL = PROFILE == "nightly"
PAYOUTS = 500 if FULL else 48
WORKERS, LEASE_S = 2, 3.0
LATENCY_S, CORE_LATENCY_S = 0.05, 0.2
FAULTS = [
    "drop_before",
    "drop_after",
    "timeout_before",
    "timeout_after",
    "500_before",
    "500_after",
    "502_after",
    "429",
    "409",
]
PATIENCE_S = 600 if FULL else 300
PEACE_S = (0.3, 1.2) if FULL else (0.1, 0.4)
"""Between two kills: time for a worker to begin and to get somewhere."""
RAILS = ("stripe_refund",)
if FULL:
    RAILS += ("stripe_credit", "stripe_outbound", "account_call")


@pytest.fixture(scope="module")
def own_database(tmp_path_factory, database):
    """A server that may be killed, as durable as in earnest. `database` has set the master key."""
    with EmbeddedServer(tmp_path_factory.mktemp("kills") / "postgres") as server:
        server.create_database(TEMPLATE)
        migrate(server.url(roles.OWNER, TEMPLATE))
        yield server, make_database(server)


@pytest.fixture(scope="module")
def stripe():
    with StripeProcess() as fake:
        fake.configure(latency_s=LATENCY_S)
        yield fake


@pytest.fixture
def provider(rail, request):
    """The core system would credit again what comes again: only that we ask first keeps it one."""
    if rail != "account_call":
        yield request.getfixturevalue("stripe")
        return
    with core_system(once=False, latency_s=CORE_LATENCY_S) as (core, _):
        yield core


class Settlers:
    """The workers' processes."""

    def __init__(self, database, purse, address):
        told = {
            "url": database.app_url,
            "secret": database.config.secret_key.hex(),
            "organisation_id": str(purse.made.id),
            "rail": purse.rail,
            "address": address,
            "workers": WORKERS,
            "lease_s": LEASE_S,
        }
        self.pids = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.settlers", json.dumps(told)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.pids.append(int(line))

    def __enter__(self):
        try:
            until(lambda: len(self.pids) >= WORKERS, 90, "the workers have begun")
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(120)
        self.process.stdout.close()

    def kill_one(self, chance):
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(self.pids[-WORKERS:]), signal.SIGKILL)


def kill_database(server, database):
    """One of its processes dies, so all that is in memory is given up and recovered; whether there
    was one. Returns when it is back."""
    with server.connect() as admin:
        found = admin.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s ORDER BY pid", [database.name]
        ).fetchall()
    if not found:
        return False
    ((pid, *_), *_) = found
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)

    def is_back():
        with server.connect() as admin:
            return not admin.execute(
                "SELECT 1 FROM pg_stat_activity WHERE pid = %s", [pid]
            ).fetchall()

    until(is_back, 60, "the database is back")
    return True


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(psycopg.Error):
            if condition():
                return
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def destinations(provider, rail):
    def refund(_):
        payment = f"pi_{new_id().hex}"
        provider.pay(payment, 1000)
        return {"payment": payment}

    def credit(_):
        customer = f"cus_{new_id().hex}"
        provider.customer(customer)
        return {"customer": customer}

    def outbound(_):
        recipient, method = f"acct_{new_id().hex}", f"usba_{new_id().hex}"
        provider.recipient(recipient, method)
        return {"recipient": recipient, "method": method}

    def account(number):
        provider.accounts[str(number)] = "open"
        return {"account": str(number)}

    found = {"stripe_refund": refund, "stripe_credit": credit, "stripe_outbound": outbound}
    return (found | {"account_call": account})[rail]


class Money(Purse):
    """At the present time, as its workers are."""

    def __init__(self, rail, address):
        maker, secrets = maker_of(rail, address), {"key": TEST_KEY}
        settings = {"financial_account": "fa_fake"} if rail == "stripe_outbound" else {}
        if rail == "account_call":
            settings, secrets = {"url": address}, {"signing_key": KEY}
        super().__init__(maker, rail=rail, settings=settings, secrets=secrets)
        self.now = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=20)

    def left(self, url):
        """How many are not yet with the provider, by a connection of its own. Pauses pass quickly
        here: how long they are in earnest is tested where they are made."""
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(f"SET app.organisation_id = '{self.made.id}'")
            connection.execute(
                "UPDATE payouts SET lease_until = clock_timestamp() + interval '3 s'"
                " WHERE state IN ('ready', 'unknown')"
                " AND lease_until > clock_timestamp() + interval '3 s'"
            )
            (left,) = connection.execute(
                "SELECT count(*) FROM payouts WHERE state IN ('ready', 'submitting', 'unknown')"
            ).fetchone()
        return left


@pytest.mark.parametrize("rail", RAILS)
def test_killed_workers_and_databases_pay_each_payout_once(own_database, provider, rail):
    server, database = own_database
    chance = random.Random(SEED)
    app = bare_app(database.app_url)
    with app.app_context():
        money = Money(rail, provider.url)
        payouts = money.owe(PAYOUTS, details=destinations(provider, rail))
    dispose(app)

    began, kills, left = time.monotonic(), {"worker": 0, "database": 0}, PAYOUTS
    with Settlers(database, money, provider.url) as settlers:
        while left:
            assert time.monotonic() - began < PATIENCE_S, f"{left} are stuck"
            if chance.random() < 1 / 3 and left > PAYOUTS / 4:
                provider.fail_next(chance.choice(FAULTS))
            time.sleep(chance.uniform(*PEACE_S))
            if chance.random() < 0.3:
                kills["database"] += kill_database(server, database)
            else:
                settlers.kill_one(chance)
                kills["worker"] += 1
            left = money.left(database.owner_url)
    took = time.monotonic() - began

    with app.app_context():
        check_each_once(money, provider, payouts)
    dispose(app)
    assert min(kills.values()) > 0, kills
    print(f"{rail}: {PAYOUTS} payouts, {kills} killed, {took:.0f} s")


def check_each_once(money, provider, payouts):
    by_payout = {}
    for effect in provider.effects():
        by_payout.setdefault(effect.payout_id, []).append(effect)
    for payout_id in payouts:
        (effect,) = by_payout[str(payout_id)]
        row = money.payout(payout_id)
        assert effect.standing
        assert (row.state, row.provider_ref) in (("paid", effect.ref), ("submitted", effect.ref))
    assert money.unbalanced() == []
    balances = money.balances()
    gone = sum(n for name, n in balances.items() if name.startswith(("money_out", "payouts_under")))
    assert gone == -1000 * len(payouts)
    assert "compensation_owed" not in balances
    with money.work(None) as uow:
        assert verify(uow.session, organisation_id=money.made.id).intact
