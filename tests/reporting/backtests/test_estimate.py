"""The backtest gives what the engine gives ticket by ticket, on random terms and tickets."""

import dataclasses
import datetime as dt
import random

import pytest
from sqlalchemy import text

from promises.kernel.money import Money
from promises.kernel.zones import local_date, zone_of
from promises.reporting.backtests import Span, backtest
from promises.reporting.backtests.figures import usual_limits
from promises.rules.compile_sql import compile_judgement, compile_scope
from tests.factories.catalogue import simple_terms
from tests.reporting.backtests.ground import (
    FIRST,
    LAST,
    NOW,
    ZONE,
    Bank,
    random_terms,
    random_ticket,
    recount,
    told,
)

pytestmark = pytest.mark.usefixtures("as_application")

SPAN = Span(FIRST, LAST)
CAPS = (
    {"per_case_minor": 700},
    {"per_customer": {"count": 2, "period": "day"}},
    {"per_customer": {"count": 3, "period": "month"}, "per_case_minor": 700},
    {"per_customer": {"count": 5, "period": "year"}, "per_device_day": 1},
    {"per_device_day": 1},
    {"per_branch_day_anonymous": 1},
    {"per_device_day": 1, "per_branch_day_anonymous": 2},
)


def run(bank, terms, *, span=SPAN, now=NOW, limits=None):
    with bank.work() as uow:
        return backtest(
            uow.session,
            organisation_id=bank.id,
            now=now,
            terms=terms,
            span=span,
            limits=limits,
        )


@pytest.fixture(scope="module")
def bank(bare_apps):
    chance = random.Random(4)
    with bare_apps[0].app_context():
        made = Bank()
        people = made.people(4)
        made.add([random_ticket(chance, made.made, people=people) for _ in range(900)])
        yield made


@pytest.mark.parametrize("seed", range(25))
def test_backtest_equals_the_engine_ticket_by_ticket(bank, seed):
    chance = random.Random(seed)
    terms = random_terms(chance, bank.made, caps=chance.choice(({}, *CAPS)))
    found = run(bank, terms, limits=sorted(chance.sample(range(1, 2_000), 20)))
    expected = recount(terms, bank.rows())
    assert told(found.counts) == expected.counts, terms
    assert (found.leavers.before_limit, found.leavers.after_limit) == (
        expected.left_before,
        expected.left_after,
    )
    assert len(found.curve) == 20
    for point in found.curve[:: chance.randrange(4, 8)]:
        other = simple_terms_like(terms, point.limit_seconds)
        assert told(point.counts) == recount(other, bank.rows()).counts


def simple_terms_like(terms, seconds):
    return dataclasses.replace(terms, rule=dataclasses.replace(terms.rule, limit_seconds=seconds))


@pytest.mark.parametrize("caps", CAPS)
def test_caps_leave_what_allocating_one_by_one_leaves(bank, caps):
    terms = simple_terms(seconds=60, caps=caps, after_limit="not_owed")
    found = run(bank, terms, limits=(60, 900))
    assert told(found.counts) == recount(terms, bank.rows()).counts
    assert told(found.curve[0].counts) == told(found.counts)
    assert found.counts.cost.amount_minor < 1000 * found.broken


@pytest.mark.parametrize("seed", range(5))
def test_backtest_counts_what_the_compiled_sql_counts(bank, seed):
    terms = random_terms(random.Random(100 + seed), bank.made)
    judgement, scope = compile_judgement(terms), compile_scope(terms)
    statement = f"""
        SELECT j.state, count(*) FROM (SELECT {judgement.sql} FROM (
            SELECT k.*, k.kind AS ticket_kind, k.waited_us AS measured_wait_us,
                CASE WHEN k.state = 'left' THEN k.ended_at END AS left_at,
                CASE WHEN k.state = 'no_show' THEN k.ended_at END AS no_show_at,
                CASE WHEN k.state = 'closed' THEN k.ended_at END AS closed_at
            FROM tickets k WHERE k.state <> 'withdrawn'
        ) t WHERE {scope.sql}) j GROUP BY 1"""
    with bank.work() as uow:
        values = judgement.params | scope.params | {"now": NOW}
        by_sql = dict(uow.session.execute(text(statement), values).all())
    found = run(bank, terms, limits=())
    ours = {"kept": found.kept, "broken": found.broken, "excluded": found.excluded,
            "open": found.open}  # fmt: skip
    by_sql.pop("not_applicable", None)
    assert {state: n for state, n in ours.items() if n} == by_sql


