"""Money that a bank sends back, wholly or less its charges: state, books, incidents and debts."""

import datetime as dt

import pytest

from tests.payouts.bank_words import RETURNED, account, entry, part, payment, returned
from tests.payouts.sent_files import check, check_returned, sent, take

pytestmark = pytest.mark.usefixtures("as_application")


def test_return_that_is_taken_back_leaves_the_debt_and_tells_a_person(payer):
    _run, (payout_id,), (mark,) = sent(payer)
    take(payer, account(part(entry(payment(mark)))), returned(mark))
    check(payer, payout_id, "returned")
    take(payer, account(part(entry(payment(mark, RETURNED)))), returned(mark))
    check(payer, payout_id, "returned", "unknown_effect")


def charges(payer, payout_id):
    """What the books have as kept of its return: by account, with the day of the bank."""
    found = payer.rows(
        "SELECT e.account_code, e.amount_minor, t.fact_on FROM ledger_transactions t"
        " JOIN ledger_entries e ON e.transaction_id = t.id"
        " WHERE t.kind = 'charges_kept' AND t.reference_id = %(p)s ORDER BY e.account_code",
        p=payout_id,
    )
    return [(row.account_code, row.amount_minor, row.fact_on) for row in found]


def back(mark, amount, day=None, ref=""):
    """A statement of what came back."""
    more = f"<BookgDt><Dt>{day}</Dt></BookgDt>" if day else ""
    told = payment(mark, RETURNED, amount=amount)
    return account(part(entry(told, amount=amount, way="CRDT", more=more, ref=ref)))


@pytest.mark.parametrize("booked", [True, False])
def test_return_less_charges_reopens_the_debt_and_posts_what_was_kept(payer, booked):
    _run, (payout_id,), (mark,) = sent(payer)
    if booked:
        take(payer, account(part(entry(payment(mark))), kind="camt.054"))
    take(payer, returned(mark, amount="9.50"))
    check_returned(payer, payout_id)
    kept = [("bank_fees", 50, None), ("money_out:sepa", -50, None)]
    assert charges(payer, payout_id) == kept
    take(payer, account(part(entry(payment(mark), ref="LATE"))), back(mark, "9.50"))
    check_returned(payer, payout_id)
    assert charges(payer, payout_id) == kept


def test_charges_are_told_by_the_statement_after_the_return_itself(payer):
    _run, (payout_id,), (mark,) = sent(payer)
    take(payer, account(part(entry(payment(mark)))), returned(mark))
    assert charges(payer, payout_id) == []
    ahead = (payer.now + dt.timedelta(days=3)).date()
    first = back(mark, "9.00", payer.now.date() - dt.timedelta(days=1), ref="R1")
    take(payer, first, first)
    day = payer.now.date() - dt.timedelta(days=1)
    kept = [("bank_fees", 100, day), ("money_out:sepa", -100, day)]
    assert charges(payer, payout_id) == kept
    check_returned(payer, payout_id)
    take(payer, back(mark, "8.00", ahead, ref="R2"))
    assert charges(payer, payout_id) == kept
    check_returned(payer, payout_id, "other_amount")


def test_charges_of_more_than_half_are_posted_and_looked_at(payer):
    _run, (payout_id, other), (mark, half) = sent(payer, 2)
    take(payer, account(part(entry(payment(mark)), entry(payment(half)))))
    ahead = (payer.now + dt.timedelta(days=3)).date()
    take(payer, back(mark, "4.99", ahead), back(half, "5.00"))
    assert charges(payer, payout_id) == [("bank_fees", 501, None), ("money_out:sepa", -501, None)]
    check_returned(payer, payout_id, "other_amount")
    check_returned(payer, other)


@pytest.mark.parametrize("amount", ["10.01", "0.00"])
def test_return_of_more_or_nothing_is_for_a_person(payer, amount):
    _run, (payout_id,), (mark,) = sent(payer)
    take(payer, returned(mark, amount=amount))
    check(payer, payout_id, "needs_review", "needs_review", "other_amount")
