"""Telling a database that is away from work that fails."""

import psycopg
from sqlalchemy import exc

AWAY_CLASSES = ("08", "57P", "53")
"""SQLSTATE beginnings: no connection, shutting or starting up, no room for another connection."""


def is_away(error: BaseException) -> bool:
    """Whether the error means that no work can be done now, whoever it is for.

    Time-outs and deadlocks are troubles of the one piece of work, although the driver gives them
    the same class.
    """
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        error = error.orig
    if isinstance(error, exc.TimeoutError):
        return True
    if not isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return False
    return error.sqlstate is None or error.sqlstate.startswith(AWAY_CLASSES)
