"""Every night: what the provider did against our books, in both directions."""

import datetime as dt

import pytest

from promises.cli.reconcile import reconcile_command
from promises.flows import money_incidents
from promises.flows.reconcile_rails import plan_reconciliations, reconcile
from promises.http import wiring
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from promises.payouts.rails.base import RailUnreachable
from promises.payouts.reconciling import list_runs, run_by_id
from tests.fakes.stripe_server import FakeStripe
from tests.payouts.shop import Shop

pytestmark = pytest.mark.usefixtures("as_application")


@pytest.fixture(scope="module")
def stripe():
    with FakeStripe() as fake:
        yield fake


@pytest.fixture
def shop(stripe):
    return Shop(stripe)


def test_books_that_agree_show_the_same_sums(shop):
    for _ in range(2):
        shop.paid()
    (run,) = shop.reconcile()
    assert (run.theirs, run.theirs_minor, run.ours, run.ours_minor) == (2, 2000, 2, 2000)
    assert (run.differences, run.difference_minor, run.trouble) == (0, 0, None)
    assert shop.open_incidents() == []
    assert shop.unbalanced() == []


def test_payment_of_a_payout_that_we_lack_stops_the_rail_once(shop, stripe):
    ref = shop.refund_unseen(shop.pay())
    (run,) = shop.reconcile()
    assert (run.theirs_minor, run.ours_minor, run.differences) == (1000, 0, 1)
    assert sorted(shop.open_incidents()) == [("rail_paused", shop.rail), ("unknown_effect", ref)]
    assert shop.rail_state().pause_trouble == "other_effect"
    shop.works_again()
    shop.reconcile()
    assert shop.rail_state().paused_at is None  # the same finding does not stop it again


def test_second_payment_of_one_payout_is_an_incident_until_it_is_gone(shop, stripe):
    ((payout_id, payment),) = shop.owe_refunds()
    shop.settle()
    first = shop.payout(payout_id).provider_ref
    stripe.forget_keys()
    second = shop.refund_unseen(payment, payout_id)
    assert second != first
    (run,) = shop.reconcile()
    assert (run.theirs_minor, run.ours_minor, run.differences) == (2000, 1000, 1)
    assert shop.open_incidents() == [("unknown_effect", second)]
    assert (shop.payout(payout_id).state, shop.payout(payout_id).provider_ref) == ("paid", first)
    stripe.turn(second, "failed", "lost_or_stolen_card")
    (run,) = shop.reconcile()
    assert (run.theirs_minor, run.differences, shop.open_incidents()) == (1000, 0, [])


def test_refunds_made_by_hand_share_one_incident_a_month_and_rest_once_closed(shop, stripe):
    payment = shop.pay()
    for _ in range(2):
        shop.refund_by_hand(payment)
    (run,) = shop.reconcile()
    assert (run.theirs, run.differences) == (0, 1)
    assert shop.open_incidents() == [("unknown_effect", f"{shop.rail}:others:2026-03")]
    assert shop.rail_state().paused_at is None
    (incident,) = shop.incidents()
    with shop.work(Role.MANAGER) as uow:
        money_incidents.close(uow, incident_id=incident.id, note="Ours, by hand.")
    (again,) = shop.reconcile()
    assert (again.differences, shop.open_incidents()) == (0, [])
    shop.later(hours=30 * 24)
    stripe.advance(seconds=30 * 86400)
    shop.refund_by_hand(payment)
    shop.reconcile()
    assert shop.open_incidents() == [("unknown_effect", f"{shop.rail}:others:2026-04")]


def test_paid_payout_that_the_provider_lacks_is_missing_until_it_shows(shop):
    shop.paid()
    ((lost, _),) = shop.owe_refunds()
    shop.force(lost, state="paid", key_used_at=shop.now)
    (run,) = shop.reconcile()
    assert (run.theirs, run.ours, run.differences) == (1, 2, 1)
    assert shop.open_incidents() == [("missing_effect", str(lost))]
    shop.refund_unseen(shop.pay(), lost)
    (run,) = shop.reconcile()
    assert (run.differences, shop.open_incidents()) == (0, [])
    (incident,) = shop.incidents()
    assert (incident.closed_by, incident.closing_note) == (None, "")


