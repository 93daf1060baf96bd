"""What banks say that no bank of tests can be made to say: state, books, incidents and debts."""

import datetime as dt

import pytest

from promises.flows.money_incidents import review
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from promises.payouts.run_claiming import mark_of
from tests.payouts.bank_words import (
    RETURNED,
    account,
    batch,
    entry,
    family,
    of_payment,
    part,
    payment,
    returned,
    status,
)
from tests.payouts.sent_files import check, check_returned, sent, take

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.mark.parametrize(
    "said",
    [
        {"group": "RJCT", "why": "DU01"},
        {"group": "RJCT", "why": "DUPL", "batch": "RJCT"},
        {"group": "RJCT", "batch": "RJCT", "why": "AM05"},
    ],
)
def test_file_that_was_there_before_is_no_refusal_however_the_bank_says_it(payer, said):
    run, (payout_id,), (mark,) = sent(payer)
    lines = of_payment(mark, "RJCT") + of_payment(mark, "RJCT", "MS03", "DU03")
    (taken,) = take(payer, status(run, lines, **said))
    assert (taken.duplicate, taken.moved) == (True, 0)
    check(payer, payout_id, "submitting")


def test_what_is_said_of_the_payments_counts_before_what_is_said_of_the_file(payer):
    run, (payout_id, other_id), (mark, _other) = sent(payer, 2)
    take(payer, status(run, of_payment(mark, "ACWP"), group="RCVD", batch="RJCT", why="AC04"))
    check(payer, payout_id, "submitted")
    check(payer, other_id, "failed")


@pytest.mark.parametrize("version", ["03", "10", "12"])
def test_refusal_after_it_was_settled_at_the_bank_counts_until_it_was_booked(payer, version):
    run, (payout_id,), (mark,) = sent(payer)
    for sts in ("ACCP", "ACSC", "NEW1", "PDNG"):
        take(payer, status(run, of_payment(mark, sts), group="PART", version=version))
    check(payer, payout_id, "submitted")
    refused = of_payment(mark, "RJCT", "AC04", name="OrgnlInstrId")
    take(payer, status(run, refused, version=version, message_id="S"))
    check(payer, payout_id, "failed")
    assert payer.payout(payout_id).trouble == "account_closed"


def test_status_report_with_an_id_used_before_is_read_all_the_same(payer):
    run, (payout_id,), (mark,) = sent(payer)
    take(payer, status(run, of_payment(mark, "ACCP"), message_id=f"X{run}"))
    take(payer, status(run, of_payment(mark, "RJCT", "AC06"), message_id=f"X{run}"))
    check(payer, payout_id, "failed")


def test_refusal_of_what_was_booked_is_for_a_person_until_it_comes_back(payer):
    run, (payout_id,), (mark,) = sent(payer)
    take(payer, account(part(entry(payment(mark)))))
    take(payer, status(run, of_payment(mark, "RJCT", "AC04")))
    check(payer, payout_id, "paid", "missing_effect")
    take(payer, account(part(entry(payment(mark), way="CRDT", more="<RvslInd>1</RvslInd>"))))
    check(payer, payout_id, "returned")


def test_several_statements_with_one_reference_book_each_payment(payer):
    _run, payouts, (one, two, three) = sent(payer, 3)
    numbered = "<NtryRef>1</NtryRef>"
    first = part(entry(payment(one), more=numbered), name="1")
    second = part(entry(payment(two), more=numbered), name="1")
    third = part(entry(payment(three), ref="B"), entry(payment(three), ref="B"), name="2")
    (taken,) = take(payer, account(first, second, third))
    assert (taken.lines, taken.moved) == (3, 3)
    for payout_id in payouts:
        check(payer, payout_id, "paid")


def test_pages_of_one_statement_are_read_and_no_gap_is_seen(payer):
    _run, payouts, marks = sent(payer, 2)
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{amount}</Amt>'
        "<CdtDbtInd>CRDT</CdtDbtInd></Bal>"
        for code, amount in (("OPBD", "100.00"), ("CLBD", "80.00"))
    )
    for number, mark in enumerate(marks, 1):
        last = "true" if number == len(marks) else "false"
        page = f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></StmtPgntn>"
        take(payer, account(part(entry(payment(mark)), more=page + balances), message_id="PAGES"))
    for payout_id in payouts:
        check(payer, payout_id, "paid")
    gaps = "SELECT 1 FROM money_incidents WHERE ref LIKE 'PAGES%%'"
    assert payer.rows(gaps) == []


