"""The accountant's pages: balance, journal, chart, VAT, closed months, files, a payout."""

import csv
import datetime as dt
import hashlib
import io
import zipfile
from decimal import Decimal

import pytest

from promises.flows import redeem_voucher
from promises.kernel.actors import Role
from promises.kernel.ids import new_id
from promises.kernel.money import Money
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.closing import closings
from promises.ledger.vat import TaxTreatment, Vat
from tests.flows.ground import QUARTER, TICK, World
from tests.parts import check_page
from tests.web.staff import sign_in
from tests.web.test_money_pages import Desk

pytestmark = pytest.mark.usefixtures("as_application")

FORMULA = '=HYPERLINK("http://evil","x")'


@pytest.fixture(scope="module")
def told(bare_apps):
    """A promise broken twice in March: one voucher redeemed, one debt that waits."""
    with bare_apps[0].app_context():
        world = World()
        tickets = [world.take(), world.take()]
        world.now += QUARTER + TICK
        world.staff_act()
        world.sweep()
        world.call()
        world.log(tickets[0].ticket_id, "service_started")
        world.settle()
        with world.work() as uow:
            ((_, code),) = redeem_voucher.codes_of_ticket(uow, ticket_id=tickets[0].ticket_id)
            redeem_voucher.redeem(uow, code=code, counter_id=None)
    return world, tickets


@pytest.fixture
def world(told):
    return told[0]


@pytest.fixture
def desk(client, world):
    return Desk(client, world, Role.ACCOUNTANT)


def months_closed(world):
    with world.work(None) as uow:
        return [one.month_on for one in closings(uow.session, organisation_id=world.made.id)]


def as_rows(answer):
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))


def test_balance_shows_what_each_account_came_to(desk):
    page = check_page(desk.get("/ledger", month="2026-03")).text
    assert "2890 Owed to customers" in page
    assert "4900 Cost of broken promises" in page
    assert "Together, EUR" in page
    assert "Nothing was booked by the end" in desk.get("/ledger", month="2026-01").text
    assert "2890" in check_page(desk.get("/ledger", month="nonsense")).text  # this month


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({}, "4 transactions"),
        ({"kind": "owed"}, "2 transactions"),
        ({"account": "desk_settlement"}, "1 transaction"),
        ({"account": "compensation_owed", "side": "debit", "currency": "EUR"}, "1 transaction"),
        ({"kind": "nonsense"}, "4 transactions"),
        ({"after": "nonsense"}, "4 transactions"),
    ],
)
def test_journal_is_narrowed_to_what_is_asked_for(desk, query, count):
    page = check_page(desk.get("/ledger/journal", month="2026-03", **query)).text
    assert count in page


def test_journal_of_one_promise_and_of_none(desk, world):
    mine = desk.get("/ledger/journal", month="2026-03", promise=world.published.promise_id)
    assert "4 transactions" in mine.text
    unknown = desk.get("/ledger/journal", month="2026-03", promise=new_id())
    assert "4 transactions" in unknown.text
    empty = desk.get("/ledger/journal", month="2026-01", promise=world.published.promise_id)
    assert "Nothing here in this month." in empty.text


def test_debit_links_to_entries_that_add_up_to_it(desk):
    page = desk.get("/ledger", month="2026-03").text
    assert "account=compensation_expense&amp;currency=EUR&amp;side=debit" in page
    journal = desk.get("/ledger/journal", month="2026-03", account="compensation_expense",
                       currency="EUR", side="debit").text  # fmt: skip
    assert 'data-total="2" data-total-minor="2000"' in journal


