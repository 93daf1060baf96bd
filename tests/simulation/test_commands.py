"""`flask seed-demo`, `simulate-day` and `mail-catcher`, as `flask` runs them."""

import os
import signal
import threading

import pytest

from promises.app import create_app
from promises.db.session import unit_of_work
from promises.identity import queries
from promises.identity.actions import NewOrganisation, create_organisation
from promises.kernel.actors import SYSTEM
from promises.kernel.ids import new_id
from promises.simulation.bank import SLUG
from promises.simulation.commands import STOPPING
from tests.conftest import dispose
from tests.notify.mailserver import free_port
from tests.simulation.test_catcher import get
from tests.worker.ground import wait_for


@pytest.fixture
def run(fresh_database):
    queries._ids.clear()
    app = create_app(fresh_database.config)
    before = [signal.getsignal(number) for number in STOPPING]

    def command(*words):
        return app.test_cli_runner().invoke(args=list(words))

    command.app = app
    yield command
    for number, handler in zip(STOPPING, before, strict=True):
        signal.signal(number, handler)
    dispose(app)
    queries._ids.clear()


def test_the_demonstration_is_founded_once(run):
    assert "days were played" in run("seed-demo", "--days", "1", "--months", "0").output
    again = run("seed-demo", "--days", "1", "--months", "0")
    assert (again.exit_code, again.output) == (0, "The demonstration is there already.\n")


def test_a_day_needs_a_demonstration(run):
    result = run("simulate-day", "--seconds", "0")
    assert result.exit_code == 1
    assert "flask seed-demo" in result.output


def test_a_day_can_be_played_for_a_while(run):
    assert run("seed-demo", "--days", "0").exit_code == 0
    result = run("simulate-day", "--seconds", "2.5")
    assert result.exit_code == 0, result.output


def test_neither_touches_a_real_organisation(run):
    with run.app.app_context(), unit_of_work(new_id(), SYSTEM) as uow:
        create_organisation(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            request=NewOrganisation(slug=SLUG, name="A bank that exists"),
        )
    for words in (("seed-demo",), ("simulate-day", "--seconds", "1")):
        result = run(*words)
        assert result.exit_code == 1
        assert "not a demonstration" in result.output


def test_the_catcher_serves_until_it_is_told_to_stop(run):
    smtp, http_port = free_port(), free_port()
    seen = []

    def look():
        try:
            wait_for(lambda: answers(http_port))
            seen.append(get(http_port)[0])
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    looker = threading.Thread(target=look)
    looker.start()
    result = run("mail-catcher", "--smtp-port", str(smtp), "--http-port", str(http_port))
    looker.join()
    assert (result.exit_code, seen) == (0, [200])
    assert f"http://127.0.0.1:{http_port}/" in result.output


def answers(port):
    try:
        return get(port)[0] == 200
    except OSError:
        return False
