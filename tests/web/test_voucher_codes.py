"""Whose voucher codes the desk may see, and what is known of who saw one."""

import html
import re

import pytest

from promises.db.sql import execute
from promises.flows import redeem_voucher
from promises.identity.branches import BranchSettings, add_branch
from promises.kernel.actors import Role
from promises.reporting.vouchers import _ALL, _OF_STATE, _SHOWN_AND_REDEEMED
from promises.web import vouchers
from tests.flows.ground import QUARTER, TICK, World
from tests.flows.test_goodwill import give, set_rule
from tests.parts import check_page
from tests.web.test_money_pages import Desk

pytestmark = pytest.mark.usefixtures("as_application")

PICTURE = 'class="qr"'
MARK = "Shown and redeemed by one person"


@pytest.fixture
def world():
    return World()


def issued(world):
    """A ticket with a voucher."""
    ticket = world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    world.settle()
    return ticket


def codes(world, ticket):
    with world.work() as uow:
        return redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)


def redeem(world, ticket, role=Role.CLERK):
    ((voucher, code),) = codes(world, ticket)
    with world.work(role) as uow:
        redeem_voucher.redeem_at_till(uow, code=code, counter_id=None, form=f"till-{voucher.id}")
    return voucher


def path_of(ticket):
    return f"/tickets/{ticket.ticket_id}/vouchers"


def press(desk, ticket, voucher, button="show", **data):
    with desk.world.at(desk.world.now):
        return desk.post(
            f"{path_of(ticket)}/{voucher.id}/{button}", page="/vouchers/redeem", **data
        )


def hidden(answer, code):
    """Its last four characters name a voucher; the rest and the picture are its code."""
    return not any(one in answer.text for one in [*code.split("-")[:3], PICTURE])


def showings(world):
    return world.rows("SELECT * FROM voucher_showings ORDER BY shown_at, id")


def audited(world, action):
    return world.rows(
        "SELECT details, actor_id, object_id FROM audit_records WHERE action = %(a)s"
        " ORDER BY number",
        a=action,
    )


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


def test_code_is_shown_to_one_who_presses_for_it_and_is_noted_once(client, world):
    ticket = issued(world)
    set_rule(world)
    give(world, ticket)
    world.later(seconds=10).settle()
    (voucher, code), (other, unseen) = codes(world, ticket)
    desk = Desk(client, world, Role.CLERK)
    masked = desk.get(path_of(ticket))
    text = check_page(masked).text
    assert hidden(masked, code) and hidden(masked, unseen)
    assert voucher.last4 in text and other.last4 in text and "Valid until" in text
    assert showings(world) == [] == audited(world, "voucher_shown")

    shown = press(desk, ticket, voucher)
    assert (shown.status_code, shown.headers["Cache-Control"]) == (200, "no-store")
    check_page(shown)
    assert all(group in shown.text for group in code.split("-"))
    assert not any(group in shown.text for group in unseen.split("-")[:3])
    assert shown.text.count(PICTURE) == 1
    press(desk, ticket, voucher)
    (noted,) = showings(world)
    clerk = world.made.members[Role.CLERK]
    assert (noted.voucher_id, noted.generation, noted.shown_at) == (voucher.id, 1, world.now)
    assert (noted.actor_kind, noted.actor_id) == ("member", clerk)
    assert [(row.details, row.actor_id, row.object_id) for row in audited(world, "voucher_shown")] \
        == [({"generation": 1}, clerk, voucher.id)]  # fmt: skip
    assert hidden(desk.get(path_of(ticket)), code)


def test_code_is_not_shown_of_what_is_elsewhere_spent_expired_or_asked_without_a_token(
    client, world
):
    ticket, other, spent, late = (issued(world) for _ in range(4))
    ((voucher, code),) = codes(world, ticket)
    redeemed = redeem(world, spent)
    ((expired, _),) = codes(world, late)
    with world.later(minutes=1).work() as uow:
        over = {"now": uow.now, "voucher": expired.id}
        execute(
            uow.session, "UPDATE vouchers SET expires_at = %(now)s WHERE id = %(voucher)s", over
        )
    desk = Desk(client, world, Role.CLERK)
    foreign = World()
    theirs = issued(foreign)
    answers = [
        (404, press(desk, other, voucher)),
        (404, press(desk, theirs, codes(foreign, theirs)[0][0])),
        (404, press(desk, ticket, codes(foreign, theirs)[0][0])),
        (409, press(desk, spent, redeemed)),
        (410, press(desk, late, expired)),
        (409, press(desk, spent, redeemed, "reissue", reason="Lost paper")),
        (400, client.post(f"{desk.base}{path_of(ticket)}/{voucher.id}/show")),
        (405, desk.get(f"{path_of(ticket)}/{voucher.id}/show")),
    ]
    for place, words in ((3, "was redeemed on"), (4, "expired on"), (5, "was redeemed on")):
        assert words in check_page(answers[place][1]).text
    move_clerk(world)
    answers.append((404, press(desk, ticket, voucher)))
    assert [answer.status_code for _, answer in answers] == [status for status, _ in answers]
    assert all(hidden(answer, code) for _, answer in answers)
    assert showings(world) == [] == audited(world, "voucher_shown") == showings(foreign)


