"""The accounts of this release, one meaning a code. Money under way and money that left have one
account for each rail, whose code is `<meaning>:<rail>`."""

import enum


class AccountKind(enum.StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class Account(enum.StrEnum):
    COMPENSATION_EXPENSE = "compensation_expense"  # what broken promises cost
    SALES_ADJUSTMENT = "sales_adjustment"  # what they cost as a reduction of the price, net of VAT
    VAT_PAYABLE = "vat_payable"  # VAT that is not owed after all, as the price was reduced
    COMPENSATION_OWED = "compensation_owed"  # debts to customers without a payout yet
    VOUCHERS_ISSUED = "vouchers_issued"  # debts to customers in the shape of vouchers
    GOODWILL_EXPENSE = "goodwill_expense"  # what clerks gave out of their purses
    GOODWILL_OWED = "goodwill_owed"  # gifts without a payout yet
    PAYOUTS_UNDER_WAY = "payouts_under_way"  # sent by a rail, not yet seen to have arrived
    MONEY_OUT = "money_out"  # what left the organisation's bank or provider balance
    DESK_SETTLEMENT = "desk_settlement"  # what the desk gave for vouchers: cash, fee or goods
    BANK_FEES = "bank_fees"  # what banks and providers charged for payouts


KINDS = {
    Account.COMPENSATION_EXPENSE: AccountKind.EXPENSE,
    Account.SALES_ADJUSTMENT: AccountKind.INCOME,
    Account.VAT_PAYABLE: AccountKind.LIABILITY,
    Account.COMPENSATION_OWED: AccountKind.LIABILITY,
    Account.VOUCHERS_ISSUED: AccountKind.LIABILITY,
    Account.GOODWILL_EXPENSE: AccountKind.EXPENSE,
    Account.GOODWILL_OWED: AccountKind.LIABILITY,
    Account.PAYOUTS_UNDER_WAY: AccountKind.LIABILITY,
    Account.MONEY_OUT: AccountKind.ASSET,
    Account.DESK_SETTLEMENT: AccountKind.ASSET,
    Account.BANK_FEES: AccountKind.EXPENSE,
}

BY_RAIL = frozenset({Account.PAYOUTS_UNDER_WAY, Account.MONEY_OUT})
"""Accounts of which each rail has its own."""


def code_of(account: Account, rail: str = "") -> str:
    """The code of an account in the books."""
    return f"{account.value}:{rail}" if rail and account in BY_RAIL else account.value


def read_code(code: str) -> tuple[Account, str]:
    """What a code means, and whose rail it is: the opposite of `code_of`."""
    meaning, _, rail = code.partition(":")
    return Account(meaning), rail


def kind_of(code: str) -> AccountKind:
    return KINDS[read_code(code)[0]]
