"""`flask worker`."""

import click
from flask.cli import with_appcontext

from promises.db.base import db
from promises.db.checks import check_at_start
from promises.http.wiring import wiring
from promises.worker.post import post_office
from promises.worker.service import Service, Tools


@click.command("worker")
@with_appcontext
def worker_command() -> None:
    """Watch deadlines, pay, send mail and run deferred jobs, until SIGTERM."""
    found = wiring()
    config = found.config
    app = found.make_worker_app()
    if config.embedded:
        with app.app_context():
            db.engine.connect().close()  # starts the embedded server where none runs
    check_at_start(config.worker_url)
    Service(app, config.worker_url, Tools(found.rails, post_office(config))).run()


ALL: tuple[click.Command, ...] = (worker_command,)
