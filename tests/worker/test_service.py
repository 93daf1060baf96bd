import dataclasses
import functools
import os
import signal
import threading

import pytest

from config import load_config
from promises.db.embedded import EmbeddedServer
from promises.db.migrate import migrate
from promises.db.roles import APPLICATION, DATABASE, OWNER, WORKER
from promises.desk.models import EventKind, EventSource
from promises.desk.values import EventClaim
from promises.flows.call_next import call_next
from promises.flows.record_event import record_event
from promises.flows.send_messages import Post
from promises.identity import keys
from promises.identity.actions import add_contact
from promises.identity.models import ContactChannel
from promises.ledger.queries import unbalanced_transactions
from promises.notify.channels import NotSetUp
from promises.notify.models import Channel
from promises.payouts.rails.voucher import VOUCHER, VoucherRail
from promises.worker.service import STOPPING, Service, ThreadEnded, Tools, close_branches
from tests.conftest import Database, bare_app, dispose
from tests.notify.mailserver import mail_server
from tests.worker.ground import Live, wait_for
from tests.worker.process import worker_process

VOUCHERS = "SELECT * FROM vouchers WHERE organisation_id = %(organisation_id)s"
MESSAGES = """
SELECT message.kind, message.state, delivery.detail
FROM messages AS message
LEFT JOIN deliveries AS delivery ON delivery.message_id = message.id
WHERE message.organisation_id = %(organisation_id)s ORDER BY message.id, delivery.number
"""


@pytest.fixture
def application(fresh_database):
    keys.configure(load_config().secret_key)
    app = bare_app(fresh_database.app_url)
    yield app
    dispose(app)


def give_contact(live):
    with live.app.app_context(), live.made.work() as uow:
        return add_contact(
            uow.session,
            organisation_id=live.id,
            now=uow.now,
            channel=ContactChannel.EMAIL,
            address="asiakas@example.com",
            locale="en",
        )


def serve(live, ticket):
    with live.app.app_context(), live.made.work() as uow:
        assert call_next(uow, counter_id=live.made.counter_id).called.ticket_id == ticket.ticket_id
    with live.app.app_context(), live.made.work() as uow:
        claim = EventClaim(
            ticket_id=ticket.ticket_id, kind=EventKind.SERVICE_STARTED, source=EventSource.DESK
        )
        record_event(uow, claim=claim)


def test_a_worker_breaks_pays_and_tells_and_ends_when_asked(application, fresh_database, tmp_path):
    live = Live(application)
    with mail_server() as mailbox:
        settings = {
            "LUPAUS_SMTP_URL": f"smtp://127.0.0.1:{mailbox.port}",
            "LUPAUS_MAIL_FROM": "lupaus@bank.example",
        }
        with worker_process(fresh_database, tmp_path / "log", **settings) as process:
            (ticket,) = live.take(contact_id=give_contact(live))
            (breach,) = wait_for(live.breaches)
            assert (breach.detected_at - breach.breached_at).total_seconds() < 5
            serve(live, ticket)
            wait_for(lambda: live.rows(VOUCHERS))
            wait_for(lambda: len(mailbox.received) == 3)
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
    subjects = {message["Subject"] for message in mailbox.received}
    assert "We broke our promise: €10 is yours" in subjects
    log = (tmp_path / "log").read_text()
    assert "event=breaches_recorded" in log
    assert "event=worker_stopped" in log
    assert "asiakas@example.com" not in log
    assert "Traceback" not in log


def test_without_a_mail_server_the_log_of_deliveries_says_so(application, fresh_database, tmp_path):
    live = Live(application, seconds=600)
    with worker_process(fresh_database, tmp_path / "log"):
        live.take(contact_id=give_contact(live))
        wait_for(lambda: [row.state for row in live.rows(MESSAGES)] == ["dropped"])
    (row,) = live.rows(MESSAGES)
    assert row.detail == "no mail server is set up"


def more_than(live, seen):
    return len(live.breaches()) > seen


