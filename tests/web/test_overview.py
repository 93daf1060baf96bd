"""The manager's first page, and the figures that challenge a branch."""

import datetime as dt
import re
from decimal import Decimal
from fractions import Fraction

import pytest

from promises.catalogue.targets import TargetStep
from promises.flows.decide_proposal import publish
from promises.identity.models import Member
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.reporting.rates import KeptRate, room_for_breaches
from tests.catalogue.ground import make_ground
from tests.desk.test_statement_count import statements
from tests.factories.catalogue import new_version
from tests.reporting.cases import Case, Cases
from tests.web.catalogue import make_proposal
from tests.web.staff import sign_in

DAY = dt.timedelta(days=1)
SOON = dt.timedelta(minutes=5)


@pytest.fixture
def ground(app):
    with app.app_context():
        return make_ground()


def page(ground, rest=""):
    return f"/o/{ground.slug}/staff{rest}"


def tile(text, label):
    """The number of a tile, and its address where it has one."""
    found = re.search(
        rf'stat-label">{label}</p>\s*<p class="stat-value">(?:<a href="([^"]+)"[^>]*>)?([^<]*)',
        text,
    )
    assert found, label
    return found[2], (found[1] or "").replace("&amp;", "&")


@pytest.fixture
def promise(app, ground):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        cases = Cases(uow, ground, budget_month_minor=10_000)
        cases.add(*[Case(today - n * DAY, "kept", SOON) for n in range(29)])
        cases.add(*[Case(today, "kept", SOON, branch=1) for _ in range(3)])
        cases.add(
            Case(today - DAY, "broken", money="owed"),
            Case(today - 45 * DAY, "broken", money="redeemed"),
        )
    return cases.promise


def test_overview_shows_the_morning_figures_and_what_waits(app, client, ground, promise):
    make_proposal(app, ground.made)
    sign_in(client, ground.made, Role.MANAGER)
    text = client.get(page(ground)).text
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
    owed = (today - DAY).month == today.month
    assert tile(text, "Kept in the last 30 days")[0] == "96.9%"
    assert tile(text, "Budget left this month")[0] == ("€90.00" if owed else "€100.00")
    assert tile(text, "Payouts waiting for a decision")[0] == "1"
    assert "€10.00" in text
    assert "Branch 1" in text
    for label in (
        "Kept in the last 30 days", "Budget left this month", "Payouts waiting for a decision",
    ):  # fmt: skip
        assert client.get(tile(text, label)[1]).status_code == 200
    kept = client.get(tile(text, "Kept in the last 30 days")[1]).text
    assert 'data-total="32"' in kept
    assert len(re.findall(r"/staff/tickets/", kept)) == 32


def test_pages_of_budgets_take_few_statements(client, ground, promise, monkeypatch):
    sign_in(client, ground.made, Role.MANAGER)
    listed = client.get(page(ground, "/promises")).text
    slug = re.search(r"/staff/promises/([a-z0-9-]+)", listed)[1]
    for rest in ("", "/promises", f"/promises/{slug}"):
        client.get(page(ground, rest))
        with statements(monkeypatch) as sent:
            assert client.get(page(ground, rest)).status_code == 200
        assert len(sent) <= 20, rest


def test_overview_of_an_empty_organisation_says_so(client, ground):
    sign_in(client, ground.made, Role.MANAGER)
    text = client.get(page(ground)).text
    assert "No promise was published yet." in text
    assert tile(text, "Kept in the last 30 days")[0] == "–"
    assert tile(text, "Budget left this month")[0] == "No budget"


@pytest.mark.parametrize(
    ("role", "title"),
    [(Role.ACCOUNTANT, "Overview"), (Role.CLERK, "Welcome"), (Role.ADMINISTRATOR, "Welcome")],
)
def test_first_page_fits_the_role(client, ground, role, title):
    sign_in(client, ground.made, role)
    assert f"<h1>{title}" in client.get(page(ground)).text


def test_challenge_shows_the_branch_beside_everybody(app, client, ground, promise):
    with app.app_context(), ground.made.work(Role.MANAGER) as uow:
        today = local_date(uow.now, "Europe/Helsinki")
        path = (
            TargetStep(today - DAY, Decimal("0.9")),
            TargetStep(today + 30 * DAY, Decimal("0.97")),
        )
        publish(
            uow,
            version=new_version(
                uow.now,
                promise_id=promise.promise_id,
                target_path=path,
                team_reward="Cake for the team",
            ),
        )
        uow.session.get(
            Member, (ground.organisation_id, ground.clerk.id)
        ).branch_id = ground.branch_id
    sign_in(client, ground.made, Role.CLERK)
    for asked in ("", f"?branch={ground.other_branch_id}"):
        text = client.get(page(ground, f"/challenge{asked}")).text
        assert "Our figures at Branch 1" in text
        assert tile(text, "Kept in the last 30 days")[0] == "96.6%"
        assert tile(text, "All branches together")[0] == "96.9%"
        assert tile(text, "Days without a breach")[0] == "1"
        assert "Our target is 90%, and we are there." in text
        assert "2 more cases could break" in text
        assert "the target is 97%." in text
        assert "Cake for the team" in text
        assert ">Branch 2<" not in text


def test_challenge_names_no_clerk(app, client, ground, promise):
    sign_in(client, ground.made, Role.MANAGER)
    text = client.get(page(ground, f"/challenge?branch={ground.other_branch_id}")).text
    assert "Our figures at Branch 2" in text
    assert "3 of 3" in text
    assert "Clerk" not in text


def test_challenge_without_a_promise_invites_to_propose_one(client, ground):
    sign_in(client, ground.made, Role.CLERK)
    text = client.get(page(ground, "/challenge")).text
    assert "No promise holds here right now" in text


@pytest.mark.parametrize("lang", ["fi", "sv", "en"])
def test_pages_of_figures_open_in_every_language(client, ground, promise, lang):
    sign_in(client, ground.made, Role.MANAGER)
    for rest in ("", "/challenge"):
        assert client.get(page(ground, f"{rest}?lang={lang}")).status_code == 200


@pytest.mark.parametrize(
    ("kept", "broken", "target", "room"),
    [
        (95, 5, "0.95", 0),
        (99, 1, "0.95", 4),
        (94, 6, "0.95", -20),  # 114 of 120
        (100, 0, "1", 0),
        (99, 1, "1", -1),
        (0, 0, "0.95", 0),
        (0, 1, "0.95", -19),
        (5, 5, "0", 10),
    ],
)
def test_room_for_breaches_is_exact(kept, broken, target, room):
    rate, wanted = KeptRate(kept, broken), Fraction(target)
    assert room_for_breaches(rate, wanted) == room
    if room >= 0 and target != "0":
        assert Fraction(kept, max(kept + broken + room, 1)) >= wanted or kept == 0
        assert Fraction(kept, kept + broken + room + 1) < wanted
    elif room < 0 and wanted < 1:
        assert Fraction(kept - room, kept + broken - room) >= wanted
        assert Fraction(kept - room - 1, kept + broken - room - 1) < wanted
