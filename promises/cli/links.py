"""`flask demo-links`: one-click sign-ins and pages of the demonstration."""

from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from config import Config
from promises.cli.refusals import told
from promises.db.session import UnitOfWork, unit_of_work
from promises.flows.demo_sign_in import demo_path
from promises.http.wiring import wiring
from promises.identity import queries
from promises.identity.models import DeviceKind, Member, MemberState
from promises.identity.queries import OrganisationInfo
from promises.kernel.actors import SYSTEM, Role

ROLES = {
    Role.CLERK: "Clerk",
    Role.MANAGER: "Manager",
    Role.ACCOUNTANT: "Accountant",
    Role.ADMINISTRATOR: "Administrator",
}
WIDTH = 18


@click.command("demo-links")
@click.option("--organisation", default="kaarnalahti", show_default=True, help="its slug")
@with_appcontext
def demo_links_command(organisation: str) -> None:
    """Print links that sign in to the demonstration, once each, on this machine."""
    config = wiring().config
    if not (config.demo and config.embedded):
        raise click.ClickException("There are one-click sign-ins on the embedded server only.")
    with told():
        found = queries.organisation_by_slug(organisation)
        if not found.is_demo:
            raise click.ClickException(f"{organisation} is not a demonstration.")
        for name, address in _links(config, found):
            click.echo(f"{name:<{WIDTH}}{address}")


def _links(config: Config, found: OrganisationInfo) -> Iterator[tuple[str, str]]:
    base = config.base_url
    yield "Public page", f"{base}/o/{found.slug}/"
    with unit_of_work(found.id, SYSTEM) as uow:
        members = [
            member
            for member in queries.list_members(uow.session, organisation_id=found.id)
            if member.state == MemberState.ACTIVE
        ]
        for role, name in ROLES.items():
            if (member := _one_of(uow, members, role)) is not None:
                yield name, base + demo_path(uow, member_id=member.id)


def _one_of(uow: UnitOfWork, members: list[Member], role: Role) -> Member | None:
    """Whom to sign in as. A clerk is one of the branch with a kiosk, where the live day is played,
    and the last by name there: the simulated clerks are the first."""
    chosen = [member for member in members if member.role == role]
    if role is not Role.CLERK:
        return next(iter(chosen), None)
    devices = queries.list_devices(uow.session, organisation_id=uow.organisation_id)
    kiosks = {device.branch_id for device in devices if device.kind == DeviceKind.KIOSK}
    here = [member for member in chosen if member.branch_id in kiosks] or chosen
    return here[-1] if here else None