def test_branches_and_hours_are_recounts_of_their_own_tickets(bank):
    terms = simple_terms(seconds=300)
    found = run(bank, terms, limits=())
    rows = bank.rows()
    for one in found.by_branch:
        mine = [row for row in rows if row.branch_id == one.branch_id]
        assert told(one.counts) == recount(terms, mine).counts
    assert sum(one.counts.cases for one in found.by_branch) == found.counts.cases

    def hour_of(row):
        local = row.arrived_at.astimezone(zone_of(ZONE))
        return local.weekday(), local.hour

    seen = {(one.weekday, one.hour): told(one.counts) for one in found.by_weekday_hour}
    arrived = [row for row in rows if row.arrived_at is not None]
    for cell in {hour_of(row) for row in arrived}:
        mine = [row for row in arrived if hour_of(row) == cell]
        if sum(recount(terms, mine).counts[:4]):
            assert seen.pop(cell) == recount(terms, mine).counts
    assert seen == {}


def test_span_takes_both_its_ends_and_nothing_else(bank):
    span = Span(dt.date(2026, 2, 27), dt.date(2026, 3, 3))
    terms = simple_terms()
    mine = [row for row in bank.rows() if span.from_on <= row.day_on <= span.to_on]
    found = run(bank, terms, span=span)
    assert told(found.counts) == recount(terms, mine).counts
    assert (found.first_on, found.last_on, found.days) == (span.from_on, span.to_on, 5)


def test_month_is_scaled_from_the_days_that_had_tickets(bank):
    found = run(bank, simple_terms(seconds=60), limits=())
    assert found.days == (LAST - FIRST).days + 1 == 73
    assert float(found.breaches_a_month) == pytest.approx(found.broken / 73 * 365.2425 / 12)
    cents = found.counts.cost.amount_minor / 73 * 365.2425 / 12
    assert found.cost_a_month.amount_minor == pytest.approx(cents, abs=0.51)
    interval = found.monthly.cost_interval
    assert interval.low.amount_minor < found.cost_a_month.amount_minor < interval.high.amount_minor


def test_the_same_question_gets_the_same_interval_again(bank):
    terms = simple_terms(seconds=300)
    first, again = run(bank, terms), run(bank, terms)
    assert first == again
    share = float(first.rate.share)
    assert 0 < first.interval.low < share < first.interval.high < 1
    here = next(point for point in first.curve if point.limit_seconds == 300)
    assert (told(here.counts), here.interval) == (told(first.counts), first.interval)


def test_below_thirty_cases_there_is_no_interval():
    bank, chance = Bank(), random.Random(2)
    served = random_ticket(chance, bank.made) | {
        "kind": "visit", "state": "served", "waited_us": None, "arrived_at": NOW,
        "day_on": local_date(NOW, ZONE), "service_started_at": NOW,
    }  # fmt: skip
    earlier = served | {"arrived_at": NOW - dt.timedelta(days=9), "day_on": LAST - dt.timedelta(9),
                        "service_started_at": NOW}  # fmt: skip
    bank.add([served] * 28 + [earlier])
    terms = simple_terms()
    found = run(bank, terms, limits=())
    assert (found.kept, found.broken, found.interval, found.rate.shown) == (28, 1, None, None)
    bank.add([served])
    found = run(bank, terms, limits=())
    assert (found.kept, found.rate.cases) == (29, 30)
    assert found.interval.high == 1.0
    assert found.interval.low < 0.97


def test_organisation_without_tickets_gets_zeros():
    bank = Bank()
    found = run(bank, simple_terms())
    assert (found.days, found.curve, found.interval) == (0, (), None)
    assert told(found.counts) == (0, 0, 0, 0, 0, 0)
    assert found.cost_a_month == Money(0, "EUR")


def test_cap_of_a_period_that_began_earlier_is_told(bank):
    yearly = {"per_customer": {"count": 1, "period": "year"}}
    assert run(bank, simple_terms(caps=yearly), limits=()).unknown_before
    daily = {"per_customer": {"count": 1, "period": "day"}}
    assert not run(bank, simple_terms(caps=daily), limits=()).unknown_before


@pytest.mark.parametrize(
    "span",
    [
        Span(),
        Span(FIRST),
        Span(None, LAST),
        Span(dt.date(2010, 1, 1), dt.date(2026, 1, 1)),
    ],
)
def test_span_without_its_days_or_of_more_than_ten_years_is_refused(bank, span):
    with pytest.raises(ValueError, match="span"):
        run(bank, simple_terms(), span=span)


@pytest.mark.parametrize("limit", [1, 7, 20, 60, 300, 900, 1_000, 7_200, 432_000, 31_622_400])
def test_usual_limits_are_twenty_at_least_and_hold_the_promised_one(limit):
    limits = usual_limits(limit)
    assert len(limits) >= 20
    assert limit in limits
    assert list(limits) == sorted(set(limits))
    assert limits[0] >= 1
    assert limits[-1] >= 2 * limit
