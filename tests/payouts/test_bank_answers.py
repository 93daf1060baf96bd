"""Payment files at a bank that misbehaves in each way that banks do; its answers taken in."""

import datetime as dt

import pytest

from promises.compensation.errors import OwnEvidence
from promises.flows import bank_answers
from promises.flows.choose_payout import pay_without_choice
from promises.flows.decide_compensation import approve
from promises.flows.money_incidents import close, review
from promises.flows.payout_runs import fetch_run
from promises.kernel.actors import Role
from promises.payouts.rails.sepa.iban import TEST_IBAN
from promises.payouts.run_errors import AnswerOfOwnRun, SecondPersonNeeded
from tests.payouts.bank import CLOSED, PAYEE, WRONG, Payer, bank

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def their():
    with bank() as made:
        yield made


@pytest.fixture
def world():
    return Payer()


def test_partly_rejected_file_pays_the_rest_and_reopens_what_was_rejected(world, their):
    run_id, content = world.sent(PAYEE, CLOSED, WRONG)
    status, said = their.receive(content)
    assert (status, said["status"], said["accepted"]) == (202, "PART", 1)
    (answer,) = their.mail("pain.002")
    taken = world.take_file(answer)
    assert (taken.lines, taken.moved, taken.foreign) == (3, 3, False)
    assert world.states() == [
        "submitted",
        ("failed", "account_closed"),
        ("failed", "details_wrong"),
    ]
    holds = [one.holds for one in world.compensations()]
    assert holds.count(["payment", "approval"]) == 2
    assert world.run(run_id).state == "answered"
    their.days(1)
    (notice,) = their.mail("camt.054")
    assert world.take_file(notice).moved == 1
    assert world.states()[0] == "paid"
    assert world.run(run_id).state == "settled"
    assert world.unbalanced() == []
    assert world.balances() == {
        "compensation_expense": 3000,
        "compensation_owed": -2000,
        "money_out:sepa": -1000,
    }


def test_file_uploaded_twice_is_refused_by_the_bank_and_paid_once(world, their):
    run_id, content = world.sent(PAYEE)
    their.receive(content)
    again = world.fetch(run_id).content
    assert again == content
    status, said = their.receive(again)
    assert (status, said["reason"]) == (422, "DUPL")
    first, second = their.mail("pain.002")
    taken = world.take_file(second)
    assert (taken.duplicate, taken.moved) == (True, 0)
    assert world.states() == ["submitting"]
    assert world.run(run_id).state == "downloaded"
    world.take_file(first)
    their.days(1)
    world.take_file(their.mail("camt.054")[0])
    assert world.states() == ["paid"]
    assert world.balances()["money_out:sepa"] == -1000


def test_rejected_file_fails_each_of_its_payouts(world, their):
    their.change("US", behaviour="reject-file")
    run_id, content = world.sent(PAYEE, PAYEE)
    their.receive(content)
    world.take_file(their.mail("pain.002")[0])
    assert world.states() == [("failed", "other")] * 2
    assert world.run(run_id).state == "settled"
    assert world.balances() == {"compensation_expense": 2000, "compensation_owed": -2000}


def test_empty_account_says_so(world, their):
    their.change("US", behaviour="insufficient-funds", balance=1500)
    _run, content = world.sent(PAYEE, PAYEE)
    their.receive(content)
    world.take_file(their.mail("pain.002")[0])
    assert sorted(map(str, world.states())) == ["('failed', 'no_funds')", "submitted"]


