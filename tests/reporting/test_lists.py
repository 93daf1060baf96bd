"""The lists behind the figures, and the panels of a ticket."""

import datetime as dt

import pytest

from promises.breaches.models import CommitmentState, Evidence
from promises.catalogue.queries import list_promises
from promises.db.session import unit_of_work
from promises.kernel.actors import SYSTEM
from promises.kernel.money import Money
from promises.kernel.text import render
from promises.reporting.lists import CommitmentFilter, breach_list, commitment_list
from promises.reporting.money import MoneyStage, money_figures
from promises.reporting.overview import overview
from promises.reporting.scorecard import Selection, scorecard
from promises.reporting.ticket_panels import ticket_panels
from tests.catalogue.ground import make_ground
from tests.reporting.cases import Case, Cases
from tests.reporting.test_scorecard import MONDAY, random_cases

DAY = dt.timedelta(days=1)


@pytest.fixture
def ground(as_application):
    return make_ground()


@pytest.fixture
def uow(ground):
    with unit_of_work(ground.organisation_id, SYSTEM) as work:
        yield work


def pages(fetch):
    found, after = [], None
    while True:
        page = fetch(after)
        found += page.rows
        after = page.after
        if after is None:
            return found


@pytest.fixture
def world(uow, ground):
    first, second = Cases(uow, ground), Cases(uow, ground)
    return first.add(*random_cases(3, 90)), second.add(*random_cases(4, 30)), first, second


def selections(first, ground):
    yield Selection()
    yield Selection(first.promise.promise_id, ground.branch_id)
    yield Selection(first.promise.promise_id, None, MONDAY + DAY, MONDAY + 4 * DAY)


def test_commitment_list_holds_exactly_what_the_scorecard_counts(uow, ground, world):
    organisation = {"organisation_id": ground.organisation_id}
    for selection in selections(world[2], ground):
        card = scorecard(uow.session, **organisation, selection=selection)
        for state, count in (
            (CommitmentState.KEPT, card.kept),
            (CommitmentState.BROKEN, card.broken),
            (CommitmentState.EXCLUDED, card.excluded),
            (CommitmentState.OPEN, card.open),
            (None, card.commitments),
        ):
            only = CommitmentFilter(None if state is None else (state,))
            rows = pages(
                lambda after, only=only, selection=selection: commitment_list(
                    uow.session, **organisation, selection=selection, only=only, after=after,
                    limit=7,
                )
            )  # fmt: skip
            assert len({row.commitment_id for row in rows}) == len(rows) == count
            assert [row.day_on for row in rows] == sorted(
                (row.day_on for row in rows), reverse=True
            )
            assert all(state in (None, row.state) for row in rows)
        late = CommitmentFilter((CommitmentState.BROKEN,), Evidence.UNVERIFIED)
        rows = commitment_list(uow.session, **organisation, selection=selection, only=late).rows
        assert len(rows) == card.broken_unverified


def test_breach_list_holds_exactly_what_the_money_counts(uow, ground, world):
    organisation = {"organisation_id": ground.organisation_id}
    for selection in selections(world[2], ground):
        figures = money_figures(uow.session, **organisation, currency="EUR", selection=selection)
        for stage in MoneyStage:
            rows = pages(
                lambda after, stage=stage, selection=selection: breach_list(
                    uow.session, **organisation, selection=selection, stage=stage, after=after,
                    limit=4,
                )
            )  # fmt: skip
            assert len({row.breach_id for row in rows}) == len(rows) == figures.of(stage).count
            assert sum(row.amount.amount_minor for row in rows) == (
                figures.of(stage).amount.amount_minor
            )
            assert {row.stage for row in rows} <= {stage}
            times = [row.breached_at for row in rows]
            assert times == sorted(times, reverse=True)


def test_breach_list_shows_annulled_breaches_and_those_without_money_yet(uow, ground):
    cases = Cases(uow, ground)
    annulled, fresh = cases.add(
        Case(MONDAY, "excluded", annulment="confirmed", money="cancelled", reason="annulled"),
        Case(MONDAY + DAY, "broken"),
    )
    rows = breach_list(uow.session, organisation_id=ground.organisation_id).rows
    assert [(row.breach_id, row.annulment, row.stage, row.amount) for row in rows] == [
        (fresh.breach_id, None, None, None),
        (annulled.breach_id, "confirmed", MoneyStage.CANCELLED, Money(1000, "EUR")),
    ]
    assert rows[0].label.startswith("A")
    assert (rows[0].branch, rows[0].zone) == ("Branch 1", "Europe/Helsinki")


