"""The unit of work: one transaction of one organisation, by one actor, at one instant.

Nothing else in the product commits.
"""

import datetime as dt
import uuid
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from psycopg import ClientCursor, Connection, OperationalError
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, ExecStatus
from sqlalchemy.orm import Session

from promises.db.base import db
from promises.kernel.actors import Actor

DRIVER = "driver"
"""Where a session keeps the driver's connection of its one transaction, for promises.db.sql."""

_injected_clock: ContextVar[Callable[[], dt.datetime] | None] = ContextVar(
    "injected_clock", default=None
)


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """What a flow works with. `now` is the database's clock, aware and in UTC."""

    session: Session
    organisation_id: uuid.UUID
    actor: Actor
    now: dt.datetime


@contextmanager
def inject_clock(clock: Callable[[], dt.datetime]) -> Iterator[None]:
    """For the simulator and for tests: units of work of this context take `now` from `clock`."""
    token = _injected_clock.set(clock)
    try:
        yield
    finally:
        _injected_clock.reset(token)


@contextmanager
def unit_of_work(organisation_id: uuid.UUID, actor: Actor) -> Iterator[UnitOfWork]:
    """Open a transaction in which only the rows of `organisation_id` exist.

    Commits when the block ends and rolls back when it raises. Needs an application context, whose
    engine decides the database role.
    """
    with Session(db.engine, expire_on_commit=False) as session, session.begin():
        clock_time = _enter(session, organisation_id)
        injected = _injected_clock.get()
        now = injected() if injected is not None else clock_time
        yield UnitOfWork(session, organisation_id, actor, now)


@contextmanager
def unscoped() -> Iterator[tuple[Session, dt.datetime]]:
    """A transaction without an organisation: it sees the directory of slugs and, as the worker,
    which organisations have something due. Everything else is empty."""
    with Session(db.engine, expire_on_commit=False) as session, session.begin():
        clock_time = _enter(session, None)
        injected = _injected_clock.get()
        yield session, injected() if injected is not None else clock_time


def peek(
    organisation_id: uuid.UUID, statement: str, params: Mapping[str, Any]
) -> tuple[Any | None, dt.datetime]:
    """The first row of one read, and the clock, in a single round trip.

    For polls that mostly find nothing new, so it goes below the driver's cursors: no session, no
    prepared statement, and the transaction is the one that PostgreSQL puts around statements that
    arrive together. The statement must not write; where it needs the time it says
    `coalesce(%(now)s, clock_timestamp())`, with `now` None unless a clock is injected.
    """
    injected = _injected_clock.get()
    given = None if injected is None else injected()
    connection = db.engine.raw_connection()
    try:
        driver = cast("Connection[Any]", connection.driver_connection)
        read = ClientCursor(driver).mogrify(
            cast(Any, _PEEK.format(statement)), {**params, "now": given}
        )
        setting = _tenant_setting(organisation_id)
        result = driver.pgconn.exec_(f"{setting}; {read}".encode())
        if result.status != ExecStatus.TUPLES_OK:
            if driver.pgconn.status != ConnStatus.OK:
                connection.invalidate()
                raise OperationalError("the connection to the database is lost")
            raise error_from_result(result)
        loader = Transformer(driver)
        loader.set_pgresult(result)
        clock_time, found, *values = loader.load_row(0, tuple)
        row = _row_type(*(result.fname(i) for i in range(2, result.nfields)))
    finally:
        connection.close()
    return row._make(values) if found else None, given or clock_time.astimezone(dt.UTC)


_PEEK = """SELECT clock_timestamp(), q.* FROM (SELECT) AS always
LEFT JOIN (SELECT true, s.* FROM ({}) AS s) AS q ON true LIMIT 1"""


@lru_cache(maxsize=100)
def _row_type(*names: bytes) -> Any:
    return namedtuple("Row", [name.decode() for name in names])


def _tenant_setting(organisation_id: uuid.UUID | None) -> str:
    """A literal SET LOCAL, because set_config() is not carried to the workers of a distributed
    PostgreSQL; the value is a UUID, so nothing can be smuggled in."""
    tenant = "" if organisation_id is None else str(uuid.UUID(str(organisation_id)))
    return f"SET LOCAL app.organisation_id = '{tenant}'"


def _opening(driver: "Connection[Any]", organisation_id: uuid.UUID | None) -> str:
    """Begin, set the tenant and read the clock.

    Connections of the service are in the driver's autocommit mode, so that BEGIN needs no round
    trip of its own.
    """
    begin = "BEGIN; " if driver.autocommit else ""
    return f"{begin}{_tenant_setting(organisation_id)}; SELECT clock_timestamp()"


def _enter(session: Session, organisation_id: uuid.UUID | None) -> dt.datetime:
    """Open the transaction in one round trip; returns the clock."""
    driver = cast("Connection[Any]", session.connection().connection.driver_connection)
    session.info[DRIVER] = driver
    with driver.cursor() as cursor:
        cursor.execute(cast(Any, _opening(driver, organisation_id)))
        while cursor.description is None and cursor.nextset():
            pass
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError("the database did not tell the time")
    instant: dt.datetime = row[0]
    return instant.astimezone(dt.UTC)