def test_new_code_is_not_shown_by_itself(client, world):
    ticket = issued(world)
    ((voucher, old),) = codes(world, ticket)
    desk = Desk(client, world, Role.CLERK)
    press(desk, ticket, voucher)
    assert press(desk, ticket, voucher, "reissue", reason="Lost paper").status_code == 303
    ((_, new),) = codes(world, ticket)
    page = desk.get(path_of(ticket))
    assert "has a new code" in page.text
    assert hidden(page, old) and hidden(page, new)
    assert [row.generation for row in showings(world)] == [1]
    shown = press(desk, ticket, voucher)
    assert all(group in shown.text for group in new.split("-"))
    assert [row.generation for row in showings(world)] == [1, 2]


def test_voucher_redeemed_by_whom_its_code_was_shown_to_is_marked_for_managers(
    client, world, monkeypatch
):
    seen, renewed, older, others, plain = (issued(world) for _ in range(5))
    desk = Desk(client, world, Role.CLERK)
    for ticket in (seen, older, others):
        press(desk, ticket, codes(world, ticket)[0][0])
    press(desk, renewed, codes(world, renewed)[0][0], "reissue", reason="Lost paper")
    with world.work(Role.MANAGER) as uow:
        of_older = codes(world, older)[0][0]
        redeem_voucher.reissue(uow, voucher_id=of_older.id, reason="Lost paper")
    marked = [redeem(world.later(minutes=1), ticket).id for ticket in (seen, renewed, older)]
    fine = [redeem(world, others, Role.MANAGER).id, redeem(world, plain).id]

    told = {row.object_id: row.details for row in audited(world, "voucher_redeemed")}
    assert {one for one, details in told.items() if details["shown_before"]} == set(marked)
    assert set(told) == {*marked, *fine}
    kept = world.rows("SELECT voucher_id FROM voucher_redemptions WHERE shown_before")
    assert {row.voucher_id for row in kept} == set(marked)

    manager = Desk(client, world, Role.MANAGER)
    everything = check_page(manager.get("/vouchers", state="redeemed")).text
    assert everything.count(MARK) == len(marked) + 1  # and the tab
    monkeypatch.setattr(vouchers, "PAGE", 2)
    first = manager.get("/vouchers", only="one_person")
    by_id = {row.id: row.last4 for row in world.vouchers()}
    assert listed(first, by_id) == set(marked[1:])
    last = client.get(next_page(first))
    assert (listed(last, by_id), next_page(last)) == ({marked[0]}, None)


def next_page(answer):
    found = re.search(r'rel="next" href="([^"]*)"', answer.text)
    return found and html.unescape(found[1])


def listed(answer, by_id):
    text = check_page(answer).text
    return {voucher_id for voucher_id, last4 in by_id.items() if last4 in text}


def test_nobody_marked_is_said_in_words(client, world):
    redeem(world, issued(world))
    page = check_page(Desk(client, world, Role.MANAGER).get("/vouchers", only="one_person"))
    assert "Nobody has redeemed a voucher whose code they were shown before." in page.text


@pytest.mark.parametrize(
    ("page", "index"),
    [
        (_ALL, "ix_vouchers_issued"),
        (_OF_STATE, "ix_vouchers_of_state"),
        (_SHOWN_AND_REDEEMED, "ix_voucher_redemptions_shown_before"),
    ],
)
def test_page_of_vouchers_is_read_from_its_index(world, page, index):
    """Not from all vouchers, however many there are."""
    params = {
        "organisation_id": world.made.id, "limit": 51, "state": "expired",
        "before_at": world.now, "before_id": world.made.id,
    }  # fmt: skip
    with world.work(Role.MANAGER) as uow:
        connection = uow.session.connection()
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        connection.exec_driver_sql("SET LOCAL enable_bitmapscan = off")
        plan = connection.exec_driver_sql(
            f"EXPLAIN {page}", params
        ).scalars().all()  # fmt: skip
    text = "\n".join(plan)
    assert index in text
    assert "Sort" not in text


def test_voucher_of_another_branch_is_neither_shown_nor_given_a_new_code(client, world):
    ticket = issued(world)
    (voucher,) = world.vouchers()
    desk = Desk(client, world, Role.CLERK)
    assert voucher.last4 in desk.get(path_of(ticket)).text
    move_clerk(world)
    shown = desk.get(path_of(ticket))
    assert (shown.status_code, voucher.last4 in shown.text) == (404, False)
    assert press(desk, ticket, voucher, "reissue", reason="Lost paper").status_code == 404
    assert world.vouchers()[0].generation == 1
