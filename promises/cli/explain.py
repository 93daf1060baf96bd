"""`flask explain`: why a ticket was judged as it was, in words."""

import re
from collections.abc import Iterator

import click
from flask.cli import with_appcontext

from promises.cli.refusals import told
from promises.db.session import UnitOfWork, unit_of_work
from promises.desk.queries import ticket_by_code
from promises.desk.views import TicketView
from promises.identity.queries import list_organisation_ids, organisation_by_slug
from promises.kernel.actors import SYSTEM
from promises.kernel.text import LOCALES, N_, Message, format_money, render
from promises.reporting.money import MoneyStage
from promises.reporting.ticket_panels import CompensationPanel, TicketPanel, ticket_panels
from promises.rules.reasons import Reason, say_reason

_ADDRESS = re.compile(r"/o/(?P<slug>[a-z0-9-]+)/t/(?P<code>[\w-]+)")

STAGES = {
    MoneyStage.OWED: N_("%(amount)s is owed."),
    MoneyStage.ISSUED: N_("%(amount)s was issued."),
    MoneyStage.UNDER_WAY: N_("%(amount)s is on its way."),
    MoneyStage.REDEEMED: N_("%(amount)s was redeemed."),
    MoneyStage.PAID: N_("%(amount)s was paid."),
    MoneyStage.EXPIRED: N_("%(amount)s was issued and has expired."),
    MoneyStage.REFUSED: N_("%(amount)s was refused."),
    MoneyStage.CANCELLED: N_("%(amount)s is no longer owed."),
    MoneyStage.NOTHING: N_("Nothing is owed for it."),
}


@click.command("explain")
@click.argument("ticket")
@click.option("--organisation", help="its slug; otherwise every organisation is searched")
@click.option("--language", type=click.Choice(LOCALES), default="en", show_default=True)
@with_appcontext
def explain_command(ticket: str, organisation: str | None, language: str) -> None:
    """Say why. TICKET is the code of a ticket, or the address of its page."""
    address = _ADDRESS.search(ticket)
    code = address["code"] if address else ticket
    slug = address["slug"] if address else organisation
    with told():
        organisation_ids = (
            list_organisation_ids() if slug is None else [organisation_by_slug(slug).id]
        )
    for organisation_id in organisation_ids:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            found = ticket_by_code(uow.session, organisation_id=organisation_id, public_code=code)
            if found is not None:
                for line in _explain(uow, found, language):
                    click.echo(line)
                return
    raise click.ClickException("There is no ticket with this code.")


def _explain(uow: UnitOfWork, ticket: TicketView, language: str) -> Iterator[str]:
    yield f"{ticket.label} · {ticket.branch_name} · {ticket.day_on.isoformat()}"
    panels = ticket_panels(
        uow.session, organisation_id=uow.organisation_id, ticket_id=ticket.ticket_id
    )
    if not panels:
        yield render(language, Message(N_("No promise applies to this ticket.")))
    for panel in panels:
        yield ""
        yield f"{panel.title(language)} ({panel.version_number})"
        for message in _messages(panel, language):
            yield f"  {say_reason(language, message, ticket.time_zone)}"


def _messages(panel: TicketPanel, language: str) -> Iterator[Reason]:
    yield from panel.why
    if panel.compensation is not None:
        yield _money(panel.compensation, language)


def _money(compensation: CompensationPanel, language: str) -> Message:
    amount = format_money(language, compensation.amount, trim=True)
    return Message(STAGES[compensation.stage], {"amount": amount})
