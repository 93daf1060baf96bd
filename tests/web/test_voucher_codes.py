"""Whose voucher codes the desk may see."""

import pytest

from promises.db.sql import execute
from promises.identity.branches import BranchSettings, add_branch
from promises.kernel.actors import Role
from tests.flows.ground import QUARTER, TICK, World
from tests.web.test_money_pages import Desk

pytestmark = pytest.mark.usefixtures("as_application")


def move_clerk(world):
    """To a branch of their own."""
    with world.work(Role.ADMINISTRATOR) as uow:
        branch = add_branch(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            settings=BranchSettings(name="Harbour", time_zone="Europe/Helsinki"),
        )
        moved = {"branch": branch.id, "member": world.made.members[Role.CLERK]}
        execute(
            uow.session, "UPDATE members SET branch_id = %(branch)s WHERE id = %(member)s", moved
        )


def test_voucher_of_another_branch_is_neither_shown_nor_given_a_new_code(client):
    world = World()
    ticket = world.take()
    world.now += QUARTER + TICK
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    (voucher,) = world.vouchers()
    desk = Desk(client, world, Role.CLERK)
    path = f"/tickets/{ticket.ticket_id}/vouchers"
    assert voucher.last4 in desk.get(path).text
    move_clerk(world)
    shown = desk.get(path)
    assert (shown.status_code, voucher.last4 in shown.text) == (404, False)
    renewed = desk.post(
        f"{path}/{voucher.id}/reissue", page="/vouchers/redeem", reason="Lost paper"
    )
    assert renewed.status_code == 404
    assert world.vouchers()[0].generation == 1
