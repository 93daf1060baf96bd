"""`flask replay`: whether the engine of today gives every answer that is stored."""

import uuid

import click
from flask.cli import with_appcontext

from promises.breaches.replay import Difference, replay
from promises.cli.refusals import told
from promises.db.session import unit_of_work
from promises.identity.queries import list_organisation_ids, organisation_by_slug
from promises.kernel.actors import SYSTEM

MOST_SHOWN = 20


@click.command("replay")
@click.option("--organisation", help="The short name of one organisation; all without it.")
@with_appcontext
def replay_command(organisation: str | None) -> None:
    """Judge every stored decision again and tell where the answer is another.

    Changes nothing. Ends with code 1 where there is a difference.
    """
    with told():
        ids = (
            list_organisation_ids()
            if organisation is None
            else [organisation_by_slug(organisation).id]
        )
    judged, different = 0, 0
    for organisation_id in ids:
        count, found = _replay(organisation_id)
        judged += count
        different += len(found)
        for one in found[:MOST_SHOWN]:
            click.echo(f"commitment {one.commitment_id} of ticket {one.ticket_id}")
            click.echo(f"  stored: {one.stored}")
            click.echo(f"  now:    {one.now}")
    click.echo(f"{judged} decisions judged again, {different} differences.")
    if different:
        raise click.exceptions.Exit(1)


def _replay(organisation_id: uuid.UUID) -> tuple[int, list[Difference]]:
    judged, found, after = 0, list[Difference](), None
    while True:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            batch = replay(uow.session, organisation_id=organisation_id, now=uow.now, after=after)
        if batch.last is None:
            return judged, found
        judged, after = judged + batch.judged, batch.last
        found += batch.differences