def test_one_sum_for_the_whole_file_books_all_that_was_not_refused(payer):
    run, payouts, marks = sent(payer, 3)
    take(payer, status(run, of_payment(marks[0], "RJCT", "AC04"), group="PART"))
    day = "<BookgDt><Dt>2026-03-01</Dt></BookgDt>"
    said = entry(batch(run, "<NbOfTxs>2</NbOfTxs>"), amount="20.00", ref="SUM", more=day)
    strange = [entry(batch(name), amount="9999.00") for name in ("WAGES-07", mark_of(new_id()))]
    (taken,) = take(payer, account(part(said, *strange)))
    assert (taken.lines, taken.moved) == (2, 2)
    for payout_id, state in zip(payouts, ("failed", "paid", "paid"), strict=True):
        check(payer, payout_id, state)
    assert gap_of(payer, run) is None
    arrived = payer.rows(
        "SELECT fact_on FROM ledger_transactions WHERE kind = 'payout_arrived'"
        " AND reference_id = ANY(%(ids)s)",
        ids=payouts,
    )
    assert [row.fact_on for row in arrived] == [dt.date(2026, 3, 1)] * 2
    back = entry(batch(run), amount="20.00", way="CRDT", more="<RvslInd>true</RvslInd>")
    take(payer, account(part(back)))
    check(payer, payouts[1], "returned")


@pytest.mark.parametrize(
    ("more", "gap"),
    [({"amount": "10.00"}, 1000), ({"amount": "20.00", "way": "CRDT"}, 2000)],
)
def test_sum_that_is_not_the_files_books_nothing_and_is_a_gap(payer, more, gap):
    run, payouts, _marks = sent(payer, 2)
    take(payer, account(part(entry(batch(run), **more))))
    for payout_id in payouts:
        check(payer, payout_id, "submitting")
    assert gap_of(payer, run) == gap


def gap_of(payer, run):
    found = payer.rows(
        "SELECT i.amount_minor FROM money_incidents i JOIN payout_runs r"
        " ON i.ref LIKE r.id || '/%%' WHERE r.message_id = %(run)s AND i.kind = 'statement_gap'",
        run=run,
    )
    return found[0].amount_minor if found else None


def test_charges_of_the_bank_are_no_payment_and_no_part_of_one(payer):
    _run, (payout_id,), (mark,) = sent(payer)
    inner = '<AmtDtls><InstdAmt><Amt Ccy="EUR">10.00</Amt></InstdAmt></AmtDtls>'
    with_fee = f"<TxDtls><Refs><EndToEndId>{mark}</EndToEndId></Refs>{inner}</TxDtls>"
    fee = entry(payment(mark, amount="0.35"), amount="0.35", more=family("CHRG"))
    take(payer, account(part(entry(with_fee, amount="10.35"), fee)))
    check(payer, payout_id, "paid")


def test_right_booking_counts_beside_a_wrong_one_of_the_same_file(payer):
    _run, (payout_id,), (mark,) = sent(payer)
    wrong = entry(payment(mark, amount="1.00"), amount="1.00")
    take(payer, account(part(wrong, entry(payment(mark)), wrong)))
    check(payer, payout_id, "paid", "other_amount", "unknown_effect", "unknown_effect")


def test_booking_told_by_notice_report_and_statements_is_one(payer):
    _run, (payout_id,), (mark,) = sent(payer)
    said = part(entry(payment(mark), ref="A7"))
    take(payer, account(said, kind="camt.052"), account(said, kind="camt.054"))
    take(payer, account(said), account(said))
    check(payer, payout_id, "paid")


def test_booking_of_another_day_under_another_reference_is_money_that_left_twice(payer):
    _run, (payout_id,), (mark,) = sent(payer)
    take(payer, account(part(entry(payment(mark), ref="A7"))))
    take(payer, account(part(entry(payment(mark), ref="A8"))))
    check(payer, payout_id, "paid", "unknown_effect")


@pytest.mark.parametrize(
    "more",
    [{"way": "CRDT"}, {"way": "DBIT", "more": "<RvslInd>true</RvslInd>"}],
)
def test_money_that_moves_the_wrong_way_moves_nothing_and_is_for_a_person(payer, more):
    _run, (payout_id,), (mark,) = sent(payer)
    (taken,) = take(payer, account(part(entry(payment(mark), **more))))
    assert taken.moved == 0
    check(payer, payout_id, "submitting", "unknown_effect")


def of_an_older_release(payer, payout_id, message_id, kind, ref):
    """The row of a booking as it was written before references told kind and payment."""
    payer.rows(
        "INSERT INTO bank_entries (organisation_id, id, file_id, run_id, payout_id, rail,"
        " message_id, ref, source, kind, amount_minor, currency, recorded_at)"
        " SELECT i.organisation_id, gen_random_uuid(), f.id, i.run_id, i.payout_id, f.rail,"
        " %(m)s, %(ref)s, 'camt.053', %(kind)s, 1000, 'EUR', f.uploaded_at"
        " FROM payout_run_items i"
        " JOIN bank_files f ON f.organisation_id = i.organisation_id"
        " WHERE i.payout_id = %(p)s ORDER BY f.uploaded_at DESC LIMIT 1"
        " RETURNING id",
        p=payout_id,
        m=message_id,
        kind=kind,
        ref=ref,
    )


