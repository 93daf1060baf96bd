"""Trying a promise on the pages: the figures of the backtest, with and without script."""

import csv
import datetime as dt
import io
import random

import pytest

from promises.catalogue.drafts import NewDraft, begin_draft
from promises.kernel.actors import Role
from promises.reporting.backtests import Span, backtest
from promises.rules.terms import parse_terms
from tests.factories.catalogue import publish_simple_promise, simple_terms
from tests.flows.guarantees import general
from tests.reporting.backtests.ground import Bank, random_ticket
from tests.web.catalogue import make_proposal
from tests.web.staff import sign_in

ASKED = {
    "matter": "visit",
    "until": "service_started",
    "limit": "15",
    "unit": "60",
    "amount": "10",
    "boundary": "inclusive",
    "before_limit": "excluded",
    "after_limit": "owed",
    "cap_period": "month",
    "from_on": "2026-01-20",
    "to_on": "2026-04-02",
}
SPAN = Span(dt.date(2026, 1, 20), dt.date(2026, 4, 2))


@pytest.fixture(scope="module")
def bank(app):
    chance = random.Random(3)
    with app.app_context():
        made = Bank()
        made.add([random_ticket(chance, made.made) for _ in range(400)])
    return made


@pytest.fixture
def manager(client, bank):
    sign_in(client, bank.made, Role.MANAGER)
    return client


def address(bank, rest=""):
    return f"/o/{bank.made.slug}/staff/backtest{rest}"


def expected(app, bank, terms, **words):
    with app.app_context(), bank.work() as uow:
        return backtest(
            uow.session, organisation_id=bank.id, now=uow.now, terms=terms, span=SPAN, **words
        )


def test_page_shows_the_sentence_the_figures_and_the_curve(app, bank, manager):
    page = manager.get(address(bank), query_string=ASKED)
    found = expected(app, bank, simple_terms())
    assert page.status_code == 200
    assert found.rate.cases > 100
    assert f"{float(found.rate.share) * 100:.1f}" in page.text
    assert f"Tried on {found.counts.cases} cases of 73 days" in page.text
    assert page.text.count("<svg") >= 2
    assert f"{found.leavers.before_limit}</dd>" in page.text.replace("\n", "")
    for one in found.by_branch:
        assert f">{one.counts.broken}</td>" in page.text


def test_moved_slider_is_answered_with_the_result_alone(app, bank, manager):
    asked = ASKED | {"limit": "5"}
    part = manager.get(address(bank), query_string=asked, headers={"X-Live": "1"})
    assert part.status_code == 200
    assert "<html" not in part.text
    found = expected(app, bank, simple_terms(seconds=300))
    assert f"{found.broken} in these days" in part.text


def test_curve_comes_as_csv_with_every_limit(app, bank, manager):
    answer = manager.get(address(bank, "/limits.csv"), query_string=ASKED)
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    found = expected(app, bank, simple_terms())
    assert [int(row["limit_seconds"]) for row in rows] == [
        point.limit_seconds for point in found.curve
    ]
    assert len(rows) >= 20
    for row, point in zip(rows, found.curve, strict=True):
        assert (int(row["kept"]), int(row["broken"])) == (point.counts.kept, point.counts.broken)
        assert int(row["cost_a_month_minor"]) == point.monthly.cost.amount_minor


def test_choices_of_the_form_reach_the_backtest(app, bank, manager):
    branch = bank.made.branches[1].id
    asked = ASKED | {
        "until": "called", "boundary": "exclusive", "after_limit": "not_owed",
        "branches": str(branch), "cap_branch": "1", "amount": "7,50",
    }  # fmt: skip
    rows = list(
        csv.DictReader(
            io.StringIO(manager.get(address(bank, "/limits.csv"), query_string=asked).text)
        )
    )
    terms = simple_terms(
        to="called", boundary="exclusive", after_limit="not_owed", branches=[branch],
        amount_minor=750, caps={"per_branch_day_anonymous": 1},
    )  # fmt: skip
    found = expected(app, bank, terms)
    here = next(row for row in rows if row["limit_seconds"] == "900")
    assert int(here["broken"]) == found.broken
    assert int(here["cost_a_month_minor"]) == found.cost_a_month.amount_minor


