"""What the fake Stripe knows: payments, refunds, credits, outbound payments, and the rules that the
real one holds them to."""

import datetime as dt
import itertools
from dataclasses import dataclass

CARD, OTHER_METHOD = "card", "other"
_GONE = ("failed", "canceled", "returned")


class Refused(Exception):
    """An answer that is not 200. `kept`: API v1 stores it under the idempotency key."""

    def __init__(self, status, message, *, type="invalid_request_error", kept=True, **more):
        super().__init__(message)
        self.status, self.kept = status, kept
        self.body = {"error": {"type": type, "message": message, **more}}


def missing(name, ref):
    return Refused(404, f"No such {name}: '{ref}'", code="resource_missing", param=name)


@dataclass(frozen=True)
class Effect:
    """One thing that Stripe did for us. `standing`: the money is gone, or still on its way."""

    rail: str
    ref: str
    payout_id: str | None
    amount: int
    currency: str
    target: str
    status: str

    @property
    def standing(self):
        return self.status not in _GONE


class Clock:
    """Real time plus what tests have put it forward by."""

    def __init__(self):
        self._ahead = dt.timedelta()

    def now(self):
        return dt.datetime.now(dt.UTC) + self._ahead

    def advance(self, **span):
        self._ahead += dt.timedelta(**span)

    def put_at(self, instant):
        self._ahead = instant - dt.datetime.now(dt.UTC)