def test_other_amount_is_an_incident(shop):
    ((payout_id, payment),) = shop.owe_refunds()
    ref = shop.refund_unseen(payment, payout_id, amount=900)
    shop.force(payout_id, state="paid", provider_ref=ref, key_used_at=shop.now)
    (run,) = shop.reconcile()
    assert (run.theirs_minor, run.ours_minor, run.difference_minor) == (900, 1000, -100)
    assert shop.open_incidents() == [("other_amount", ref)]


def test_ready_payout_that_was_paid_before_is_taken_in_and_not_paid_again(shop, stripe):
    ((payout_id, payment),) = shop.owe_refunds()
    ref = shop.refund_unseen(payment, payout_id)
    stripe.forget_keys()
    (run,) = shop.reconcile()
    assert (run.theirs_minor, run.ours_minor, run.differences) == (1000, 1000, 0)
    assert (shop.payout(payout_id).state, shop.payout(payout_id).provider_ref) == ("paid", ref)
    assert len(shop.standing(payout_id)) == 1
    assert shop.audited(payout_id) == ["paid"]
    assert shop.unbalanced() == []


def test_payment_that_was_taken_in_late_is_not_missing_once_its_own_day_is_past(shop, stripe):
    """Such as after a backup: the payment is older than what our books say of it."""
    ((payout_id, payment),) = shop.owe_refunds()
    shop.refund_unseen(payment, payout_id)
    span = {"days": 6, "hours": 12}
    shop.later(**span)
    stripe.advance(**span)
    (run,) = shop.reconcile()
    assert (shop.payout(payout_id).state, run.differences) == ("paid", 0)
    shop.later(days=2)
    stripe.advance(days=2)
    ((lost, _),) = shop.owe_refunds()
    shop.force(lost, state="paid", key_used_at=shop.now)
    (run,) = shop.reconcile()
    assert shop.open_incidents() == [("missing_effect", str(lost))]
    assert (run.theirs, run.ours, run.differences) == (0, 1, 1)


def test_payout_that_waited_for_long_is_looked_up_before_it_first_goes_out(shop, stripe):
    ((payout_id, payment),) = shop.owe_refunds()
    shop.refund_unseen(payment, payout_id)
    stripe.forget_keys()
    shop.later(hours=2)
    shop.settle()
    assert shop.payout(payout_id).state == "paid"
    assert len(shop.standing(payout_id)) == 1


def test_unknown_payout_is_resolved_and_sent_one_arrives(shop, stripe):
    ((unknown, _),) = shop.owe_refunds()
    stripe.fail_next("drop_after")
    shop.settle()
    ((sent, _),) = shop.owe_refunds()
    stripe.fail_next("pending")
    shop.force(unknown, lease_until="2100-01-01T00:00:00Z")
    shop.settle()
    states = [shop.payout(one).state for one in (unknown, sent)]
    assert states == ["unknown", "submitted"]
    stripe.turn(shop.payout(sent).provider_ref, "succeeded")
    shop.reconcile()
    assert [shop.payout(one).state for one in (unknown, sent)] == ["paid", "paid"]


def test_late_failure_that_no_message_told_is_found(shop, stripe):
    payout_id, ref = shop.paid()
    stripe.turn(ref, "failed", "lost_or_stolen_card")
    (run,) = shop.reconcile()
    assert (run.theirs, run.differences) == (0, 0)
    assert shop.payout(payout_id).state == "returned"
    assert shop.unbalanced() == []


def test_money_that_left_for_a_payout_that_ended_is_an_incident(shop):
    ((payout_id, payment),) = shop.owe_refunds()
    shop.force(payout_id, state="failed")
    ref = shop.refund_unseen(payment, payout_id)
    shop.reconcile()
    (incident,) = shop.incidents()
    assert (incident.kind, incident.ref, incident.payout_id) == ("unknown_effect", ref, payout_id)
    assert shop.rail_state().paused_at is None


