import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from config import load_config
from promises.audit.queries import verify
from promises.db import sql
from promises.db.base import db
from promises.db.session import unit_of_work
from promises.identity import keys, queries
from promises.identity.actions import NewOrganisation, create_organisation
from promises.kernel.actors import SYSTEM
from promises.kernel.ids import new_id
from promises.ledger.queries import balances, unbalanced_transactions
from promises.payouts.rails.voucher import VOUCHER, VoucherRail
from promises.simulation.bank import SLUG
from promises.simulation.letters import PARTNER, STORIES
from promises.simulation.matters import PROMISED, instant_of
from promises.simulation.play import Hall, Play
from promises.simulation.seed import Seeded, seed_demo
from promises.simulation.setup import NotADemo, find_bank
from tests.conftest import bare_app, dispose, make_database

RAILS = {VOUCHER: VoucherRail()}
DAYS = 4

WHOLE = """
SELECT
    (SELECT count(*) FROM tickets WHERE organisation_id = %(organisation_id)s
        AND kind = 'visit') AS visits,
    (SELECT count(*) FROM matters WHERE organisation_id = %(organisation_id)s) AS matters,
    (SELECT count(*) FROM tickets WHERE organisation_id = %(organisation_id)s
        AND state IN ('waiting', 'called', 'in_service')) AS live,
    (SELECT count(*) FROM commitments WHERE organisation_id = %(organisation_id)s) AS commitments,
    (SELECT count(*) FROM commitments WHERE organisation_id = %(organisation_id)s
        AND state = 'open' AND due_at <= clock_timestamp()) AS overdue,
    (SELECT count(*) FROM commitments WHERE organisation_id = %(organisation_id)s
        AND state = 'broken') AS broken,
    (SELECT count(*) FROM breaches WHERE organisation_id = %(organisation_id)s) AS breaches,
    (SELECT count(*) FROM breaches WHERE organisation_id = %(organisation_id)s
        AND detected_at <> breached_at AND found_by = 'clock') AS late,
    (SELECT count(*) FROM compensations WHERE organisation_id = %(organisation_id)s) AS awarded,
    (SELECT count(*) FROM payouts WHERE organisation_id = %(organisation_id)s
        AND compensation_id IS NOT NULL
        AND state NOT IN ('failed', 'cancelled', 'returned')) AS payouts,
    (SELECT count(*) FROM compensations WHERE organisation_id = %(organisation_id)s
        AND state = 'released') AS released,
    (SELECT count(*) FROM messages WHERE organisation_id = %(organisation_id)s
        AND contact_id IS NOT NULL
        AND kind NOT IN ('matter_received', 'follow_asked', 'bank_confirm', 'money_news'))
        AS messages
"""

OTHERS = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
  AND pid <> pg_backend_pid()"""

VISIT_DAYS = "SELECT DISTINCT day_on FROM tickets WHERE kind = 'visit'"

OUTCOMES = """
SELECT p.slug, array_agg(DISTINCT c.state ORDER BY c.state) AS states, max(c.occurrence) AS times,
    count(*) FILTER (WHERE c.state = 'broken' AND c.occurrence > 1)::int AS again
