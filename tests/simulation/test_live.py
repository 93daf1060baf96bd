import random
import threading

import pytest

from config import load_config
from promises.db import sql
from promises.db.session import unit_of_work
from promises.desk.models import EventSource
from promises.desk.values import NewTicket
from promises.flows.call_next import call_next
from promises.flows.settle_payouts import settle
from promises.flows.take_number import take_number
from promises.identity import keys, queries
from promises.kernel.actors import SYSTEM
from promises.payouts.rails.voucher import VOUCHER, VoucherRail
from promises.simulation.acts import Acts
from promises.simulation.bank import DAILY, EXPRESS
from promises.simulation.live import LiveDay
from promises.simulation.seed import seed_demo
from promises.simulation.setup import find_bank
from promises.worker.look import Errand
from tests.conftest import bare_app, dispose, make_database
from tests.worker.ground import wait_for, watching

pytestmark = pytest.mark.no_cover

RAILS = {VOUCHER: VoucherRail()}

TICKETS = """
SELECT ticket.*, commitment.state AS judged, commitment.due_at, breach.detected_at
FROM tickets AS ticket
LEFT JOIN commitments AS commitment ON commitment.ticket_id = ticket.id
LEFT JOIN breaches AS breach ON breach.ticket_id = ticket.id
ORDER BY ticket.arrived_at
"""


@pytest.fixture
def apps(server):
    keys.configure(load_config().secret_key)
    queries._ids.clear()
    database = make_database(server)
    application, worker = bare_app(database.app_url), bare_app(database.worker_url)
    with application.app_context():
        seed_demo(RAILS, days=0)
        yield application, worker
    queries._ids.clear()
    dispose(application)
    dispose(worker)
    server.drop_database(database.name)


def rows(statement):
    with unit_of_work(find_bank().organisation_id, SYSTEM) as uow:
        return sql.rows(uow.session, statement)


def play(bank, seconds, stop=None):
    acts = Acts(bank.organisation_id, RAILS)
    LiveDay(acts, bank, random.Random(1), stop or threading.Event()).play(seconds)


@pytest.mark.slow
def test_within_the_first_minute_one_promise_is_kept_one_broken_and_paid(apps):
    _, worker = apps
    bank = find_bank()

    def errand(kind, organisation_id):
        if kind is Errand.SETTLE:
            with worker.app_context():
                settle(organisation_id, RAILS)

    with watching(worker, hand_on=errand):
        play(bank, 52.0)
        wait_for(lambda: rows("SELECT * FROM vouchers"), seconds=120)
    first, second, daily = rows(TICKETS)
    assert (first.judged, daily.judged) == ("kept", "kept")
    assert second.judged == "broken"
    assert (second.due_at - second.arrived_at).total_seconds() == pytest.approx(40, abs=0.001)
    assert 0 <= (second.detected_at - second.due_at).total_seconds() < 5
    assert second.service_started_at > second.detected_at
    (voucher,) = rows("SELECT * FROM vouchers")
    assert (voucher.amount_minor, voucher.state) == (1000, "active")
    assert {row.state for row in rows(TICKETS)} == {"served"}


def test_stopping_leaves_nobody_waiting(apps):
    bank, stop = find_bank(), threading.Event()
    threading.Timer(5.0, stop.set).start()
    play(bank, None, stop)
    found = rows(TICKETS)
    assert len(found) == 3
    assert {row.state for row in found} <= {"left", "served"}


def test_what_a_killed_run_left_is_cleared_and_the_viewers_ticket_stays(apps):
    bank = find_bank()
    acts = Acts(bank.organisation_id, RAILS)
    live = bank.live
    left_over = NewTicket(
        branch_id=live.id, service_kind_id=bank.service_ids[DAILY],
        source=EventSource.KIOSK, device_id=bank.kiosk_id,
    )  # fmt: skip
    viewers = NewTicket(
        branch_id=live.id, service_kind_id=bank.service_ids[DAILY], source=EventSource.DESK
    )
    with acts.work(bank.kiosk) as uow:
        called = take_number(uow, request=left_over)
        waiting = take_number(uow, request=left_over)
        mine = take_number(uow, request=viewers)
    with acts.work(live.clerk(1)) as uow:
        call_next(uow, counter_id=live.counter_ids["3"])
    play(bank, 0.0)
    states = {row.id: row.state for row in rows(TICKETS)}
    assert states == {
        called.ticket_id: "served",
        waiting.ticket_id: "left",
        mine.ticket_id: "waiting",
    }


def test_the_viewer_may_call_the_simulated_customers(apps):
    bank, stop = find_bank(), threading.Event()
    acts = Acts(bank.organisation_id, RAILS)
    live = bank.live

    def call_before_them():
        with apps[0].app_context():
            wait_for(lambda: len(rows(TICKETS)) == 3)
            with acts.work(live.clerk(2)) as uow:
                kinds = [bank.service_ids[EXPRESS]]
                call_next(uow, counter_id=live.counter_ids["1"], service_kind_ids=kinds)

    viewer = threading.Thread(target=call_before_them)
    viewer.start()
    threading.Timer(14.0, stop.set).start()
    play(bank, None, stop)
    viewer.join()
    by_counter = {row.counter_id: row.state for row in rows(TICKETS) if row.state == "called"}
    assert by_counter == {live.counter_ids["1"]: "called"}
