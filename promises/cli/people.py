"""`flask organisation …` and `flask member …`: how a service gets its first tenant and people."""

from collections.abc import Callable, Mapping
from typing import Any

import click
from flask.cli import with_appcontext

from promises.cli.refusals import told
from promises.db.session import UnitOfWork, unit_of_work
from promises.flows import change_factors
from promises.flows.invite_member import invite
from promises.http.wiring import wiring
from promises.identity import actions, checks, members, passwords, queries
from promises.identity.actions import NewMember, NewOrganisation
from promises.identity.models import TokenPurpose
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.errors import NotFound, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import LOCALES

ROLES = click.Choice([role.value for role in Role])
LANGUAGES = click.Choice(LOCALES)


@click.group("organisation")
def organisation_group() -> None:
    """Tenants of the service."""


@organisation_group.command("create")
@click.option("--slug", required=True, help="stands in every address: /o/<slug>/")
@click.option("--name", required=True)
@click.option("--language", type=LANGUAGES, default="fi", show_default=True)
@click.option("--currency", default="EUR", show_default=True)
@click.option("--time-zone", default="Europe/Helsinki", show_default=True)
@with_appcontext
def create_organisation(slug: str, name: str, language: str, currency: str, time_zone: str) -> None:
    """Create an organisation. Its people come with `flask member`."""
    request = NewOrganisation(
        slug=slug, name=name, locale=language, currency=currency, time_zone=time_zone
    )
    with told(), unit_of_work(new_id(), SYSTEM) as uow:
        actions.create_organisation(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            request=request,
        )
    click.echo(f"{wiring().config.base_url}/o/{slug}/")


@click.group("member")
def member_group() -> None:
    """People on staff."""


def _member_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--language", type=LANGUAGES, default="fi", show_default=True),
        click.option("--branch", help="slug of the branch; a clerk needs one"),
        click.option("--role", type=ROLES, required=True),
        click.option("--email", required=True),
        click.option("--name", required=True),
        click.argument("organisation"),
    ):
        function = option(function)
    return function


@member_group.command("invite")
@_member_options
@with_appcontext
def invite_member(organisation: str, **given: str | None) -> None:
    """Invite somebody to ORGANISATION (its slug) by mail; the link is printed as well."""
    with told():
        found = queries.organisation_by_slug(organisation)
        with unit_of_work(found.id, SYSTEM) as uow:
            invited = invite(uow, request=_request(uow, given))
    base_url = wiring().config.base_url
    click.echo(f"{base_url}/o/{organisation}/invitation/{invited.token}")


@member_group.command("create")
@_member_options
@click.password_option(help="asked for when it is not given")
@with_appcontext
def create_member(organisation: str, password: str, **given: str | None) -> None:
    """Add somebody to ORGANISATION (its slug) with a password, without any mail."""
    with told():
        found = queries.organisation_by_slug(organisation)
        words = (str(given["name"]), str(given["email"]), found.name, found.slug)
        if problems := passwords.password_problems(password, words):
            raise Refused(problems)
        password_hash = passwords.hash_password(password)
        with unit_of_work(found.id, SYSTEM) as uow:
            common: dict[str, Any] = {"organisation_id": found.id, "now": uow.now}
            request = _request(uow, given)
            invited = actions.invite_member(uow.session, actor=SYSTEM, request=request, **common)
            actions.set_password_by_link(
                uow.session,
                purpose=TokenPurpose.INVITE,
                token=invited.token,
                password_hash=password_hash,
                **common,
            )
    click.echo(f"{wiring().config.base_url}/o/{organisation}/sign-in")


@member_group.command("reset-second-step")
@click.argument("organisation")
@click.argument("email")
@click.confirmation_option(prompt="End every second step and sign-in of this person?")
@with_appcontext
def reset_second_step(organisation: str, email: str) -> None:
    """For the last administrator of ORGANISATION who lost phone, passkey and recovery codes. The
    member of EMAIL then signs in with the password alone and sets up a new second step."""
    with told():
        found = queries.organisation_by_slug(organisation)
        with unit_of_work(found.id, SYSTEM) as uow:
            member = members.find_member(
                uow.session, organisation_id=found.id, email=checks.normalise_email(email)
            )
            if member is None:
                raise NotFound()
            change_factors.reset(uow, member_id=member.id)
    click.echo("Reset. A letter tells them.")


def _request(uow: UnitOfWork, given: Mapping[str, str | None]) -> NewMember:
    branch_id = None
    if given["branch"] is not None:
        branch_id = queries.branch_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=given["branch"]
        ).id
    return NewMember(
        name=str(given["name"]),
        email=str(given["email"]),
        role=Role(str(given["role"])),
        branch_id=branch_id,
        locale=str(given["language"]),
    )