FROM commitments c
JOIN promises p ON p.id = c.promise_id
JOIN matters m ON m.ticket_id = c.ticket_id
WHERE c.organisation_id = %(organisation_id)s
GROUP BY p.slug
"""

CAME_TO = """
SELECT k.remedy, k.state, k.holds, count(*)::int AS n
FROM compensations k
JOIN matters m ON m.ticket_id = k.ticket_id
WHERE k.organisation_id = %(organisation_id)s
GROUP BY 1, 2, 3
"""


def read(organisation_id, statement):
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return sql.rows(uow.session, statement, {"organisation_id": organisation_id})


def assert_whole(organisation_id):
    """Nothing is left over, and money follows from breaches one to one."""
    (whole,) = read(organisation_id, WHOLE)
    assert (whole.live, whole.overdue, whole.late) == (0, 0, 0)
    assert whole.broken == whole.breaches == whole.awarded
    assert whole.payouts == whole.released
    assert whole.messages == 0
    with unit_of_work(organisation_id, SYSTEM) as uow:
        session = uow.session
        assert unbalanced_transactions(session, organisation_id=organisation_id) == []
        assert sum(b.balance_minor for b in balances(session, organisation_id=organisation_id)) == 0
        assert verify(session, organisation_id=organisation_id).intact
    return whole


@pytest.fixture(scope="module")
def world(server):
    keys.configure(load_config().secret_key)
    database = make_database(server)
    app = bare_app(database.app_url)
    yield app, database
    dispose(app)
    server.drop_database(database.name)


@pytest.fixture(scope="module")
def seeded(world):
    app, _ = world
    with app.app_context():
        return seed_demo(RAILS, days=DAYS)


@pytest.fixture
def bank(world, seeded):
    with world[0].app_context():
        yield find_bank()


def test_the_demonstration_has_a_believable_history(bank, seeded):
    whole = assert_whole(bank.organisation_id)
    assert seeded.days == DAYS
    # One more of each: the visit whose customer took a call back, and that call.
    assert whole.visits == seeded.visits + 1 > 50
    assert whole.matters == seeded.matters + 1 == len(STORIES) + 1
    assert 0 < whole.broken < 0.3 * whole.commitments


def test_its_people_hold_every_role_and_its_services_speak_three_languages(bank):
    with unit_of_work(bank.organisation_id, SYSTEM) as uow:
        members = queries.list_members(uow.session, organisation_id=bank.organisation_id)
        kinds = queries.list_service_kinds(uow.session, organisation_id=bank.organisation_id)
    assert {member.role for member in members} == {
        "administrator", "manager", "accountant", "clerk"
    }  # fmt: skip
    assert all(set(kind.names) == {"fi", "sv", "en"} for kind in kinds)
    assert len(bank.branches) == 3


def test_it_has_promises_and_proposals_in_every_state(bank):
    states = read(
        bank.organisation_id,
        "SELECT state FROM proposals WHERE organisation_id = %(organisation_id)s",
    )
    found = {row.state for row in states}
    assert found >= {"asked", "declined", "merged", "open", "published"}
    versions = read(
        bank.organisation_id,
        "SELECT limit_us / 1000000 AS seconds, amount_minor, applied_to_history"
        " FROM promise_versions WHERE organisation_id = %(organisation_id)s"
        " AND limit_us IS NOT NULL ORDER BY limit_us",
    )
    limits = (40, 60, 900, 8 * 3600)  # the express counter's is to be longer; the last one ended
    assert [tuple(row) for row in versions] == [(limit, 1000, False) for limit in limits]


def test_what_people_wait_for_at_home_comes_out_in_every_way(bank):
    found = {row.slug: row for row in read(bank.organisation_id, OUTCOMES)}
    assert set(found) == set(PROMISED)
    assert all(row.states == ["broken", "kept", "open"] for row in found.values())
    assert found["kuulet-meista-viikoittain"].again > 0
    came_to = read(bank.organisation_id, CAME_TO)
    assert {(row.remedy, row.state, tuple(row.holds)) for row in came_to} == {
        ("money", "released", ()),
        ("bill_credit", "owed", ("approval",)),
        ("apology", "nothing_owed", ()),
    }
    partners = read(bank.organisation_id, "SELECT name FROM partners WHERE closed_at IS NULL")
    assert [row.name for row in partners] == [PARTNER]


@pytest.mark.parametrize("number", range(7))
def test_stories_are_the_same_on_every_day_of_the_week(number):
    """In the order of their acts, and what is to come lies ahead."""
    now = dt.datetime(2026, 3, 2 + number, 0, 30, tzinfo=dt.UTC)
    for story in STORIES:
        times = [instant_of(when, now) for when in (story.came, *(a.when for a in story.acts))]
        assert times == sorted(set(times)), story.name
        assert times[-1] < now, story.name
        if story.promised is not None:
            assert instant_of(story.promised, now) > times[0], story.name
        if story.redeemed is not None:
            assert times[-1] < instant_of(story.redeemed, now) < now, story.name


def test_seeding_again_changes_nothing(bank):
    before = read(bank.organisation_id, WHOLE)
    assert seed_demo(RAILS, days=DAYS) == Seeded(0, 0)
    assert read(bank.organisation_id, WHOLE) == before


def test_the_same_seed_gives_the_same_history(server, bank, seeded):
    before = read(bank.organisation_id, WHOLE)
    other = make_database(server)
    app = bare_app(other.app_url)
    with app.app_context():
        queries._ids.clear()  # the process knows the slug of the first database
        assert seed_demo(RAILS, days=DAYS) == seeded
        assert read(find_bank().organisation_id, WHOLE) == before
        queries._ids.clear()
    dispose(app)
    server.drop_database(other.name)


def test_a_real_organisation_of_that_slug_is_left_alone(server):
    database = make_database(server)
    app = bare_app(database.app_url)
    with app.app_context():
        queries._ids.clear()
        with unit_of_work(new_id(), SYSTEM) as uow:
            create_organisation(
                uow.session,
                organisation_id=uow.organisation_id,
                actor=SYSTEM,
                now=uow.now,
                request=NewOrganisation(slug=SLUG, name="A bank that exists"),
            )
        with pytest.raises(NotADemo):
            seed_demo(RAILS, days=1)
        (row,) = read(uow.organisation_id, WHOLE)
        assert (row.visits, row.matters) == (0, 0)
        queries._ids.clear()
    dispose(app)
    server.drop_database(database.name)


@pytest.fixture
def empty(fresh_database):
    """A database of this test alone, and the application there."""
    app = bare_app(fresh_database.app_url)
    queries._ids.clear()
    with app.app_context():
        yield fresh_database
    queries._ids.clear()
    dispose(app)


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("step", ["_call_if", "_serve", "_finish"])
def test_a_day_that_breaks_off_where_no_door_ever_shuts_is_ended_first(empty, monkeypatch, step):
    """Somebody waits, was called, or is being served when it happens."""
    real = getattr(Play, step)

    def interrupted(play, *words):
        hall = next(word for word in words if isinstance(word, Hall))
        if hall.branch.plan.always_open:
            raise Interrupted
        return real(play, *words)

    with monkeypatch.context() as patch:
        patch.setattr(Play, step, interrupted)
        with pytest.raises(Interrupted):
            seed_demo(RAILS, days=2)
    assert seed_demo(RAILS, days=2).days > 0
    (whole,) = read(find_bank().organisation_id, WHOLE)
    assert (whole.live, whole.overdue) == (0, 0)
    assert whole.broken == whole.breaches == whole.awarded


@pytest.mark.crash
def test_a_killed_seeding_goes_on_where_it_was(empty):
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "seed-demo", "--days", str(DAYS)]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], env=environment(empty), stdout=subprocess.PIPE
    )
    wait_until_day(2)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    wait_until_alone(empty)
    finished = seed_demo(RAILS, days=DAYS)
    assert 0 < finished.days < DAYS
    with unit_of_work(find_bank().organisation_id, SYSTEM) as uow:
        days = sql.rows(uow.session, VISIT_DAYS)
    assert len(days) == DAYS
    (whole,) = read(find_bank().organisation_id, WHOLE)
    assert whole.broken == whole.breaches == whole.awarded
    assert seed_demo(RAILS, days=DAYS) == Seeded(0, 0)


def environment(database):
    """What makes `flask` work on a database of the tests."""
    return os.environ | {
        "DATABASE_URL": database.app_url,
        "WORKER_DATABASE_URL": database.worker_url,
        "MIGRATION_DATABASE_URL": database.owner_url,
        "LUPAUS_SECRET_KEY": load_config().secret_key.decode(),
        "LUPAUS_BASE_URL": "https://promises.example",
    }


def wait_until_alone(database):
    """A killed program's last transaction may still be on its way to its commit."""
    db.engine.dispose()
    until = time.monotonic() + 300
    with psycopg.connect(database.worker_url.replace("+psycopg", ""), autocommit=True) as watch:
        others = watch.execute(OTHERS).fetchone()[0]
        while others:
            assert time.monotonic() < until
            time.sleep(0.05)
            others = watch.execute(OTHERS).fetchone()[0]


def wait_until_day(number):
    until = time.monotonic() + 300
    while time.monotonic() < until:
        try:
            bank = find_bank()
        except LookupError:
            bank = None
        if bank is not None:
            with unit_of_work(bank.organisation_id, SYSTEM) as uow:
                days = sql.rows(uow.session, VISIT_DAYS)
            if len(days) >= number:
                return
        time.sleep(0.05)
    raise AssertionError("waited in vain")
