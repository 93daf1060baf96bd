"""`flask doctor`: whether this service is well, and what to do where it is not."""

from collections.abc import Callable

import click
import psycopg
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from config import Config
from promises.cli.checkup import CHECKS, Finding, Health
from promises.db.base import db
from promises.http.wiring import wiring


@click.command("doctor")
@with_appcontext
def doctor_command() -> None:
    """Check roles, policies, migrations, clocks, queue, keys, ledger, audit trail and mail.

    Ends with code 1 where something is broken.
    """
    config = wiring().config
    if config.embedded:
        db.engine.connect().close()  # starts the embedded server where none runs
    broken = False
    for name, check in CHECKS:
        for finding in _run(name, check, config):
            click.echo(finding.line())
            broken = broken or finding.fails
    if broken:
        raise click.exceptions.Exit(1)


def _run(name: str, check: Callable[[Config], list[Finding]], config: Config) -> list[Finding]:
    """A check that cannot even be made is a finding too."""
    try:
        return check(config)
    except (psycopg.Error, DBAPIError) as error:
        text = f"cannot be checked: {str(error).strip().splitlines()[0]}"
        return [Finding(name, Health.BROKEN, text, "Run `flask init`; is the database reachable?")]
