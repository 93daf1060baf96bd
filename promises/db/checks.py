"""Whether a database role is as weak as it has to be, and whether every tenant table is guarded."""

import time
from collections.abc import Iterable

import psycopg
from psycopg import Connection
from psycopg.rows import tuple_row
from psycopg.sql import SQL

CONNECT_ATTEMPTS = 60
CONNECT_PAUSE = 0.5


class UnsafeRoleError(RuntimeError):
    """The service refuses to start with this database role; the text says why."""


# MEMBER also counts what the role may turn into with SET ROLE.
_POWERS = SQL("""
SELECT current_user,
       EXISTS (SELECT FROM pg_roles r
                WHERE r.rolsuper AND pg_has_role(current_user, r.oid, 'MEMBER')),
       EXISTS (SELECT FROM pg_roles r
                WHERE r.rolbypassrls AND pg_has_role(current_user, r.oid, 'MEMBER')),
       EXISTS (SELECT FROM pg_class c
                WHERE c.relnamespace NOT IN
                      (SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_' OR
                       nspname = 'information_schema')
                  AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
                  AND pg_has_role(current_user, c.relowner, 'MEMBER'))
""")

_GUARDED = SQL("""
SELECT c.relname
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relrowsecurity AND c.relforcerowsecurity
   AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
""")


def role_problems(connection: Connection) -> list[str]:
    """Why the role of this connection is too strong for pages or worker; empty when it is not."""
    row = connection.cursor(row_factory=tuple_row).execute(_POWERS).fetchone()
    if row is None:
        raise RuntimeError("the database did not say who we are")
    role, is_superuser, bypasses, owns = row
    found = (
        (is_superuser, f"role {role} is a superuser or may become one"),
        (bypasses, f"role {role} bypasses row-level security or may become one that does"),
        (owns, f"role {role} owns tables or may become their owner"),
    )
    return [text for present, text in found if present]


def refuse_strong_role(connection: Connection) -> None:
    """For the start of the service. Raises UnsafeRoleError."""
    problems = role_problems(connection)
    if problems:
        raise UnsafeRoleError(
            "The service does not start with this database role: " + "; ".join(problems) + ". "
            "Tenants would no longer be kept apart. docs/operations.md shows the three roles."
        )


def check_at_start(url: str) -> None:
    """Connect to an SQLAlchemy `url` as pages or worker are about to, waiting some seconds for a
    server that is just coming back. Raises UnsafeRoleError, or what the driver says."""
    address = url.replace("postgresql+psycopg://", "postgresql://", 1)
    for attempt in range(CONNECT_ATTEMPTS):
        try:
            connection = psycopg.connect(address, autocommit=True, connect_timeout=10)
        except psycopg.OperationalError:
            if attempt == CONNECT_ATTEMPTS - 1:
                raise
            time.sleep(CONNECT_PAUSE)
        else:
            with connection:
                refuse_strong_role(connection)
            return


def unguarded_tables(connection: Connection, tables: Iterable[str]) -> list[str]:
    """Which of `tables` are missing or have no forced row-level-security policy, by name."""
    guarded = {name for (name,) in connection.cursor(row_factory=tuple_row).execute(_GUARDED)}
    return sorted(set(tables) - guarded)
