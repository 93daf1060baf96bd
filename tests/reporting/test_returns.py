"""Who comes back: against a plain recount of the same customers, and on the pages."""

import csv
import datetime as dt
import io
import random
import re
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import psycopg
import pytest

from promises.db.sql import execute, records, rows
from promises.identity.actions import known_customer
from promises.improvement.returns import assume, assumptions
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.errors import Forbidden, Refused
from promises.kernel.ids import new_id
from promises.kernel.zones import local_date
from promises.reporting import returns as module
from promises.reporting.returns import Group, Returned, Returns, customers_of, returns
from promises.reporting.scorecard import Selection
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases
from tests.web.staff import post, sign_in

pytestmark = pytest.mark.usefixtures("as_application")

DAY = dt.timedelta(days=1)
CUSTOMERS = 130
DAYS = 60
MONEY = ("issued", "redeemed", "expired") * 4 + ("owed", "refused", "nothing", "ready", None)


@pytest.fixture(scope="module")
def laid(bare_apps):
    """Customers who came once to four times in sixteen months, and visits of nobody known."""
    with bare_apps[0].app_context():
        ground = make_ground()
        with ground.made.work(Role.MANAGER) as uow:
            today = local_date(uow.now, "Europe/Helsinki")
            chance = random.Random(7)
            cases = AtOnce(uow, ground)
            changes = []
            tenant = {"organisation_id": ground.organisation_id}
            for n in range(CUSTOMERS):
                customer = known_customer(uow.session, now=uow.now, reference=f"c-{n}", **tenant)
                first = today - chance.randint(62, 480) * DAY
                came = [first] + [
                    first + chance.randint(0, 100) * DAY for _ in range(chance.randint(0, 3))
                ]
                for day in came:
                    changes.append(_visit(cases, chance, day, customer))
            cases.add(*[Case(today - 100 * DAY, "broken", money="issued")] * 5)
            cases.land()
            execute(uow.session, _CHANGES, {"changes": records(changes)})
    return Laid(ground, cases.promise.promise_id, today)


class AtOnce(Cases):
    """Rows that go to the database together, table by table."""

    def __init__(self, uow, ground):
        super().__init__(uow, ground)
        self.rows = {}

    def _put(self, model, **columns):
        row = model(organisation_id=self.ground.organisation_id, id=new_id(), **columns)
        self.rows.setdefault(model, []).append(row)
        return row.id

    def land(self):
        for rows_of_table in self.rows.values():
            self.uow.session.add_all(rows_of_table)
            self.uow.session.flush()


def _visit(cases, chance, day, customer):
    """What the ticket and its voucher get once they are there."""
    state = chance.choice(("kept",) + ("broken",) * 5 + ("excluded",))
    money = chance.choice(MONEY) if state == "broken" else None
    (stored,) = cases.add(
        Case(
            day, state, dt.timedelta(minutes=20), hour=chance.randint(8, 15), money=money,
            branch=chance.randint(0, 1), evidence=chance.choice(("live", "live", "imported")),
            amount_minor=chance.randint(100, 2000),
        )
    )  # fmt: skip
    return {
        "ticket_id": stored.ticket_id,
        "customer_id": customer,
        "state": "withdrawn" if chance.random() < 0.05 else "served",
        "given_at": stored.started_at + chance.choice((0, 1, 7, DAYS - 1, DAYS)) * DAY,
    }


_CHANGES = """
WITH n AS (
    SELECT * FROM jsonb_to_recordset(%(changes)s::jsonb)
        AS n (ticket_id uuid, customer_id uuid, state text, given_at timestamptz)
), issued AS (
    UPDATE vouchers v SET issued_at = n.given_at
    FROM n JOIN compensations k ON k.ticket_id = n.ticket_id
    JOIN payouts p ON p.compensation_id = k.id
    WHERE v.payout_id = p.id
)
UPDATE tickets t SET customer_id = n.customer_id, state = n.state FROM n WHERE t.id = n.ticket_id
"""


