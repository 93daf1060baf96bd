"""Rows 31 and 32: files to the bank and its answers, as the customer sees it. How each answer is
taken in is tested where answers are."""

import pytest

from promises.payouts.rails.sepa.iban import TEST_IBAN
from tests.payouts.bank import CLOSED, PAYEE, WRONG, Payer, bank
from tests.payouts.matrix.ground import BOOKS, books_of, check_text

pytestmark = pytest.mark.usefixtures("as_application")

WITH_THE_FILE = "It goes with the next file to the bank."
BY_BANK = "Bank transfer"
NOT_ARRIVED = "The money did not arrive."
PERSON = "Somebody here looks at it before it goes on."


@pytest.fixture
def payer():
    return Payer()


@pytest.fixture
def their():
    with bank() as made:
        yield made


def sent(payer, their, *ibans, behaviour=None, **parameters):
    """A file at the bank; its bytes and its payouts."""
    if behaviour:
        their.change("US", behaviour=behaviour, parameters=parameters)
    payouts = payer.pay_to(*ibans)
    run_id = payer.prepare()
    payer.release(run_id)
    content = payer.fetch(run_id).content
    their.receive(content)
    return content, payouts, run_id


def check(payer, client, payout_id, state, says):
    assert payer.payout(payout_id).state == state
    assert payer.unbalanced() == []
    assert books_of(payer, payout_id) == BOOKS.get(state, {})
    assert payer.audited(payout_id)[-1:] in ([state], [])
    owed = state in ("failed", "returned")
    assert payer.debt(payout_id).state == ("owed" if owed else "released")
    check_text(payer, client, payout_id, says)


def take_all(payer, their, kind):
    for content in their.mail(kind):
        payer.take_file(content)


def test_row_31_file_downloaded_and_uploaded_twice_is_paid_once(payer, their, client):
    content, (payout_id,), run_id = sent(payer, their, PAYEE)
    assert payer.fetch(run_id).content == content
    status, answer = their.receive(content)
    assert (status, answer["reason"]) == (422, "DUPL")
    take_all(payer, their, "pain.002")
    their.days(1)
    notices = their.mail("camt.054")
    assert len(notices) == 1
    payer.take_file(notices[0])
    check(payer, client, payout_id, "paid", BY_BANK)


def test_row_32_partly_rejected_file(payer, their, client):
    _, payouts, _ = sent(payer, their, PAYEE, CLOSED, WRONG)
    take_all(payer, their, "pain.002")
    their.days(1)
    take_all(payer, their, "camt.054")
    by_state = [payer.payout(one).state for one in payouts]
    assert sorted(by_state) == ["failed", "failed", "paid"]
    for payout_id, state in zip(payouts, by_state, strict=True):
        says = BY_BANK if state == "paid" else NOT_ARRIVED
        check(payer, client, payout_id, state, says)


def test_row_32b_silent_bank(payer, their, client):
    _, (payout_id,), run_id = sent(payer, their, PAYEE, behaviour="silent")
    payer.now = payer.run(run_id).answer_by
    assert payer.round()[0] == 1
    check(payer, client, payout_id, "needs_review", PERSON)
    their.days(1)
    take_all(payer, their, "camt.054")
    check(payer, client, payout_id, "paid", BY_BANK)


def test_row_32c_gap_in_the_statement(payer, their, client):
    _, payouts, _ = sent(payer, their, PAYEE, PAYEE, behaviour="statement-gap")
    their.days(2)
    take_all(payer, their, "camt.053")
    states = [payer.payout(one).state for one in payouts]
    assert sorted(states) == ["paid", "submitting"]
    assert "statement_gap" in {kind for kind, _sum, _open in payer.incidents()}
    for payout_id, state in zip(payouts, states, strict=True):
        check(payer, client, payout_id, state, BY_BANK if state == "paid" else WITH_THE_FILE)


def test_row_32d_return_after_some_days_and_every_file_twice(payer, their, client):
    _, (payout_id,), _ = sent(payer, their, PAYEE, behaviour="return-later", days=3)
    their.days(1)
    for content in their.mail("camt.054") * 2:
        payer.take_file(content)
    check(payer, client, payout_id, "paid", BY_BANK)
    their.days(5)
    for content in (their.mail("pacs.004") + their.mail("camt.054")) * 2:
        payer.take_file(content)
    check(payer, client, payout_id, "returned", NOT_ARRIVED)


def test_row_32e_statement_of_another_account(payer, their, client):
    _, (payout_id,), _ = sent(payer, their, PAYEE)
    their.days(1)
    for content in their.mail("camt.054"):
        payer.take_file(content.replace(TEST_IBAN, PAYEE))
    check(payer, client, payout_id, "submitting", WITH_THE_FILE)
