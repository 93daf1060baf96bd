"""The rails' names, and what is the same for every organisation."""

from promises.payouts.rails.voucher import VOUCHER

STRIPE_REFUND = "stripe_refund"
STRIPE_CREDIT = "stripe_credit"
STRIPE_OUTBOUND = "stripe_outbound"
ACCOUNT_CALL = "account_call"  # the customer's own account, by a call to the core system
ACCOUNT_FILE = "account_file"  # the same by a signed file
SEPA = "sepa"
MANUAL = "manual"

ALL = (
    VOUCHER,
    STRIPE_REFUND,
    STRIPE_CREDIT,
    STRIPE_OUTBOUND,
    ACCOUNT_CALL,
    ACCOUNT_FILE,
    SEPA,
    MANUAL,
)

STRIPE = (STRIPE_REFUND, STRIPE_CREDIT, STRIPE_OUTBOUND)
"""Rails whose messages come to the one address of Stripe."""

BY_RUN = frozenset({ACCOUNT_FILE, SEPA, MANUAL})
"""Payouts that wait for a file or a hand, and are never submitted one by one."""

UNASKED = (STRIPE_REFUND, ACCOUNT_CALL, ACCOUNT_FILE, STRIPE_CREDIT, STRIPE_OUTBOUND)
"""Rails that need nothing from the customer where the case names the account, best first."""
