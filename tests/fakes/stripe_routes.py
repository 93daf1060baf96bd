"""Which addresses the fake Stripe answers at, by which parameters, and with what."""

import datetime as dt
import operator
import re
from dataclasses import dataclass
from urllib.parse import urlencode

from stripe.params._account_retrieve_current_params import AccountRetrieveCurrentParams
from stripe.params._balance_retrieve_params import BalanceRetrieveParams
from stripe.params._charge_list_params import ChargeListParams
from stripe.params._charge_retrieve_params import ChargeRetrieveParams
from stripe.params._customer_balance_transaction_create_params import (
    CustomerBalanceTransactionCreateParams,
)
from stripe.params._customer_balance_transaction_list_params import (
    CustomerBalanceTransactionListParams,
)
from stripe.params._customer_balance_transaction_retrieve_params import (
    CustomerBalanceTransactionRetrieveParams,
)
from stripe.params._customer_list_params import CustomerListParams
from stripe.params._customer_retrieve_params import CustomerRetrieveParams
from stripe.params._payment_intent_list_params import PaymentIntentListParams
from stripe.params._payment_intent_retrieve_params import PaymentIntentRetrieveParams
from stripe.params._refund_create_params import RefundCreateParams
from stripe.params._refund_list_params import RefundListParams
from stripe.params._refund_retrieve_params import RefundRetrieveParams
from stripe.params.v2.money_management._financial_account_retrieve_params import (
    FinancialAccountRetrieveParams,
)
from stripe.params.v2.money_management._outbound_payment_create_params import (
    OutboundPaymentCreateParams,
)
from stripe.params.v2.money_management._outbound_payment_list_params import (
    OutboundPaymentListParams,
)
from stripe.params.v2.money_management._outbound_payment_retrieve_params import (
    OutboundPaymentRetrieveParams,
)

from tests.fakes.stripe_books import Refused
from tests.fakes.stripe_params import BadParameter

_V2 = "/v2/money_management"
_OUTBOUND = "v2.money_management.outbound_payment"
_FINANCIAL = "v2.money_management.financial_account"


@dataclass(frozen=True)
class Caller:
    account: str
    live: bool


@dataclass(frozen=True)
class Route:
    """`name` is how Stripe counts the endpoint for its rate limit. `serve` gets the books, the
    caller, the id in the address and the checked parameters."""

    method: str
    address: re.Pattern
    params: type
    serve: object

    @property
    def version(self):
        return 2 if "/v2/" in self.address.pattern else 1

    @property
    def name(self):
        return f"{self.method} {self.address.pattern}"


def route_of(method, path):
    """The route and the id in the path."""
    for route in ROUTES:
        found = route.address.fullmatch(path)
        if route.method == method and found:
            return route, found.groupdict()
    raise Refused(404, f"Unrecognized request URL ({method}: {path}).", kept=False)


def _intent(books, caller, ids, params):
    intent = books.get(ids["id"], "payment_intent", caller.account, "intent")
    if "latest_charge" in params.get("expand", ()) and intent["latest_charge"]:
        return {**intent, "latest_charge": books.things[intent["latest_charge"]]}
    return intent


def _charge(books, caller, ids, params):
    return books.get(ids["id"], "charge", caller.account, "charge")


def _intent_list(books, caller, ids, params):
    found = books.of_kind("payment_intent", caller.account)
    return _page(found, params, "/v1/payment_intents")


def _charge_list(books, caller, ids, params):
    return _page(books.of_kind("charge", caller.account), params, "/v1/charges")


def _refund(books, caller, ids, params):
    return books.get(ids["id"], "refund", caller.account, "refund")


def _refund_create(books, caller, ids, params):
    return books.refund(params, caller.account)


def _refund_list(books, caller, ids, params):
    found = books.of_kind("refund", caller.account)
    for name in ("charge", "payment_intent"):
        if name in params:
            books.get(params[name], name, caller.account, name)
            found = [one for one in found if one[name] == params[name]]
    return _page(found, params, "/v1/refunds")


def _customer(books, caller, ids, params):
    return books.get(ids["id"], "customer", caller.account, "customer")


def _customer_list(books, caller, ids, params):
    return _page(books.of_kind("customer", caller.account), params, "/v1/customers")


def _credit_create(books, caller, ids, params):
    return books.credit(ids["id"], params, caller.account)


def _credit_list(books, caller, ids, params):
    books.get(ids["id"], "customer", caller.account, "customer")
    found = books.of_kind("customer_balance_transaction", caller.account)
    mine = [one for one in found if one["customer"] == ids["id"]]
    return _page(mine, params, f"/v1/customers/{ids['id']}/balance_transactions")


