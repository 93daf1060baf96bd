"""The three login roles and what they may do, the same on our own server and on a managed one."""

from psycopg import Connection, sql

OWNER = "lupaus_owner"
APPLICATION = "lupaus_app"
WORKER = "lupaus_worker"
ROLES = (OWNER, APPLICATION, WORKER)
DATABASE = "lupaus"

# CREATE ROLE gives neither SUPERUSER nor BYPASSRLS by default. Saying so aloud would be refused to
# the administrator of a managed server, who is no superuser either.
CREATE_ROLE = sql.SQL(
    "DO $$ BEGIN CREATE ROLE {role} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
)

DATABASE_GRANTS = (
    sql.SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC"),
    sql.SQL("GRANT ALL ON DATABASE {database} TO {owner}"),
    # TEMPORARY: an import copies into a temporary stage, as COPY into a guarded table is refused
    sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {application}, {worker}"),
)

MANAGED_SERVER_SQL = f"""\
-- Once, as the administrator of a managed PostgreSQL 16 or newer, connected to database postgres.
CREATE ROLE {OWNER} LOGIN PASSWORD 'choose one';
CREATE ROLE {APPLICATION} LOGIN PASSWORD 'choose another';
CREATE ROLE {WORKER} LOGIN PASSWORD 'and a third';
GRANT {OWNER} TO CURRENT_USER WITH SET TRUE, INHERIT TRUE;
CREATE DATABASE {DATABASE} OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APPLICATION}, {WORKER};
-- Then: MIGRATION_DATABASE_URL as {OWNER}, DATABASE_URL as {APPLICATION},
-- WORKER_DATABASE_URL as {WORKER}, and `flask db upgrade`.
"""


def ensure_roles(connection: Connection) -> None:
    """Create what is missing of the three roles. Safe to repeat; changes no existing role."""
    for role in ROLES:
        connection.execute(CREATE_ROLE.format(role=sql.Identifier(role)))


def grant_database(connection: Connection, database: str) -> None:
    """Let the three roles, and nobody else, into `database`. Safe to repeat."""
    names = {
        "database": sql.Identifier(database),
        "owner": sql.Identifier(OWNER),
        "application": sql.Identifier(APPLICATION),
        "worker": sql.Identifier(WORKER),
    }
    for statement in DATABASE_GRANTS:
        connection.execute(statement.format(**names))
