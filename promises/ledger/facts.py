"""Which accounts a business fact moves, as a pure table: every transaction sums to zero by it."""

import enum
from dataclasses import dataclass

from promises.ledger.accounts import Account, code_of
from promises.ledger.vat import TaxTreatment, Vat


class PostingKind(enum.StrEnum):
    """The business fact behind a transaction."""

    OWED = "owed"
    CANCELLED = "cancelled"
    VOUCHER_ISSUED = "voucher_issued"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_EXPIRED = "voucher_expired"
    VOUCHER_EXCHANGED = "voucher_exchanged"
    PAYOUT_SENT = "payout_sent"
    PAYOUT_ARRIVED = "payout_arrived"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_CAME_BACK = "payout_came_back"
    FEE_CHARGED = "fee_charged"
    CHARGES_KEPT = "charges_kept"  # of what came back
    GIFT_OWED = "gift_owed"
    GIFT_CANCELLED = "gift_cancelled"
    GIFT_ISSUED = "gift_issued"
    GIFT_EXPIRED = "gift_expired"


SIDES: dict[PostingKind, tuple[Account, Account]] = {
    PostingKind.OWED: (Account.COMPENSATION_EXPENSE, Account.COMPENSATION_OWED),
    PostingKind.CANCELLED: (Account.COMPENSATION_OWED, Account.COMPENSATION_EXPENSE),
    PostingKind.VOUCHER_ISSUED: (Account.COMPENSATION_OWED, Account.VOUCHERS_ISSUED),
    PostingKind.VOUCHER_REDEEMED: (Account.VOUCHERS_ISSUED, Account.DESK_SETTLEMENT),
    PostingKind.VOUCHER_EXPIRED: (Account.VOUCHERS_ISSUED, Account.COMPENSATION_EXPENSE),
    PostingKind.VOUCHER_EXCHANGED: (Account.VOUCHERS_ISSUED, Account.COMPENSATION_OWED),
    PostingKind.PAYOUT_SENT: (Account.COMPENSATION_OWED, Account.PAYOUTS_UNDER_WAY),
    PostingKind.PAYOUT_ARRIVED: (Account.PAYOUTS_UNDER_WAY, Account.MONEY_OUT),
    PostingKind.PAYOUT_FAILED: (Account.PAYOUTS_UNDER_WAY, Account.COMPENSATION_OWED),
    PostingKind.PAYOUT_CAME_BACK: (Account.MONEY_OUT, Account.COMPENSATION_OWED),
    PostingKind.FEE_CHARGED: (Account.BANK_FEES, Account.MONEY_OUT),
    PostingKind.CHARGES_KEPT: (Account.BANK_FEES, Account.MONEY_OUT),
    PostingKind.GIFT_OWED: (Account.GOODWILL_EXPENSE, Account.GOODWILL_OWED),
    PostingKind.GIFT_CANCELLED: (Account.GOODWILL_OWED, Account.GOODWILL_EXPENSE),
    PostingKind.GIFT_ISSUED: (Account.GOODWILL_OWED, Account.VOUCHERS_ISSUED),
    PostingKind.GIFT_EXPIRED: (Account.VOUCHERS_ISSUED, Account.GOODWILL_EXPENSE),
}
"""Debited and credited. Where VAT is in it, the expense is split in two."""


class By(enum.Enum):
    """By which of its ids a correction finds what it takes back."""

    REFERENCE = "reference"
    DEBT = "debt"


REVERSES = {
    PostingKind.CANCELLED: (PostingKind.OWED, By.DEBT),
    PostingKind.VOUCHER_EXPIRED: (PostingKind.OWED, By.DEBT),
    PostingKind.PAYOUT_FAILED: (PostingKind.PAYOUT_SENT, By.REFERENCE),
    PostingKind.PAYOUT_CAME_BACK: (PostingKind.PAYOUT_ARRIVED, By.REFERENCE),
    PostingKind.GIFT_CANCELLED: (PostingKind.GIFT_OWED, By.DEBT),
    PostingKind.GIFT_EXPIRED: (PostingKind.GIFT_OWED, By.DEBT),
}
"""The fact that a correction takes back: its transaction is named by the reversal."""

ONLY_AFTER = frozenset({PostingKind.PAYOUT_FAILED, PostingKind.PAYOUT_CAME_BACK})
"""Corrections that are nothing where what they take back was never posted."""

TAKES_BACK_VAT = frozenset({PostingKind.CANCELLED, PostingKind.VOUCHER_EXPIRED})
"""What takes the split back as it was posted, whatever the rate is by then."""


@dataclass(frozen=True, slots=True)
class Side:
    """One entry: so many times the whole sum and so many times the VAT in it."""

    code: str
    of_sum: int
    of_vat: int = 0


def sides_of(kind: PostingKind, rail: str = "", vat: Vat | None = None) -> tuple[Side, ...]:
    """The entries of a transaction of this kind; their factors sum to zero."""
    debited, credited = SIDES[kind]
    sides: list[Side] = []
    for account, sign in ((debited, 1), (credited, -1)):
        if account is Account.COMPENSATION_EXPENSE and _reduces(vat):
            sides.append(Side(Account.SALES_ADJUSTMENT.value, sign, -sign))
            sides.append(Side(Account.VAT_PAYABLE.value, 0, sign))
        else:
            sides.append(Side(code_of(account, rail), sign))
    return tuple(sides)


def _reduces(vat: Vat | None) -> bool:
    return vat is not None and vat.treatment is TaxTreatment.PRICE_REDUCTION