def test_own_number_and_name_stand_in_the_books_and_the_old_ones_in_the_history(desk, world):
    path = "/ledger/accounts/desk_settlement"
    assert desk.post(path, page=path, number="", name="").status_code == 422
    for number, name in (("1901", "Till"), ("1902", FORMULA)):
        assert desk.post(path, page=path, number=number, name=name).status_code == 303
    page = check_page(desk.get(path)).text
    assert "1901" in page and "1902" in page
    assert "1902" in check_page(desk.get("/ledger/accounts")).text
    assert "1902" in desk.get("/ledger", month="2026-03").text
    noted = world.rows("SELECT details FROM audit_records WHERE action = 'account_named'")
    assert len(noted) == 2
    assert desk.get("/ledger/accounts/petty_cash").status_code == 404


def test_files_carry_numbers_and_no_formulas(desk):
    path = "/ledger/accounts/desk_settlement"
    desk.post(path, page=path, number="1902", name=FORMULA)
    lines = as_rows(desk.get("/ledger/journal.csv", month="2026-03"))
    assert len(lines) == 8
    assert sum(int(line["Minor units"]) for line in lines) == 0
    (till,) = [line for line in lines if line["Our account"] == "desk_settlement"]
    assert till["Account"] == "'" + FORMULA
    assert (till["Number"], till["Debit"], till["Credit"]) == ("1902", "", "10.00")
    balance = as_rows(desk.get("/ledger/balance.csv", month="2026-03"))
    assert {line["Our account"]: line["At its end"] for line in balance} == {
        "compensation_expense": "20.00", "compensation_owed": "-10.00",
        "desk_settlement": "-10.00", "vouchers_issued": "0.00",
    }  # fmt: skip
    some = as_rows(desk.get("/ledger/journal.csv", month="2026-03", kind="owed"))
    assert len(some) == 4


def test_workbook_has_both_sheets_and_no_formula(desk):
    answer = desk.get("/ledger/books.xlsx", month="2026-03")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheets = [book.read(f"xl/worksheets/sheet{number}.xml").decode() for number in (1, 2)]
    assert sheets[0].count("<row ") == 5
    assert sheets[1].count("<row ") == 9
    assert not any("<f>" in sheet for sheet in sheets)
    empty = desk.get("/ledger/books.xlsx", month="2026-01")
    with zipfile.ZipFile(io.BytesIO(empty.data)) as book:
        assert book.read("xl/worksheets/sheet2.xml").decode().count("<row ") == 1


def test_currencies_of_no_and_of_three_decimals_stand_apart_and_every_file_agrees(client):
    world, rate = World(), Vat(TaxTreatment.PRICE_REDUCTION, 2550)
    owed = {"EUR": [1000, 7, 1], "JPY": [1001, 3], "KWD": [1234, 5, 1, 1]}
    with world.work(None) as uow:
        post(uow.session, organisation_id=world.made.id, now=uow.now, postings=[
            Posting(PostingKind.OWED, new_id(), amount, currency, vat=rate)
            for currency, amounts in owed.items() for amount in amounts
        ])  # fmt: skip
    desk = Desk(client, world, Role.ACCOUNTANT)
    page = check_page(desk.get("/ledger", month="2026-03")).text
    assert all(f"Together, {currency}" in page for currency in owed)
    balance = as_rows(desk.get("/ledger/balance.csv", month="2026-03"))
    ends = {(row["Our account"], row["Currency"]): row["At its end"] for row in balance}
    for currency, amounts in owed.items():
        vat = sum(rate.part_of(amount) for amount in amounts)
        mine = {code: Decimal(end) for (code, own), end in ends.items() if own == currency}
        assert sum(mine.values()) == 0
        assert mine["vat_payable"] == Money(vat, currency).major
        assert mine["compensation_owed"] == -Money(sum(amounts), currency).major
    assert ends["compensation_owed", "JPY"] == "-1004"
    assert ends["compensation_owed", "KWD"] == "-1.241"
    lines = as_rows(desk.get("/ledger/journal.csv", month="2026-03"))
    for row in balance:
        own = [one for one in lines if (one["Our account"], one["Currency"])
               == (row["Our account"], row["Currency"])]  # fmt: skip
        for side in ("Debit", "Credit"):
            assert sum(Decimal(one[side] or 0) for one in own) == Decimal(row[side])
    answer = desk.get("/ledger/books.xlsx", month="2026-03")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        formats = book.read("xl/styles.xml").decode()
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert all(f'formatCode="#,##0{tail}"' in formats for tail in ("", ".00", ".000"))
    assert all(f"<v>{end}</v>" in sheet for end in ("-1004", "-1.241", "-10.08"))