def test_provider_that_cannot_be_read_leaves_an_unfinished_run(shop, stripe):
    shop.paid()
    stripe.fail_next("500_passing", on="GET /v1/refunds", times=20)
    (run,) = shop.reconcile()
    assert (run.finished_at, run.trouble, run.theirs) == (None, RailUnreachable.__name__, 0)
    stripe._faults.clear()


def _night(shop, hour, day=3):
    """That hour in Helsinki."""
    shop.now = dt.datetime(2026, 3, day, hour, 30, tzinfo=dt.UTC) - dt.timedelta(hours=2)
    with shop.work(None) as uow:
        return plan_reconciliations(uow)


def _runs(shop):
    with shop.work(None) as uow:
        return list_runs(uow.session, organisation_id=shop.made.id, before=None, limit=9)


def test_night_begins_one_run_a_day_and_takes_up_what_did_not_finish(shop):
    shop.paid()
    assert [_night(shop, 1), _night(shop, 2), _night(shop, 3)] == [0, 1, 1]
    (run,) = _runs(shop)
    with shop.at(shop.now):
        done = reconcile(shop.made.id, shop.rails, run.id)
        assert reconcile(shop.made.id, shop.rails, run.id) == done
    assert (done.run_on, done.theirs, done.differences) == (dt.date(2026, 3, 3), 1, 0)
    assert [_night(shop, 4), _night(shop, 3, day=4)] == [0, 1]
    jobs = shop.rows(
        "SELECT args FROM procrastinate_jobs WHERE task_name = 'payouts.reconcile_rails'"
        " AND args ->> 'organisation_id' = %(organisation_id)s::text ORDER BY id"
    )
    assert [one.args["run_id"] for one in jobs][:2] == [str(run.id)] * 2
    with shop.work(None) as uow:
        assert run_by_id(uow.session, organisation_id=shop.made.id, run_id=new_id()) is None


def test_run_of_another_mode_or_of_a_rail_that_is_off_stays_undone(shop):
    _night(shop, 3)
    (run,) = _runs(shop)
    shop.rows("UPDATE reconciliations SET live = true RETURNING id")
    with shop.at(shop.now):
        assert reconcile(shop.made.id, shop.rails, run.id).finished_at is None
        shop.rows("UPDATE rail_settings SET enabled = false RETURNING rail")
        assert reconcile(shop.made.id, shop.rails, run.id).finished_at is None
        assert reconcile(shop.made.id, shop.rails, new_id()) is None


def test_pages_of_a_run_and_of_the_list(shop, monkeypatch):
    refs = [shop.paid() for _ in range(3)]
    monkeypatch.setattr("promises.flows.reconcile_rails.PAGE", 2)
    monkeypatch.setattr("promises.payouts.reconciling.PAGE", 2)
    (run,) = shop.reconcile()
    assert (run.theirs, run.ours, run.differences) == (len(refs), len(refs), 0)
    shop.reconcile()
    first, second = _runs(shop)
    with shop.work(None) as uow:
        rest = list_runs(
            uow.session, organisation_id=shop.made.id, before=(first.started_at, first.id), limit=9
        )
    assert rest == [second]


def test_command_says_what_differs(shop, app, stripe):
    shop.paid()
    runner = app.test_cli_runner()
    found = app.extensions[wiring.EXTENSION]
    app.extensions[wiring.EXTENSION] = wiring.Wiring(
        found.config, found.make_worker_app, shop.rails
    )
    try:
        shop.later(minutes=11)
        with app.app_context(), shop.at(shop.now):
            fine = runner.invoke(reconcile_command, ["--organisation", shop.made.slug])
            shop.refund_unseen(shop.pay())
            bad = runner.invoke(reconcile_command, ["--organisation", shop.made.slug])
            stripe.fail_next("500_passing", on="GET /v1/refunds", times=20)
            away = runner.invoke(reconcile_command, ["--organisation", shop.made.slug])
    finally:
        app.extensions[wiring.EXTENSION] = found
        stripe._faults.clear()
    assert (fine.exit_code, bad.exit_code, away.exit_code) == (0, 1, 1)
    assert "the provider has 1" in fine.output
    assert "1 differences" in bad.output
    assert "not read to its end" in away.output
