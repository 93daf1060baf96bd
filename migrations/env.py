"""Runs migrations as the owner: one at a time, never waiting long for a lock."""

import os
from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.operations.ops import CreateTableOp

from config import load_config
from promises.app import MODELS
from promises.db.base import Base
from promises.db.tenancy import privilege_statements

_LOCK = 7_303_014_421  # any number, the same in every process that migrates
_SKIPPED = "procrastinate_"

if not MODELS:
    raise RuntimeError("no room has told its tables")


def _include_name(name: str | None, kind: str, _parents: object) -> bool:
    """The queue's tables belong to its library."""
    return not (kind == "table" and name is not None and name.startswith(_SKIPPED))


def _without_info(_context: object, _revision: object, directives: list[Any]) -> None:
    """Tables' `info` is for us, not for the migration's text."""
    for script in directives:
        for operation in script.upgrade_ops.ops:
            if isinstance(operation, CreateTableOp):
                operation.info = {}


def _configure(**options: object) -> None:
    context.configure(
        target_metadata=Base.metadata,
        include_name=_include_name,
        compare_type=True,
        process_revision_directives=_without_info,
        transaction_per_migration=True,
        **options,
    )


def _run_offline() -> None:
    _configure(url=load_config(os.environ).migration_url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def _run_online() -> None:
    config = load_config(os.environ)
    engine = sa.create_engine(
        context.config.attributes.get("url") or config.migration_url, poolclass=sa.pool.NullPool
    )
    with engine.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '4s'")
        connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
        connection.commit()
        try:
            applied: list[dict[str, Any]] = []
            _configure(connection=connection, on_version_apply=lambda **step: applied.append(step))
            with context.begin_transaction():
                context.run_migrations()
            connection.commit()
            if any(step["step"].is_upgrade for step in applied):
                for statement in privilege_statements(config.app_role, config.worker_role):
                    connection.exec_driver_sql(statement)
                connection.commit()
        finally:
            connection.rollback()
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock({_LOCK})")
            connection.commit()
    engine.dispose()


if context.is_offline_mode():
    _run_offline()
else:
    _run_online()
