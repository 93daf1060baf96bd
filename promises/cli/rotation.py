"""`flask rotate-keys`: wrap every organisation's keys with the master key that is in use now."""

import uuid

import click
from flask.cli import with_appcontext

from promises.audit.actions import record
from promises.db.session import unit_of_work
from promises.http.wiring import wiring
from promises.identity import keys
from promises.identity.queries import list_organisation_ids
from promises.kernel.actors import SYSTEM


@click.command("rotate-keys")
@with_appcontext
def rotate_keys_command() -> None:
    """Wrap with LUPAUS_SECRET_KEY what LUPAUS_OTHER_SECRET_KEY wrapped, beside the running service.

    Each organisation is committed by itself: after an interruption run it again, and it goes on
    with what is left. At the end every key is opened once more. Ends with code 1 where
    LUPAUS_OTHER_SECRET_KEY must stay, or a key opens with neither.
    """
    if wiring().config.other_secret_key is None:
        raise click.ClickException("Set LUPAUS_OTHER_SECRET_KEY to the key that goes.")
    done = sum(_rewrap(organisation_id) for organisation_id in list_organisation_ids())
    click.echo(f"{done} keys wrapped anew.")
    found = sum((_look(one) for one in list_organisation_ids()), keys.Wrapped())
    click.echo(
        f"{found.current} keys under LUPAUS_SECRET_KEY, {found.other} under "
        f"LUPAUS_OTHER_SECRET_KEY, {found.unreadable} under neither."
    )
    if found.other:
        raise click.ClickException(
            "A process that still has the old key as LUPAUS_SECRET_KEY made keys meanwhile: "
            "restart it with the new one, and run this again."
        )
    if found.unreadable:
        raise click.ClickException("Some keys need a third key: `flask doctor` says whose.")
    click.echo("Nothing needs LUPAUS_OTHER_SECRET_KEY any more.")


def _rewrap(organisation_id: uuid.UUID) -> int:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        done = keys.rewrap_keys(uow.session, organisation_id=organisation_id)
        if done:
            record(
                uow.session,
                organisation_id=organisation_id,
                actor=uow.actor,
                now=uow.now,
                action="keys_rewrapped",
                object_kind="organisation",
                object_id=organisation_id,
                details={"keys": done},
            )
        return done


def _look(organisation_id: uuid.UUID) -> keys.Wrapped:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return keys.look_at_keys(uow.session, organisation_id=organisation_id)
