"""Two of the bank's customers and their money: one had it sent to an account of theirs, and the
card of the other was gone, so that a voucher took its place."""

import datetime as dt
import uuid

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows import choose_payout
from promises.flows.follow_ticket import follow
from promises.flows.payout_results import take_in
from promises.identity import keys
from promises.identity.models import ContactChannel
from promises.kernel.actors import SYSTEM
from promises.payouts.accounts import NewRail, rail_states, save_rail, turn_rail
from promises.payouts.bank_accounts import checked_account
from promises.payouts.claiming import claim_payouts
from promises.payouts.destinations import NewDestination, give_destination
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.recording import record_outcomes
from promises.simulation.acts import ANYBODY, Acts
from promises.simulation.bank import NAME, SLUG, Bank

ACCOUNT = "FI21 1234 5600 0007 85"
HOLDER = "Väinö Öljymäki"
ADDRESS = "vaino.oljymaki@posti.example"
PAYS_FROM = "FI14 1009 3000 1234 58"

DAY = dt.timedelta(days=1)

_TOLD = """
SELECT EXISTS (
    SELECT FROM payout_destinations WHERE organisation_id = %(organisation_id)s
) AS told
"""

_UNUSED = """
SELECT t.id, t.public_code FROM vouchers v
JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
JOIN compensations k ON k.organisation_id = p.organisation_id AND k.id = p.compensation_id
JOIN tickets t ON t.organisation_id = k.organisation_id AND t.id = k.ticket_id
WHERE v.organisation_id = %(organisation_id)s AND v.state = 'active' AND k.remedy = 'money'
  AND v.issued_at < %(before)s AND t.kind = 'visit' AND t.contact_id IS NULL
ORDER BY v.issued_at DESC, v.id LIMIT 2
"""

_LETTER = """
SELECT secret_sealed FROM messages
WHERE organisation_id = %(organisation_id)s AND kind = 'bank_confirm'
ORDER BY id DESC LIMIT 1
"""


def tell_of_choices(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """Once; the details that were given say that it was told."""
    with acts.work(ANYBODY) as uow:
        tenant = {"organisation_id": uow.organisation_id}
        if sql.one(uow.session, _TOLD, tenant).told:
            return
        unused = sql.rows(uow.session, _UNUSED, tenant | {"before": now - 3 * DAY})
    if len(unused) < 2:
        return
    _set_up(acts.at(now - 3 * DAY))
    _card_is_gone(acts, unused[1].id, now - dt.timedelta(hours=30))
    _to_an_account(acts, unused[0].id, unused[0].public_code, now - 2 * DAY)


def _set_up(acts: Acts) -> None:
    """A bank transfer stays in use; refunds are set up for the story only."""
    with acts.work(SYSTEM) as uow:
        known = rail_states(uow.session, organisation_id=uow.organisation_id)
        for new in (
            NewRail(SEPA, True, False, {"debtor_name": NAME}, {"iban": PAYS_FROM.replace(" ", "")}),
            NewRail(STRIPE_REFUND, True, False, {}, {}),
        ):
            if new.rail not in known:
                save_rail(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    now=uow.now,
                    changed_by=None,
                    new=new,
                )


def _to_an_account(acts: Acts, ticket_id: uuid.UUID, code: str, instant: dt.datetime) -> None:
    """Given, confirmed by the link, rested for a day because the address is new, and ready."""
    with acts.at(instant).work(ANYBODY) as uow:
        follow(
            uow,
            public_code=code,
            channel=ContactChannel.EMAIL,
            address=ADDRESS,
            locale="fi",
        )
    with acts.at(instant).work(ANYBODY) as uow:
        choose_payout.give_account(
            uow,
            ticket_id=ticket_id,
            account=checked_account(ACCOUNT, HOLDER),
            page=f"/o/{SLUG}/t/{code}",
        )
    confirmed_at = instant + dt.timedelta(minutes=6)
    with acts.at(confirmed_at).work(ANYBODY) as uow:
        usable_at = choose_payout.confirm(uow, ticket_id=ticket_id, token=_token(uow))
    with acts.at(usable_at + dt.timedelta(minutes=1)).work(SYSTEM) as uow:
        choose_payout.carry_out_due(uow)


def _card_is_gone(acts: Acts, ticket_id: uuid.UUID, instant: dt.datetime) -> None:
    """The refund that the customer preferred to the voucher finds no card."""
    with acts.at(instant).work(SYSTEM) as uow:
        give_destination(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            new=NewDestination(
                ticket_id, STRIPE_REFUND, {"payment": "pi_demo"}, chosen=False, usable_at=uow.now
            ),
        )
    with acts.at(instant).work(ANYBODY) as uow:
        choose_payout.choose(uow, ticket_id=ticket_id, rail=STRIPE_REFUND)
    with acts.at(instant).work(SYSTEM) as uow:
        claimed = claim_payouts(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            rail=STRIPE_REFUND,
            limit=1,
        )
    gone = Outcome(RailVerdict.REJECTED, trouble=Trouble.CARD_GONE)
    with acts.at(instant + dt.timedelta(seconds=2)).work(SYSTEM) as uow:
        take_in(uow, record_outcomes, [(one, gone) for one in claimed], {})
        turn_rail(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            changed_by=None,
            rail=STRIPE_REFUND,
            enabled=False,
        )
    later = acts.at(instant + dt.timedelta(hours=3))
    with later.work(ANYBODY) as uow:
        choose_payout.choose(uow, ticket_id=ticket_id, rail=VOUCHER)
    later.settle()


def _token(uow: UnitOfWork) -> str:
    """Out of the letter that was just written, as its reader would."""
    row = sql.one(uow.session, _LETTER, {"organisation_id": uow.organisation_id})
    key = keys.organisation_key(
        uow.session, organisation_id=uow.organisation_id, purpose=keys.Purpose.CONTACT
    )
    return keys.unseal(key, bytes(row.secret_sealed)).rpartition("/")[2]
