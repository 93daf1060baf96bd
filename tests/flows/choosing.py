"""What tests of the customer's choice start from: a debt, rails in use, a sound account."""

from promises.flows import choose_payout
from promises.flows.follow_ticket import follow
from promises.identity.models import ContactChannel
from promises.kernel.actors import SYSTEM
from promises.payouts.accounts import NewRail, save_rail
from promises.payouts.bank_accounts import checked_account
from promises.payouts.destinations import NewDestination, give_destination
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.rails.names import SEPA, STRIPE_REFUND
from tests.flows.ground import QUARTER, RAILS, TICK, World

IBAN = "FI21 1234 5600 0007 85"
OTHER_IBAN = "SE45 5000 0000 0583 9825 7466"


class CardRail:
    """A provider in the test's hand: every try comes to `outcome`."""

    name = STRIPE_REFUND
    by_run = False
    key_lives = QUARTER
    fields = ()

    def __init__(self):
        self.outcome = Outcome(RailVerdict.REJECTED, trouble=Trouble.CARD_GONE)
        self.asked = []

    def open(self, account):
        return self

    def submit(self, request):
        self.asked.append(request)
        return self.outcome

    def find(self, request):
        return None

    def look(self, request, provider_ref):
        return self.outcome


class ChoosingWorld(World):
    """With SEPA and refunds in use; `card` is what refunds go to."""

    def __init__(self, **changes):
        super().__init__(**changes)
        self.card = CardRail()
        self.rails = {**RAILS, STRIPE_REFUND: self.card}
        self.use(SEPA, STRIPE_REFUND)

    def use(self, *rails, enabled=True):
        with self.work(None) as uow:
            for rail in rails:
                save_rail(
                    uow.session,
                    organisation_id=self.made.id,
                    now=uow.now,
                    changed_by=None,
                    new=NewRail(rail, enabled, False, {}, {}),
                )

    def settle(self):
        from promises.flows.settle_payouts import settle

        with self.at(self.now):
            return settle(self.made.id, self.rails)

    def paid_by_card(self, ticket):
        with self.work(None) as uow:
            return give_destination(
                uow.session,
                organisation_id=self.made.id,
                actor=SYSTEM,
                now=uow.now,
                new=NewDestination(
                    ticket.ticket_id,
                    STRIPE_REFUND,
                    {"payment": "pi_1"},
                    chosen=False,
                    usable_at=uow.now,
                ),
            )

    def broken(self, *, contact=None, by_card=False):
        """A ticket whose promise is broken; nobody was served yet."""
        ticket = self.take()
        if contact:
            with self.work(None) as uow:
                follow(
                    uow,
                    public_code=ticket.public_code,
                    channel=ContactChannel.EMAIL,
                    address=contact,
                    locale="en",
                )
        if by_card:
            self.paid_by_card(ticket)
        self.now += QUARTER + TICK
        self.sweep()
        return ticket

    def released(self, **changes):
        ticket = self.broken(**changes)
        self.call()
        self.log(ticket.ticket_id, "service_started")
        self.log(ticket.ticket_id, "served")
        return ticket

    def vouchered(self, **changes):
        ticket = self.released(**changes)
        self.settle()
        return ticket

    def choose(self, ticket, rail):
        with self.work(None) as uow:
            choose_payout.choose(uow, ticket_id=ticket.ticket_id, rail=rail)

    def give(self, ticket, iban=IBAN, *, role=None, **changes):
        with self.work(role) as uow:
            return choose_payout.give_account(
                uow,
                ticket_id=ticket.ticket_id,
                account=checked_account(iban, "Väinö Öljymäki"),
                page=f"/o/{self.made.slug}/t/{ticket.public_code}",
                **changes,
            )

    def token(self):
        """Of the newest link that confirms."""
        from promises.identity.keys import Purpose, organisation_key, unseal

        row = self.rows(
            "SELECT secret_sealed FROM messages WHERE kind = 'bank_confirm' ORDER BY created_at"
        )[-1]
        with self.work(None) as uow:
            key = organisation_key(
                uow.session, organisation_id=self.made.id, purpose=Purpose.CONTACT
            )
        return unseal(key, bytes(row.secret_sealed)).rsplit("/", 1)[1]

    def confirm(self, ticket, token=None):
        token = token or self.token()
        with self.work(None) as uow:
            return choose_payout.confirm(uow, ticket_id=ticket.ticket_id, token=token)

    def payouts(self):
        """Rail and state, oldest first."""
        found = self.rows("SELECT rail, state FROM payouts ORDER BY created_at, id")
        return [(row.rail, row.state) for row in found]

    def destination(self):
        """The newest."""
        return self.rows("SELECT * FROM payout_destinations ORDER BY created_at, id")[-1]

    def duty(self, duty):
        with self.work(None) as uow:
            return duty(uow)

    def told(self):
        found = self.rows("SELECT kind, params FROM messages ORDER BY created_at, id")
        return [(row.kind, row.params.get("what")) for row in found]
