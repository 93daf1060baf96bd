"""An organisation that pays by refunds at the fake Stripe, in an account of its own there."""

import stripe as sdk

from promises.flows.reconcile_rails import reconcile_now
from promises.kernel.ids import new_id
from promises.payouts.accounts import rail_accounts
from promises.payouts.rails.base import Destination, PayoutRequest
from promises.payouts.rails.stripe_refund import refund_maker
from tests.flows.ground import NOON
from tests.payouts.ground import Purse


class Shop(Purse):
    def __init__(self, stripe, **changes):
        self.stripe = stripe
        self.key, self.account = f"sk_test_{new_id().hex}", f"acct_{new_id().hex}"
        stripe.own(self.key, self.account)
        # the provider's clock stands where this world's does
        stripe.advance(seconds=(NOON - stripe.clock.now()).total_seconds())
        super().__init__(refund_maker(stripe.url), secrets={"key": self.key}, **changes)

    def pay(self, amount=5000):
        """An earlier payment of a customer."""
        payment = f"pi_{new_id().hex}"
        self.stripe.pay(payment, amount, account=self.account)
        return payment

    def owe_refunds(self, count=1):
        """Debts that go back to payments; the payouts' ids and the payments."""
        payments = [self.pay() for _ in range(count)]
        ids = self.owe(count, details=lambda number: {"payment": payments[number]})
        return list(zip(ids, payments, strict=True))

    def paid(self):
        """One payout that arrived, with its refund's reference."""
        ((payout_id, _),) = self.owe_refunds()
        self.settle()
        row = self.payout(payout_id)
        assert row.state == "paid"
        return payout_id, row.provider_ref

    def rail_itself(self):
        """The rail as nobody here knows of it: what it does is not in our books."""
        with self.work(None) as uow:
            account, _ = rail_accounts(uow.session, organisation_id=self.made.id, also_paused=True)[
                self.rail
            ]
        return self.maker.open(account)

    def refund_unseen(self, payment, payout_id=None, amount=1000):
        """Pay past our books, as a database that was lost since had done; the reference."""
        payout_id = payout_id or new_id()
        destination = Destination(new_id(), "00", {"payment": payment})
        outcome = self.rail_itself().submit(
            PayoutRequest(
                payout_id, self.made.id, amount, "EUR", f"payout-{payout_id}",
                destination=destination,
            )
        )  # fmt: skip
        return outcome.provider_ref

    def refund_by_hand(self, payment, amount=700):
        """In the provider's own pages: it carries no payout."""
        client = sdk.StripeClient(self.key, base_addresses={"api": self.stripe.url})
        return client.v1.refunds.create({"payment_intent": payment, "amount": amount}).id

    def reconcile(self, days=7):
        self.later(minutes=11)
        with self.at(self.now):
            return reconcile_now(self.made.id, self.rails, days=days)

    def force(self, payout_id, **values):
        """Put a payout where no flow puts it."""
        sets = ", ".join(f"{name} = %({name})s" for name in values)
        self.rows(f"UPDATE payouts SET {sets} WHERE id = %(p)s RETURNING id", p=payout_id, **values)

    def open_incidents(self):
        return [(one.kind, one.ref) for one in self.incidents() if one.closed_at is None]

    def standing(self, payout_id):
        return [one for one in self.stripe.effects(payout_id) if one.standing]
