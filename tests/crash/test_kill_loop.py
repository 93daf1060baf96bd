"""Web, worker and database are killed at random under load; nothing acknowledged may be lost and
nothing may happen twice."""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from config import ADDRESS_FILE, load_config
from promises.audit.queries import verify
from promises.catalogue.queries import versions_by_id
from promises.db import roles
from promises.db.embedded import embedded_url
from promises.db.sql import rows
from promises.desk.facts import load_cases
from promises.identity import keys
from promises.identity.access import NewKey, issue_api_key
from promises.identity.models import Scope
from promises.ledger.queries import unbalanced_transactions
from promises.rules.judge import judge_committed
from tests.conftest import bare_app, dispose
from tests.crash.load import Crowd
from tests.factories.catalogue import publish_simple_promise
from tests.factories.identity import make_organisation

pytestmark = pytest.mark.no_cover

KILLS = 50
FEWEST_TICKETS = 60
CUSTOMERS = 6
SEED = 20260322
LIMIT_SECONDS = 1


class Service:
    """`make run` without the demonstration, in a process of its own, on its own data."""

    def __init__(self, data_dir, port):
        environ = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("LUPAUS_") and not name.endswith("DATABASE_URL")
        }
        environ |= {
            "LUPAUS_DATA_DIR": str(data_dir),
            "LUPAUS_PORT": str(port),
            "LUPAUS_DEMO": "0",
        }
        self.data_dir, self.base_url = data_dir, None
        self.log = (data_dir / "service.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "promises.cli.up"],
            env=environ, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip

    def address(self):
        """Once everything is up: before that, a child that dies ends the start."""
        for _ in range(1200):
            told = self.data_dir / ADDRESS_FILE
            if "Lupaus runs." in Path(self.log.name).read_text():
                return told.read_text().strip()
            assert self.process.poll() is None, Path(self.log.name).read_text()
            time.sleep(0.1)
        raise AssertionError("the service did not start")

    def victims(self):
        """Pids by what they are: web masters and workers, our worker, the database's processes."""
        found = {"web": [], "worker": [], "postgres": []}
        for pid in descendants(self.process.pid):
            command = command_of(pid)
            if "postgres" in command:
                found["postgres"].append(pid)
            elif "gunicorn" in command:
                found["web"].append(pid)
            elif command.endswith(" worker"):
                found["worker"].append(pid)
        return found

    def answers(self):
        try:
            with urllib.request.urlopen(self.base_url, timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(120)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.log.close()


def descendants(root):
    """Every process below `root`; one that has gone meanwhile is left out."""
    children = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(stat[1]), []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        for child in children.get(waiting.pop(), []):
            found.append(child)
            waiting.append(child)
    return found


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
    except OSError:
        return ""


@pytest.fixture
def service(tmp_path):
    started = Service(tmp_path, 8600 + os.getpid() % 300)
    yield started
    started.end()


@pytest.fixture
def app(service):
    service.base_url = service.address()
    postgres = service.data_dir / "postgres"
    config = dataclasses.replace(
        load_config({"LUPAUS_DATA_DIR": str(service.data_dir)}),
        app_url=embedded_url(postgres, roles.APPLICATION),
    )
    keys.configure(config.secret_key)
    made = bare_app(config.app_url)
    with made.app_context():
        yield made
    dispose(made)


def found_shop():
    """An organisation with a promise of a second, and a program's key."""
    made = make_organisation(counters=CUSTOMERS)
    with made.work(None) as uow:
        publish_simple_promise(
            uow.session, organisation_id=made.id, now=uow.now, seconds=LIMIT_SECONDS
        )
        _key_id, token = issue_api_key(
            uow.session,
            organisation_id=made.id,
            actor=uow.actor,
            now=uow.now,
            request=NewKey(name="load", scopes={Scope.TICKETS_WRITE, Scope.EVENTS_WRITE}),
        )
    return made, token


def kill_at_random(service, chance):
    """One kill -9; which it hit. The database's own helpers are killed as well. The web is left to
    come up before it is hit again: otherwise nothing would be under load."""
    kind = chance.choice(("web", "worker", "postgres"))
    if kind == "web" and not service.answers():
        return None
    pids = service.victims()[kind]
    if not pids:
        return None
    try:
        os.kill(chance.choice(pids), signal.SIGKILL)
    except ProcessLookupError:
        return None
    return kind


def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if condition():
                return
        except psycopg.Error:
            pass
        except Exception as error:
            if (
                "psycopg" not in type(error).__module__
                and "sqlalchemy" not in type(error).__module__
            ):
                raise
        time.sleep(0.25)
    raise AssertionError(f"not within {seconds} s: {what}")


@pytest.mark.crash
@pytest.mark.slow
def test_nothing_acknowledged_is_lost_and_nothing_happens_twice(service, app):
    made, token = found_shop()
    crowd = Crowd(service.base_url, token, made.branch_id, made.kind_id, made.counter_ids, SEED)
    crowd.start()
    chance, hits = random.Random(SEED), {}
    while sum(hits.values()) < KILLS or len(crowd.tickets) < FEWEST_TICKETS:
        time.sleep(chance.uniform(0.2, 1.0))
        if (kind := kill_at_random(service, chance)) is not None:
            hits[kind] = hits.get(kind, 0) + 1
        assert not crowd.errors, crowd.errors[0]
    crowd.finish()
    until(lambda: settled(made), 150, "everything due is broken and everything released is paid")
    assert set(hits) == {"web", "worker", "postgres"}, hits
    assert_nothing_lost(made, crowd)
    assert_verdicts_true(made)
    assert_each_effect_once(made)


def ask(made, statement):
    with made.work(None) as uow:
        return rows(uow.session, statement, {"org": made.id})


def settled(made):
    (left,) = ask(
        made,
        "SELECT (SELECT count(*) FROM commitments WHERE state = 'open') AS open,"
        " (SELECT count(*) FROM payouts WHERE state <> 'submitted') AS unpaid,"
        " (SELECT count(*) FROM compensations WHERE state = 'owed' AND holds = '{presence}')"
        " AS waiting",
    )
    return (left.open, left.unpaid, left.waiting) == (0, 0, 0)


def assert_nothing_lost(made, crowd):
    assert len(crowd.tickets) >= FEWEST_TICKETS
    kept = {str(row.id): row.number for row in ask(made, "SELECT id, number FROM tickets")}
    assert {ticket["id"]: ticket["number"] for ticket in crowd.tickets} == kept
    assert sorted(kept.values()) == list(range(1, len(kept) + 1))
    events = ask(made, "SELECT id, ticket_id, kind FROM service_events")
    logged = {str(row.id) for row in events if row.kind != "arrived"}
    assert {event["id"] for event in crowd.events} == logged
    assert len({(row.ticket_id, row.kind) for row in events}) == len(events)


def assert_verdicts_true(made):
    """Every verdict is what the engine says of the events, and broken when it was too late."""
    found = ask(made, "SELECT ticket_id, version_id, state, due_at, decided_at FROM commitments")
    with made.work(None) as uow:
        cases = load_cases(
            uow.session, organisation_id=made.id, ticket_ids=[row.ticket_id for row in found]
        )
        versions = versions_by_id(
            uow.session, organisation_id=made.id, version_ids={row.version_id for row in found}
        )
        now = uow.now
    assert len(found) == len(cases) > 0
    for row in found:
        verdict = judge_committed(versions[row.version_id].terms, cases[row.ticket_id].facts, now)
        assert row.state == verdict.state, row
    assert {row.state for row in found} == {"kept", "broken"}


def assert_each_effect_once(made):
    (count,) = ask(
        made,
        "SELECT (SELECT count(*) FROM commitments WHERE state = 'broken') AS broken,"
        " (SELECT count(*) FROM breaches) AS breaches,"
        " (SELECT count(*) FROM compensations) AS compensations,"
        " (SELECT count(*) FROM compensations WHERE state = 'released') AS released,"
        " (SELECT count(*) FROM vouchers) AS vouchers,"
        " (SELECT coalesce(sum(amount_minor), 0)::bigint FROM ledger_entries) AS sum_minor,"
        " (SELECT coalesce(-sum(amount_minor), 0)::bigint FROM ledger_entries"
        "  WHERE account_code = 'vouchers_issued') AS issued_minor",
    )
    assert count.broken == count.breaches == count.compensations > 0
    assert count.released == count.vouchers
    assert (count.sum_minor, count.issued_minor) == (0, count.vouchers * 1000)
    with made.work(None) as uow:
        assert unbalanced_transactions(uow.session, organisation_id=made.id) == []
        assert verify(uow.session, organisation_id=made.id).intact
