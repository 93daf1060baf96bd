"""Signed files for a core system, and its results, through the same two people."""

import json
import uuid

import pytest

from promises.payouts.rails.account_file import LARGEST_BYTES, AccountFileMaker
from promises.payouts.rails.answers import LineKind
from promises.payouts.rails.base import RailAccount, RailVerdict, Trouble
from promises.payouts.rails.core_system import is_signed, sign
from promises.payouts.rails.manual import ManualMaker
from promises.payouts.rails.names import ACCOUNT_FILE
from promises.payouts.run_errors import FileNotReadable
from tests.payouts.bank import Payer

KEY = "a-key-of-sixteen-or-more"


def lines(*objects, key=KEY):
    body = b"".join(json.dumps(one).encode() + b"\n" for one in objects)
    return body + json.dumps({"hmac_sha256": sign(key, body)}).encode() + b"\n"


def head(answers_to="M1", **changes):
    given = {"format": "lupaus-results-1", "message_id": "R1", "answers_to": answers_to}
    return given | changes


def result(mark="P1", status="credited", **changes):
    return {"payout_id": mark, "status": status, "amount_minor": 1000, "currency": "EUR"} | changes


def account(key=KEY):
    return RailAccount(uuid.uuid4(), False, {}, {"signing_key": key})


def read(content):
    return AccountFileMaker().read(account(), content, lambda name: True)


def test_credits_go_by_signed_file_and_results_come_back(as_application):
    world = Payer(AccountFileMaker(), rail=ACCOUNT_FILE, secrets={"signing_key": KEY})
    world.owe(3, details=lambda n: {"account": str(100 + n)})
    run_id = world.prepare()
    world.release(run_id)
    fetched = world.fetch(run_id)
    assert fetched.name.endswith(".jsonl")
    body, _, last = fetched.content.rstrip().rpartition(b"\n")
    assert is_signed(KEY, body + b"\n", json.loads(last)["hmac_sha256"])
    first, *credits = [json.loads(line) for line in body.splitlines()]
    assert (first["sequence"], first["mode"], first["count"]) == (1, "test", 3)
    assert [one["account"] for one in credits] == ["100", "101", "102"]
    told = world.take_file(
        lines(
            head(first["message_id"]),
            result(credits[0]["payout_id"]),
            result(credits[1]["payout_id"], "refused", reason="account_closed"),
            result(credits[2]["payout_id"], "accepted"),
            result("AAAAAAAAAAAAAAAAAAAAAAAAAA"),
        )
    )
    assert (told.lines, told.moved) == (3, 3)
    assert world.states() == ["paid", ("failed", "account_closed"), "submitted"]
    world.take_file(
        lines(head(first["message_id"], message_id="R2"), result(credits[2]["payout_id"]))
    )
    assert world.run(run_id).state == "settled"
    world.take_file(
        lines(
            head(first["message_id"], message_id="R3"),
            result(credits[0]["payout_id"], "returned", reason="blocked"),
        )
    )
    assert world.states()[0] == ("returned", "blocked")
    assert world.balances()[f"money_out:{ACCOUNT_FILE}"] == -1000
    assert world.unbalanced() == []


def test_results_of_another_key_change_nothing(as_application):
    world = Payer(AccountFileMaker(), rail=ACCOUNT_FILE, secrets={"signing_key": KEY})
    world.owe(1, details=lambda n: {"account": "100"})
    run_id = world.prepare()
    world.release(run_id)
    world.fetch(run_id)
    forged = lines(head(world.run(run_id).message_id), result(), key="another-key-altogether")
    with pytest.raises(FileNotReadable):
        world.take_file(forged)
    assert world.states() == ["submitting"]
    assert world.rows("SELECT 1 FROM bank_files") == []


def test_results_are_read_line_by_line():
    told = read(lines(head(), result(), result("P2", "refused", reason="blocked")))
    assert (told.message_id, told.answers_to) == ("R1", "M1")
    assert [(one.kind, one.mark, one.reason) for one in told.lines] == [
        (LineKind.BOOKED, "P1", None),
        (LineKind.REJECTED, "P2", "blocked"),
    ]
    assert AccountFileMaker().trouble("blocked") is Trouble.BLOCKED
    assert AccountFileMaker().trouble(None) is Trouble.OTHER


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        lines(head(), result()).replace(b"1000", b"9000"),
        lines(head(), key=""),
        lines(head(format="lupaus-credits-1")),
        lines(head(message_id="")),
        lines(head(message_id="x" * 201)),
        lines(head(message_id=7)),
        lines(head(), []),
        lines(head(), result(status="thinking")),
        lines(head(), result(amount_minor="1000")),
        lines(head(), result(amount_minor=True)),
        lines(head(), result(amount_minor=10**18 + 1)),
        lines(head(), result(currency=None)),
        lines(head(), result(reason=7)),
        b" " * (LARGEST_BYTES + 1),
    ],
)
def test_results_that_cannot_be_trusted_are_refused(content):
    with pytest.raises(FileNotReadable):
        read(content)


def test_settings_are_looked_at():
    maker = AccountFileMaker()
    assert maker.open(account()).test().works
    assert maker.open(account("short")).test().detail == "signing_key"
    assert maker.open(None).test().detail == "not set up"
    assert maker.account_name(account()) == ACCOUNT_FILE


def test_payment_by_hand_asks_nobody():
    rail = ManualMaker().open(None)
    assert rail.test().works
    assert rail.submit(None).verdict is RailVerdict.RETRY


def test_results_that_contradict_each_other_are_for_a_person(as_application):
    world = Payer(AccountFileMaker(), rail=ACCOUNT_FILE, secrets={"signing_key": KEY})
    world.owe(3, details=lambda n: {"account": str(100 + n)})
    run_id = world.prepare()
    world.release(run_id)
    credits = [json.loads(one) for one in world.fetch(run_id).content.splitlines()[1:-1]]
    first, second, third = [one["payout_id"] for one in credits]
    world.take_file(
        lines(
            head(world.run(run_id).message_id),
            result(third, amount_minor=-1000),
            result(first),
            result(second),
            result(first, "refused", reason="blocked"),
            result(second),
        )
    )
    assert world.states() == [
        ("needs_review", "other_effect"),
        "paid",
        ("needs_review", "other_effect"),
    ]
    assert sorted(world.incidents()) == [
        ("needs_review", 1000, True),
        ("needs_review", 1000, True),
        ("other_amount", -1000, True),
        ("unknown_effect", 1000, True),
    ]
    assert world.unbalanced() == []
    assert [one.state for one in world.compensations()] == ["released"] * 3
