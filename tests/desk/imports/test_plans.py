"""An import into small tables is planned by what it brought, not by what was there."""

import pytest

from tests.conftest import bare_app, dispose
from tests.desk.imports.ground import History
from tests.flows.ground import World

ROWS = 1_500
_READ = """SELECT seq_tup_read + idx_tup_fetch AS n FROM pg_stat_user_tables
WHERE relname = 'tickets'"""


def visits(count):
    times = [f"2026-03-02 12:{n // 60:02}:{n % 60:02}" for n in range(count)]
    return "\n".join(["id,arrived,started", *(f"{n},{at},{at}" for n, at in enumerate(times))])


def tickets_read(history):
    """How many rows of tickets any statement has read so far."""
    history.rows("SELECT pg_stat_force_next_flush()")
    return history.one(_READ).n


@pytest.fixture
def alone(fresh_database):
    """One connection, whose plans nobody else makes or forgets."""
    app = bare_app(fresh_database.app_url)
    with app.app_context():
        yield
    dispose(app)


@pytest.mark.usefixtures("alone")
def test_check_of_each_event_finds_its_ticket_without_reading_all():
    for _ in range(2):  # the first temporary table of a database makes its plans anew by itself
        History().bring(visits(3))
    world = World()
    for _ in range(10):
        world.take()
    history = History()
    before = tickets_read(history)
    assert history.bring(visits(ROWS)).rows_added == ROWS
    assert tickets_read(history) - before < 10 * ROWS
