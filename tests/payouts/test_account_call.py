"""Calls to a core system: each answer and each silence of it, over real HTTP."""

import datetime as dt
import socket
import ssl
import uuid
from urllib.parse import urlsplit

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from promises.payouts.rails import account_call
from promises.payouts.rails.account_call import KEY_LIVES, AccountCallMaker
from promises.payouts.rails.base import (
    Destination,
    PayoutRequest,
    RailAccount,
    RailUnreachable,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.core_system import code_of
from promises.payouts.rails.names import ACCOUNT_CALL
from tests.fakes.core_system import KEY, core_system
from tests.payouts.ground import Purse

NOON = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def core():
    with core_system() as made:
        yield made


@pytest.fixture
def system(core):
    core[0].faults.clear()
    core[0].credits.clear()
    core[0].calls.clear()
    core[0].slowly, core[0].mode = False, "test"
    return core[0]


def rail(core, *, live=False, key=KEY, url=None):
    settings = {"url": core[1] if url is None else url}
    return AccountCallMaker().open(RailAccount(uuid.uuid4(), live, settings, {"signing_key": key}))


def request(account="100", payout_id=None, amount_minor=1500):
    payout_id = payout_id or uuid.uuid4()
    return PayoutRequest(
        payout_id, uuid.uuid4(), amount_minor, "EUR", f"payout-{payout_id}",
        destination=Destination(uuid.uuid4(), "", {"account": account}), description="Hyvitys",
    )  # fmt: skip


def test_credit_is_made_once_however_often_it_is_asked_for(core, system):
    asked = request()
    first, again = rail(core).submit(asked), rail(core).submit(asked)
    assert (first.verdict, first.provider_ref, first.http_status) == (RailVerdict.PAID, "C-1", 201)
    assert (again.verdict, again.http_status) == (RailVerdict.PAID, 200)
    assert len(system.credits) == 1
    assert system.calls[0] == ("POST", "/core/credits", asked.provider_key)
    assert rail(core).find(asked).verdict is RailVerdict.PAID
    assert rail(core).find(request()) is None


def test_slow_credit_is_accepted_then_credited_or_returned(core, system):
    system.slowly = True
    asked = request()
    outcome = rail(core).submit(asked)
    assert outcome.verdict is RailVerdict.ACCEPTED
    known = system.credits[str(asked.payout_id)]
    known["status"] = "credited"
    assert rail(core).look(asked, outcome.provider_ref).verdict is RailVerdict.PAID
    known |= {"status": "returned", "reason": "account_closed"}
    came_back = rail(core).look(asked, outcome.provider_ref)
    assert (came_back.verdict, came_back.trouble) == (RailVerdict.RETURNED, Trouble.ACCOUNT_CLOSED)
    system.credits.clear()
    gone = rail(core).look(asked, outcome.provider_ref)
    assert (gone.verdict, gone.detail) == (RailVerdict.MISMATCH, "no_such_credit")


@pytest.mark.parametrize(
    ("account", "trouble"),
    [
        ("200", Trouble.ACCOUNT_CLOSED),
        ("300", Trouble.BLOCKED),
        ("404", Trouble.DETAILS_WRONG),
    ],
)
def test_refusal_says_why(core, system, account, trouble):
    outcome = rail(core).submit(request(account))
    assert (outcome.verdict, outcome.trouble) == (RailVerdict.REJECTED, trouble)
    assert system.credits == {}


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        ((402, {"code": "no_funds"}), RailVerdict.WAIT_FUNDS),
        ((402, {}), RailVerdict.UNKNOWN),
        ((409, {"code": "in_progress"}), RailVerdict.UNKNOWN),
        ((404, {}), RailVerdict.UNKNOWN),
        ((429, {}), RailVerdict.RETRY),
        ((500, {}), RailVerdict.UNKNOWN),
        ((503, b"<html>"), RailVerdict.UNKNOWN),
        ((200, b"[]"), RailVerdict.UNKNOWN),
        ((200, {"error": "down for repairs"}), RailVerdict.UNKNOWN),
        ((302, {}), RailVerdict.UNKNOWN),
        ((200, b" " * (1024 * 1024 + 1)), RailVerdict.UNKNOWN),
        ((403, {"code": "wrong_mode"}), RailVerdict.CONFIG),
        ((401, {}), RailVerdict.CONFIG),
        ("drop_before", RailVerdict.UNKNOWN),
        ("drop_after", RailVerdict.UNKNOWN),
        ({"amount_minor": 9}, RailVerdict.MISMATCH),
        ({"currency": "SEK"}, RailVerdict.MISMATCH),
        ({"account": "101"}, RailVerdict.MISMATCH),
        ({"status": "thinking"}, RailVerdict.UNKNOWN),
        ({"status": "refused", "reason": "blocked"}, RailVerdict.REJECTED),
    ],
)
def test_each_answer_means_what_the_protocol_says(core, system, fault, verdict):
    system.faults.append(fault)
    assert rail(core).submit(request()).verdict is verdict


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ({"amount_minor": 9}, (9, "EUR")),
        ({"currency": "SEK"}, (1500, "SEK")),
        ({"amount_minor": 9, "status": "refused"}, None),
        ({"amount_minor": 9, "payout_id": "another"}, None),
        ({"amount_minor": "9"}, None),
        ({"amount_minor": True}, None),
        ({"amount_minor": 1 << 70}, None),
        ({"currency": 978}, None),
        ({"account": "101"}, None),
    ],
)
def test_other_money_than_asked_for_is_told_where_it_is_of_this_payout(core, system, fault, seen):
    system.faults.append(fault)
    outcome = rail(core).submit(request())
    assert (outcome.verdict, outcome.seen) == (RailVerdict.MISMATCH, seen)