def test_promise_and_proposal_lead_to_their_own_terms(app, bank, manager):
    with app.app_context(), bank.made.work(None) as uow:
        publish_simple_promise(
            uow.session, organisation_id=bank.id, now=uow.now, slug="in-seven", seconds=420,
            amount_minor=1250, before_limit="kept", caps={"per_device_day": 2},
        )  # fmt: skip
    proposal_id = make_proposal(app, bank.made, terms=simple_terms(seconds=45, to="called"))
    for source, wanted in (
        ({"promise": "in-seven"}, ("limit=7", "unit=60", "amount=12,50", "before_limit=kept",
                                   "cap_device=2", "until=service_started")),
        ({"proposal": str(proposal_id)}, ("limit=45", "unit=1", "amount=10", "until=called")),
        ({}, ("limit=15", "unit=60")),
    ):  # fmt: skip
        answer = manager.get(address(bank), query_string=source)
        assert answer.status_code == 303
        for part in wanted:
            assert part in answer.location.replace("%2C", ",")
        assert "from_on=" in answer.location
        assert manager.get(answer.location).status_code == 200
    page = manager.get(f"/o/{bank.made.slug}/staff/promises/in-seven")
    assert "backtest?promise=in-seven" in page.text
    page = manager.get(f"/o/{bank.made.slug}/staff/proposals/{proposal_id}")
    assert f"backtest?proposal={proposal_id}" in page.text


@pytest.mark.parametrize(
    "source",
    [
        {"promise": "none-such"},
        {"proposal": "x"},
        {"proposal": "01a20254-db41-77db-930c-491a78e430c7"},
    ],
)
def test_unknown_promise_or_proposal_is_not_found(bank, manager, source):
    assert manager.get(address(bank), query_string=source).status_code == 404


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"limit": ""}, "This is missing."),
        ({"limit": "soon"}, "Give a whole number."),
        ({"amount": "-1"}, "Give an amount"),
        ({"from_on": ""}, "Give the day."),
        ({"to_on": ""}, "Give the day."),
        ({"to_on": "2025-12-31"}, "not before the first"),
        ({"from_on": "2010-01-01"}, "ten years"),
        ({"limit": "99999999", "unit": "3600"}, "between 1 and"),
    ],
)
def test_what_cannot_be_tried_is_said_at_its_field(bank, manager, changes, words):
    page = manager.get(address(bank), query_string=ASKED | changes)
    assert page.status_code == 422
    assert words in page.text
    assert "Tried on" not in page.text


def test_days_without_tickets_say_so(bank, manager):
    asked = ASKED | {"from_on": "2020-01-01", "to_on": "2020-02-01"}
    page = manager.get(address(bank), query_string=asked)
    assert page.status_code == 200
    assert "No ticket in these days" in page.text


def test_few_cases_are_shown_as_counts(app, client):
    with app.app_context():
        small = Bank()
        chance = random.Random(6)
        served = [one | {"kind": "visit", "state": "served"} for one in
                  (random_ticket(chance, small.made) for _ in range(12))]  # fmt: skip
        small.add(served)
    sign_in(client, small.made, Role.MANAGER)
    page = client.get(address(small), query_string=ASKED)
    found = expected(app, small, simple_terms())
    assert f"{found.kept} of {found.rate.cases}" in page.text
    assert "Below 30 cases we show counts." in page.text
    assert "with 95 per cent certainty" not in page.text


@pytest.mark.parametrize("role", [Role.CLERK, Role.ADMINISTRATOR])
def test_only_those_who_read_reports_may_try(bank, client, role):
    sign_in(client, bank.made, role)
    assert client.get(address(bank), query_string=ASKED).status_code == 403
    assert client.get(address(bank, "/limits.csv"), query_string=ASKED).status_code == 403


# ---- promises in general terms

ALWAYS_BROKEN = general(
    scope={"ticket_kinds": ["visit"]},
    facts={"arrived_at": "instant"},
    broken_when={"known": "arrived_at"},
)


