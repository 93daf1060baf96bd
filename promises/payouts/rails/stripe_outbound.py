"""Stripe outbound payment (API v2): money from the organisation's financial account to a payout
method of a recipient. Stripe lets only organisations of some countries send them, so no
organisation has this rail before it turns it on."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any

import stripe

from promises.payouts.rails.base import Field, Outcome, PayoutRequest, RailVerdict, Trouble
from promises.payouts.rails.names import STRIPE_OUTBOUND
from promises.payouts.rails.stripe_common import (
    KEY,
    KEY_LIVES_V2,
    PAGE,
    WEBHOOK_SECRET,
    Effect,
    StripeMaker,
    StripeRail,
)

RECIPIENT_FORM = re.compile(r"acct_[A-Za-z0-9_]{1,200}")

_VERDICTS = {
    "processing": RailVerdict.ACCEPTED,
    "posted": RailVerdict.PAID,
    "failed": RailVerdict.REJECTED,
    "canceled": RailVerdict.REJECTED,
    "returned": RailVerdict.RETURNED,
}
_TROUBLES = {
    "payout_method_closed": Trouble.ACCOUNT_CLOSED,
    "payout_method_canceled_by_customer": Trouble.ACCOUNT_CLOSED,
    "payout_method_expired": Trouble.ACCOUNT_CLOSED,
    "payout_method_does_not_exist": Trouble.DETAILS_WRONG,
    "payout_method_invalid_account_number": Trouble.DETAILS_WRONG,
    "payout_method_holder_name_incorrect": Trouble.DETAILS_WRONG,
    "payout_method_holder_details_incorrect": Trouble.DETAILS_WRONG,
    "payout_method_holder_address_incorrect": Trouble.DETAILS_WRONG,
    "payout_method_unsupported": Trouble.DETAILS_WRONG,
    "payout_method_currency_unsupported": Trouble.DETAILS_WRONG,
    "payout_method_declined": Trouble.BLOCKED,
    "payout_method_restricted": Trouble.BLOCKED,
    "review_rejected": Trouble.BLOCKED,
}


class StripeOutboundRail(StripeRail):
    """From the settings' `financial_account` to the destination's {recipient: acct_…, method}."""

    name = STRIPE_OUTBOUND
    detail = "recipient"
    target_form = RECIPIENT_FORM

    def _refusal(self, request: PayoutRequest, target: str) -> Outcome | None:
        """Where the money comes from is the organisation's to put right, and no customer's. Of the
        rest Stripe makes sure itself before it takes an outbound payment."""
        if not self._source():
            return _no_source("no financial account")
        try:
            source = self._source_itself()
        except stripe.InvalidRequestError as error:
            if error.http_status != 404:
                raise
            return _no_source("no such financial account")
        return None if source["status"] == "open" else _no_source("financial account not open")

    def _do(self, request: PayoutRequest, target: str) -> stripe.StripeObject:
        currency = request.currency.lower()
        method = request.destination.details.get("method") if request.destination else None
        to: Any = {"recipient": target} | ({"payout_method": method} if method else {})
        return self.client.v2.money_management.outbound_payments.create(
            {
                "amount": {"value": request.amount_minor, "currency": currency},
                "from": {"financial_account": self._source(), "currency": currency},
                "to": to,
                "metadata": {"payout_id": str(request.payout_id)},
            },
            {"idempotency_key": request.provider_key},
        )

    def _done_to(self, target: str) -> Iterable[stripe.StripeObject]:
        params: Any = {"recipient": target, "limit": PAGE}
        found = self.client.v2.money_management.outbound_payments.list(params)
        return found.auto_paging_iter()

    def _one(self, target: str, ref: str) -> stripe.StripeObject:
        return self.client.v2.money_management.outbound_payments.retrieve(ref)

    def _done_between(
        self, since: dt.datetime, until: dt.datetime
    ) -> Iterable[stripe.StripeObject]:
        params: Any = {"created": {"gte": _text(since), "lt": _text(until)}, "limit": PAGE}
        found = self.client.v2.money_management.outbound_payments.list(params)
        return found.auto_paging_iter()

    def _touch(self) -> str:
        self._source_itself()
        return self._account_name()

    def _source(self) -> str:
        return self.account.settings.get("financial_account", "")

    def _source_itself(self) -> dict[str, Any]:
        found = self.client.v2.money_management.financial_accounts.retrieve(self._source())
        return found.to_dict()

    def _read(self, thing: Mapping[str, Any]) -> Effect:
        status = thing["status"]
        verdict = _VERDICTS[status]
        why = ((thing.get("status_details") or {}).get(status) or {}).get("reason")
        trouble = None
        if verdict in (RailVerdict.REJECTED, RailVerdict.RETURNED):
            trouble = _TROUBLES.get(why or "", Trouble.OTHER)
        return Effect(
            thing["id"],
            (thing.get("metadata") or {}).get("payout_id"),
            thing["amount"]["value"],
            thing["amount"]["currency"],
            frozenset({thing["to"]["recipient"]}),
            verdict,
            trouble,
            dt.datetime.fromisoformat(thing["created"]).astimezone(dt.UTC),
        )


def outbound_maker(address: str | None = None) -> StripeMaker:
    fields = (KEY, WEBHOOK_SECRET, Field("financial_account"))
    return StripeMaker(StripeOutboundRail, KEY_LIVES_V2, fields, address=address)


def _no_source(why: str) -> Outcome:
    return Outcome(RailVerdict.CONFIG, detail=why, trouble=Trouble.ACCESS_REFUSED)


def _text(instant: dt.datetime) -> str:
    return instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
