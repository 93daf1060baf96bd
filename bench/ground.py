"""A server, a migrated database and one organisation to measure on."""

import dataclasses
import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from config import KNOWN, load_config
from promises.app import create_app
from promises.db import roles
from promises.db.base import db
from promises.db.embedded import EmbeddedServer
from promises.db.migrate import migrate
from promises.identity import keys
from promises.identity.access import NewKey, issue_api_key
from promises.identity.models import Scope
from promises.kernel.actors import SYSTEM
from tests.factories.catalogue import publish_simple_promise
from tests.factories.identity import Made, make_organisation

LIMIT = dt.timedelta(minutes=15)


@dataclasses.dataclass(frozen=True)
class Ground:
    """`owner` sees the organisation's rows; `admin` is the server's administrator, who seeds: no
    policies and no foreign keys are checked there. `made` is the organisation."""

    server: EmbeddedServer
    config: Any
    app: Any
    made: Made
    version: Any
    owner: "psycopg.Connection[Any]"
    admin: "psycopg.Connection[Any]"

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a process of the service that works on this ground; its address is to
        be added."""
        config = self.config
        return dict.fromkeys(KNOWN, "") | {
            "DATABASE_URL": config.app_url,
            "WORKER_DATABASE_URL": config.worker_url,
            "MIGRATION_DATABASE_URL": config.migration_url,
            "LUPAUS_SECRET_KEY": config.secret_key.decode(),
        }


@contextmanager
def ground(
    *, branches: int = 1, kinds: tuple[str, ...] = ("A",), **term_changes: Any
) -> Iterator[Ground]:
    """Durable, as in production: what is measured includes the disk."""
    with tempfile.TemporaryDirectory(prefix="lupaus-bench-") as folder, _server(folder) as server:
        config = dataclasses.replace(
            load_config({"LUPAUS_DATA_DIR": folder}),
            app_url=server.url(roles.APPLICATION, "bench"),
            worker_url=server.url(roles.WORKER, "bench"),
            migration_url=server.url(roles.OWNER, "bench"),
        )
        keys.configure(config.secret_key)
        app = create_app(config)
        with app.app_context():
            made = make_organisation(branches=branches, counters=4, kinds=kinds)
            with made.work(None) as uow:
                published = publish_simple_promise(
                    uow.session, organisation_id=made.id, now=uow.now, **term_changes
                )
        url = server.url(roles.OWNER, "bench").replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True) as owner, _admin(server) as admin:
            owner.execute(f"SET app.organisation_id = '{made.id}'")
            yield Ground(server, config, app, made, published, owner, admin)
        with app.app_context():
            db.engine.dispose()


@contextmanager
def _server(folder: str) -> Iterator[EmbeddedServer]:
    with EmbeddedServer(Path(folder) / "postgres") as server:
        server.create_database("bench")
        migrate(server.url(roles.OWNER, "bench"))
        yield server


def _admin(server: EmbeddedServer) -> "psycopg.Connection[Any]":
    connection = server.connect(database="bench")
    connection.execute("SET session_replication_role = replica")
    return connection


SEED_TICKETS = """
WITH made AS (
    INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id,
        day_on, number, letter, public_code, arrived_at, queued_at, next_due_at, version, flags)
    SELECT %(organisation_id)s, gen_random_uuid(), 'visit', 'waiting', 'desk',
        (%(branch_ids)s::uuid[])[1 + n %% %(branches)s],
        %(kind_id)s, %(day_on)s, NULL, 'A', gen_random_uuid()::text,
        %(arrived_at)s::timestamptz + n * %(step)s::interval,
        %(arrived_at)s::timestamptz + n * %(step)s::interval,
        %(arrived_at)s::timestamptz + n * %(step)s::interval + %(limit)s::interval, 1, '{}'
    FROM generate_series(0, %(count)s - 1) AS n
    RETURNING id, branch_id, service_kind_id, day_on, arrived_at, next_due_at
), logged AS (
    INSERT INTO service_events (organisation_id, id, ticket_id, kind, source, occurred_at,
        recorded_at, verified, actor_kind, service_kind_id, ticket_version)
    SELECT %(organisation_id)s, gen_random_uuid(), m.id, 'arrived', 'desk', m.arrived_at,
        m.arrived_at, true, 'system', m.service_kind_id, 1
    FROM made m WHERE %(events)s
)
INSERT INTO commitments (organisation_id, id, promise_id, version_id, ticket_id, branch_id,
    occurrence, day_on, started_at, due_at, state, evidence, by_duration)
SELECT %(organisation_id)s, gen_random_uuid(), %(promise_id)s, %(version_id)s, m.id, m.branch_id,
    1, m.day_on, m.arrived_at, m.next_due_at, 'open', 'live', false
FROM made m
RETURNING ticket_id
"""


def seed_open(
    on: Ground,
    count: int,
    *,
    arrived_at: dt.datetime,
    step: dt.timedelta = dt.timedelta(0),
    events: bool = False,
) -> list[str]:
    """Waiting tickets in bulk, `step` apart, at the branches in turn, each with an open commitment
    due 15 minutes after its arrival. With `events` also their events of arrival; then the ids of
    the tickets are returned."""
    cursor = on.admin.execute(
        SEED_TICKETS,
        {
            "organisation_id": on.made.id,
            "branch_ids": [branch.id for branch in on.made.branches],
            "branches": len(on.made.branches),
            "kind_id": on.made.kind_id,
            "promise_id": on.version.promise_id,
            "version_id": on.version.version_id,
            "day_on": arrived_at.date(),
            "arrived_at": arrived_at,
            "step": step,
            "limit": LIMIT,
            "count": count,
            "events": events,
        },
    )
    ids = [str(row[0]) for row in cursor] if events else []
    on.admin.execute("ANALYZE tickets, service_events, commitments")
    return ids


def api_key(on: Ground) -> str:
    """A key of the organisation that may log events."""
    with on.app.app_context(), on.made.work(None) as uow:
        request = NewKey(name="bench", scopes=tuple(Scope))
        _id, key = issue_api_key(
            uow.session, organisation_id=on.made.id, actor=SYSTEM, now=uow.now, request=request
        )
    return key
