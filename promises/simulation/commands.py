"""`flask seed-demo`, `flask simulate-day` and `flask mail-catcher`."""

import random
import signal
import socket
import threading

import click
from flask.cli import with_appcontext

from promises.http.wiring import wiring
from promises.simulation.acts import Acts
from promises.simulation.catcher import catching, listen
from promises.simulation.live import LiveDay
from promises.simulation.seed import DAYS, MONTHS, SEED, seed_demo
from promises.simulation.setup import NotADemo, find_bank

STOPPING = (signal.SIGTERM, signal.SIGINT)


def _until_signal() -> threading.Event:
    """Set by SIGTERM and Ctrl-C, so that what is under way ends properly."""
    stop = threading.Event()
    for number in STOPPING:
        signal.signal(number, lambda *_: stop.set())
    return stop


@click.command("seed-demo")
@click.option("--days", default=DAYS, show_default=True, type=click.IntRange(0, 60))
@click.option("--seed", default=SEED, show_default=True, type=int, help="another seed, other days")
@click.option("--months", default=MONTHS, show_default=True, type=click.IntRange(0, 36))
@with_appcontext
def seed_demo_command(days: int, seed: int, months: int) -> None:
    """Found the demonstration's organisation, bring its old visits in and play its last days. Safe
    to repeat."""
    try:
        seeded = seed_demo(wiring().rails, days=days, seed=seed, months=months)
    except NotADemo as error:
        raise click.ClickException(str(error)) from error
    if seeded.days:
        if seeded.imported:
            click.echo(f"{seeded.imported} visits of the year before were brought in.")
        click.echo(f"{seeded.visits} visits on {seeded.days} days were played.")
    else:
        click.echo("The demonstration is there already.")


@click.command("simulate-day")
@click.option("--seconds", type=float, help="stop after so many; without it, at SIGTERM")
@click.option("--seed", default=SEED, show_default=True, type=int)
@with_appcontext
def simulate_day_command(seconds: float | None, seed: int) -> None:
    """Play a branch day of the demonstration by the real clock, to be watched."""
    stop = _until_signal()
    try:
        bank = find_bank()
    except NotADemo as error:
        raise click.ClickException(str(error)) from error
    if bank is None:
        raise click.ClickException("There is no demonstration yet: run `flask seed-demo` first.")
    acts = Acts(bank.organisation_id, wiring().rails)
    rng = random.Random(seed)  # noqa: S311  a model, not a secret
    LiveDay(acts, bank, rng, stop).play(seconds)


@click.command("mail-catcher")
@click.option("--smtp-port", default=1025, show_default=True, type=click.IntRange(1, 65535))
@click.option("--http-port", default=8025, show_default=True, type=click.IntRange(1, 65535))
@click.option("--smtp-fd", type=int, help="A listening socket that we inherit, instead of a port.")
@click.option("--http-fd", type=int, help="The same for the page.")
def mail_catcher_command(
    smtp_port: int, http_port: int, smtp_fd: int | None, http_fd: int | None
) -> None:
    """Take all mail on this machine and show it on a page. Nothing leaves."""
    stop = _until_signal()
    try:
        smtp = listen(smtp_port) if smtp_fd is None else socket.socket(fileno=smtp_fd)
        http = listen(http_port) if http_fd is None else socket.socket(fileno=http_fd)
        with catching(smtp, http):
            click.echo(f"Mail is shown at http://127.0.0.1:{http.getsockname()[1]}/")
            stop.wait()
    except OSError as error:
        raise click.ClickException(f"a port is taken: {error}") from error


ALL: tuple[click.Command, ...] = (seed_demo_command, simulate_day_command, mail_catcher_command)