@pytest.mark.crash
def test_killed_workers_lose_and_repeat_nothing(application, fresh_database, tmp_path):
    live = Live(application)
    for _ in range(3):
        with worker_process(fresh_database, tmp_path / "log") as process:
            live.take(40)
            wait_for(functools.partial(more_than, live, len(live.breaches())))
            process.send_signal(signal.SIGKILL)
            process.wait(120)
    with worker_process(fresh_database, tmp_path / "log"):
        wait_for(lambda: len(live.breaches()) == 120)
    owed = live.rows(
        "SELECT count(*) AS n, count(DISTINCT breach_id) AS breaches FROM compensations"
        " WHERE organisation_id = %(organisation_id)s"
    )
    assert (owed[0].n, owed[0].breaches) == (120, 120)
    with application.app_context(), live.made.work(None) as uow:
        assert unbalanced_transactions(uow.session, organisation_id=live.id) == []


@pytest.mark.crash
def test_two_workers_share_the_work(application, fresh_database, tmp_path):
    live = Live(application)
    live.take(200)
    with (
        worker_process(fresh_database, tmp_path / "one"),
        worker_process(fresh_database, tmp_path / "other"),
    ):
        wait_for(lambda: len(live.breaches()) == 200)
    assert "Traceback" not in (tmp_path / "one").read_text() + (tmp_path / "other").read_text()


@pytest.mark.crash
@pytest.mark.slow
def test_a_worker_goes_on_when_the_database_was_away(tmp_path):
    keys.configure(load_config().secret_key)
    with EmbeddedServer(tmp_path / "postgres") as own:
        migrate(own.url(OWNER))
        urls = [own.url(role) for role in (APPLICATION, WORKER, OWNER)]
        config = dataclasses.replace(load_config(), app_url=urls[0], worker_url=urls[1])
        database = Database(DATABASE, *urls, config)
        application = bare_app(database.app_url)
        live = Live(application)
        with worker_process(database, tmp_path / "log") as process:
            live.take()
            wait_for(live.breaches)
            own.stop()
            dispose(application)
            wait_for(lambda: "database_away" in (tmp_path / "log").read_text())
            threading.Event().wait(4)
            own.start()
            live.take()
            wait_for(lambda: len(live.breaches()) == 2, seconds=120)
            assert "database_back" in (tmp_path / "log").read_text()
            process.send_signal(signal.SIGTERM)
            assert process.wait(120) == 0
        dispose(application)


def test_closing_a_branch_that_is_open_ends_nothing(application, fresh_database):
    live = Live(application, seconds=600)
    live.take(2)
    worker = bare_app(fresh_database.worker_url)
    with worker.app_context():
        assert close_branches(live.id) == 0
    dispose(worker)
    assert {row.state for row in live.rows("SELECT state FROM tickets")} == {"waiting"}


def test_all_parts_run_and_stop_in_one_process(application, fresh_database):
    """The same as above inside this process: what the service starts, it also ends."""
    live = Live(application)
    worker = bare_app(fresh_database.worker_url)
    nothing = NotSetUp("not set up here")
    post = Post({Channel.EMAIL: nothing, Channel.SMS: nothing}, "https://promises.example")
    service = Service(worker, fresh_database.worker_url, Tools({VOUCHER: VoucherRail()}, post))
    done = []

    def act():
        try:
            (ticket,) = live.take(contact_id=give_contact(live))
            wait_for(live.breaches)
            serve(live, ticket)
            wait_for(lambda: live.rows(VOUCHERS))
            wait_for(lambda: {row.state for row in live.rows(MESSAGES)} == {"dropped"})
            done.append(True)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    before = [signal.getsignal(number) for number in STOPPING]
    actor = threading.Thread(target=act)
    actor.start()
    try:
        service.run()
    finally:
        for number, handler in zip(STOPPING, before, strict=True):
            signal.signal(number, handler)
        actor.join()
        dispose(worker)
    assert done == [True]
    assert not any(thread.is_alive() for thread in service._threads)


def test_a_part_that_ends_by_itself_ends_the_service(application, fresh_database, monkeypatch):
    worker = bare_app(fresh_database.worker_url)
    service = Service(worker, fresh_database.worker_url, Tools({}, Post({}, "https://x.example")))
    monkeypatch.setattr(service, "_threads", [threading.Thread(target=int, name="watcher")])
    with pytest.raises(ThreadEnded, match="watcher"):
        service.run()
    dispose(worker)
