"""Stripe refund: the money goes back the way it came, without anything asked of the customer."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

import stripe

from promises.payouts.rails.base import Outcome, PayoutRequest, RailVerdict, Trouble
from promises.payouts.rails.names import STRIPE_REFUND
from promises.payouts.rails.stripe_common import (
    KEY_LIVES_V1,
    PAGE,
    Effect,
    StripeMaker,
    StripeRail,
    rejected,
    seconds,
)

PAYMENT_FORM = re.compile(r"(?:pi|ch|py)_[A-Za-z0-9_]{1,200}")

_VERDICTS = {
    "pending": RailVerdict.ACCEPTED,
    "requires_action": RailVerdict.ACCEPTED,
    "succeeded": RailVerdict.PAID,
    "failed": RailVerdict.REJECTED,
    "canceled": RailVerdict.REJECTED,
}
_TROUBLES = {
    "lost_or_stolen_card": Trouble.CARD_GONE,
    "expired_or_canceled_card": Trouble.CARD_GONE,
    "insufficient_funds": Trouble.NO_FUNDS,
    "charge_for_pending_refund_disputed": Trouble.DISPUTED,
    "declined": Trouble.BLOCKED,
}


class StripeRefundRail(StripeRail):
    """A refund of an earlier PaymentIntent (pi_…) or charge (ch_…, py_…), found again by our payout
    id in its metadata. `succeeded` may still turn into `failed` weeks later."""

    name = STRIPE_REFUND
    detail = "payment"
    target_form = PAYMENT_FORM

    def _refusal(self, request: PayoutRequest, target: str) -> Outcome | None:
        """A refund is in the currency of its payment, whatever was meant."""
        charge = self._charge(target)
        if charge is None:
            return rejected("not paid", Trouble.NOTHING_TO_REFUND)
        if charge["currency"].upper() != request.currency:
            return rejected("another currency", Trouble.DETAILS_WRONG)
        if charge.get("disputed"):
            return rejected("disputed", Trouble.DISPUTED)
        if charge["amount_captured"] - charge["amount_refunded"] < request.amount_minor:
            return rejected("less is left", Trouble.NOTHING_TO_REFUND)
        return None

    def _charge(self, target: str) -> dict[str, Any] | None:
        if not target.startswith("pi_"):
            return self.client.v1.charges.retrieve(target).to_dict()
        intent = self.client.v1.payment_intents.retrieve(target, {"expand": ["latest_charge"]})
        charge: dict[str, Any] | None = intent.to_dict()["latest_charge"]
        return charge

    def _do(self, request: PayoutRequest, target: str) -> stripe.StripeObject:
        by = "payment_intent" if target.startswith("pi_") else "charge"
        metadata = {"payout_id": str(request.payout_id)}
        params: Any = {by: target, "amount": request.amount_minor, "metadata": metadata}
        return self.client.v1.refunds.create(params, {"idempotency_key": request.provider_key})

    def _done_to(self, target: str) -> Iterable[stripe.StripeObject]:
        by = "payment_intent" if target.startswith("pi_") else "charge"
        params: Any = {by: target, "limit": PAGE}
        return self.client.v1.refunds.list(params).auto_paging_iter()

    def _one(self, target: str, ref: str) -> stripe.StripeObject:
        return self.client.v1.refunds.retrieve(ref)

    def _done_between(
        self, since: dt.datetime, until: dt.datetime
    ) -> Iterable[stripe.StripeObject]:
        span: Any = {"created": {"gte": seconds(since), "lt": seconds(until)}, "limit": PAGE}
        return self.client.v1.refunds.list(span).auto_paging_iter()

    def _touch(self) -> str:
        self.client.v1.refunds.list({"limit": 1})
        self.client.v1.payment_intents.list({"limit": 1})
        self.client.v1.charges.list({"limit": 1})
        return self._account_name()

    def _read(self, thing: Mapping[str, Any]) -> Effect:
        why = thing.get("failure_reason") or thing.get("pending_reason")
        verdict = _VERDICTS[thing["status"]]
        trouble = None if verdict is RailVerdict.PAID else _TROUBLES.get(why or "")
        if verdict is RailVerdict.REJECTED and trouble is None:
            trouble = Trouble.OTHER
        return Effect(
            thing["id"],
            (thing.get("metadata") or {}).get("payout_id"),
            thing["amount"],
            thing["currency"],
            frozenset(ref for ref in (thing.get("charge"), thing.get("payment_intent")) if ref),
            verdict,
            trouble,
            dt.datetime.fromtimestamp(thing["created"], dt.UTC),
        )


def refund_maker(address: str | None = None) -> StripeMaker:
    return StripeMaker(StripeRefundRail, KEY_LIVES_V1, address=address)