def test_lost_look_is_unknown_and_never_absent(core, system):
    for fault in ("drop_before", (404, {}), (500, {}), (404, {"code": "other"})):
        system.faults.append(fault)
        assert rail(core).find(request()).verdict is RailVerdict.UNKNOWN


def test_answer_that_comes_drop_by_drop_is_given_up(core, system, monkeypatch):
    monkeypatch.setattr("promises.payouts.rails.account_call.LONGEST_ANSWER_S", -1.0)
    outcome = rail(core).submit(request())
    assert outcome.verdict is RailVerdict.UNKNOWN
    assert len(system.credits) == 1


def test_call_signed_with_another_key_is_refused_and_changes_nothing(core, system):
    outcome = rail(core, key="another-key-altogether").submit(request())
    assert (outcome.verdict, outcome.trouble) == (RailVerdict.CONFIG, Trouble.ACCESS_REFUSED)
    assert system.credits == {} and system.calls == []


def test_real_money_never_goes_without_https_though_to_this_very_machine(core, system):
    outcome = rail(core, live=True).submit(request())
    assert (outcome.verdict, outcome.detail) == (RailVerdict.CONFIG, "not https")
    assert system.credits == {} and system.calls == []


def test_core_system_of_the_other_mode_credits_nothing(core, system):
    system.mode = "live"
    assert rail(core).submit(request()).verdict is RailVerdict.CONFIG
    assert system.credits == {}


@pytest.fixture
def names(monkeypatch):
    """What names mean, by lists of addresses: one a question, the last for ever."""
    known, real = {}, socket.getaddrinfo

    def found(host, port, *args, **more):
        told = known.get(host)
        if told is None:
            return real(host, port, *args, **more)
        addresses = told.pop(0) if len(told) > 1 else told[0]
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return known


def named(core, host):
    return core[1].replace("127.0.0.1", host)


def test_name_that_means_another_address_after_the_check_leads_nowhere_else(core, system, names):
    names["core.example"] = [["127.0.0.1"], ["169.254.169.254"]]
    url = named(core, "core.example")
    outcome = rail(core, url=url).submit(request())
    assert outcome.verdict is RailVerdict.PAID
    assert system.hosts[-1] == urlsplit(url).netloc
    assert rail(core, url=url).submit(request()).verdict is RailVerdict.CONFIG
    assert len(system.credits) == 1


def test_name_with_one_address_that_is_not_called_is_not_called_at_all(core, system, names):
    for other in ("169.254.169.254", "::ffff:169.254.169.254", "0.0.0.0", "224.0.0.1", "192.0.2.1"):
        names["core.example"] = [["127.0.0.1", other]]
        outcome = rail(core, url=named(core, "core.example")).submit(request())
        assert outcome.verdict is RailVerdict.CONFIG, other
    assert system.calls == []


def test_next_address_is_tried_only_where_nobody_was_reached(core, system, names):
    names["core.example"] = [["::1", "127.0.0.1"]]
    url = named(core, "core.example")
    assert rail(core, url=url).submit(request()).verdict is RailVerdict.PAID
    names["core.example"] = [["127.0.0.1", "127.0.0.1"]]
    system.faults.append("drop_after")
    calls = len(system.calls)
    assert rail(core, url=url).submit(request()).verdict is RailVerdict.UNKNOWN
    assert len(system.calls) == calls + 1
    refused = requests.ConnectTimeout("no answer"), requests.ConnectionError()
    assert [account_call._never_connected(one) for one in refused] == [True, False]