def test_silent_bank_becomes_a_matter_for_a_person_once(world, their):
    their.change("US", behaviour="silent")
    run_id, content = world.sent(PAYEE)
    their.receive(content)
    assert their.mail("pain.002") == []
    late = world.run(run_id).answer_by
    assert late == dt.datetime(2026, 3, 5, 22, 0, tzinfo=dt.UTC)  # Friday begins in Helsinki
    world.now = late - dt.timedelta.resolution
    assert world.round() == (0, 0)
    world.now = late
    assert world.round() == (1, 0)
    assert world.round() == (0, 0)
    assert world.states() == [("needs_review", "silent")]
    assert world.incidents() == [("bank_silent", 1000, True), ("needs_review", 1000, True)]
    their.days(1)
    world.take_file(their.mail("camt.054")[0])
    assert world.states() == ["paid"]
    assert {is_open for _kind, _sum, is_open in world.incidents()} == {False}
    assert world.run(run_id).state == "settled"
    assert world.balances() == {"compensation_expense": 1000, "money_out:sepa": -1000}


def test_hole_in_a_statement_is_an_incident_until_it_adds_up(world, their):
    their.change("US", behaviour="statement-gap")
    run_id, content = world.sent(PAYEE, PAYEE)
    their.receive(content)
    their.days(1)
    their.days(1)
    (statement,) = [one for one in their.mail("camt.053") if "ICDT" in one]
    world.take_file(statement)
    assert world.states() == ["paid", "submitting"]
    gaps = [one for one in world.incidents() if one[0] == "statement_gap"]
    assert gaps == [("statement_gap", 1000, True), ("statement_gap", -1000, True)]
    whole = statement.replace("MB-C053", "MB-C053-B")
    entry = whole[whole.index("<Ntry>") : whole.index("</Ntry>") + 7]
    marks = [row.mark for row in world.rows("SELECT mark FROM payout_run_items ORDER BY position")]
    other = entry.replace(marks[0], marks[1]).replace("MB-PMT-1", "MB-PMT-2")
    world.take_file(whole.replace(entry, entry + other))
    assert world.states() == ["paid", "paid"]
    of_run = world.one("SELECT closed_at FROM money_incidents WHERE ref = %(ref)s", ref=str(run_id))
    assert of_run.closed_at == world.now


def test_payment_that_comes_back_after_days_reopens_its_debt(world, their):
    their.change("US", behaviour="return-later", parameters={"days": 2})
    run_id, content = world.sent(PAYEE)
    their.receive(content)
    world.take_file(their.mail("pain.002")[0])
    their.days(1)
    world.take_file(their.mail("camt.054")[0])
    assert (world.states(), world.run(run_id).state) == (["paid"], "settled")
    their.days(4)
    (returned,) = their.mail("pacs.004")
    (notice,) = [one for one in their.mail("camt.054") if "CRDT" in one]
    world.now += dt.timedelta(days=4)
    assert world.take_file(returned).moved == 1
    assert world.states() == [("returned", "account_closed")]
    assert world.take_file(notice).moved == 0
    assert world.compensations()[0].holds == ["payment", "approval"]
    assert world.balances() == {"compensation_expense": 1000, "compensation_owed": -1000}
    assert world.unbalanced() == []


def test_statement_taken_in_twice_counts_once(world, their):
    _run, content = world.sent(PAYEE)
    their.receive(content)
    their.days(1)
    notice = their.mail("camt.054")[0]
    assert not world.take_file(notice).again
    assert world.take_file(notice).again
    same_message = world.take_file(notice + "\n")
    assert (same_message.again, same_message.lines, same_message.moved) == (False, 0, 0)
    their.days(1)
    (statement,) = [one for one in their.mail("camt.053") if "ICDT" in one]
    told = world.take_file(statement)
    assert (told.lines, told.moved) == (1, 0)
    assert world.balances() == {"compensation_expense": 1000, "money_out:sepa": -1000}
    assert world.incidents() == []
    kept = world.rows("SELECT source, kind FROM bank_entries ORDER BY source")
    assert [(row.source, row.kind) for row in kept] == [
        ("camt.053", "booked"),
        ("camt.054", "booked"),
    ]


