"""The composition root: configuration → database → faces. The only module that knows all rooms."""

import enum
import os
from types import ModuleType

from flask import Flask
from flask_migrate import Migrate

import promises.audit.models
import promises.breaches.models
import promises.catalogue.models
import promises.compensation.models
import promises.desk.models
import promises.idempotency.models
import promises.identity.models
import promises.ledger.models
import promises.notify.models
import promises.payouts.models
from config import PROJECT, Config, load_config
from promises.db.base import db

MODELS: tuple[ModuleType, ...] = (
    promises.audit.models,
    promises.breaches.models,
    promises.catalogue.models,
    promises.compensation.models,
    promises.desk.models,
    promises.idempotency.models,
    promises.identity.models,
    promises.ledger.models,
    promises.notify.models,
    promises.payouts.models,
)

_migrate = Migrate()


class DatabaseRole(enum.StrEnum):
    """As whom the process speaks to the database."""

    APPLICATION = "application"
    WORKER = "worker"


def create_app(
    config: Config | None = None, role: DatabaseRole = DatabaseRole.APPLICATION
) -> Flask:
    """Build the service. Without `config` the environment is read."""
    config = config or load_config(os.environ)
    app = Flask("promises", static_folder="static", static_url_path="/static")
    worker = role is DatabaseRole.WORKER
    app.config.update(
        SECRET_KEY=config.secret_key,
        SQLALCHEMY_DATABASE_URI=config.worker_url if worker else config.app_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(f"lupaus-{role.value}"),
        LUPAUS=config,
    )
    db.init_app(app)
    _migrate.init_app(app, db, directory=str(PROJECT / "migrations"))
    return app


def _engine_options(name: str) -> dict[str, object]:
    """Instants come back in UTC; no statement of a page or a job may hang for ever."""
    settings = "-c timezone=UTC -c statement_timeout=60000 -c lock_timeout=20000"
    return {
        "pool_size": 8,
        "max_overflow": 8,
        "pool_pre_ping": False,
        "connect_args": {"application_name": name, "options": settings},
    }
