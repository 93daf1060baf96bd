"""Approvals, vouchers and the ledger, as the staff's browsers send them."""

import pytest

from promises.compensation.holding import mark_of
from promises.flows import redeem_voucher
from promises.kernel.actors import Role
from tests.flows.ground import QUARTER, TICK, World
from tests.parts import Page, check_page
from tests.web.staff import sign_in

pytestmark = pytest.mark.usefixtures("as_application")


class Desk:
    """A signed-in member's browser at the instant of a world."""

    def __init__(self, client, world, role):
        self.client, self.world = client, world
        self.base = f"/o/{world.made.slug}/staff"
        sign_in(client, world.made, role)

    def get(self, path, **query):
        return self.client.get(self.base + path, query_string=query)

    def post(self, path, page="/approvals", **data):
        token = next(
            fields["csrf_token"]
            for method, _action, fields in Page(self.get(page).text).forms
            if method == "post" and "csrf_token" in fields
        )
        return self.client.post(self.base + path, data={"csrf_token": token} | data)


@pytest.fixture
def world():
    return World()


def broken(world, count=2):
    tickets = [world.take() for _ in range(count)]
    world.now += QUARTER + TICK
    world.sweep()
    return tickets


def marked(debt):
    """As the list shows it."""
    return f"{debt.id} {mark_of(debt.amount_minor, debt.holds)}"


def whole_list(desk):
    """What the button for the whole list sends."""
    page = Page(desk.get("/approvals", hold="presence").text)
    return next(
        {name: fields[name] for name in ("hold", "shown")}
        for _method, action, fields in page.forms
        if action.endswith("/approve-all")
    )


def test_manager_approves_those_chosen_and_no_others(client, world):
    broken(world)
    first, second = world.compensations()
    desk = Desk(client, world, Role.MANAGER)
    page = check_page(desk.get("/approvals"))
    assert "2 compensations" in page.text

    answer = desk.post("/approvals/approve", chosen=marked(first))

    assert answer.status_code == 303
    assert {row.id: row.state for row in world.compensations()} == {
        first.id: "released",
        second.id: "owed",
    }


def test_whole_list_is_approved_only_as_it_was_shown(client, world):
    broken(world)
    desk = Desk(client, world, Role.MANAGER)
    shown = whole_list(desk)
    broken(world, 1)
    stale = desk.post("/approvals/approve-all", **shown)
    assert stale.status_code == 409
    assert {row.state for row in world.compensations()} == {"owed"}
    fresh = desk.post("/approvals/approve-all", **whole_list(desk))
    assert fresh.status_code == 303
    assert {row.state for row in world.compensations()} == {"released"}


def test_refusal_without_a_reason_changes_nothing(client, world):
    broken(world, 1)
    (owed,) = world.compensations()
    desk = Desk(client, world, Role.MANAGER)
    answer = desk.post("/approvals/refuse", chosen=marked(owed))
    assert answer.status_code == 422
    check_page(answer)
    assert world.compensations()[0].state == "owed"
    desk.post("/approvals/refuse", chosen=marked(owed), reason="Nobody was there")
    assert world.compensations()[0].closing_reason == "Nobody was there"


def test_nothing_chosen_says_so(client, world):
    broken(world, 1)
    answer = Desk(client, world, Role.MANAGER).post("/approvals/approve")
    assert answer.status_code == 422
    assert "Choose at least one" in answer.text


def test_accountant_reads_but_cannot_decide(client, world):
    broken(world, 1)
    (owed,) = world.compensations()
    desk = Desk(client, world, Role.ACCOUNTANT)
    check_page(desk.get("/approvals"))
    check_page(desk.get("/ledger"))
    check_page(desk.get("/vouchers"))
    answer = desk.post("/approvals/approve", chosen=marked(owed))
    assert answer.status_code == 403
    assert world.compensations()[0].state == "owed"


def test_clerk_sees_no_approvals(client, world):
    assert Desk(client, world, Role.CLERK).get("/approvals").status_code == 403


def test_mass_breach_is_decided_once_for_all(client, world):
    for _ in range(3):
        world.take()
    world.later(minutes=40)
    world.sweep()
    (window,) = world.rows("SELECT id FROM hold_windows")
    desk = Desk(client, world, Role.MANAGER)
    assert "3 compensations are held" in check_page(desk.get("/approvals")).text
    answer = desk.post(f"/approvals/windows/{window.id}", decision="refuse", reason="Fire alarm")
    assert answer.status_code == 303
    assert {row.closing_reason for row in world.compensations()} == {"Fire alarm"}
    again = desk.post(f"/approvals/windows/{window.id}", decision="pay", reason="Changed my mind")
    assert again.status_code == 409
    assert {row.state for row in world.compensations()} == {"refused"}


def test_till_shows_the_value_first_and_redeems_once(client, world):
    (ticket,) = broken(world, 1)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    with world.work() as uow:
        ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    desk = Desk(client, world, Role.CLERK)
    check_page(desk.get("/vouchers/redeem"))
    shown = desk.post("/vouchers/redeem", page="/vouchers/redeem", code=code.lower())
    assert "€10.00" in check_page(shown).text
    assert world.vouchers()[0].state == "active"
    done = desk.post("/vouchers/redeem", page="/vouchers/redeem", code=code, seen="1")
    assert done.status_code == 303
    assert world.vouchers()[0].state == "redeemed"
    again = desk.post("/vouchers/redeem", page="/vouchers/redeem", code=code, seen="1")
    assert again.status_code == 303
    assert "Redeemed: give the customer €10.00." in check_page(desk.get("/vouchers/redeem")).text
    twice = desk.post("/vouchers/redeem", page="/vouchers/redeem", code=code, seen="2")
    assert twice.status_code == 409
    assert "was redeemed on" in check_page(twice).text
    assert len(world.rows("SELECT 1 FROM voucher_redemptions")) == 1


def test_unknown_code_is_said_in_words(client, world):
    desk = Desk(client, world, Role.CLERK)
    answer = desk.post("/vouchers/redeem", page="/vouchers/redeem", code="ABCD-ABCD-ABCD-ABCD")
    assert answer.status_code == 404
    assert "No voucher has this code" in check_page(answer).text


def test_desk_shows_a_voucher_again_and_gives_a_new_code(client, world):
    (ticket,) = broken(world, 1)
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    (voucher,) = world.vouchers()
    desk = Desk(client, world, Role.CLERK)
    path = f"/tickets/{ticket.ticket_id}/vouchers"
    page = check_page(desk.get(path))
    with world.work() as uow:
        ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
    assert not any(group in page.text for group in code.split("-")[:3])
    shown = desk.post(f"{path}/{voucher.id}/show", page=path)
    assert all(group in check_page(shown).text for group in code.split("-"))
    refused = desk.post(f"{path}/{voucher.id}/reissue", page=path)
    assert refused.status_code == 422
    renewed = desk.post(f"{path}/{voucher.id}/reissue", page=path, reason="Lost paper")
    assert renewed.status_code == 303
    assert world.vouchers()[0].generation == 2


def test_money_of_another_organisation_is_out_of_reach(client, world):
    other = World()
    broken(other, 1)
    (theirs,) = other.compensations()
    broken(world, 1)
    desk = Desk(client, world, Role.MANAGER)
    answer = desk.post("/approvals/approve", chosen=marked(theirs))
    assert answer.status_code in (303, 409, 404)
    assert other.compensations()[0].state == "owed"
    assert other.rows("SELECT 1 FROM compensation_decisions") == []
