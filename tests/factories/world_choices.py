"""A customer who gave bank details for an unused voucher, and has not opened the link yet."""

from promises.flows.choose_payout import give_account
from promises.flows.follow_ticket import follow
from promises.identity.keys import Purpose, organisation_key, unseal
from promises.identity.models import ContactChannel
from promises.payouts.accounts import NewRail, rail_states, save_rail
from promises.payouts.bank_accounts import checked_account
from promises.payouts.rails.names import SEPA

IBAN = "FI21 1234 5600 0007 85"


def fill(world):
    tenant = {"organisation_id": world.made.id}
    ticket = world.ticket
    with world.work(None) as uow:
        if SEPA not in rail_states(uow.session, **tenant):
            save_rail(
                uow.session, now=uow.now, changed_by=None,
                new=NewRail(SEPA, True, False, {"debtor_name": "Bank"}, {"iban": IBAN}), **tenant,
            )  # fmt: skip
    with world.work(None) as uow:
        follow(
            uow, public_code=ticket.public_code, channel=ContactChannel.EMAIL,
            address="vaino@example.fi", locale="fi",
        )  # fmt: skip
    with world.work(None) as uow:
        give_account(
            uow, ticket_id=ticket.ticket_id,
            account=checked_account(IBAN, "Väinö Öljymäki"),
            page=f"/o/{world.made.slug}/t/{ticket.public_code}",
        )  # fmt: skip
    sealed = world.one(
        "SELECT secret_sealed FROM messages WHERE kind = 'bank_confirm'"
        " ORDER BY created_at DESC, id DESC LIMIT 1"
    ).secret_sealed
    with world.work(None) as uow:
        key = organisation_key(uow.session, purpose=Purpose.CONTACT, **tenant)
    token = unseal(key, bytes(sealed)).rsplit("/", 1)[1]
    page = f"/t/{ticket.public_code}/pay"
    world.open_pages += [page, f"{page}/confirm/{token}", f"/t/{world.redeemed.public_code}/pay"]
    return {}
