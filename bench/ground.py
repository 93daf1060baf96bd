"""A server, a migrated database and one organisation to measure on."""

import dataclasses
import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from config import load_config
from promises.app import create_app
from promises.db import roles
from promises.db.base import db
from promises.db.embedded import EmbeddedServer
from promises.db.migrate import migrate
from promises.identity import keys
from tests.factories.catalogue import publish_simple_promise
from tests.factories.identity import Made, make_organisation


@dataclasses.dataclass(frozen=True)
class Ground:
    """`owner` is a psycopg connection that may seed; `made` the organisation."""

    server: EmbeddedServer
    config: Any
    app: Any
    made: Made
    version: Any
    owner: "psycopg.Connection[Any]"

    def tenant(self, cursor: "psycopg.Cursor[Any]") -> None:
        cursor.execute(f"SET app.organisation_id = '{self.made.id}'")


@contextmanager
def ground(**term_changes: Any) -> Iterator[Ground]:
    """Durable, as in production: what is measured includes the disk."""
    for name in [n for n in os.environ if n.startswith("LUPAUS_") or n.endswith("DATABASE_URL")]:
        del os.environ[name]
    with tempfile.TemporaryDirectory(prefix="lupaus-bench-") as folder:
        os.environ["LUPAUS_DATA_DIR"] = folder
        with EmbeddedServer(Path(folder) / "postgres") as server:
            server.create_database("bench")
            migrate(server.url(roles.OWNER, "bench"))
            config = dataclasses.replace(
                load_config(),
                app_url=server.url(roles.APPLICATION, "bench"),
                worker_url=server.url(roles.WORKER, "bench"),
                migration_url=server.url(roles.OWNER, "bench"),
            )
            keys.configure(config.secret_key)
            app = create_app(config)
            with app.app_context():
                made = make_organisation(counters=4)
                with made.work(None) as uow:
                    published = publish_simple_promise(
                        uow.session, organisation_id=made.id, now=uow.now, **term_changes
                    )
            url = server.url(roles.OWNER, "bench").replace("+psycopg", "")
            with psycopg.connect(url, autocommit=True) as owner:
                owner.execute(f"SET app.organisation_id = '{made.id}'")
                yield Ground(server, config, app, made, published, owner)
            with app.app_context():
                db.engine.dispose()


SEED_TICKETS = """
WITH made AS (
    INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id,
        day_on, number, public_code, arrived_at, queued_at, next_due_at, version, flags)
    SELECT %(organisation_id)s, gen_random_uuid(), 'visit', %(state)s, 'desk', %(branch_id)s,
        %(kind_id)s, %(day_on)s::date + (n / 2000), NULL, gen_random_uuid()::text,
        %(arrived_at)s::timestamptz + n * %(step)s::interval,
        %(arrived_at)s::timestamptz + n * %(step)s::interval, NULL, 1, '{}'
    FROM generate_series(0, %(count)s - 1) AS n
    RETURNING id, branch_id, day_on, arrived_at
)
INSERT INTO commitments (organisation_id, id, promise_id, version_id, ticket_id, branch_id,
    occurrence, day_on, started_at, due_at, state, evidence, by_duration)
SELECT %(organisation_id)s, gen_random_uuid(), %(promise_id)s, %(version_id)s, m.id, m.branch_id,
    1, m.day_on, m.arrived_at, m.arrived_at + %(limit)s::interval, 'open', 'live', false
FROM made m
"""


def seed_open(
    on: Ground,
    count: int,
    *,
    arrived_at: dt.datetime,
    step: dt.timedelta = dt.timedelta(0),
    limit: dt.timedelta = dt.timedelta(minutes=15),
) -> None:
    """Open commitments in bulk, `step` apart, each due `limit` after its arrival."""
    on.owner.execute(
        SEED_TICKETS,
        {
            "organisation_id": on.made.id,
            "branch_id": on.made.branch_id,
            "kind_id": on.made.kind_id,
            "promise_id": on.version.promise_id,
            "version_id": on.version.version_id,
            "day_on": arrived_at.date(),
            "arrived_at": arrived_at,
            "step": step,
            "limit": limit,
            "count": count,
            "state": "waiting",
        },
    )
    on.owner.execute("ANALYZE tickets, commitments")
