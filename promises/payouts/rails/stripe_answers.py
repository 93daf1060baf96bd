"""What Stripe's refusals and silences mean: one pure table from exception to outcome."""

import re
from collections.abc import Mapping
from typing import Any

import stripe

from promises.payouts.rails.base import Outcome, RailVerdict, Trouble

_DEFINITE = frozenset({400, 401, 402, 403, 429})
"""Statuses after which nothing happened; 404 too where it says what was not found."""

_NOT_THERE = frozenset({"resource_missing", "not_found"})
_CODE = re.compile(r"[A-Za-z0-9_.]{1,64}")

_BY_CLASS: tuple[tuple[type[stripe.StripeError], RailVerdict, Trouble | None], ...] = (
    (stripe.AuthenticationError, RailVerdict.CONFIG, Trouble.ACCESS_REFUSED),
    (stripe.PermissionError, RailVerdict.CONFIG, Trouble.ACCESS_REFUSED),
    (stripe.FeatureNotEnabledError, RailVerdict.CONFIG, Trouble.ACCESS_REFUSED),
    (stripe.CapabilityNotEnabledError, RailVerdict.CONFIG, Trouble.ACCESS_REFUSED),
    (stripe.FinancialAccountNotOpenError, RailVerdict.CONFIG, Trouble.ACCESS_REFUSED),
    (stripe.RateLimitError, RailVerdict.RETRY, None),
    (stripe.QuotaExceededError, RailVerdict.RETRY, None),
    (stripe.InsufficientFundsError, RailVerdict.WAIT_FUNDS, Trouble.NO_FUNDS),
    (stripe.InvalidPayoutMethodError, RailVerdict.REJECTED, Trouble.DETAILS_WRONG),
    (stripe.InvalidPaymentMethodError, RailVerdict.REJECTED, Trouble.DETAILS_WRONG),
    (stripe.RecipientNotNotifiableError, RailVerdict.REJECTED, Trouble.DETAILS_WRONG),
    (stripe.VerificationExpiredError, RailVerdict.REJECTED, Trouble.DETAILS_WRONG),
    (stripe.BlockedByStripeError, RailVerdict.REJECTED, Trouble.BLOCKED),
    (stripe.CannotProceedError, RailVerdict.REJECTED, Trouble.BLOCKED),
)

_BY_CODE: Mapping[str, tuple[RailVerdict, Trouble | None]] = {
    "balance_insufficient": (RailVerdict.WAIT_FUNDS, Trouble.NO_FUNDS),
    "lock_timeout": (RailVerdict.RETRY, None),
    "idempotency_key_in_use": (RailVerdict.UNKNOWN, None),
    "livemode_mismatch": (RailVerdict.CONFIG, Trouble.ACCESS_REFUSED),
    "account_invalid": (RailVerdict.CONFIG, Trouble.ACCESS_REFUSED),
    "charge_already_refunded": (RailVerdict.REJECTED, Trouble.NOTHING_TO_REFUND),
    "payment_intent_unexpected_state": (RailVerdict.REJECTED, Trouble.NOTHING_TO_REFUND),
    "amount_too_large": (RailVerdict.REJECTED, Trouble.NOTHING_TO_REFUND),
    "charge_disputed": (RailVerdict.REJECTED, Trouble.DISPUTED),
    "refund_disputed_payment": (RailVerdict.REJECTED, Trouble.DISPUTED),
    "resource_missing": (RailVerdict.REJECTED, Trouble.DETAILS_WRONG),
    "not_found": (RailVerdict.REJECTED, Trouble.DETAILS_WRONG),
    "expired_card": (RailVerdict.REJECTED, Trouble.CARD_GONE),
    "lost_card": (RailVerdict.REJECTED, Trouble.CARD_GONE),
    "stolen_card": (RailVerdict.REJECTED, Trouble.CARD_GONE),
}


def outcome_of(error: stripe.StripeError) -> Outcome:
    """What a call that was meant to have an effect came to.

    Whatever is not plainly a refusal is unknown: timeouts, broken connections, 5xx, a key in use,
    answers of something between us and Stripe. A refusal that Stripe keeps under the key, and any
    replayed one, has spent the key.
    """
    said = _said(error)
    code = said.get("code") or error.code
    verdict, trouble = _meaning(error, code, said)
    replayed = str((error.headers or {}).get("Idempotent-Replayed", "")).lower() == "true"
    kept = verdict is RailVerdict.WAIT_FUNDS or (
        verdict is RailVerdict.CONFIG and error.http_status != 401
    )
    return Outcome(
        verdict,
        detail=_detail(error, code),
        trouble=trouble,
        http_status=error.http_status,
        request_id=error.request_id,
        replayed=replayed,
        key_spent=replayed or kept,
    )


def _meaning(
    error: stripe.StripeError, code: object, said: Mapping[str, Any]
) -> tuple[RailVerdict, Trouble | None]:
    if isinstance(error, stripe.IdempotencyError):
        return RailVerdict.UNKNOWN, Trouble.OTHER
    if not _is_definite(error, code):
        return RailVerdict.UNKNOWN, Trouble.RAIL_DOWN
    for kind, verdict, trouble in _BY_CLASS:
        if isinstance(error, kind):
            return verdict, trouble
    if isinstance(code, str) and code in _BY_CODE:
        return _BY_CODE[code]
    if said.get("param") == "amount":
        return RailVerdict.REJECTED, Trouble.NOTHING_TO_REFUND
    return RailVerdict.REJECTED, Trouble.OTHER


def _is_definite(error: stripe.StripeError, code: object) -> bool:
    if type(error) is stripe.APIError:  # also what the SDK makes of an answer that it cannot read
        return False
    return error.http_status in _DEFINITE or (error.http_status == 404 and code in _NOT_THERE)


def _said(error: stripe.StripeError) -> Mapping[str, Any]:
    """What stands in the answer's `error`: the SDK gives not all of it to every exception."""
    inner = error.json_body.get("error") if isinstance(error.json_body, dict) else None
    return inner if isinstance(inner, dict) else {}


def _detail(error: stripe.StripeError, code: object) -> str:
    """The kind of error and its code; never its message, which can name a customer."""
    kind = type(error).__name__
    return f"{kind} {code}" if isinstance(code, str) and _CODE.fullmatch(code) else kind
