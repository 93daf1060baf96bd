"""What the books are called on screen, in the words of the organisation where it gave any."""

from fractions import Fraction

from promises.http.i18n import gettext, locale
from promises.kernel.text import N_, format_percent
from promises.ledger.accounts import Account, AccountKind, read_code
from promises.ledger.chart import Chart
from promises.ledger.facts import PostingKind
from promises.ledger.vat import TaxTreatment
from promises.payouts.rails import names
from promises.payouts.rails.voucher import VOUCHER

ACCOUNT_NAMES = {
    Account.COMPENSATION_EXPENSE: N_("Cost of broken promises"),
    Account.SALES_ADJUSTMENT: N_("Reductions of price for broken promises"),
    Account.VAT_PAYABLE: N_("VAT on reductions of price"),
    Account.COMPENSATION_OWED: N_("Owed to customers"),
    Account.VOUCHERS_ISSUED: N_("Vouchers in customers' hands"),
    Account.GOODWILL_EXPENSE: N_("Goodwill given by clerks"),
    Account.GOODWILL_OWED: N_("Goodwill not yet issued"),
    Account.PAYOUTS_UNDER_WAY: N_("Payouts on their way"),
    Account.MONEY_OUT: N_("Money that left"),
    Account.DESK_SETTLEMENT: N_("Given out at the desks"),
    Account.BANK_FEES: N_("Fees of banks and providers"),
}
KIND_NAMES = {
    PostingKind.OWED: N_("Compensation owed"),
    PostingKind.CANCELLED: N_("Compensation cancelled"),
    PostingKind.VOUCHER_ISSUED: N_("Voucher issued"),
    PostingKind.VOUCHER_REDEEMED: N_("Voucher redeemed"),
    PostingKind.VOUCHER_EXPIRED: N_("Voucher expired"),
    PostingKind.VOUCHER_EXCHANGED: N_("Voucher exchanged for money"),
    PostingKind.PAYOUT_SENT: N_("Payout sent"),
    PostingKind.PAYOUT_ARRIVED: N_("Payout arrived"),
    PostingKind.PAYOUT_FAILED: N_("Payout did not go through"),
    PostingKind.PAYOUT_CAME_BACK: N_("Payout came back"),
    PostingKind.FEE_CHARGED: N_("Fee charged"),
    PostingKind.CHARGES_KEPT: N_("Charges kept of what came back"),
    PostingKind.GIFT_OWED: N_("Goodwill given"),
    PostingKind.GIFT_CANCELLED: N_("Goodwill taken back"),
    PostingKind.GIFT_ISSUED: N_("Voucher of goodwill issued"),
    PostingKind.GIFT_EXPIRED: N_("Voucher of goodwill expired"),
}
ACCOUNT_KINDS = {
    AccountKind.ASSET: N_("Asset"),
    AccountKind.LIABILITY: N_("Liability"),
    AccountKind.INCOME: N_("Income"),
    AccountKind.EXPENSE: N_("Expense"),
}
TREATMENTS = {
    TaxTreatment.PRICE_REDUCTION: N_("A reduction of the price, with VAT in it"),
    TaxTreatment.DAMAGES: N_("Damages, without VAT"),
    TaxTreatment.GOODWILL_UNCLASSIFIED: N_("Not decided: booked without VAT"),
}
RAIL_NAMES = {
    VOUCHER: N_("Voucher"),
    names.STRIPE_REFUND: N_("Refund of a payment (Stripe)"),
    names.STRIPE_CREDIT: N_("Credit with the shop (Stripe)"),
    names.STRIPE_OUTBOUND: N_("Payment from the Stripe balance"),
    names.ACCOUNT_CALL: N_("The customer's own account"),
    names.ACCOUNT_FILE: N_("The customer's own account, by file"),
    names.SEPA: N_("Bank transfer"),
    names.MANUAL: N_("Paid by hand"),
}


def rail_name(rail: str) -> str:
    found = RAIL_NAMES.get(rail)
    return gettext(found) if found else rail


def default_name(account_code: str) -> str:
    """Our own name of an account, with its rail where it has one."""
    account, rail = read_code(account_code)
    words = gettext(ACCOUNT_NAMES[account])
    return f"{words}: {rail_name(rail)}" if rail else words


def account_name(chart: Chart, account_code: str) -> str:
    return chart.of(account_code).name or default_name(account_code)


def account_label(chart: Chart, account_code: str) -> str:
    """Number and name, as the accountant looks for it."""
    return f"{chart.of(account_code).number} {account_name(chart, account_code)}"


def rate_text(rate_bp: int) -> str:
    """25.5 % in the reader's language."""
    return format_percent(locale(), Fraction(rate_bp, 10_000), digits=2)
