"""The composition root: configuration → database → faces. The only module that knows all rooms."""

import enum
import functools
import hashlib
import os
from pathlib import Path
from types import ModuleType

from flask import Flask
from flask_migrate import Migrate
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined

import promises.audit.models
import promises.breaches.day_models
import promises.breaches.models
import promises.catalogue.draft_models
import promises.catalogue.gesture_models
import promises.catalogue.models
import promises.catalogue.notice_models
import promises.catalogue.pause_models
import promises.catalogue.problem_models
import promises.catalogue.proposal_models
import promises.catalogue.shadow_models
import promises.compensation.control_models
import promises.compensation.goodwill_models
import promises.compensation.models
import promises.desk.gesture_models
import promises.desk.matter_models
import promises.desk.models
import promises.desk.rescue_models
import promises.feedback.models
import promises.feedback.survey_models
import promises.idempotency.models
import promises.identity.factor_models
import promises.identity.models
import promises.identity.session_models
import promises.improvement.actions_models
import promises.improvement.alerts_models
import promises.improvement.annotations_models
import promises.improvement.causes_models
import promises.improvement.reactions_models
import promises.improvement.returns_models
import promises.improvement.reviews_models
import promises.ledger.book_models
import promises.ledger.models
import promises.notify.models
import promises.notify.subscription_models
import promises.payouts.models
import promises.payouts.rail_models
import promises.payouts.run_models
from config import PROJECT, Config, load_config
from promises.api import service as api
from promises.api.errors import answer as answer_api_error
from promises.cli import commands as cli_commands
from promises.db.base import db
from promises.http import cookies, errors, i18n, navigation, permissions, security, urls, wiring
from promises.http.logs import configure_logs
from promises.identity import keys
from promises.payouts.rails.account_call import AccountCallMaker
from promises.payouts.rails.account_file import AccountFileMaker
from promises.payouts.rails.base import RailMaker, Rails
from promises.payouts.rails.manual import ManualMaker
from promises.payouts.rails.sepa.rail import SepaMaker
from promises.payouts.rails.stripe_credit import credit_maker
from promises.payouts.rails.stripe_outbound import outbound_maker
from promises.payouts.rails.stripe_refund import refund_maker
from promises.payouts.rails.voucher import VoucherRail
from promises.public import blueprints as public
from promises.simulation import commands as simulation_commands
from promises.web import blueprints as web
from promises.worker import commands as worker_commands

MODELS: tuple[ModuleType, ...] = (
    promises.audit.models,
    promises.breaches.day_models,
    promises.breaches.models,
    promises.catalogue.draft_models,
    promises.catalogue.gesture_models,
    promises.catalogue.models,
    promises.catalogue.problem_models,
    promises.catalogue.notice_models,
    promises.catalogue.pause_models,
    promises.catalogue.proposal_models,
    promises.catalogue.shadow_models,
    promises.compensation.control_models,
    promises.compensation.goodwill_models,
    promises.compensation.models,
    promises.desk.gesture_models,
    promises.desk.matter_models,
    promises.desk.models,
    promises.desk.rescue_models,
    promises.idempotency.models,
    promises.feedback.models,
    promises.feedback.survey_models,
    promises.identity.factor_models,
    promises.identity.models,
    promises.identity.session_models,
    promises.improvement.actions_models,
    promises.improvement.alerts_models,
    promises.improvement.annotations_models,
    promises.improvement.causes_models,
    promises.improvement.reactions_models,
    promises.improvement.returns_models,
    promises.improvement.reviews_models,
    promises.ledger.book_models,
    promises.ledger.models,
    promises.notify.models,
    promises.notify.subscription_models,
    promises.payouts.models,
    promises.payouts.rail_models,
    promises.payouts.run_models,
)

PACKAGE = Path(__file__).parent
TEMPLATES = tuple(PACKAGE / face / "templates" for face in ("http", "web", "public", "api"))
COMMANDS = (*cli_commands.ALL, *worker_commands.ALL, *simulation_commands.ALL)

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
    configure_logs()
    app = Flask("promises", static_folder="static", static_url_path="/static")
    worker = role is DatabaseRole.WORKER
    app.config.update(
        SECRET_KEY=config.secret_key,
        SECRET_KEY_FALLBACKS=[config.other_secret_key] if config.other_secret_key else [],
        SQLALCHEMY_DATABASE_URI=config.worker_url if worker else config.app_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(f"lupaus-{role.value}"),
        LUPAUS=config,
        LUPAUS_RELEASE=_release(),
    )
    keys.configure(config.secret_key, config.other_secret_key)
    db.init_app(app)
    _migrate.init_app(app, db, directory=str(PROJECT / "migrations"))
    _add_faces(app, config)
    app.extensions[wiring.EXTENSION] = wiring.Wiring(
        config=config,
        make_worker_app=functools.partial(create_app, config, DatabaseRole.WORKER),
        rails=_rails(config),
    )
    return app


def _rails(config: Config) -> Rails:
    """Every way of paying that there is, by name."""
    makers: tuple[RailMaker, ...] = (
        VoucherRail(),
        refund_maker(config.stripe_url),
        credit_maker(config.stripe_url),
        outbound_maker(config.stripe_url),
        AccountCallMaker(),
        AccountFileMaker(),
        SepaMaker(),
        ManualMaker(),
    )
    return {maker.name: maker for maker in makers}


def _add_faces(app: Flask, config: Config) -> None:
    """Pages and commands. Checks run in this order: size and host, CSRF, permission."""
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in TEMPLATES])
    app.jinja_env.undefined = StrictUndefined
    urls.init_app(app)
    cookies.init_app(app, config)
    i18n.init_app(app)
    security.init_app(app, config)
    permissions.init_app(app)
    errors.init_app(app, answer_api_error)
    navigation.init_app(app)
    app.register_blueprint(web.FRONT)
    for blueprint in (*web.ALL, *public.ALL):
        app.register_blueprint(blueprint, url_prefix=urls.PREFIX)
    api.init_app(app)
    for command in COMMANDS:
        app.cli.add_command(command)


def _release() -> str:
    """Changes with every template and catalogue, so that no poll is answered by an older page."""
    digest = hashlib.sha256()
    for folder in (*TEMPLATES, PACKAGE / "translations"):
        for path in sorted(folder.rglob("*.*")):
            digest.update(f"{path.name} {path.stat().st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _engine_options(name: str) -> dict[str, object]:
    """Instants come back in UTC; no statement of a page or a job may hang for ever."""
    settings = "-c timezone=UTC -c statement_timeout=60000 -c lock_timeout=20000"
    return {
        "pool_size": 8,
        "max_overflow": 8,
        "pool_pre_ping": False,
        "isolation_level": "AUTOCOMMIT",  # the unit of work sends its own BEGIN
        "connect_args": {"application_name": name, "options": settings},
    }