def test_statement_of_another_account_changes_nothing_and_is_an_incident(world, their):
    _run, content = world.sent(PAYEE)
    their.receive(content)
    their.days(1)
    foreign = their.mail("camt.054")[0].replace(TEST_IBAN, "FI4950009420028730")
    taken = world.take_file(foreign)
    assert (taken.foreign, taken.moved) == (True, 0)
    assert world.states() == ["submitting"]
    assert world.incidents() == [("foreign_statement", None, True)]
    assert world.take_file(foreign).again
    assert world.rows("SELECT 1 FROM bank_entries") == []


def test_statement_of_an_account_left_since_is_still_ours(world, their):
    _run, content = world.sent(PAYEE)
    their.receive(content)
    their.days(1)
    index = world.one("SELECT account_index FROM payout_runs").account_index
    assert len(index) == 32
    world.maker.account_name = lambda account: "another one"
    assert world.take_file(their.mail("camt.054")[0]).moved == 1


def test_answer_to_a_file_that_nobody_had_is_refused(world, their):
    world.pay_to(PAYEE)
    run_id = world.prepare()
    message_id = world.run(run_id).message_id
    forged = (
        "<Document><CstmrPmtStsRpt><GrpHdr><MsgId>X1</MsgId></GrpHdr><OrgnlGrpInfAndSts>"
        f"<OrgnlMsgId>{message_id}</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>"
        "</CstmrPmtStsRpt></Document>"
    )
    assert world.take_file(forged).foreign
    assert world.states() == ["submitting"]
    assert world.incidents() == [("unknown_event", None, True)]


def test_another_amount_than_asked_for_is_looked_at_by_a_person(world, their):
    _run, content = world.sent(PAYEE)
    their.receive(content)
    their.days(1)
    world.take_file(their.mail("camt.054")[0].replace(">10.00<", ">9.00<"))
    assert world.states() == [("needs_review", "other_effect")]
    assert world.incidents() == [("other_amount", 900, True), ("needs_review", 1000, True)]
    assert world.balances() == {"compensation_expense": 1000, "compensation_owed": -1000}


def test_acknowledgement_alone_answers_nothing(world, their):
    run_id, content = world.sent(PAYEE)
    their.receive(content)
    received = their.mail("pain.002")[0].replace("ACCP", "RCVD")
    assert world.take_file(received).moved == 0
    assert world.run(run_id).state == "downloaded"


def test_files_are_dropped_when_their_money_can_no_longer_come_back(world, their):
    run_id, content = world.sent(PAYEE)
    their.receive(content)
    their.days(1)
    world.take_file(their.mail("camt.054")[0])
    world.now += dt.timedelta(days=59)
    assert world.round() == (0, 0)
    assert world.fetch(run_id).content == content
    world.now += dt.timedelta(days=1, hours=1)
    assert world.round() == (0, 1)
    assert not world.run(run_id).kept
    assert world.run(run_id).content_hash


def test_money_that_leaves_twice_or_after_a_refusal_is_an_incident(world, their):
    _run, content = world.sent(PAYEE, CLOSED)
    their.receive(content)
    world.take_file(their.mail("pain.002")[0])
    their.days(1)
    notice = their.mail("camt.054")[0]
    entry = notice[notice.index("<Ntry>") : notice.index("</Ntry>") + 7]
    first, refused = [
        row.mark for row in world.rows("SELECT mark FROM payout_run_items ORDER BY position")
    ]
    again = entry.replace("MB-PMT-1", "MB-PMT-8")
    after_all = entry.replace(first, refused).replace("MB-PMT-1", "MB-PMT-9")
    world.take_file(notice.replace(entry, entry + again + after_all))
    assert world.states() == ["paid", ("failed", "account_closed")]
    assert world.incidents() == [("unknown_effect", 1000, True)] * 2
    assert world.balances()["money_out:sepa"] == -1000