@pytest.mark.parametrize(("asked_for", "works"), [("core.example", True), ("other.example", False)])
def test_core_system_proves_its_name_at_the_address_that_was_checked(
    names, monkeypatch, tmp_path, asked_for, works
):
    cert, key = certificate("core.example")
    (tmp_path / "both.pem").write_bytes(cert + key)
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(tmp_path / "both.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "both.pem")
    heard = []
    context.sni_callback = lambda _, name, __: heard.append(name)
    names[asked_for] = [["127.0.0.1"]]
    with core_system(mode="live", tls=context) as (_, address):
        url = address.replace("127.0.0.1", asked_for)
        found = rail(None, live=True, url=url).test()
    assert (found.works, heard) == (works, [asked_for])


def certificate(name):
    """A certificate that proves itself, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("account_closed", "account_closed"),
        ("a" * 64, "a" * 64),
        ("a" * 65, "unnamed"),
        ("Aino Virtanen, FI21 1234 5600 0007 85", "unnamed"),
        ("blocked\n", "unnamed"),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_only_codes_of_a_core_system_are_kept(told, kept):
    assert code_of(told) == kept


def test_free_text_of_a_core_system_is_not_kept(core, system):
    text = "Aino Virtanen has moved"
    system.faults += [
        (422, {"code": text}), (403, {"code": text}), (500, {"code": text}),
        {"status": "returned", "reason": text},
    ]  # fmt: skip
    told = [rail(core).submit(request()) for _ in range(4)]
    assert [one.detail for one in told] == ["unnamed"] * 4


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://127.0.0.1/core",
        "http://192.0.2.1/core",
        "https://169.254.169.254/latest",
        "https://0.0.0.0/",
        "https://[fe80::1]/",
    ],
)
def test_addresses_that_are_no_core_system_are_not_called(core, url):
    outcome = rail(core, url=url).submit(request())
    assert outcome.verdict is RailVerdict.CONFIG
    found = rail(core, url=url).find(request())
    assert found.verdict is RailVerdict.UNKNOWN
    assert not rail(core, url=url).test().works


def test_connection_is_tested_without_an_effect(core, system):
    assert rail(core).test().account == "Core of the bank"
    assert rail(core, live=True).test().detail == "not https"
    system.mode = "live"
    assert rail(core).test().detail == "wrong_mode"
    system.mode = "test"
    assert rail(core, key="short").test().detail == "signing_key"
    assert rail(core, key="another-key-altogether").test().detail == "answered 401"
    assert rail(core, url="http://127.0.0.1:9").test().trouble is Trouble.RAIL_DOWN
    assert system.credits == {}


def test_all_credits_are_listed_page_by_page(core, system):
    asked = [request() for _ in range(5)]
    for one in asked:
        rail(core).submit(one)
    listed = list(rail(core).listed(NOON, NOON + dt.timedelta(days=1)))
    assert [one.payout_id for one in listed] == [one.payout_id for one in asked]
    assert {one.verdict for one in listed} == {RailVerdict.PAID}
    assert list(rail(core).listed(NOON + dt.timedelta(days=1), NOON + dt.timedelta(days=2))) == []


@pytest.mark.parametrize(
    "fault",
    [
        "drop_before",
        (500, {}),
        (200, {"other": 1}),
        (200, {"credits": [{}]}),
        (200, {"credits": [{"created_at": "2026-03-02T10:00:00", "amount_minor": 1}]}),
    ],
)
def test_list_that_is_not_read_to_its_end_says_so(core, system, fault):
    system.faults.append(fault)
    with pytest.raises(RailUnreachable):
        list(rail(core).listed(NOON, NOON + dt.timedelta(days=1)))


def test_core_system_needs_an_address():
    with pytest.raises(ValueError):
        AccountCallMaker().open(None)
    assert AccountCallMaker().key_lives == KEY_LIVES


def test_lost_answer_is_looked_up_and_the_customer_gets_one_credit(core, system, as_application):
    world = Purse(
        AccountCallMaker(), rail=ACCOUNT_CALL, settings={"url": core[1]},
        secrets={"signing_key": KEY},
    )  # fmt: skip
    lost, closed = world.owe(2, details=lambda n: {"account": ("100", "200")[n]})
    system.faults += ["drop_after", "drop_after"]
    world.settle()
    world.now += dt.timedelta(minutes=1)
    world.settle()
    states = {world.payout(one).state for one in (lost, closed)}
    assert states == {"paid", "failed"}
    assert len(system.credits) == 1
    assert world.balances()[f"money_out:{ACCOUNT_CALL}"] == -1000
    assert world.unbalanced() == []
    (paid,) = (one for one in (lost, closed) if world.payout(one).state == "paid")
    system.credits.clear()
    world.now = world.payout(paid).look_at
    world.settle()
    assert world.payout(paid).state == "paid"
    assert [(one.kind, one.ref) for one in world.incidents()] == [("missing_effect", str(paid))]
