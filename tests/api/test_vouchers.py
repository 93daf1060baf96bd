"""Redeeming over the API: once for ever, by whoever comes first."""

import datetime as dt
import threading

import pytest

from promises.api import money
from tests.api.ground import Program, problem


def redeem(paid, code=None, **more):
    with paid.at(paid.now):
        return paid.program.post("/vouchers/redeem", {"code": code or paid.code} | more)


def test_redeemed_voucher_is_paid_noted_and_booked(paid, contract):
    answer = redeem(paid, counter_id=str(paid.made.counter_id))
    contract.check_answer("post", "/api/v1/vouchers/redeem", answer)
    assert (answer.json["amount_minor"], answer.json["currency"]) == (1000, "EUR")
    assert answer.json["voucher_id"] == str(paid.voucher.id)
    [row] = paid.rows("SELECT * FROM voucher_redemptions")
    assert row.actor_kind == "api_key" and row.counter_id == paid.made.counter_id
    assert paid.balances() == {"compensation_expense": 1000, "desk_settlement": -1000}
    assert paid.program.get(f"/vouchers/{paid.voucher.id}").json["state"] == "redeemed"
    [payout] = paid.program.get("/payouts").json["data"]
    assert payout["state"] == "paid"


def test_code_is_read_as_people_type_it(paid):
    assert redeem(paid, paid.code.lower().replace("-", " ")).status_code == 200


def test_second_redemption_unknown_code_and_expired_voucher_change_nothing(paid):
    problem(redeem(paid, "ABCD-EFGH-JKMN-PQRS"), 404, "no_such_voucher")
    paid.later(days=365 * 4)
    before = paid.snapshot()
    problem(redeem(paid), 410, "voucher_expired")
    assert paid.snapshot() == before
    paid.later(days=-365 * 4)
    assert redeem(paid).status_code == 200
    before = paid.snapshot()
    problem(redeem(paid), 409, "already_redeemed")
    assert paid.snapshot() == before


def test_of_many_tills_at_once_one_redeems(paid):
    answers, start = [], threading.Barrier(8)

    def till():
        program = Program(paid.app, paid.program.key)
        start.wait(120)
        answers.append(program.post("/vouchers/redeem", {"code": paid.code}))

    threads = [threading.Thread(target=till) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.status_code for one in answers) == [200] + [409] * 7
    assert len(paid.rows("SELECT id FROM voucher_redemptions")) == 1


def test_tries_of_a_key_are_limited(paid):
    minute = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
    with paid.at(minute):
        for _ in range(money.TRIES.limit):
            answer = paid.program.post("/vouchers/redeem", {"code": "ABCD-EFGH-JKMN-PQRS"})
        problem(answer, 404, "no_such_voucher")
        refused = paid.program.post("/vouchers/redeem", {"code": paid.code})
    document = problem(refused, 429, "too_many")
    assert int(refused.headers["Retry-After"]) > 0 and document["title"]
    assert paid.rows("SELECT id FROM voucher_redemptions") == []


@pytest.mark.parametrize("code", ["", "x" * 41, 7, None, "A\x00B", "\ud800"])
def test_code_that_cannot_be_one_is_refused_by_its_place(paid, code):
    with paid.at(paid.now):
        answer = paid.program.post("/vouchers/redeem", {"code": code})
    assert problem(answer, 422, "malformed")["errors"][0]["pointer"] == "#/code"
