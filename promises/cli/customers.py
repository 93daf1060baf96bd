"""`flask customer forget`: somebody asks that we forget who they are."""

import click
from flask.cli import with_appcontext

from promises.cli.refusals import told
from promises.db.session import unit_of_work
from promises.flows.forget_customer import forget_customer
from promises.identity import actions, queries
from promises.kernel.actors import SYSTEM


@click.group("customer")
def customer_group() -> None:
    """People whom an organisation knows by a reference."""


@customer_group.command("forget")
@click.argument("organisation")
@click.argument("reference")
@click.confirmation_option(prompt="Forget this customer for good?")
@with_appcontext
def forget(organisation: str, reference: str) -> None:
    """Wipe who the customer of REFERENCE is in ORGANISATION (its slug): addresses and all that was
    written about their matters. What happened, and what is owed, stays without a name."""
    with told():
        found = queries.organisation_by_slug(organisation)
        with unit_of_work(found.id, SYSTEM) as uow:
            customer_id = actions.find_customer(
                uow.session, organisation_id=found.id, reference=reference
            )
            forgotten = forget_customer(uow, customer_id=customer_id)
    click.echo(f"Forgotten; {forgotten.tickets} tickets stay, {forgotten.texts} texts are wiped.")
    if forgotten.under_way:
        click.echo(
            f"{forgotten.under_way} bank details stay until the payout under way has settled; "
            "then they go by themselves."
        )
