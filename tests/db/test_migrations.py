"""The migrations on a real database, and whether they are safe beside a running service."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from promises.db import roles
from promises.db.migrate import alembic_settings, migrate

# Taste, not safety; and the time-outs, which migrations/env.py sets for every migration.
OVERRULED = (
    "prefer-bigint-over-int", "prefer-text-field", "prefer-identity", "require-lock-timeout",
    "require-statement-timeout",
)  # fmt: skip


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


def test_models_equal_migrations(fresh_database):
    command.check(alembic_settings(fresh_database.owner_url))


def test_model_without_its_migration_is_found(server, fresh_database):
    with server.connect(roles.OWNER, fresh_database.name) as connection:
        connection.execute("ALTER TABLE tickets DROP COLUMN public_code CASCADE")
    with pytest.raises(CommandError, match="public_code"):
        command.check(alembic_settings(fresh_database.owner_url))


def test_downgrade_and_upgrade_again_give_the_same_schema(fresh_database):
    settings = alembic_settings(fresh_database.owner_url)
    command.downgrade(settings, "base")
    command.upgrade(settings, "head")
    command.check(settings)


def unsafe(statements):
    """What squawk finds dangerous to run on a database that is in use."""
    answer = subprocess.run(
        [
            Path(sys.executable).with_name("squawk"), "--reporter=json", "--pg-version=16",
            f"--exclude={','.join(OVERRULED)}",
        ],
        input=statements, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return [(found["rule_name"], found["line"]) for found in json.loads(answer.stdout)]


def test_no_revision_blocks_a_running_service():
    settings = alembic_settings("postgresql+psycopg://nobody@/nowhere")
    revisions = list(ScriptDirectory.from_config(settings).walk_revisions())
    assert revisions
    for revision in revisions:
        settings.output_buffer = io.StringIO()
        span = f"{revision.down_revision or 'base'}:{revision.revision}"
        command.upgrade(settings, span, sql=True)
        assert unsafe(settings.output_buffer.getvalue()) == [], revision.revision


def test_blocking_statement_is_found():
    found = unsafe("ALTER TABLE tickets ADD COLUMN rank int NOT NULL;")
    assert "adding-required-field" in [rule for rule, _ in found]