def test_promise_in_general_terms_is_tried_by_its_name(app, bank, manager):
    document = general(
        scope={"ticket_kinds": ["visit"]},
        facts={"arrived_at": "instant", "service_started_at": "instant"},
        deadlines={"seen_before": {"from": "arrived_at", "add": 10, "unit": "minute"}},
        broken_when={"late": {"event": "service_started_at", "deadline": "seen_before"}},
    )
    terms = parse_terms(document)
    proposal_id = make_proposal(app, bank.made, terms=terms)
    page = manager.get(f"/o/{bank.made.slug}/staff/proposals/{proposal_id}")
    assert f"backtest?proposal={proposal_id}" in page.text
    first = manager.get(address(bank), query_string={"proposal": str(proposal_id)})
    assert first.status_code == 303
    assert f"proposal={proposal_id}" in first.location
    assert manager.get(first.location).status_code == 200
    asked = {"proposal": str(proposal_id), "from_on": "2026-01-20", "to_on": "2026-04-02"}
    page = manager.get(address(bank), query_string=asked)
    found = expected(app, bank, terms)
    assert page.status_code == 200
    assert f"Tried on {found.counts.cases} cases of 73 days" in page.text
    assert page.text.count("<svg") >= 2
    assert "Limit in minutes" in page.text
    assert "Left before the limit" not in page.text
    assert "Compensation a month" in page.text
    assert f'<input type="hidden" name="proposal" value="{proposal_id}">' in page.text
    part = manager.get(address(bank), query_string=asked, headers={"X-Live": "1"})
    assert "<html" not in part.text
    answer = manager.get(address(bank, "/limits.csv"), query_string=asked)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["unit"] for row in rows} == {"minute"}
    own = next(row for row in rows if row["limit"] == "10")
    assert (int(own["kept"]), int(own["broken"])) == (found.kept, found.broken)
    wrong = manager.get(address(bank), query_string=asked | {"to_on": ""})
    assert wrong.status_code == 422
    assert "Give the day." in wrong.text


def test_remedy_without_money_shows_no_sums(app, bank, manager):
    document = general(
        scope={"ticket_kinds": ["visit"]},
        facts={"called_at": "instant", "arrived_at": "instant"},
        broken_when={"missing": "called_at"},
        remedy={"kind": "apology"},
        amount=0,
    )
    proposal_id = make_proposal(app, bank.made, terms=parse_terms(document))
    asked = {"proposal": str(proposal_id), "from_on": "2026-01-20", "to_on": "2026-04-02"}
    page = manager.get(address(bank), query_string=asked)
    assert page.status_code == 200
    assert "Compensation" not in page.text
    assert "€" not in page.text.partition('id="result"')[2]
    assert "The same promise with other limits" not in page.text


def test_more_cases_than_can_be_judged_are_told(app, bank, manager, monkeypatch):
    monkeypatch.setattr("promises.reporting.backtests.general.MOST_TICKETS", 50)
    terms = parse_terms(ALWAYS_BROKEN)
    found = expected(app, bank, terms)
    proposal_id = make_proposal(app, bank.made, terms=terms)
    asked = {"proposal": str(proposal_id), "from_on": "2026-01-20", "to_on": "2026-04-02"}
    page = manager.get(address(bank), query_string=asked)
    assert found.left_out > 100
    assert f"{found.left_out} older ones are left out" in page.text
    assert f"Tried on {found.counts.cases} cases" in page.text


def test_draft_is_tried_by_those_who_may_publish(app, bank, manager):
    terms = parse_terms(ALWAYS_BROKEN)
    with app.app_context(), bank.work() as uow:
        draft_id = begin_draft(
            uow.session, organisation_id=bank.id, actor=uow.actor, now=uow.now,
            start=NewDraft(terms, {}, None),
        ).id  # fmt: skip
    asked = {"draft": str(draft_id), "from_on": "2026-01-20", "to_on": "2026-04-02"}
    page = manager.get(address(bank), query_string=asked)
    assert f"Tried on {expected(app, bank, terms).counts.cases} cases" in page.text
    editor = manager.get(f"/o/{bank.made.slug}/staff/editor/{draft_id}")
    assert f"backtest?draft={draft_id}" in editor.text.replace("&amp;", "&")
