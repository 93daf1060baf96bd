"""A run from draft to the bank: two people, one frozen file, and what each of them may not do."""

import datetime as dt
from hashlib import sha256

import psycopg
import pytest

from promises.flows import annul_breach
from promises.flows.pay_by_hand import mark_paid
from promises.kernel.actors import Role
from promises.kernel.errors import Forbidden, NotFound
from promises.kernel.ids import new_id
from promises.payouts.bank_days import answer_by, bank_days_later, is_bank_day
from promises.payouts.rails.manual import MANUAL, ManualMaker
from promises.payouts.run_claiming import mark_of, payout_of_mark
from promises.payouts.run_errors import (
    FileNoLongerKept,
    NotAPayoutByHand,
    NothingToPay,
    NotOwedAnyMore,
    OtherFile,
    RailNotInUse,
    ReceiptMissing,
    RunHasMoved,
    RunTooLate,
    SecondPersonNeeded,
)
from tests.flows.ground import RAILS
from tests.payouts.bank import PAYEE, Payer
from tests.races.crowd import crowd

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture
def world():
    return Payer()


def test_run_goes_from_draft_to_the_bank_by_two_people(world):
    world.pay_to(PAYEE, PAYEE)
    run_id = world.prepare()
    draft = world.run(run_id)
    assert (draft.state, draft.count, draft.amount_minor, draft.sequence) == ("draft", 2, 2000, 1)
    assert draft.execute_on == dt.date(2026, 3, 3)
    assert world.states() == ["submitting", "submitting"]
    with pytest.raises(RunHasMoved):
        world.fetch(run_id)
    world.release(run_id, typed=f" {draft.check_sum[:4]} {draft.check_sum[4:8].lower()} ")
    first = world.fetch(run_id)
    assert sha256(first.content).hexdigest().upper() == draft.check_sum
    assert first.name == f"sepa-test-00001-{draft.check_sum[:8]}.xml"
    world.later(days=3)
    assert world.fetch(run_id) == first
    noted = world.rows("SELECT action FROM audit_records WHERE object_kind = 'payout_run'")
    assert sorted(row.action for row in noted) == [
        "payout_run_downloaded",
        "payout_run_downloaded",
        "payout_run_prepared",
        "payout_run_released",
    ]
    fetched = world.run(run_id)
    assert (fetched.state, fetched.downloaded_at) == (
        "downloaded",
        world.now - dt.timedelta(days=3),
    )


def test_file_holds_what_is_needed_and_not_where_the_payee_lives(world):
    (payout_id,) = world.pay_to(PAYEE)
    run_id = world.prepare()
    world.release(run_id)
    text = world.fetch(run_id).content.decode()
    assert f"<EndToEndId>{mark_of(payout_id)}</EndToEndId>" in text
    assert f"<IBAN>{PAYEE}</IBAN>" in text and "<Nm>Väinö Öljymäki</Nm>" in text
    assert f"<MsgId>{mark_of(run_id)}</MsgId>" in text and "PstlAdr" not in text
    assert "<Ustrd>Compensation for a broken promise</Ustrd>" in text
    (item,) = world.rows("SELECT mark, tracking_id FROM payout_run_items")
    assert item.mark == mark_of(payout_id) and f"<UETR>{item.tracking_id}</UETR>" in text
    stored = world.one("SELECT content_sealed FROM payout_runs").content_sealed
    assert PAYEE.encode() not in bytes(stored)


def test_the_preparer_never_releases(world):
    world.pay_to(PAYEE)
    run_id = world.prepare()
    with pytest.raises(SecondPersonNeeded):
        world.release(run_id, role=Role.MANAGER)
    assert world.run(run_id).state == "draft"


def test_who_served_the_customer_does_not_release(world):
    world.pay_to(PAYEE)
    run_id = world.prepare()
    with pytest.raises(SecondPersonNeeded):
        world.release(run_id, role=Role.CLERK)
    assert world.run(run_id).state == "draft"


def test_nobody_releases_by_another_check_sum_or_without_a_name(world):
    world.pay_to(PAYEE)
    run_id = world.prepare()
    with pytest.raises(OtherFile):
        world.release(run_id, typed="00000000")
    with pytest.raises(OtherFile):
        world.release(run_id, typed="")
    with pytest.raises(Forbidden):
        world.release(run_id, role=None)
    assert world.run(run_id).state == "draft"


