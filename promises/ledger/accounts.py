"""The chart of accounts of this release, one meaning a code."""

import enum


class AccountKind(enum.StrEnum):
    ASSET = "asset"
    LIABILITY = "liability"
    INCOME = "income"
    EXPENSE = "expense"


class Account(enum.StrEnum):
    COMPENSATION_EXPENSE = "compensation_expense"  # what broken promises cost
    COMPENSATION_OWED = "compensation_owed"  # debts to customers without a payout yet
    VOUCHERS_ISSUED = "vouchers_issued"  # debts to customers in the shape of vouchers
    GOODWILL_EXPENSE = "goodwill_expense"  # what clerks gave out of their purses
    GOODWILL_OWED = "goodwill_owed"  # gifts without a payout yet
    PAYOUTS_UNDER_WAY = "payouts_under_way"  # sent by a rail, not yet seen to have arrived
    MONEY_OUT = "money_out"  # what left the organisation's bank or provider balance
    DESK_SETTLEMENT = "desk_settlement"  # what the desk gave for vouchers: cash, fee or goods


KINDS = {
    Account.COMPENSATION_EXPENSE: AccountKind.EXPENSE,
    Account.COMPENSATION_OWED: AccountKind.LIABILITY,
    Account.VOUCHERS_ISSUED: AccountKind.LIABILITY,
    Account.GOODWILL_EXPENSE: AccountKind.EXPENSE,
    Account.GOODWILL_OWED: AccountKind.LIABILITY,
    Account.PAYOUTS_UNDER_WAY: AccountKind.LIABILITY,
    Account.MONEY_OUT: AccountKind.ASSET,
    Account.DESK_SETTLEMENT: AccountKind.ASSET,
}
