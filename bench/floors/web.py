"""The web by hand: Flask with nothing behind it, and Flask with one INSERT."""

import os
import uuid
from typing import Any

from flask import Flask, request
from psycopg_pool import ConnectionPool


def hello() -> Flask:
    app = Flask("floor-hello")

    @app.get("/")
    def index() -> str:
        return "hello"

    return app


def one_insert(url: str, organisation_id: uuid.UUID) -> tuple[Flask, "ConnectionPool[Any]"]:
    """Reads JSON and inserts one row under the same row-level security; nothing is checked."""
    app = Flask("floor-insert")
    pool = ConnectionPool(url.replace("+psycopg", ""), min_size=1, max_size=8, open=False)

    @app.post("/")
    def insert() -> dict[str, str]:
        given = request.get_json()
        pool.open()  # after the server has forked
        with pool.connection() as connection:
            connection.execute(f"SET LOCAL app.organisation_id = '{organisation_id}'")
            connection.execute(
                "INSERT INTO problems (organisation_id, id, text, created_at)"
                " VALUES (%s, %s, %s, now())",
                (organisation_id, uuid.uuid4(), given["kind"]),
            )
        return {"status": "ok"}

    return app, pool


def served() -> Flask:
    """The same for gunicorn, which gives no arguments."""
    app, _pool = one_insert(
        os.environ["BENCH_FLOOR_URL"], uuid.UUID(os.environ["BENCH_FLOOR_ORGANISATION"])
    )
    return app
