"""The whole service in a real browser: one Chromium, one server, one full organisation to look at,
and a second database with the worker's own process for what people do."""

import dataclasses
import logging

import pytest

from promises.app import create_app
from tests.browser import launched
from tests.conftest import dispose, make_database
from tests.e2e.clocked import Clocked, House
from tests.e2e.live import Branch
from tests.factories.world import FullWorld
from tests.http.site import served
from tests.notify.mailserver import mail_server
from tests.pages import CheckedClient
from tests.worker.process import worker_process


@dataclasses.dataclass(frozen=True)
class Live:
    app: object
    address: str
    mailbox: object


@pytest.fixture(scope="package", autouse=True)
def quiet_server():
    logging.getLogger("werkzeug").setLevel(logging.ERROR)


@pytest.fixture(scope="package")
def browser():
    with launched() as chromium:
        yield chromium


@pytest.fixture(scope="package")
def site(app):
    """The address of the service as the application role, in threads, on loopback."""
    with served(app) as address:
        yield address


@pytest.fixture(scope="package")
def world(app):
    """A full organisation. Tests that share it only look; no worker changes it."""
    with app.app_context():
        return FullWorld()


@pytest.fixture(scope="package")
def live(server, browser, tmp_path_factory):
    """Pages and worker process on a database of their own. Without a browser there is no need."""
    made = make_database(server)
    app = create_app(made.config)
    app.testing = True
    app.test_client_class = CheckedClient
    log = tmp_path_factory.mktemp("worker") / "log"
    with mail_server() as mailbox:
        settings = {
            "LUPAUS_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
            "LUPAUS_MAIL_FROM": "lupaus@bank.example",
        }
        with worker_process(made, log, **settings), served(app) as address:
            yield Live(app, address, mailbox)
    dispose(app)


@pytest.fixture
def make_branch(live, browser):
    """Branches with promises of a test's own; at the end no browser has complained."""
    made = []

    def make(**words):
        made.append(Branch(live, browser, **words))
        return made[-1]

    yield make
    for branch in made:
        branch.close()
    assert [problem for branch in made for problem in branch.problems] == []


@pytest.fixture(scope="package")
def clocked(server):
    made = make_database(server)
    app = create_app(made.config)
    app.testing = True
    app.test_client_class = CheckedClient
    one = Clocked(app)
    with served(one) as address:
        one.address = address
        yield one
    dispose(app)


@pytest.fixture
def make_house(clocked, browser):
    """Worlds on the clock of a test, one at a time; at the end no browser has complained."""
    made = []
    with clocked.app.app_context():

        def make(world):
            made.append(House(clocked, browser, world))
            return made[-1]

        yield make
        for house in made:
            house.close()
    assert [problem for house in made for problem in house.problems] == []
