"""Compensations, payouts and vouchers. A voucher's code goes in, never out."""

from promises.api.fields import (
    Choice,
    Id,
    Instant,
    Many,
    PageQuery,
    Part,
    Text,
    Whole,
    length,
)
from promises.api.schemas.pages import EXAMPLE_ID, OTHER_ID, page_of
from promises.compensation.models import CompensationState, Hold, Outcome
from promises.identity.models import VoucherUse
from promises.kernel.text import N_
from promises.payouts.models import PayoutState, VoucherState
from promises.payouts.rails.base import Trouble
from promises.rules.guarantee.vocabulary import Remedy

LONGEST_CODE = 40


class Amount(Part):
    amount_minor = Whole(
        required=True, metadata={"description": "Whole minor units, such as cents."}
    )
    currency = Text(required=True, metadata={"description": "ISO 4217, such as EUR."})


class CompensationSchema(Amount):
    """What is owed for one breach. `holds` say what a debt still waits for."""

    id = Id(required=True)
    breach_id = Id(required=True)
    instalment = Whole(required=True)
    promise_id = Id(required=True)
    version_id = Id(required=True)
    ticket_id = Id(required=True)
    branch_id = Id(required=True)
    outcome = Choice(Outcome, required=True)
    state = Choice(CompensationState, required=True)
    remedy = Choice(
        Remedy, required=True, metadata={"description": "What the terms give; mostly money."}
    )
    holds = Many(Choice(Hold), required=True)
    pay_before = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "The first instant at which paying is late, say the terms."},
    )
    claim_before = Instant(
        required=True,
        allow_none=True,
        metadata={"description": "Until when the customer may ask for it, where that is needed."},
    )
    created_at = Instant(required=True)
    released_at = Instant(required=True, allow_none=True)
    closed_at = Instant(required=True, allow_none=True)
    payout_rail = Text(
        required=True,
        allow_none=True,
        metadata={"description": "By which way its money goes or went; null while none does."},
    )
    payout_state = Choice(PayoutState, required=True, allow_none=True)


class CompensationsQuery(PageQuery):
    branch_id = Id()
    promise_id = Id()
    ticket_id = Id()
    breach_id = Id()
    state = Choice(CompensationState)


class PayoutSchema(Amount):
    """An instruction to move money by a rail. A voucher is submitted when issued, paid when
    redeemed. It pays a compensation, or a gift of goodwill; the other id is null."""

    id = Id(required=True)
    compensation_id = Id(required=True, allow_none=True)
    gift_id = Id(required=True, allow_none=True)
    rail = Text(required=True)
    state = Choice(PayoutState, required=True)
    trouble = Choice(
        Trouble,
        required=True,
        allow_none=True,
        metadata={"description": "Why its last try did not go through, where one did not."},
    )
    created_at = Instant(required=True)
    changed_at = Instant(required=True)


class PayoutsQuery(PageQuery):
    branch_id = Id()
    compensation_id = Id()
    state = Choice(PayoutState)


class VoucherSchema(Amount):
    """A voucher without its code; `last4` are the last four characters of it."""

    id = Id(required=True)
    payout_id = Id(required=True)
    compensation_id = Id(required=True, allow_none=True)
    gift_id = Id(required=True, allow_none=True)
    ticket_id = Id(required=True)
    last4 = Text(required=True)
    state = Choice(VoucherState, required=True)
    issued_at = Instant(required=True)
    expires_at = Instant(required=True)
    redeemed_at = Instant(required=True, allow_none=True)


class VouchersQuery(PageQuery):
    branch_id = Id()
    payout_id = Id()
    state = Choice(VoucherState)


class RedeemBody(Part):
    code = Text(
        required=True,
        validate=length(1, LONGEST_CODE, N_("A code has at most 40 characters.")),
        metadata={"description": "As typed or scanned; separators and look-alikes are forgiven."},
    )
    counter_id = Id(load_default=None, metadata={"description": "Where it was redeemed."})


class RedeemedSchema(Amount):
    """What is handed over: the whole value, once for ever."""

    voucher_id = Id(required=True)
    use = Choice(VoucherUse, required=True, metadata={"description": "As what it is handed over."})
    redeemed_at = Instant(required=True)


CompensationPage = page_of(CompensationSchema)
PayoutPage = page_of(PayoutSchema)
VoucherPage = page_of(VoucherSchema)

_VALUE = {"amount_minor": 1000, "currency": "EUR"}
_CREATED = "2026-03-02T10:15:00.020000+00:00"
COMPENSATION = _VALUE | {
    "id": EXAMPLE_ID,
    "breach_id": OTHER_ID,
    "instalment": 1,
    "promise_id": EXAMPLE_ID,
    "version_id": OTHER_ID,
    "ticket_id": EXAMPLE_ID,
    "branch_id": OTHER_ID,
    "outcome": "full",
    "state": "owed",
    "remedy": "money",
    "pay_before": None,
    "claim_before": None,
    "holds": ["presence"],
    "created_at": _CREATED,
    "released_at": None,
    "closed_at": None,
    "payout_rail": None,
    "payout_state": None,
}
PAYOUT = _VALUE | {
    "id": OTHER_ID,
    "compensation_id": EXAMPLE_ID,
    "gift_id": None,
    "rail": "voucher",
    "state": "submitted",
    "trouble": None,
    "created_at": _CREATED,
    "changed_at": "2026-03-02T10:15:01+00:00",
}
VOUCHER = _VALUE | {
    "id": EXAMPLE_ID,
    "payout_id": OTHER_ID,
    "compensation_id": EXAMPLE_ID,
    "gift_id": None,
    "ticket_id": EXAMPLE_ID,
    "last4": "7QX2",
    "state": "active",
    "issued_at": "2026-03-02T10:15:01+00:00",
    "expires_at": "2029-03-02T22:00:00+00:00",
    "redeemed_at": None,
}
REDEEMED = _VALUE | {
    "voucher_id": EXAMPLE_ID,
    "use": "cash",
    "redeemed_at": "2026-03-03T08:12:44.120000+00:00",
}