@pytest.mark.parametrize(("ref", "old"), [("A7", "A7/1"), ("", "1/1")])
def test_statement_that_an_older_release_read_is_not_read_twice(payer, ref, old):
    _run, payouts, (known, new) = sent(payer, 2)
    take(payer, account(part(entry(payment(known))), kind="camt.054"))
    message = new_id().hex
    of_an_older_release(payer, payouts[0], message, "booked", old)
    both = part(
        entry(payment(known), ref=ref, more="<NtryRef>1</NtryRef>"),
        entry(payment(new), ref="B1"),
        entry(payment(known, RETURNED, amount="9.00"), amount="9.00", way="CRDT", ref="C1"),
    )
    (taken,) = take(payer, account(both, message_id=message))
    assert (taken.lines, taken.moved) == (2, 2)
    check_returned(payer, payouts[0])
    check(payer, payouts[1], "paid")
    # another message of the bank tells the same booking again
    copy = part(entry(payment(known), ref=ref), name="copy")
    (again,) = take(payer, account(copy))
    assert (again.lines, again.moved) == (1, 0)
    check_returned(payer, payouts[0])


def test_return_without_our_end_to_end_id_is_known_by_the_other_id_or_not_at_all(payer):
    _run, (payout_id,), (mark,) = sent(payer)
    (nameless,) = take(payer, returned("NOTPROVIDED"))
    assert (nameless.foreign, nameless.moved) == (True, 0)
    other = f"<OrgnlInstrId>{mark}</OrgnlInstrId>"
    (known,) = take(payer, returned("NOTPROVIDED", other=other))
    assert known.moved == 1
    check(payer, payout_id, "returned")


def test_file_of_the_other_mode_of_money_moves_nothing(payer):
    run, (payout_id,), (mark,) = sent(payer)
    payer.execute("UPDATE payout_runs SET live = true WHERE message_id = ANY(%(ids)s)", [run])
    answers = take(payer, status(run, group="RJCT"), returned(mark))
    assert [one.foreign for one in answers] == [True, True]
    (statement,) = take(payer, account(part(entry(payment(mark)))))
    assert (statement.lines, statement.moved) == (0, 0)
    check(payer, payout_id, "submitting")


_SILENT = "SELECT * FROM money_incidents WHERE ref = %(r)s AND kind = 'bank_silent'"


def alone(payer, run):
    """Nothing else is waited for; the run's id."""
    payer.execute("UPDATE payout_runs SET answer_by = NULL WHERE message_id <> ALL(%(ids)s)", [run])
    return payer.one("SELECT id FROM payout_runs WHERE message_id = %(m)s", m=run).id


def test_payment_that_was_taken_and_never_booked_is_asked_about_once(payer):
    run, payouts, marks = sent(payer, 3)
    run_id = alone(payer, run)
    take(payer, status(run, of_payment(marks[0], "NEW1") + of_payment(marks[1], "ACSP")))
    take(payer, account(part(entry(payment(marks[2])))))
    payer.now = payer.run(run_id).answer_by - dt.timedelta.resolution
    assert payer.round()[0] == 0
    payer.now += dt.timedelta.resolution
    assert payer.round()[0] == 1
    assert payer.round()[0] == 0
    silent = payer.one(_SILENT, r=str(run_id))
    assert (silent.kind, silent.amount_minor, silent.details["count"]) == ("bank_silent", 2000, 2)
    for payout_id in payouts[:2]:
        assert payer.payout(payout_id).state == "needs_review"
    take(payer, account(part(entry(payment(marks[0])), entry(payment(marks[1])))))
    for payout_id in payouts:
        check(payer, payout_id, "paid")
    assert payer.run(run_id).state == "settled"


def test_file_that_people_settled_without_the_bank_is_dropped_in_time(payer):
    run, (payout_id,), _marks = sent(payer)
    run_id = alone(payer, run)
    payer.now = payer.run(run_id).answer_by
    payer.round()
    with payer.work(Role.ADMINISTRATOR) as uow:
        review(uow, payout_id=payout_id, was_paid=False, evidence="The bank never had the file.")
    payer.round()
    assert (payer.run(run_id).state, payer.run(run_id).kept) == ("settled", True)
    payer.now += dt.timedelta(days=60)
    payer.round()
    assert not payer.run(run_id).kept
