"""Stripe customer balance: a credit that the customer's next invoices are paid from."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

import stripe

from promises.payouts.rails.base import (
    CannotList,
    Outcome,
    PayoutRequest,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.names import STRIPE_CREDIT
from promises.payouts.rails.stripe_common import (
    KEY_LIVES_V1,
    PAGE,
    Effect,
    StripeMaker,
    StripeRail,
    rejected,
)

CUSTOMER_FORM = re.compile(r"cus_[A-Za-z0-9_]{1,200}")


class StripeCreditRail(StripeRail):
    """A transaction on the balance of a customer (cus_…); negative amounts are in the customer's
    favour. It is final at once.

    Stripe lists such transactions by customer only, so `listed` raises CannotList.
    """

    name = STRIPE_CREDIT
    detail = "customer"
    target_form = CUSTOMER_FORM

    def _refusal(self, request: PayoutRequest, target: str) -> Outcome | None:
        """A balance has one currency, set by its first transaction."""
        customer = self.client.v1.customers.retrieve(target).to_dict()
        if customer.get("deleted"):
            return rejected("deleted", Trouble.ACCOUNT_CLOSED)
        if (customer.get("currency") or request.currency).upper() != request.currency:
            return rejected("another currency", Trouble.DETAILS_WRONG)
        return None

    def _do(self, request: PayoutRequest, target: str) -> stripe.StripeObject:
        return self.client.v1.customers.balance_transactions.create(
            target,
            {
                "amount": -request.amount_minor,
                "currency": request.currency.lower(),
                "metadata": {"payout_id": str(request.payout_id)},
            },
            {"idempotency_key": request.provider_key},
        )

    def _done_to(self, target: str) -> Iterable[stripe.StripeObject]:
        found = self.client.v1.customers.balance_transactions.list(target, {"limit": PAGE})
        return found.auto_paging_iter()

    def _one(self, target: str, ref: str) -> stripe.StripeObject:
        return self.client.v1.customers.balance_transactions.retrieve(target, ref)

    def _done_between(
        self, since: dt.datetime, until: dt.datetime
    ) -> Iterable[stripe.StripeObject]:
        raise CannotList("credits are listed by customer only")

    def _touch(self) -> str:
        self.client.v1.customers.list({"limit": 1})
        return self._account_name()

    def _read(self, thing: Mapping[str, Any]) -> Effect:
        return Effect(
            thing["id"],
            (thing.get("metadata") or {}).get("payout_id"),
            -thing["amount"],
            thing["currency"],
            frozenset({thing["customer"]}),
            RailVerdict.PAID,
            None,
            dt.datetime.fromtimestamp(thing["created"], dt.UTC),
        )


def credit_maker(address: str | None = None) -> StripeMaker:
    return StripeMaker(StripeCreditRail, KEY_LIVES_V1, address=address)
