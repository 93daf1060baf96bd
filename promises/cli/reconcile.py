"""`flask reconcile`: compare our payouts with what the providers did."""

import click
from flask.cli import with_appcontext

from promises.cli.refusals import told
from promises.flows.reconcile_rails import DAYS, reconcile_now
from promises.http.wiring import wiring
from promises.identity.queries import list_organisation_ids, organisation_by_slug
from promises.kernel.money import Money
from promises.payouts.reconciling import Run


@click.command("reconcile")
@click.option("--organisation", help="The short name of one organisation; all without it.")
@click.option(
    "--days", default=DAYS, show_default=True, type=click.IntRange(1, 365), help="How far back."
)
@with_appcontext
def reconcile_command(organisation: str | None, days: int) -> None:
    """Ask each provider what it did for us and compare, in both directions.

    Payouts that the provider has done and we have not are taken in; nothing is paid twice. What
    cannot be explained becomes an incident. Run it before the worker starts after a backup was
    restored. Ends with code 1 where there is a difference, or a provider could not be read.
    """
    with told():
        ids = (
            list_organisation_ids()
            if organisation is None
            else [organisation_by_slug(organisation).id]
        )
    rails = wiring().rails
    runs = [run for one in ids for run in reconcile_now(one, rails, days=days)]
    for run in runs:
        click.echo(_line(run))
    click.echo(f"{len(runs)} rails compared.")
    if any(run.differences or run.finished_at is None for run in runs):
        raise click.exceptions.Exit(1)


def _line(run: Run) -> str:
    if run.finished_at is None:
        return f"{run.rail}: not read to its end ({run.trouble})"
    theirs, ours = (Money(minor, run.currency) for minor in (run.theirs_minor, run.ours_minor))
    return (
        f"{run.rail}: the provider has {run.theirs} ({theirs}), our books {run.ours} ({ours}); "
        f"{run.differences} differences"
    )