def test_money_that_leaves_while_another_file_refuses_it_is_an_incident(world, their, monkeypatch):
    _run, content = world.sent(PAYEE)
    their.receive(content)
    accepted = their.mail("pain.002")[0]
    assert "<GrpSts>ACCP</GrpSts>" in accepted
    their.days(1)
    is_foreign = bank_answers._is_foreign

    def meanwhile(file, told):
        """The other file comes after this one was read, and before anything is locked."""
        monkeypatch.setattr(bank_answers, "_is_foreign", is_foreign)
        refused = accepted.replace("ACCP", "RJCT").replace("<MsgId>", "<MsgId>X", 1)
        assert world.take_file(refused).moved == 1
        return is_foreign(file, told)

    monkeypatch.setattr(bank_answers, "_is_foreign", meanwhile)
    assert world.take_file(their.mail("camt.054")[0]).moved == 0
    assert [state for state, _ in world.states()] == ["failed"]
    assert world.incidents() == [("unknown_effect", 1000, True)]


def test_whoever_had_a_hand_in_the_file_does_not_say_that_it_was_not_paid(world, their):
    run_id, content = world.sent(PAYEE, CLOSED)
    with world.work(Role.ADMINISTRATOR) as uow:
        fetch_run(uow, world.rails, run_id=run_id)
    their.receive(content)
    (answer,) = their.mail("pain.002")
    for role in (Role.MANAGER, Role.ACCOUNTANT, Role.ADMINISTRATOR):
        with pytest.raises(AnswerOfOwnRun):
            world.take_file(answer, role=role)
    assert world.states() == ["submitting"] * 2
    assert world.rows("SELECT 1 FROM bank_files UNION ALL SELECT 1 FROM bank_entries") == []
    their.days(1)
    assert world.take_file(their.mail("camt.054")[0], role=Role.MANAGER).moved == 1
    assert world.take_file(answer, role=Role.CLERK).moved == 1
    assert world.states() == ["paid", ("failed", "account_closed")]


def test_debt_that_a_file_reopened_is_paid_only_after_a_second_person_approved_it(world, their):
    _run, content = world.sent(CLOSED)
    their.receive(content)
    world.take_file(their.mail("pain.002")[0], role=Role.ADMINISTRATOR)
    (debt,) = world.compensations()
    noted = world.one("SELECT kind, holds, reason FROM compensation_decisions")
    assert tuple(noted) == ("held", ["approval"], "bank_file_says_not_paid")
    world.now += dt.timedelta(days=8)
    with world.work(None) as uow:
        assert pay_without_choice(uow) == 0
    with pytest.raises(OwnEvidence), world.work(Role.ADMINISTRATOR) as uow:
        approve(uow, compensation_ids=[debt.id])
    assert world.compensations()[0].holds == ["payment", "approval"]
    with world.work(Role.MANAGER) as uow:
        assert approve(uow, compensation_ids=[debt.id]) == 0
    assert world.compensations()[0].holds == ["payment"]
    with world.work(None) as uow:
        assert pay_without_choice(uow) == 1
    assert world.states() == [("failed", "account_closed"), "ready"]


def test_payment_of_a_file_is_reviewed_by_somebody_who_had_no_hand_in_it(world, their):
    _run, content = world.sent(PAYEE)
    their.receive(content)
    their.days(1)
    world.take_file(their.mail("camt.054")[0].replace(">10.00<", ">9.00<"), role=Role.CLERK)
    (payout_id,) = [row.id for row in world.rows("SELECT id FROM payouts")]
    for role in (Role.MANAGER, Role.ACCOUNTANT, Role.CLERK):
        with pytest.raises(SecondPersonNeeded), world.work(role) as uow:
            review(uow, payout_id=payout_id, was_paid=False, evidence="The bank's page.")
    assert world.states() == [("needs_review", "other_effect")]
    with world.work(Role.ADMINISTRATOR) as uow:
        (found,) = world.rows("SELECT id FROM money_incidents WHERE kind = 'other_amount'")
        close(uow, incident_id=found.id, note="The rest was sent by hand.")
        review(uow, payout_id=payout_id, was_paid=True, evidence="The bank's page.")
    assert world.states() == ["paid"]