class Books:
    """Everything by id, each thing with the account that it belongs to under `_account`. Callers
    hold the server's lock."""

    def __init__(self, clock):
        self.clock = clock
        self.things = {}
        self.balance = {}
        self.when_empty = "refuse"
        self.next_status = {}
        self._numbers = itertools.count(1)

    # What tests put in

    def pay(self, ref, amount, currency, account, *, method, live, captured):
        """An earlier payment of a customer, as PaymentIntent `ref` and its charge."""
        charge_id = "ch_" + ref.removeprefix("pi_")
        created = self._stamp()
        self.things[charge_id] = {
            "id": charge_id,
            "object": "charge",
            "amount": amount,
            "amount_captured": amount if captured else 0,
            "amount_refunded": 0,
            "captured": captured,
            "created": created,
            "currency": currency,
            "disputed": False,
            "livemode": live,
            "metadata": {},
            "paid": captured,
            "payment_intent": ref,
            "payment_method_details": {"type": method},
            "refunded": False,
            "status": "succeeded" if captured else "pending",
            "_account": account,
        }
        self.things[ref] = {
            "id": ref,
            "object": "payment_intent",
            "amount": amount,
            "amount_received": amount if captured else 0,
            "created": created,
            "currency": currency,
            "latest_charge": charge_id,
            "livemode": live,
            "metadata": {},
            "status": "succeeded" if captured else "requires_payment_method",
            "_account": account,
        }

    def customer(self, ref, account, *, currency, live, deleted):
        self.things[ref] = {
            "id": ref,
            "object": "customer",
            "balance": 0,
            "created": self._stamp(),
            "currency": currency,
            "livemode": live,
            "metadata": {},
            "_account": account,
        }
        if deleted:
            self.things[ref] = {"id": ref, "object": "customer", "deleted": True}
            self.things[ref]["_account"] = account

    def recipient(self, ref, method, account):
        self.things[ref] = {"id": ref, "object": "recipient", "_account": account, "_pays": method}

    def financial_account(self, ref, account, live):
        self.things[ref] = {
            "id": ref,
            "object": "v2.money_management.financial_account",
            "created": self.clock.now().isoformat(),
            "livemode": live,
            "status": "open",
            "type": "storage",
            "_account": account,
        }

    # What is asked for

    def get(self, ref, kind, account, name):
        """`ref` of that kind and account, or the refusal that names it."""
        thing = self.things.get(ref)
        if thing is None or thing["object"] != kind or thing["_account"] != account:
            raise missing(name, ref)
        return thing

    def of_kind(self, kind, account):
        """Newest first."""
        found = [
            thing
            for thing in self.things.values()
            if thing["object"] == kind and thing["_account"] == account
        ]
        return found[::-1]

    # What has an effect

    def refund(self, params, account):
        charge = self._charge_to_refund(params, account)
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = params.get("amount", left)
        _refuse_refund(charge, amount, left)
        card = charge["payment_method_details"]["type"] == CARD
        status, why = self._take(charge["currency"], amount, may_wait=card)
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
        refund = {
            "id": self._id("re"),
            "object": "refund",
            "amount": amount,
            "charge": charge["id"],
            "created": self._stamp(),
            "currency": charge["currency"],
            "metadata": dict(params.get("metadata") or {}),
            "payment_intent": charge["payment_intent"],
            "reason": params.get("reason"),
            "status": status,
            **why,
            "_account": account,
            "_live": charge["livemode"],
        }
        self.things[refund["id"]] = refund
        if status in _GONE:
            self._give_back(refund)
        return refund

    def credit(self, ref, params, account):
        customer = self.get(ref, "customer", account, "customer")
        if customer.get("deleted"):
            raise missing("customer", ref)
        if customer["currency"] not in (None, params["currency"]):
            raise Refused(400, "Another currency than the customer's", param="currency")
        customer["currency"] = params["currency"]
        customer["balance"] += params["amount"]
        credit = {
            "id": self._id("cbtxn"),
            "object": "customer_balance_transaction",
            "amount": params["amount"],
            "created": self._stamp(),
            "currency": params["currency"],
            "customer": ref,
            "description": params.get("description"),
            "ending_balance": customer["balance"],
            "livemode": customer["livemode"],
            "metadata": dict(params.get("metadata") or {}),
            "type": "adjustment",
            "_account": account,
        }
        self.things[credit["id"]] = credit
        return credit

    def outbound(self, params, account, live):
        going, to = params["amount"], params["to"]
        source = params["from"]["financial_account"]
        self.get(source, "v2.money_management.financial_account", account, "financial_account")
        recipient = self.get(to["recipient"], "recipient", account, "recipient")
        if to.get("payout_method") not in (None, recipient["_pays"]):
            raise Refused(400, "No such payout method", type="invalid_payout_method")
        status, why = self._take(going["currency"], going["value"], v2=True)
        payment = {
            "id": self._id("obp"),
            "object": "v2.money_management.outbound_payment",
            "amount": dict(going),
            "cancelable": status == "processing",
            "created": self.clock.now().isoformat(),
            "description": params.get("description"),
            "from": {"debited": dict(going), "financial_account": source},
            "livemode": live,
            "metadata": dict(params.get("metadata") or {}),
            "recipient_notification": {"setting": "none"},
            "statement_descriptor": params.get("statement_descriptor", ""),
            "status": status,
            **why,
            "to": {"credited": dict(going), "payout_method": recipient["_pays"]}
            | {"recipient": to["recipient"]},
            "_account": account,
        }
        self.things[payment["id"]] = payment
        return payment

    # What happens later

    def turn(self, ref, status, reason):
        """A refund or outbound payment goes on: to succeeded, failed, posted, returned, …"""
        thing = self.things[ref]
        before, thing["status"] = thing["status"], status
        if thing["object"] == "refund":
            thing.pop("pending_reason", None)
            if reason is not None:
                thing["failure_reason"] = reason
            if status in _GONE and before not in _GONE:
                self._give_back(thing)
        else:
            thing["status_details"] = {status: {"reason": reason}}
        return thing

    def effects(self):
        found = []
        for thing in self.things.values():
            payout_id = (thing.get("metadata") or {}).get("payout_id")
            if thing["object"] == "refund":
                rail, target = "stripe_refund", thing["payment_intent"]
            elif thing["object"] == "customer_balance_transaction":
                rail, target = "stripe_credit", thing["customer"]
            elif thing["object"] == "v2.money_management.outbound_payment":
                rail, target = "stripe_outbound", thing["to"]["recipient"]
            else:
                continue
            amount, currency = _sum_of(thing)
            status = thing.get("status", "succeeded")
            effect = Effect(rail, thing["id"], payout_id, amount, currency, target, status)
            found.append(effect)
        return found

    def _charge_to_refund(self, params, account):
        if "payment_intent" in params:
            intent = self.get(params["payment_intent"], "payment_intent", account, "payment_intent")
            if intent["status"] != "succeeded":
                raise Refused(
                    400,
                    "This PaymentIntent does not have a successful charge to refund.",
                    code="payment_intent_unexpected_state",
                )
            return self.things[intent["latest_charge"]]
        if "charge" in params:
            return self.get(params["charge"], "charge", account, "charge")
        raise Refused(400, "One of the following params is needed: payment_intent or charge.")

    def _take(self, currency, amount, *, may_wait=False, v2=False):
        """Money leaves the balance, where there is one; the status that this leads to."""
        forced = self.next_status.pop("v2" if v2 else "v1", None)
        if forced:
            return forced
        left = self.balance.get(currency)
        if left is not None and left < amount:
            if v2:
                raise Refused(400, "Insufficient funds", type="insufficient_funds")
            if self.when_empty == "refuse":
                raise Refused(400, "Insufficient funds.", code="balance_insufficient")
            if may_wait:
                return "pending", {"pending_reason": "insufficient_funds"}
            return "failed", {"failure_reason": "insufficient_funds"}
        if left is not None:
            self.balance[currency] = left - amount
        return ("processing" if v2 else "succeeded"), {}

    def _give_back(self, refund):
        charge = self.things[refund["charge"]]
        charge["amount_refunded"] -= refund["amount"]
        charge["refunded"] = False

    def _id(self, prefix):
        return f"{prefix}_{next(self._numbers):08d}"

    def _stamp(self):
        return int(self.clock.now().timestamp())


def _refuse_refund(charge, amount, left):
    if charge["disputed"]:
        raise Refused(400, f"Charge {charge['id']} is charged back.", code="charge_disputed")
    if charge["amount_captured"] and left == 0:
        already = f"Charge {charge['id']} has already been refunded."
        raise Refused(400, already, code="charge_already_refunded")
    if amount <= 0:
        raise Refused(
            400, "Too small", code="parameter_invalid_integer", param="amount", kept=False
        )
    if amount > left:
        raise Refused(400, "Refund amount is greater than unrefunded amount", param="amount")


def _sum_of(thing):
    amount = thing["amount"]
    if isinstance(amount, dict):
        return amount["value"], amount["currency"]
    return abs(amount), thing["currency"]
