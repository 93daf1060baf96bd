"""The migrations on a real database."""

from promises.db import roles
from promises.db.migrate import migrate


def rows(server, database, statement):
    with server.connect(roles.OWNER, database.name) as connection:
        return connection.execute(statement).fetchall()


def test_migrate_repeated_changes_nothing(server, fresh_database):
    before = rows(server, fresh_database, "SELECT * FROM alembic_version")
    migrate(fresh_database.owner_url)
    assert rows(server, fresh_database, "SELECT * FROM alembic_version") == before
    assert len(before) == 1


def test_every_table_belongs_to_the_owner_alone(server, database):
    strangers = rows(
        server,
        database,
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        f"AND relowner <> '{roles.OWNER}'::regrole",
    )
    assert strangers == []


def test_fresh_database_has_no_rows_of_others(server, database, fresh_database):
    assert fresh_database.name != database.name
    assert rows(server, fresh_database, "SELECT count(*) FROM organisations") == [(0,)]
