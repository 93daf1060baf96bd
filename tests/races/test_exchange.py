"""A till and a change of mind at the same moment: one voucher, one effect."""

import pytest

from promises.flows import choose_payout, redeem_voucher
from promises.kernel.errors import DomainError
from promises.payouts.errors import AlreadyRedeemed, VoucherNotActive
from promises.payouts.rails.names import SEPA
from promises.payouts.rails.voucher import VOUCHER
from tests.flows.choosing import ChoosingWorld
from tests.races.crowd import crowd

pytestmark = pytest.mark.no_cover

ROUNDS = 12


def test_of_tills_and_a_change_of_mind_one_wins_every_time(as_application, app_url):
    world = ChoosingWorld()
    tickets, codes, tokens = [], [], []
    for number in range(ROUNDS):
        ticket = world.vouchered(contact="anna@example.fi")
        world.give(ticket, f"DE{_check(number)}3704004405320{number:05d}")
        tickets.append(ticket)
        tokens.append(world.token())
        with world.work() as uow:
            ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=ticket.ticket_id)
        codes.append(code)

    def act(person, place):
        try:
            if person == 0:
                with world.work(None) as uow:
                    choose_payout.confirm(
                        uow, ticket_id=tickets[place].ticket_id, token=tokens[place]
                    )
            else:
                with world.work() as uow:
                    redeem_voucher.redeem(uow, code=codes[place], counter_id=None)
        except DomainError as refusal:
            return type(refusal)
        return "done"

    with crowd(app_url, 3) as people:
        answers = [
            people.at_once(lambda person, place=place: act(person, place))
            for place in range(ROUNDS)
        ]

    for ticket, (choice, *tills) in zip(tickets, answers, strict=True):
        payouts = world.rows(
            "SELECT y.rail, y.state FROM payouts y JOIN compensations k"
            " ON k.id = y.compensation_id WHERE k.ticket_id = %(t)s ORDER BY y.created_at, y.id",
            t=ticket.ticket_id,
        )
        found = [(row.rail, row.state) for row in payouts]
        assert choice == "done", answers
        if "done" in tills:
            assert sorted(map(str, tills)) == sorted(map(str, ("done", AlreadyRedeemed)))
            assert found == [(VOUCHER, "paid")]
        else:
            assert tills == [VoucherNotActive, VoucherNotActive]
            assert found == [(VOUCHER, "returned"), (SEPA, "ready")]
    assert_balanced(world)


def assert_balanced(world):
    redeemed = len(world.rows("SELECT 1 FROM voucher_redemptions"))
    balances = world.balances()
    assert balances.get("desk_settlement", 0) == -1000 * redeemed
    assert balances.get("vouchers_issued", 0) == 0
    assert sum(balances.values()) == 0


def _check(number):
    """The check digits of a German account."""
    digits = int(f"3704004405320{number:05d}" + "1314" + "00")
    return f"{98 - digits % 97:02d}"
