"""`flask worker`."""

import click
from flask import current_app
from flask.cli import with_appcontext

from config import Config
from promises.http.logs import configure_logs
from promises.worker.service import Service, Tools
from promises.worker.wiring import EXTENSION, Wiring, post_office


@click.command("worker")
@with_appcontext
def worker_command() -> None:
    """Watch deadlines, pay, send mail and run deferred jobs, until SIGTERM."""
    configure_logs()
    wiring: Wiring = current_app.extensions[EXTENSION]
    config: Config = current_app.config["LUPAUS"]
    app = wiring.make_app()
    Service(app, config.worker_url, Tools(wiring.rails, post_office(config), wiring.jobs)).run()


ALL: tuple[click.Command, ...] = (worker_command,)