def test_vat_is_decided_from_a_day_on(desk, world):
    promise = world.published.promise_id
    assert "Not decided" in check_page(desk.get("/ledger/vat")).text
    path = f"/ledger/vat/{promise}"
    today = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
    wrong = (
        {"treatment": "price_reduction", "rate": "", "valid_from": today.isoformat()},
        {"treatment": "price_reduction", "rate": "51", "valid_from": today.isoformat()},
        {"treatment": "price_reduction", "rate": "25.555", "valid_from": today.isoformat()},
        {"treatment": "damages", "rate": "", "valid_from": "2026-01-01"},
        {"treatment": "", "rate": "", "valid_from": today.isoformat()},
    )
    for data in wrong:
        answer = desk.post(path, page=path, **data)
        assert answer.status_code == 422, data
        check_page(answer)
    assert world.rows("SELECT 1 FROM vat_choices") == []
    for data in (
        {"treatment": "price_reduction", "rate": "25,5 %"},
        {"treatment": "damages", "rate": "25.5"},
    ):
        done = desk.post(path, page=path, valid_from=today.isoformat(), **data)
        assert done.status_code == 303
    found = world.rows("SELECT treatment, rate_bp FROM vat_choices ORDER BY set_at")
    assert [(row.treatment, row.rate_bp) for row in found] == [
        ("price_reduction", 2550), ("damages", 0),
    ]  # fmt: skip
    page = check_page(desk.get(path)).text
    assert "25.5%" in page and "Damages, without VAT" in page
    assert desk.get(f"/ledger/vat/{new_id()}").status_code == 404


def test_payout_page_leads_from_the_money_to_the_breach(desk, world, told):
    payout = world.one("SELECT id FROM payouts")
    page = check_page(desk.get(f"/payouts/{payout.id}")).text
    for words in (
        "Redeemed", "The promise was broken", "Voucher issued", "Accepted; whether",
        "2891 Vouchers in customers' hands", "Nobody had to",
    ):  # fmt: skip
        assert words in page, words
    html = desk.get(f"/payouts/{payout.id}").text
    breach = world.one(
        "SELECT breach_id FROM compensations WHERE ticket_id = %(t)s", t=told[1][0].ticket_id
    )
    assert f"/staff/breaches/{breach.breach_id}" in html
    assert f"/staff/payouts/{payout.id}" in desk.get(f"/breaches/{breach.breach_id}").text
    assert f"/staff/tickets/{told[1][0].ticket_id}" in html
    assert f"/staff/payouts/{payout.id}" in desk.get("/vouchers").text
    assert f"/staff/payouts/{payout.id}" in desk.get(f"/tickets/{told[1][0].ticket_id}").text
    assert f"/staff/payouts/{payout.id}" in desk.get("/ledger/journal", month="2026-03").text
    assert desk.get(f"/payouts/{new_id()}").status_code == 404