def test_cancelled_run_gives_its_payouts_to_the_next(world):
    payouts = world.pay_to(PAYEE, PAYEE)
    first = world.prepare()
    world.release(first)
    world.cancel(first)
    assert world.states() == ["ready", "ready"]
    for refused in (world.fetch, world.cancel, world.release):
        with pytest.raises(RunHasMoved):
            refused(first)
    second = world.prepare()
    assert world.run(second).sequence == 2
    held = world.rows("SELECT payout_id FROM payout_run_items WHERE dropped_at IS NULL")
    assert sorted(row.payout_id for row in held) == sorted(payouts)
    tries = world.rows("SELECT number, step, verdict FROM payout_attempts ORDER BY number, step")
    assert [(row.number, row.step, row.verdict) for row in tries] == [
        (1, "begun", None), (1, "begun", None), (1, "ended", "retry"), (1, "ended", "retry"),
        (2, "begun", None), (2, "begun", None),
    ]  # fmt: skip


@pytest.mark.parametrize("released", [False, True])
def test_payment_of_an_annulled_breach_stays_out_of_what_the_bank_gets(world, released):
    first, second = world.pay_to(PAYEE, PAYEE)
    run_id = world.prepare()
    if released:
        world.release(run_id)
    breach_id = world.debt(first).breach_id
    with world.work(Role.MANAGER) as uow:
        annul_breach.ask(uow, breach_id=breach_id, reason="The clock was wrong")
    with world.work(Role.ADMINISTRATOR) as uow:
        annul_breach.decide(uow, breach_id=breach_id, confirm=True, reason="Checked")
    before = world.run(run_id).state
    with pytest.raises(NotOwedAnyMore):
        (world.fetch if released else world.release)(run_id)
    assert (world.run(run_id).state, world.run(run_id).downloaded_at) == (before, None)
    world.cancel(run_id)
    assert world.debt(first).state == "cancelled"
    following = world.prepare()
    world.release(following)
    text = world.fetch(following).content.decode()
    assert mark_of(second) in text and mark_of(first) not in text


def test_run_that_the_bank_may_have_is_not_cancelled(world):
    world.pay_to(PAYEE)
    run_id = world.prepare()
    world.release(run_id)
    world.fetch(run_id)
    with pytest.raises(RunHasMoved):
        world.cancel(run_id)
    assert world.states() == ["submitting"]


@pytest.mark.parametrize("released", [False, True])
def test_file_whose_day_is_over_goes_nowhere_and_its_payouts_into_another(world, released):
    world.pay_to(PAYEE)
    run_id = world.prepare()
    world.now = dt.datetime(2026, 3, 3, 21, 59, tzinfo=dt.UTC)  # its day ends in Helsinki
    if released:
        world.release(run_id)
    world.later(minutes=1)
    with pytest.raises(RunTooLate):
        world.fetch(run_id) if released else world.release(run_id)
    assert world.run(run_id).state == ("released" if released else "draft")
    world.cancel(run_id)
    again = world.prepare()
    world.release(again)
    assert world.run(again).execute_on == dt.date(2026, 3, 5)
    world.fetch(again)
    world.later(days=9)
    assert world.fetch(again).content


def test_nothing_is_prepared_where_nothing_waits_or_the_rail_is_not_in_use(world):
    with pytest.raises(NothingToPay):
        world.prepare()
    world.pay_to(PAYEE)
    world.execute("UPDATE rail_settings SET enabled = false")
    with pytest.raises(RailNotInUse):
        world.prepare()
    world.rails = RAILS
    with pytest.raises(RailNotInUse):
        world.prepare()
    with pytest.raises(NotFound):
        world.cancel(new_id())
    assert world.rows("SELECT 1 FROM payout_runs") == []


def test_payout_that_is_not_as_it_was_frozen_goes_to_a_person(world):
    payouts = world.pay_to(PAYEE, PAYEE)
    world.cancel(world.prepare())
    world.execute("UPDATE payouts SET amount_minor = 999 WHERE id = ANY(%(ids)s)", payouts[:1])
    run_id = world.prepare()
    assert world.run(run_id).count == 1
    assert world.states() == [("needs_review", "other_effect"), "submitting"]


def test_payout_whose_details_do_not_open_goes_to_a_person_and_the_rest_into_the_file(world):
    payouts = world.pay_to(PAYEE, PAYEE)
    world.execute(
        "UPDATE payout_destinations SET details_sealed = 'nothing' WHERE id IN"
        " (SELECT destination_id FROM payouts WHERE id = ANY(%(ids)s))",
        payouts[:1],
    )
    assert world.run(world.prepare()).count == 1
    assert world.states() == [("needs_review", "other_effect"), "submitting"]


def test_payout_whose_details_are_gone_waits(world):
    world.pay_to(PAYEE)
    world.execute("UPDATE payout_destinations SET details_sealed = NULL")
    with pytest.raises(NothingToPay):
        world.prepare()
    assert world.states() == ["ready"]


