"""Many people at once, each with a real connection of their own."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

from flask import Flask

from promises.db.base import db
from tests.conftest import dispose


class Crowd:
    def __init__(self, app, people):
        self._app = app
        self._people = people
        self._pool = ThreadPoolExecutor(people)
        self._barrier = threading.Barrier(people)

    def at_once(self, act):
        """`act(number)` by everybody in the same moment; the answers by number. What one of them
        raises is the answer of that one."""

        def one(number):
            with self._app.app_context():
                self._barrier.wait(120)
                try:
                    return act(number)
                except Exception as error:  # noqa: BLE001  the answer of this one
                    return error

        return list(self._pool.map(one, range(self._people)))

    def close(self):
        self._pool.shutdown()


@contextlib.contextmanager
def crowd(url, people):
    """One application with a connection for each of them."""
    app = Flask("crowd")
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {
        "pool_size": people + 1,
        "max_overflow": 0,
        "isolation_level": "AUTOCOMMIT",
    }
    db.init_app(app)
    made = Crowd(app, people)
    try:
        with app.app_context():
            yield made
    finally:
        made.close()
        dispose(app)
