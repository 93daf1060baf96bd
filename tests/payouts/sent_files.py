"""Files that went to a bank, and what became of their payouts."""

from promises.payouts.run_claiming import mark_of
from tests.payouts.bank import PAYEE
from tests.payouts.matrix.ground import BOOKS, books_of


def sent(payer, count=1):
    """A file that somebody has fetched: its message id, its payouts and their marks."""
    payouts = payer.pay_to(*[PAYEE] * count)
    run_id = payer.prepare()
    payer.release(run_id)
    payer.fetch(run_id)
    return mark_of(run_id), payouts, [mark_of(one) for one in payouts]


def check(payer, payout_id, state, *incidents):
    """The state, the books, the debt, and which incidents about it are open."""
    assert payer.payout(payout_id).state == state
    assert payer.unbalanced() == []
    assert books_of(payer, payout_id) == BOOKS.get(state, {})
    owed = state in ("failed", "returned")
    debt = payer.debt(payout_id)
    assert (debt.state, debt.holds) == (
        ("owed", ["payment", "approval"]) if owed else ("released", [])
    )
    found = payer.rows(
        "SELECT kind FROM money_incidents WHERE payout_id = %(p)s AND closed_at IS NULL",
        p=payout_id,
    )
    assert sorted(row.kind for row in found) == sorted(incidents)


def take(payer, *files):
    return [payer.take_file(one) for one in files]


def check_returned(payer, payout_id, *incidents):
    """It is returned, its debt is open, and these incidents tell of it."""
    assert payer.payout(payout_id).state == "returned"
    assert payer.debt(payout_id).state == "owed"
    found = payer.rows("SELECT kind FROM money_incidents WHERE payout_id = %(p)s", p=payout_id)
    assert sorted(row.kind for row in found) == sorted(incidents)
    assert payer.unbalanced() == []