class Laid:
    def __init__(self, ground, promise_id, today):
        self.ground, self.promise_id, self.today = ground, promise_id, today
        self.last = today - (DAYS + 1) * DAY
        self.year = Selection(None, None, self.last - 364 * DAY, self.last)

    def work(self, role=Role.MANAGER):
        return self.ground.made.work(role)

    def ask(self, selection, verb=returns, **options):
        with self.work() as uow:
            return verb(
                uow.session, organisation_id=self.ground.organisation_id, selection=selection,
                days=DAYS, **options,
            )  # fmt: skip

    def path(self, rest=""):
        return f"/o/{self.ground.slug}/staff/returns{rest}"

    def recount(self, selection):
        """One customer after the other, from everything there is."""
        with self.work() as uow:
            tickets = rows(uow.session, "SELECT * FROM tickets WHERE customer_id IS NOT NULL"
                                        " AND state <> 'withdrawn'")  # fmt: skip
            judged = rows(uow.session, "SELECT * FROM commitments WHERE state IN ('kept','broken')")
            money = {
                row.ticket_id: row
                for row in rows(
                    uow.session,
                    "SELECT k.ticket_id, k.amount_minor, v.issued_at, v.state FROM vouchers v"
                    " JOIN payouts p ON p.id = v.payout_id"
                    " JOIN compensations k ON k.id = p.compensation_id",
                )
            }
        of_ticket = {one.ticket_id: one for one in judged}
        found = {group: Counter() for group in Group}
        for customer in {one.customer_id for one in tickets}:
            theirs = [one for one in tickets if one.customer_id == customer]
            cases = [
                of_ticket[one.id] for one in theirs
                if one.id in of_ticket and selection.from_on <= one.day_on <= selection.to_on
                and selection.branch_id in (None, one.branch_id)
            ]  # fmt: skip
            if not cases:
                continue
            first = min(cases, key=lambda one: (one.started_at, one.state, one.id))
            given = money.get(first.ticket_id)
            group = Group.KEPT
            if first.state == "broken":
                in_time = given and given.issued_at < first.started_at + DAYS * DAY
                group = Group.MADE_GOOD if in_time else Group.NOT_MADE_GOOD
            counts = found[group]
            counts["customers"] += 1
            counts["came_back"] += any(
                DAY <= one.day_on - first.day_on <= DAYS * DAY for one in theirs
            )
            counts["unsure"] += first.evidence != "live"
            if group is Group.MADE_GOOD and given.state != "expired":
                counts["cost_minor"] += given.amount_minor
        return {group: Returned(**counts) for group, counts in found.items()}


@pytest.fixture
def manager(client, laid):
    sign_in(client, laid.ground.made, Role.MANAGER)
    return client


def test_returns_equal_a_plain_recount_of_each_customer(laid):
    half = Selection(None, None, laid.last - 200 * DAY, laid.last - 30 * DAY)
    branch = Selection(laid.promise_id, laid.ground.branch_id, laid.year.from_on, laid.last)
    for selection in (laid.year, half, branch):
        found, plain = laid.ask(selection), laid.recount(selection)
        assert {group: found.of(group) for group in Group} == plain
        assert all(one.customers for one in plain.values())
    whole = laid.ask(laid.year)
    assert whole.made_good.rate.cases >= 30 and whole.not_made_good.rate.cases >= 30
    assert whole.known == CUSTOMERS and not whole.by_lot


def test_list_behind_a_number_adds_up_to_it(laid):
    found = laid.ask(laid.year)
    for group in Group:
        all_of = laid.ask(laid.year, customers_of, group=group)
        back = laid.ask(laid.year, customers_of, group=group, came_back=True)
        assert len(all_of) == all_of[0].total == found.of(group).customers
        assert len(back) == found.of(group).came_back and all(one.came_back for one in back)


def test_more_customers_than_looked_at_are_drawn_by_a_lot_that_stays(laid, monkeypatch):
    monkeypatch.setattr(module, "MOST_CUSTOMERS", 40)
    found = laid.ask(laid.year)
    assert found.by_lot and found == laid.ask(laid.year)
    assert 0 < sum(found.of(group).customers for group in Group) <= 40