def _credit(books, caller, ids, params):
    kind = "customer_balance_transaction"
    return books.get(ids["txn"], kind, caller.account, "transaction")


def _balance(books, caller, ids, params):
    amounts = [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in books.balance.items()
    ]
    return {"object": "balance", "available": amounts, "livemode": caller.live, "pending": []}


def _account(books, caller, ids, params):
    shown = {"dashboard": {"display_name": f"Shop of {caller.account}"}}
    return {"id": caller.account, "object": "account", "country": "FI", "settings": shown}


def _financial_account(books, caller, ids, params):
    return books.get(ids["id"], _FINANCIAL, caller.account, "financial_account")


def _outbound_create(books, caller, ids, params):
    return books.outbound(params, caller.account, caller.live)


def _outbound(books, caller, ids, params):
    return books.get(ids["id"], _OUTBOUND, caller.account, "outbound_payment")


def _outbound_list(books, caller, ids, params):
    found = [one for one in books.of_kind(_OUTBOUND, caller.account) if _matches(one, params)]
    limit, start = params.get("limit", 20), int(params.get("page", 0))
    path = f"{_V2}/outbound_payments"
    more = {**{name: of for name, of in params.items() if name != "created"}, "page": start + limit}
    more |= {f"created[{name}]": of for name, of in params.get("created", {}).items()}
    return {
        "data": found[start : start + limit],
        "next_page_url": f"{path}?{urlencode(more)}" if start + limit < len(found) else None,
        "previous_page_url": None,
    }


def _matches(one, params):
    return (
        params.get("recipient") in (None, one["to"]["recipient"])
        and one["status"] in params.get("status", [one["status"]])
        and _within(one["created"], params.get("created"))
    )


def _page(found, params, url):
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise BadParameter("limit", "parameter_invalid_integer", "limit is 1 to 100")
    kept = [one for one in found if _within(one["created"], params.get("created"))]
    ids = [one["id"] for one in kept]
    if "starting_after" in params:
        if params["starting_after"] not in ids:
            raise Refused(400, "No such cursor", code="resource_missing", param="starting_after")
        kept = kept[ids.index(params["starting_after"]) + 1 :]
    return {
        "object": "list",
        "data": kept[:limit],
        "has_more": len(kept) > limit,
        "url": url,
    }


_COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}


def _within(created, span):
    if span is None:
        return True
    if isinstance(span, int):
        return created == span
    return all(_COMPARE[name](_instant(created), _instant(bound)) for name, bound in span.items())


def _instant(created):
    """API v1 gives numbers, v2 texts."""
    return dt.datetime.fromisoformat(created) if isinstance(created, str) else created


def _route(method, path, params, serve):
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)
    return Route(method, re.compile(pattern), params, serve)


_CREDITS = "/v1/customers/{id}/balance_transactions"
ROUTES = (
    _route("GET", "/v1/payment_intents", PaymentIntentListParams, _intent_list),
    _route("GET", "/v1/charges", ChargeListParams, _charge_list),
    _route("GET", "/v1/payment_intents/{id}", PaymentIntentRetrieveParams, _intent),
    _route("GET", "/v1/charges/{id}", ChargeRetrieveParams, _charge),
    _route("POST", "/v1/refunds", RefundCreateParams, _refund_create),
    _route("GET", "/v1/refunds", RefundListParams, _refund_list),
    _route("GET", "/v1/refunds/{id}", RefundRetrieveParams, _refund),
    _route("GET", "/v1/customers", CustomerListParams, _customer_list),
    _route("GET", "/v1/customers/{id}", CustomerRetrieveParams, _customer),
    _route("POST", _CREDITS, CustomerBalanceTransactionCreateParams, _credit_create),
    _route("GET", _CREDITS, CustomerBalanceTransactionListParams, _credit_list),
    _route("GET", f"{_CREDITS}/{{txn}}", CustomerBalanceTransactionRetrieveParams, _credit),
    _route("GET", "/v1/balance", BalanceRetrieveParams, _balance),
    _route("GET", "/v1/account", AccountRetrieveCurrentParams, _account),
    _route(
        "GET",
        f"{_V2}/financial_accounts/{{id}}",
        FinancialAccountRetrieveParams,
        _financial_account,
    ),
    _route("POST", f"{_V2}/outbound_payments", OutboundPaymentCreateParams, _outbound_create),
    _route("GET", f"{_V2}/outbound_payments", OutboundPaymentListParams, _outbound_list),
    _route("GET", f"{_V2}/outbound_payments/{{id}}", OutboundPaymentRetrieveParams, _outbound),
)
