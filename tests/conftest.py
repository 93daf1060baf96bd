"""The tests' ground: a throw-away PostgreSQL, its schema built by the migrations, three roles.

Code under test connects as the application or the worker role, never as the administrator. Tests
commit like the product does and keep apart by making organisations of their own.
"""

import dataclasses
import itertools
import os

import pytest
from flask import Flask

from config import Config, load_config
from promises.db import roles
from promises.db.base import db
from promises.db.embedded import EmbeddedServer
from promises.db.migrate import migrate
from promises.identity import keys
from tests import profiles  # noqa: F401 -- no property test has a deadline, in whatever order
from tests.order import pytest_collection_modifyitems  # noqa: F401 -- a hook
from tests.pages import CheckedClient
from tests.sockets import pytest_runtest_setup  # noqa: F401 -- a hook
from tests.telling import pytest_configure  # noqa: F401 -- a hook
from tests.uncovered import pytest_sessionstart  # noqa: F401 -- a hook

TEMPLATE = "template_of_tests"
_numbers = itertools.count(1)


@dataclasses.dataclass(frozen=True)
class Database:
    """A migrated database and its addresses for each role."""

    name: str
    app_url: str
    worker_url: str
    owner_url: str
    config: Config


def make_database(server):
    name = f"tests_{next(_numbers)}"
    server.create_database(name, TEMPLATE)
    urls = [server.url(role, name) for role in (roles.APPLICATION, roles.WORKER, roles.OWNER)]
    names = ("app_url", "worker_url", "migration_url")
    config = dataclasses.replace(load_config(), **dict(zip(names, urls, strict=True)))
    keys.configure(config.secret_key)
    return Database(name, *urls, config)


def bare_app(url):
    """An application with the database and nothing else: what rooms and flows need."""
    app = Flask("tests")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"isolation_level": "AUTOCOMMIT"}
    db.init_app(app)
    return app


def dispose(app):
    with app.app_context():
        db.engine.dispose()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """The server of this test process, holding the migrated template."""
    data_dir = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - {"LUPAUS_PG_BIN"}:
            if name.startswith("LUPAUS_") or name.endswith("DATABASE_URL"):
                patch.delenv(name)
        patch.setenv("LUPAUS_DATA_DIR", str(data_dir))
        with EmbeddedServer(data_dir / "postgres", durable=False) as running:
            running.create_database(TEMPLATE)
            migrate(running.url(roles.OWNER, TEMPLATE))
            yield running


@pytest.fixture(scope="session")
def database(server):
    """The database that all tests of this process share."""
    return make_database(server)


@pytest.fixture
def fresh_database(server):
    """A migrated database with no rows, for this test alone."""
    made = make_database(server)
    yield made
    server.drop_database(made.name)


@pytest.fixture(scope="session")
def app_url(database):
    return database.app_url


@pytest.fixture(scope="session")
def worker_url(database):
    return database.worker_url


@pytest.fixture(scope="session")
def owner_url(database):
    return database.owner_url


@pytest.fixture(scope="session")
def bare_apps(database):
    apps = bare_app(database.app_url), bare_app(database.worker_url)
    yield apps
    for app in apps:
        dispose(app)


@pytest.fixture
def as_application(bare_apps):
    """Inside this test `unit_of_work` connects as the application role."""
    with bare_apps[0].app_context():
        yield bare_apps[0]


@pytest.fixture
def as_worker(bare_apps):
    """Inside this test `unit_of_work` connects as the worker role."""
    with bare_apps[1].app_context():
        yield bare_apps[1]


@pytest.fixture(scope="session")
def app(database):
    """The whole service as the application role."""
    from promises.app import create_app  # rooms are tested without the faces

    made = create_app(database.config)
    made.testing = True
    made.test_client_class = CheckedClient
    yield made
    dispose(made)


@pytest.fixture
def client(app):
    """A browser without a page."""
    return app.test_client()