def test_frozen_file_that_changed_is_never_given_out(world, owner_url):
    world.pay_to(PAYEE, PAYEE)
    run_id = world.prepare()
    world.release(run_id)
    world.execute("UPDATE payout_runs SET content_hash = '\\x00'::bytea")
    with pytest.raises(RuntimeError):
        world.fetch(run_id)
    world.execute("UPDATE payout_runs SET content_sealed = NULL")
    with pytest.raises(FileNoLongerKept):
        world.fetch(run_id)
    assert world.run(run_id).state == "released"


def test_one_person_alone_is_refused_by_the_database_too(world):
    world.pay_to(PAYEE)
    world.prepare()
    with pytest.raises(psycopg.errors.CheckViolation):
        world.execute(
            "UPDATE payout_runs SET state = 'released', released_at = now(),"
            " released_by = prepared_by"
        )


@pytest.mark.parametrize("said", ["", "1", "45", "soon"])
def test_days_of_silence_are_the_organisations_within_reason(said):
    world = Payer(settings={"debtor_name": "Bank", "silent_days": said})
    world.pay_to(PAYEE)
    run_id = world.prepare()
    world.release(run_id)
    world.fetch(run_id)
    days = {"": 3, "1": 1, "45": 30, "soon": 3}[said]
    assert world.run(run_id).answer_by == answer_by(world.now, days, "Europe/Helsinki")


def test_two_people_at_once_prepare_one_run(world, app_url):
    world.pay_to(*[PAYEE] * 4)
    with crowd(app_url, 4) as people:
        made = people.at_once(lambda number: world.prepare())
    assert sum(isinstance(one, NothingToPay) for one in made) == 3
    assert world.one("SELECT count(*) AS n, sum(count) AS all FROM payout_runs")[:2] == (1, 4)


def test_release_and_cancel_at_once_end_in_one_of_them(world, app_url):
    for _ in range(5):
        world.pay_to(PAYEE)
        run_id = world.prepare()
        check_sum = world.run(run_id).check_sum[:8]

        def act(number, run_id=run_id, check_sum=check_sum):
            if number % 2:
                return world.cancel(run_id)
            world.release(run_id, typed=check_sum)
            return world.fetch(run_id)

        with crowd(app_url, 4) as people:
            told = people.at_once(act)
        fetched = [one for one in told if hasattr(one, "content")]
        state = world.run(run_id).state
        assert (state == "downloaded") == bool(fetched)
        payout = world.one("SELECT state FROM payouts ORDER BY created_at DESC LIMIT 1").state
        assert payout == ("submitting" if state == "downloaded" else "ready")
        assert state in ("downloaded", "cancelled")
        if payout == "ready":
            world.execute("UPDATE payouts SET state = 'cancelled' WHERE state = 'ready'")


def test_marks_name_payouts_and_nothing_else():
    payout_id = new_id()
    assert payout_of_mark(mark_of(payout_id)) == payout_id
    assert len(mark_of(payout_id)) == 26
    assert [payout_of_mark(one) for one in ("", "INVOICE-7", "A" * 40, "ä" * 26)] == [None] * 4


def test_bank_days_leave_out_weekends_and_the_holidays_of_the_euro_area():
    closed = [(4, 3), (4, 4), (4, 5), (4, 6), (5, 1), (12, 25), (12, 26)]
    assert not any(is_bank_day(dt.date(2026, *day)) for day in closed)
    assert is_bank_day(dt.date(2026, 12, 24)) and is_bank_day(dt.date(2026, 4, 2))
    assert bank_days_later(dt.date(2026, 4, 2), 1) == dt.date(2026, 4, 7)


def by_hand(world, payout_id, *, receipt="K-1", role=Role.MANAGER):
    with world.work(role) as uow:
        mark_paid(uow, payout_id=payout_id, receipt=receipt)


def test_payment_by_hand_needs_somebody_without_a_part_in_it():
    world = Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})
    (payout_id,) = world.owe(1, details=lambda n: {})
    with pytest.raises(SecondPersonNeeded):
        by_hand(world, payout_id, role=Role.CLERK)
    with pytest.raises(ReceiptMissing):
        by_hand(world, payout_id, receipt=" \n")
    with pytest.raises(Forbidden):
        by_hand(world, payout_id, role=None)
    with pytest.raises(NotAPayoutByHand):
        by_hand(world, new_id())
    assert world.states() == ["ready"]


def test_payment_by_hand_is_noted_once_by_many_at_once(app_url):
    world = Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})
    (payout_id,) = world.owe(1, details=lambda n: {})
    with crowd(app_url, 4) as people:
        told = people.at_once(lambda number: by_hand(world, payout_id, receipt=f"K-{number}"))
    assert sum(isinstance(one, NotAPayoutByHand) for one in told) == 3
    assert world.balances() == {"compensation_expense": 1000, f"money_out:{MANUAL}": -1000}
