"""Payout files on the pages: made by one, released by another, fetched, answered, paid by hand."""

import io
from hashlib import sha256

import pytest

from promises.kernel.actors import Role
from promises.payouts.rails.manual import MANUAL, ManualMaker
from tests.desk.pages import Counter
from tests.payouts.bank import PAYEE, Payer, bank
from tests.web.staff import csrf_token

pytestmark = pytest.mark.usefixtures("as_application")


class Desk(Counter):
    def send(self, path, page=None, **fields):
        with self.world.at(self.world.now):
            token = csrf_token(self.client, self.address(page or path))
            return self.client.post(
                self.address(path),
                data={"csrf_token": token} | fields,
                content_type="multipart/form-data",
            )

    def text(self, path):
        return self.page(path).text


@pytest.fixture
def world():
    return Payer()


@pytest.fixture
def manager(client, world):
    return Desk(client, role=Role.MANAGER, world=world)


@pytest.fixture
def accountant(app, world):
    return Desk(app.test_client(), role=Role.ACCOUNTANT, world=world)


def test_file_goes_from_the_first_person_to_the_bank_and_back(world, manager, accountant):
    world.pay_to(PAYEE, PAYEE)
    assert "2 payouts of €20.00 in all wait" in manager.get("payouts/runs").text
    made = manager.send("payouts/runs", rail="sepa")
    path = made.headers["Location"].partition("/staff/")[2]
    run = world.run(path.rpartition("/")[2])
    shown = manager.get(path).text
    assert run.check_sum[:8] in shown and "somebody else releases it" in shown
    wrong = accountant.send(f"{path}/release", path, typed="00000000")
    assert wrong.status_code == 422 and "not the first eight characters" in wrong.text
    own = manager.send(f"{path}/release", path, typed=run.check_sum[:8])
    assert own.status_code == 422 and world.run(run.id).state == "draft"
    assert accountant.send(f"{path}/release", path, typed=run.check_sum[:8]).status_code == 303
    file = accountant.send(f"{path}/file", path)
    assert sha256(file.data).hexdigest().upper() == run.check_sum
    assert "attachment" in file.headers["Content-Disposition"]
    assert manager.send(f"{path}/file", path).data == file.data
    with bank() as their:
        their.receive(file.data)
        answer = their.mail("pain.002")[0].encode()
    upload = {"rail": "sepa", "file": (io.BytesIO(answer), "answer.xml")}
    assert accountant.send("payouts/bank-files", **upload).status_code == 303
    listed = accountant.get("payouts/bank-files").text
    assert "Taken in: 2 payouts went on." in listed and "Answer to a payment file" in listed
    again = {"rail": "sepa", "file": (io.BytesIO(answer), "answer.xml")}
    accountant.send("payouts/bank-files", **again)
    assert "was here before" in accountant.get("payouts/bank-files").text
    hostile = {"rail": "sepa", "file": (io.BytesIO(b"<!DOCTYPE a><a/>"), "answer.xml")}
    refused = accountant.send("payouts/bank-files", **hostile)
    assert refused.status_code == 422 and "its own document type" in refused.text
    assert "On its way" in manager.get(path).text


def test_cancelled_file_shows_it_and_cannot_be_fetched(world, manager):
    world.pay_to(PAYEE)
    path = manager.send("payouts/runs", rail="sepa").headers["Location"].partition("/staff/")[2]
    manager.send(f"{path}/cancel", path)
    assert "goes nowhere" in manager.get(path).text
    assert manager.send(f"{path}/file", "payouts/bank-files").status_code == 303
    assert manager.send("payouts/runs", rail="voucher").status_code == 303
    assert "not in use" in manager.get("payouts/runs").text
    assert world.states() == ["ready"]


def test_administrator_sees_files_and_moves_nothing(world, app, manager):
    world.pay_to(PAYEE)
    path = manager.send("payouts/runs", rail="sepa").headers["Location"].partition("/staff/")[2]
    keeper = Desk(app.test_client(), role=Role.ADMINISTRATOR, world=world)
    assert "Cancel the file" not in keeper.get(path).text
    assert keeper.send(f"{path}/cancel", path).status_code == 403
    assert keeper.get("payouts/bank-files").status_code == 200
    clerk = Desk(app.test_client(), world=world)
    assert clerk.get(path).status_code == 403
    assert world.run(path.rpartition("/")[2]).state == "draft"


def test_payout_by_hand_is_paid_by_somebody_else_with_a_receipt(app, client):
    world = Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})
    (payout_id,) = world.owe(1, details=lambda n: {})
    manager = Desk(client, role=Role.MANAGER, world=world)
    path, page = f"payouts/manual/{payout_id}", "payouts/manual"
    assert "One payout waits" in manager.get(page).text
    missing = manager.send(path, page, receipt=" ")
    assert missing.status_code == 422
    assert world.states() == ["ready"]
    assert manager.send(path, page, receipt="K-104").status_code == 303
    assert world.payout(payout_id).provider_ref == "K-104"
    assert world.states() == ["paid"]
    assert world.balances() == {"compensation_expense": 1000, f"money_out:{MANUAL}": -1000}
    again = manager.send(path, "payouts/bank-files", receipt="K-105")
    assert again.status_code == 422 and "does not wait to be paid by hand" in again.text
    noted = world.one("SELECT details FROM audit_records WHERE action = 'payout_paid_by_hand'")
    assert noted.details == {"receipt": "K-104"}


def test_payment_by_hand_that_came_back_is_entered_at_the_payout(app, client):
    world = Payer(ManualMaker(), rail=MANUAL, settings={}, secrets={})
    (payout_id,) = world.owe(1, details=lambda n: {})
    manager = Desk(client, role=Role.MANAGER, world=world)
    page, path = f"payouts/{payout_id}", f"payouts/{payout_id}/returned"
    assert "Did the money come back?" not in manager.get(page).text
    manager.send(f"payouts/manual/{payout_id}", "payouts/manual", receipt="K-104")
    keeper = Desk(app.test_client(), role=Role.ADMINISTRATOR, world=world)
    assert "Did the money come back?" not in keeper.get(page).text
    entered = {"returned_on": world.now.date().isoformat(), "why": "wrong", "proof": "B <17>"}
    assert keeper.send(path, page, **entered).status_code == 403
    for wrong in ({"proof": " "}, {"why": "sold"}, {"returned_on": "2031-01-01"}):
        assert manager.send(path, page, **entered | wrong).status_code == 422
    assert world.states() == ["paid"]
    assert manager.send(path, page, **entered).status_code == 303
    assert world.states() == [("returned", "details_wrong")]
    shown = manager.get(page).text
    assert "B &lt;17&gt;" in shown and "Did the money come back?" not in shown
    again = manager.send(path, page, **entered)
    assert again.status_code == 422 and "has come back already" in again.text
    assert manager.send(f"payouts/{world.made.id}/returned", page, **entered).status_code == 404