def test_fee_is_booked_once(client):
    world = World()
    ticket = world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    world.call()
    world.log(ticket.ticket_id, "service_started")
    with world.work(None) as uow:
        payout = world.one("SELECT id, compensation_id FROM payouts")
        uow.session.connection().exec_driver_sql(
            "UPDATE payouts SET rail = 'manual', state = 'paid', trouble = 'silent'"
        )
        post(uow.session, organisation_id=world.made.id, now=uow.now, postings=[
            Posting(kind, payout.id, 1000, "EUR", "manual", payout.compensation_id)
            for kind in (PostingKind.PAYOUT_SENT, PostingKind.PAYOUT_ARRIVED)
        ])  # fmt: skip
    desk = Desk(client, world, Role.ACCOUNTANT)
    page, path = f"/payouts/{payout.id}", f"/payouts/{payout.id}/fee"
    assert "Was there a fee?" in check_page(desk.get(page)).text
    token = {"page": page}
    assert desk.post(path, amount="", **token).status_code == 422
    assert desk.post(path, amount="0,25", **token).status_code == 303
    assert "Was there a fee?" not in desk.get(page).text
    assert desk.post(path, page="/ledger/months", amount="0,50").status_code == 303
    assert world.balances() == {
        "compensation_expense": 1000, "money_out:manual": -1025, "bank_fees": 25,
    }  # fmt: skip


def test_month_is_closed_by_the_accountant_alone_and_its_seal_fits_the_export(client):
    world = World()
    world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    manager = Desk(client, world, Role.MANAGER)
    read = manager.get("/ledger/months").text
    assert "/ledger/vat" not in read and "for good" not in read
    assert manager.post("/ledger/months", page="/approvals", month="2026-03").status_code == 403
    assert months_closed(world) == []
    desk = Desk(client, world, Role.ACCOUNTANT)
    shown = check_page(desk.get("/ledger/months")).text
    assert "Next: March 2026" in shown
    for wrong in ("", "nonsense", "2026-04"):
        answer = desk.post("/ledger/months", page="/ledger/months", month=wrong)
        assert answer.status_code in (409, 422)
        check_page(answer)
    assert months_closed(world) == []
    done = desk.post("/ledger/months", page="/ledger/months", month="2026-03")
    assert done.status_code == 303
    assert months_closed(world) == [dt.date(2026, 3, 1)]
    assert "This month was closed on" in check_page(desk.get("/ledger", month="2026-03")).text
    assert "before the first one" in desk.get("/ledger", month="2026-01").text
    lines = as_rows(desk.get("/ledger/journal.csv", month="2026-03"))
    sealed = sorted(
        ";".join(
            (one["Transaction"], one["Day"], one["Our kind"], one["Our reference"],
             one["Our account"], one["Currency"], one["Minor units"])
        ).encode()
        for one in lines
    )  # fmt: skip
    seal = hashlib.sha256(b"".join(hashlib.sha256(line).digest() for line in sealed)).hexdigest()
    assert seal in desk.get("/ledger/months").text


def test_month_stays_open_for_a_sign_in_without_a_second_step(client):
    world = World()
    world.take()
    world.now += QUARTER + TICK
    world.staff_act()
    world.sweep()
    desk = Desk(client, world, Role.ACCOUNTANT)
    sign_in(client, world.made, Role.ACCOUNTANT, strong=False)
    answer = desk.post("/ledger/months", page="/ledger/months", month="2026-03")
    assert answer.status_code != 303 or "confirm" in answer.location
    assert months_closed(world) == []


def test_administrator_sets_vat_but_reads_no_books(client, world):
    desk = Desk(client, world, Role.ADMINISTRATOR)
    check_page(desk.get("/ledger/vat"))
    for path in ("/ledger", "/ledger/journal", "/ledger/months"):
        assert desk.get(path).status_code == 403


def test_account_of_a_rail_gets_a_name_of_its_own(client):
    world = World()
    desk = Desk(client, world, Role.ACCOUNTANT)
    with world.work(None) as uow:
        post(
            uow.session, organisation_id=world.made.id, now=uow.now,
            postings=[Posting(PostingKind.FEE_CHARGED, new_id(), 5, "SEK", "sepa")],
        )  # fmt: skip
    path = "/ledger/accounts/money_out:sepa"
    assert desk.post(path, page=path, number="1912", name="Bank").status_code == 303
    assert "1912" in desk.get("/ledger/accounts").text