def test_value_saved_is_the_difference_of_shares_times_customers_times_value():
    found = Returns(Returned(), Returned(50, 40, 0, 7_000), Returned(40, 20), 90)
    saved = found.saved(10_000)
    assert saved.difference == Fraction(3, 10) and saved.minor == 150_000
    # 0.8 in [0.6696, 0.8876] and 0.5 in [0.3520, 0.6480], put together by Newcombe
    assert (round(saved.low, 4), round(saved.high, 4)) == (Decimal("0.1028"), Decimal("0.4720"))
    assert saved.low_minor < saved.minor < saved.high_minor
    assert Returns(Returned(), Returned(50, 40), Returned(29, 20), 79).saved(10_000) is None


def test_nothing_is_counted_without_a_first_and_a_last_day(laid):
    with pytest.raises(ValueError, match="first and a last day"):
        laid.ask(Selection())


def test_assumption_is_kept_with_who_and_when_and_a_wrong_one_changes_nothing(as_application):
    ground = make_ground()
    common = {"organisation_id": ground.organisation_id}

    def said():
        with ground.made.work(Role.MANAGER) as uow:
            return assumptions(uow.session, **common)

    def say(value_minor, days, reason="From the branch's books", actor=None):
        with ground.made.work(Role.MANAGER) as uow:
            assume(
                uow.session, **common, actor=actor or uow.actor, now=uow.now, currency="EUR",
                value_minor=value_minor, days=days, reason=reason,
            )  # fmt: skip

    assert said() == []
    say(5_000, 90)
    say(7_500, 60)
    assert [(one.value_minor, one.days) for one in said()] == [(7_500, 60), (5_000, 90)]
    assert all(one.set_by and one.reason == "From the branch's books" for one in said())
    for wrong in ((-1, 90, "x"), (10**9, 90, "x"), (1, 0, "x"), (1, 366, "x"), (1, 9, " ")):
        with pytest.raises(Refused):
            say(*wrong)
    with pytest.raises(Forbidden):
        say(1, 9, actor=SYSTEM)
    assert len(said()) == 2
    with ground.made.work(Role.MANAGER) as uow:
        audited = rows(
            uow.session, "SELECT action FROM audit_records WHERE action = 'return_assumption_set'"
        )
    assert len(audited) == 2


def test_page_says_who_comes_back_and_every_number_leads_to_its_list(manager, laid, monkeypatch):
    assert "Nobody has said yet" in manager.get(laid.path()).text
    wrong = post(manager, laid.path("/assumptions"), {"value": "", "days": "0", "reason": ""})
    assert wrong.status_code == 422
    sent = post(
        manager, laid.path("/assumptions"),
        {"value": "120", "days": str(DAYS), "reason": "Our own books of 2025."},
    )  # fmt: skip
    assert sent.status_code == 303
    statements = []
    plain = psycopg.Cursor.execute

    def counted(cursor, query, *args, **words):
        statements.append(query)
        return plain(cursor, query, *args, **words)

    with monkeypatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", counted)
        text = manager.get(laid.path()).text
    assert len(statements) <= 20
    assert "Our own books of 2025." in text and "This is a comparison and no proof." in text
    assert "Value by comparison" in text and text.count("<figcaption>") == 1
    links = set(re.findall(r'<a href="([^"]+)" data-count="(\d+)"', text))
    assert len(links) == 6
    for href, count in links:
        listed = manager.get(href.replace("&amp;", "&"))
        assert re.search(r'data-total="(\d+)"', listed.text)[1] == count
    file = manager.get(laid.path("/figures.csv")).text.removeprefix("\ufeff")
    lines = list(csv.reader(io.StringIO(file)))
    found = laid.ask(laid.year)
    assert [int(line[1]) for line in lines[1:]] == [found.of(one).customers for one in Group]
    assert int(lines[2][7]) == found.made_good.cost_minor


def test_list_of_no_group_is_not_found_and_a_clerk_sees_no_returns(manager, client, laid):
    assert manager.get(laid.path("/cases?group=nobody")).status_code == 404
    sign_in(client, laid.ground.made, Role.CLERK)
    assert client.get(laid.path()).status_code == 403
    sign_in(client, laid.ground.made, Role.ACCOUNTANT)
    assert client.get(laid.path()).status_code == 200
    assert client.get(laid.path("/assumptions")).status_code == 403
