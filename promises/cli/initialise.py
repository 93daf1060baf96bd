"""`flask init`: the database made ready, or what is missing told."""

import click
import psycopg
from flask.cli import with_appcontext
from sqlalchemy.exc import OperationalError

from promises.cli.checkup import check_roles, check_tables
from promises.db.base import db
from promises.db.migrate import migrate
from promises.db.roles import MANAGED_SERVER_SQL
from promises.http.wiring import wiring


@click.command("init")
@with_appcontext
def init_command() -> None:
    """Bring the database to the newest schema and check roles and privileges. Safe to repeat."""
    config = wiring().config
    try:
        if config.embedded:
            db.engine.connect().close()  # starts the embedded server where none runs
        migrate(config.migration_url)
    except (OperationalError, psycopg.OperationalError) as error:
        raise click.ClickException(
            f"The database cannot be reached: {error}\n\n"
            f"On a server of your own the roles come first:\n\n{MANAGED_SERVER_SQL}"
        ) from None
    findings = [*check_roles(config), *check_tables(config)]
    for finding in findings:
        click.echo(finding.line())
    if any(finding.fails for finding in findings):
        raise click.exceptions.Exit(1)
    click.echo("The database is ready.")
