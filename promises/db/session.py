"""The unit of work: one transaction of one organisation, by one actor, at one instant.

Nothing else in the product commits.
"""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, cast

from psycopg import ClientCursor, Connection
from psycopg.rows import namedtuple_row
from sqlalchemy.orm import Session

from promises.db.base import db
from promises.kernel.actors import Actor

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
    """The first row of one read, and the database's clock, in a single round trip.

    For polls that mostly find nothing new: no session, no prepared statement, one short
    transaction. The statement must not write.
    """
    connection = db.engine.raw_connection()
    try:
        driver = cast("Connection[Any]", connection.driver_connection)
        with ClientCursor(driver, row_factory=namedtuple_row) as cursor:
            read = cursor.mogrify(cast(Any, statement), params)
            cursor.execute(cast(Any, f"{_opening(driver, organisation_id)}; {read}; COMMIT"))
            results: dict[int, Any] = {}
            while True:
                if cursor.description is not None:
                    results[len(results)] = cursor.fetchone()
                if not cursor.nextset():
                    break
    finally:
        connection.close()
    injected = _injected_clock.get()
    clock_time: dt.datetime = results[0][0]
    now = injected() if injected is not None else clock_time.astimezone(dt.UTC)
    return results[1], now


def _opening(driver: "Connection[Any]", organisation_id: uuid.UUID | None) -> str:
    """Begin, set the tenant and read the clock.

    Connections of the service are in the driver's autocommit mode, so that BEGIN needs no round
    trip of its own. A literal SET LOCAL, because set_config() is not carried to the workers of a
    distributed PostgreSQL; the value is a UUID, so nothing can be smuggled in.
    """
    begin = "BEGIN; " if driver.autocommit else ""
    tenant = "" if organisation_id is None else str(uuid.UUID(str(organisation_id)))
    return f"{begin}SET LOCAL app.organisation_id = '{tenant}'; SELECT clock_timestamp()"


def _enter(session: Session, organisation_id: uuid.UUID | None) -> dt.datetime:
    """Open the transaction in one round trip; returns the clock."""
    driver = cast("Connection[Any]", session.connection().connection.driver_connection)
    with driver.cursor() as cursor:
        cursor.execute(cast(Any, _opening(driver, organisation_id)))
        while cursor.description is None and cursor.nextset():
            pass
        row = cursor.fetchone()
    if row is None:
        raise RuntimeError("the database did not tell the time")
    instant: dt.datetime = row[0]
    return instant.astimezone(dt.UTC)
