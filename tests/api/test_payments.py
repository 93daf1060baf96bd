"""Cases that name what was paid for them: the money goes back there by itself."""

import uuid

import pytest

from promises.payouts.rails.names import STRIPE_REFUND
from promises.payouts.rails.stripe_refund import refund_maker
from tests.api.ground import Program, make_key, problem
from tests.fakes.stripe_server import FakeStripe
from tests.payouts.ground import Purse

EVERY = {
    "stripe_payment": "pi_3QXyZ",
    "stripe_customer": "cus_R1",
    "stripe_recipient": "acct_1A",
    "account": "4711-88",
}


def body(shop, **more):
    return {
        "branch_id": str(shop.made.branch_id),
        "service_kind_id": str(shop.made.kind_id),
    } | more


def destinations(shop, ticket_id):
    return shop.rows(
        "SELECT * FROM payout_destinations WHERE ticket_id = %(t)s ORDER BY rail", t=ticket_id
    )


def test_named_payment_is_sealed_under_each_rail_that_leads_to_it(shop):
    matter = {"kind": "complaint", "payment": EVERY}
    for path, more in (("/tickets", {"payment": EVERY}), ("/matters", matter)):
        answer = shop.program.post(path, body(shop, **more))
        assert answer.status_code == 201
        assert "pi_3QXyZ" not in answer.text
        rows = destinations(shop, answer.json["id"])
        assert [row.rail for row in rows] == [
            "account_call", "account_file", "stripe_credit", "stripe_outbound", "stripe_refund",
        ]  # fmt: skip
        assert {row.last4 for row in rows} == {"1-88", "s_R1", "t_1A", "QXyZ"}
        assert all(row.usable_at == row.created_at and not row.chosen for row in rows)
        assert all(b"QXyZ" not in bytes(row.details_sealed) for row in rows)


@pytest.mark.parametrize("named", [None, {}, {"account": "4711"}])
def test_what_is_not_named_leads_nowhere(shop, named):
    ticket = shop.take(payment=named) if named is not None else shop.take()
    expected = ["account_call", "account_file"] if named else []
    assert [row.rail for row in destinations(shop, ticket["id"])] == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stripe_payment", "cus_1"),
        ("stripe_payment", "pi_"),
        ("stripe_payment", "pi_1/../../customers"),
        ("stripe_payment", "pi_1\n"),
        ("stripe_customer", "pi_1"),
        ("stripe_recipient", "acct_" + "1" * 201),
        ("account", ""),
        ("account", "../1"),
        ("account", "1" * 35),
        ("account", 4711),
        ("iban", "FI2112345600000785"),
    ],
)
def test_payment_of_another_form_is_refused_by_its_place(shop, name, value):
    before = shop.counts()
    answer = shop.program.post("/tickets", body(shop, payment={name: value}))
    found = problem(answer, 422, "malformed")["errors"][0]
    assert found["pointer"] == f"#/payment/{name}"
    assert shop.counts() == before


def test_broken_promise_is_refunded_to_the_payment_that_the_case_named(app):
    with FakeStripe() as fake, app.app_context():
        fake.pay("pi_1", 4900)
        purse = Purse(refund_maker(fake.url), secrets={"key": "sk_test_1"})
        program = Program(app, make_key(purse.made)[1])
        with purse.at(purse.now):
            taken = program.post("/tickets", body(purse, payment={"stripe_payment": "pi_1"}))
        ticket_id = uuid.UUID(taken.json["id"])
        purse.later(minutes=16).staff_act()
        purse.sweep()
        purse.call()
        purse.log(ticket_id, "service_started")
        assert purse.settle() == 1
        payout = purse.one("SELECT * FROM payouts WHERE rail = %(r)s", r=STRIPE_REFUND)
        (effect,) = fake.effects()
        assert (effect.payout_id, effect.amount, effect.target) == (str(payout.id), 1000, "pi_1")
        assert (payout.state, payout.provider_ref) == ("paid", effect.ref)
        assert purse.unbalanced() == []
        assert purse.settle() == 0 and len(fake.effects()) == 1