def test_lists_of_another_organisation_are_empty(uow, ground, world):
    other = make_ground()
    with unit_of_work(other.organisation_id, SYSTEM) as theirs:
        for organisation_id in (other.organisation_id, ground.organisation_id):
            name = {"organisation_id": organisation_id}
            assert commitment_list(theirs.session, **name).rows == ()
            assert breach_list(theirs.session, **name).rows == ()
            ticket_id = world[0][0].ticket_id
            assert ticket_panels(theirs.session, **name, ticket_id=ticket_id) == ()


def panels(uow, ground, stored):
    return ticket_panels(
        uow.session, organisation_id=ground.organisation_id, ticket_id=stored.ticket_id
    )


def why(panel):
    return [render("en", message, "Europe/Helsinki") for message in panel.why]


def test_panel_tells_the_whole_chain_of_a_broken_promise(uow, ground):
    (stored,) = Cases(uow, ground).add(
        Case(MONDAY, "broken", dt.timedelta(minutes=20), money="redeemed")
    )
    (panel,) = panels(uow, ground, stored)
    assert panel.state is CommitmentState.BROKEN
    assert panel.limit_at == stored.started_at + dt.timedelta(minutes=15)
    assert why(panel)[-1] == "That is 5\u00a0min over the limit: broken."
    assert panel.breach.breach_id == stored.breach_id
    assert panel.breach.annulment is None
    assert panel.compensation.amount == Money(1000, "EUR")
    assert panel.compensation.stage is MoneyStage.REDEEMED
    payout = panel.compensation.payout
    assert (payout.state, payout.voucher_state, payout.last4) == ("paid", "redeemed", "7K3M")


def test_panel_of_an_open_promise_has_no_breach(uow, ground):
    (stored,) = Cases(uow, ground).add(Case(MONDAY, "open"))
    (panel,) = panels(uow, ground, stored)
    assert (panel.state, panel.breach, panel.compensation) == (CommitmentState.OPEN, None, None)
    assert "open until" in why(panel)[-1]


def test_panel_of_an_annulled_breach_tells_what_led_to_it(uow, ground):
    (stored,) = Cases(uow, ground).add(
        Case(MONDAY, "excluded", dt.timedelta(minutes=20), annulment="confirmed", reason="annulled")
    )
    (panel,) = panels(uow, ground, stored)
    assert why(panel)[-2:] == [
        "That is 5\u00a0min over the limit: broken.",
        "A second person annulled the breach: excluded.",
    ]
    assert (panel.breach.annulment, panel.breach.annulment_reason) == (
        "confirmed",
        "The clock was wrong",
    )


def test_panel_of_a_held_debt_names_what_holds_it(uow, ground):
    (stored,) = Cases(uow, ground).add(Case(MONDAY, "broken", money="owed"))
    (panel,) = panels(uow, ground, stored)
    assert (panel.compensation.holds, panel.compensation.payout) == (("approval",), None)
    assert panel.compensation.stage is MoneyStage.OWED


def test_overview_counts_what_waits_and_names_the_worst_branch(uow, ground):
    today = uow.now.date()
    cases = Cases(uow, ground)
    cases.add(*[Case(today, "kept", dt.timedelta(0)) for _ in range(3)])
    cases.add(*[Case(today - DAY, "kept", dt.timedelta(0), branch=1) for _ in range(3)])
    cases.add(Case(today - DAY, "broken", branch=1, money="owed"))
    cases.add(Case(today - 40 * DAY, "broken", branch=0, money="issued"))
    cases.add(Case(today - 2 * DAY, "broken", branch=1, annulment="asked", money="owed"))
    found = overview(
        uow.session, organisation_id=ground.organisation_id, now=uow.now, zone="UTC",
        currency="EUR",
        promises=list_promises(
            uow.session, organisation_id=ground.organisation_id, at=uow.now
        ),
    )  # fmt: skip
    assert (found.recent.kept, found.recent.broken) == (6, 2)
    assert [one.branch_id for one in found.worst] == [ground.other_branch_id]
    waiting = found.waiting
    assert (waiting.payouts, waiting.payouts_amount) == (2, Money(2000, "EUR"))
    assert (waiting.proposals, waiting.windows, waiting.annulments, waiting.total) == (0, 0, 1, 3)
    (change,) = found.changes
    assert (change.number, change.applied_to_history) == (1, True)
