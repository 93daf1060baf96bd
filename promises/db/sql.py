"""Running hand-written SQL inside a session's transaction.

Statements are module constants with `%(name)s` parameters. They go to the driver's cursor, not
through SQLAlchemy's text(): the same transaction at a third of the processor time, and psycopg
prepares a statement after its fifth use. Long arrays are passed with `%(name)b`: in binary they
cost a sixth. Results come in binary for the same reason.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, cast

from psycopg import Connection
from psycopg.rows import namedtuple_row
from sqlalchemy.orm import Session

from promises.db.session import DRIVER

Params = Mapping[str, Any]


def driver(session: Session) -> "Connection[Any]":
    """The psycopg connection that carries the session's transaction."""
    known = session.info.get(DRIVER)
    return cast("Connection[Any]", known or session.connection().connection.driver_connection)


def rows(session: Session, statement: str, params: Params | None = None) -> list[Any]:
    """All rows as named tuples. Pending ORM changes are flushed first."""
    session.flush()
    with driver(session).cursor(row_factory=namedtuple_row, binary=True) as cursor:
        cursor.execute(cast(Any, statement), params)
        result = cursor.pgresult  # `description` would build an object a column
        return cursor.fetchall() if result is not None and result.nfields else []


def one(session: Session, statement: str, params: Params | None = None) -> Any:
    """The single row of a statement that always has one."""
    found = rows(session, statement, params)
    if len(found) != 1:
        raise LookupError(f"expected one row, found {len(found)}")
    return found[0]


def one_or_none(session: Session, statement: str, params: Params | None = None) -> Any | None:
    found = rows(session, statement, params)
    if len(found) > 1:
        raise LookupError(f"expected at most one row, found {len(found)}")
    return found[0] if found else None


def records(values: Iterable[Mapping[str, object]]) -> str:
    """Rows of a few ids, instants, words and numbers for `jsonb_to_recordset(%(name)s::jsonb)`.

    One parameter costs the driver a fifth of what an array a column does, however many the rows.
    """
    return json.dumps(list(values), default=str)


def plan_anew(session: Session) -> None:
    """Let this connection forget its plans, after a transaction has filled a table.

    The check of a foreign key keeps the plan that was right when its table was small: it would read
    the whole table for each of a million new rows, and nothing tells it before the commit.
    """
    execute(session, "DISCARD PLANS")


def execute(session: Session, statement: str, params: Params | None = None) -> int:
    """The number of rows that the statement touched."""
    session.flush()
    with driver(session).cursor() as cursor:
        cursor.execute(cast(Any, statement), params)
        return cursor.rowcount
