"""The backtest of general terms is the engine's answer on every ticket, counted."""

import dataclasses
import datetime as dt
import random
from fractions import Fraction

import pytest

from promises.identity.errors import CalendarUnknown
from promises.kernel.zones import zone_of
from promises.reporting.backtests import Span, backtest
from promises.reporting.backtests.answers import settle
from promises.reporting.backtests.figures import FEWEST_POINTS
from promises.reporting.backtests.general import general_backtest
from promises.reporting.backtests.tickets import load_tickets
from promises.rules.guarantee.limits import limit_of, with_limit
from promises.rules.guarantee.uses import uses_history
from promises.rules.terms import parse_terms
from tests.flows.guarantees import general
from tests.reporting.backtests.general_ground import (
    NOW,
    GeneralBank,
    chain_says,
    counted,
    random_terms,
)
from tests.reporting.backtests.ground import ZONE, Bank, told

pytestmark = pytest.mark.usefixtures("as_application")

SPAN = Span(dt.date(2026, 3, 1), dt.date(2026, 4, 30))
KINDS = ("visit", "complaint", "request")
ANSWERED = general(
    scope={"ticket_kinds": list(KINDS)},
    facts={"received_at": "instant", "answered_at": "instant"},
    deadlines={
        "answer_before": {
            "from": "received_at", "add": 2, "unit": "working_day", "calendar": "shop",
        }
    },
    broken_when={"late": {"event": "answered_at", "deadline": "answer_before"}},
)  # fmt: skip

SILENT = ANSWERED | {"broken_when": {"missing": "answered_at"}}
"""Broken whenever no answer is known; so there are many."""


def run(bank, terms, *, span=SPAN, now=NOW, limits=None, **words):
    with bank.work() as uow:
        ask = general_backtest if words else backtest
        return ask(
            uow.session, organisation_id=bank.id, now=now, terms=terms, span=span, limits=limits,
            **words,
        )  # fmt: skip


def loaded(bank, terms, most=1_000):
    with bank.work() as uow:
        return load_tickets(
            uow.session, organisation_id=bank.id, terms=terms, span=SPAN, now=NOW, most=most
        )


@pytest.fixture(scope="module")
def bank(bare_apps):
    chance = random.Random(11)
    with bare_apps[0].app_context():
        made = GeneralBank()
        made.fill(chance, 60, made.people(3))
        yield made


@pytest.mark.parametrize("seed", range(40))
def test_random_terms_on_random_tickets_are_judged_as_the_chain_judges_them(bank, seed):
    terms = random_terms(seed)
    recurring = terms.guarantee.recurrence is not None  # these take the longest by far
    found = loaded(bank, terms, most=8 if recurring else 1_000)
    assert len(found.tickets) + found.left_out == 60
    scope = {ticket.ticket_id for ticket in found.tickets}
    expected = {}
    for one in chain_says(bank, terms, scope):
        expected[one.ticket.id, one.number] = one.state, one.amount_minor
    ours = {}
    for one in settle(terms, found.tickets, NOW):
        amount = one.amount_minor if one.state == "broken" else 0
        ours[found.tickets[one.place].ticket_id, one.number] = one.state, amount or 0
    assert ours.keys() == expected.keys()
    alone = {row.id for row in bank.cases() if row.customer_id is None}
    for key, answer in ours.items():
        # what a known customer was granted before is counted with in the order of time
        if not uses_history(terms.guarantee) or key[0] in alone:
            assert answer == expected[key]


@pytest.mark.parametrize("seed", range(40, 55))
def test_figures_are_counts_of_the_same_answers(bank, seed):
    terms = random_terms(seed, scope={"ticket_kinds": ["visit", "request"]})
    if uses_history(terms.guarantee) or terms.guarantee.recurrence is not None:
        terms = parse_terms(ANSWERED | {"scope": {"ticket_kinds": ["visit", "request"]}})
    found = run(bank, terms, limits=())
    scope = {row.id for row in bank.cases() if row.kind in ("visit", "request")}
    assert 20 < len(scope) < 60
    said = chain_says(bank, terms, scope)
    assert told(found.counts) == counted(said)
    for branch in bank.made.branches:
        mine = [one for one in said if one.ticket.branch_id == branch.id]
        figures = [one.counts for one in found.by_branch if one.branch_id == branch.id]
        assert [told(one) for one in figures] == ([counted(mine)] if mine else [])
    for cell in found.by_weekday_hour:
        mine = [one for one in said if hour_of(one.ticket) == (cell.weekday, cell.hour)]
        assert told(cell.counts) == counted(mine)
    assert sum(cell.counts.cases for cell in found.by_weekday_hour) == len(said)


def hour_of(row):
    local = row.arrived_at.astimezone(zone_of(ZONE))
    return local.weekday(), local.hour


def test_missing_facts_are_open_and_never_kept(bank):
    terms = parse_terms(ANSWERED | {"broken_when": {"compare": [{"fact": "price"}, ">", 5]},
                                    "facts": ANSWERED["facts"] | {"price": "number"}})  # fmt: skip
    found = run(bank, terms, limits=())
    assert told(found.counts) == (0, 0, 0, 60, 0, 0)


# ---- other limits


def limited(seeds):
    """Random terms with a limit that can be varied."""
    made = ((seed, random_terms(seed)) for seed in seeds)
    return [
        (seed, terms)
        for seed, terms in made
        if limit_of(terms.guarantee) is not None and terms.guarantee.recurrence is None
    ]


@pytest.mark.parametrize("terms", [pytest.param(t, id=str(s)) for s, t in limited(range(60, 95))])
def test_each_point_of_the_curve_is_the_backtest_of_that_limit(bank, terms):
    limit = limit_of(terms.guarantee)
    points = sorted({limit.value, *(limit.value * part / 4 for part in range(1, 9))})
    found = run(bank, terms, limits=points)
    assert [point.limit for point in found.curve] == points
    for point in found.curve:
        other = dataclasses.replace(
            terms, guarantee=with_limit(terms.guarantee, limit, point.limit)
        )
        assert told(point.counts) == told(run(bank, other, limits=()).counts)


def test_usual_curve_has_twenty_whole_days_and_the_limit_itself(bank):
    found = run(bank, parse_terms(ANSWERED))
    assert len(found.curve) >= FEWEST_POINTS
    assert all(point.limit.denominator == 1 for point in found.curve)
    own = next(point for point in found.curve if point.limit == found.limit.value)
    assert (own.counts, own.interval, own.monthly) == (
        found.counts, found.interval, found.monthly,
    )  # fmt: skip
    kept = [point.counts.kept for point in found.curve]
    assert kept == sorted(kept)
    assert found.counts.broken > 5


def test_limit_at_which_nothing_is_compared_gives_no_curve(bank):
    terms = parse_terms(ANSWERED | {"facts": ANSWERED["facts"] | {"vip": "boolean"},
                                    "broken_when": {"true": "vip"}})  # fmt: skip
    found = run(bank, terms)
    assert (found.limit, found.curve, found.curve_too_long) == (None, (), False)
    assert found.counts.broken > 0


def test_curve_that_would_take_too_long_is_told_and_not_drawn(bank, monkeypatch):
    capped = parse_terms(ANSWERED | {"caps": {"per_device_day": 1}})
    assert run(bank, capped).curve
    monkeypatch.setattr("promises.reporting.backtests.general.MOST_JUDGEMENTS", 60 * 20 - 1)
    found = run(bank, capped)
    assert (found.curve, found.curve_too_long) == ((), True)
    assert found.counts.cases == 60


# ---- spans, bounds, money


def test_more_tickets_than_the_bound_leave_out_the_oldest_whole_days(bank):
    terms = parse_terms(ANSWERED)
    rows = bank.cases()
    found = run(bank, terms, limits=(), most=25)
    judged = [row for row in rows if row.day_on >= found.first_on]
    assert 0 < len(judged) <= 25
    assert (found.counts.cases, found.left_out) == (len(judged), 60 - len(judged))
    mine = [one for one in chain_says(bank, terms) if one.ticket.day_on >= found.first_on]
    assert told(found.counts) == counted(mine)
    assert found.last_on == max(row.day_on for row in rows)


def test_span_takes_both_its_ends_and_nothing_else(bank):
    terms = parse_terms(ANSWERED)
    span = Span(dt.date(2026, 3, 27), dt.date(2026, 3, 28))
    found = run(bank, terms, span=span, limits=())
    mine = [one for one in chain_says(bank, terms)
            if span.from_on <= one.ticket.day_on <= span.to_on]  # fmt: skip
    assert told(found.counts) == counted(mine)
    assert (found.first_on, found.last_on) == (span.from_on, span.to_on)


def test_span_without_tickets_gives_zeros():
    found = run(Bank(), parse_terms(general(**{key: ANSWERED[key] for key in ("facts",)},
                                            broken_when={"known": "answered_at"})))  # fmt: skip
    assert (found.days, found.counts.cases, found.curve, found.leavers) == (0, 0, (), None)


def test_calendar_that_nobody_keeps_is_refused(bank):
    document = ANSWERED | {
        "deadlines": {
            "answer_before": ANSWERED["deadlines"]["answer_before"] | {"calendar": "moon-days"}
        }
    }
    with pytest.raises(CalendarUnknown):
        run(bank, parse_terms(document))


def test_remedy_without_money_costs_nothing(bank):
    terms = parse_terms(ANSWERED | {"remedy": {"kind": "apology"}})
    found = run(bank, terms, limits=())
    paid = run(bank, parse_terms(ANSWERED), limits=())
    assert found.broken == paid.broken > 0
    assert (found.counts.owed, found.counts.cost.amount_minor) == (0, 0)
    assert paid.counts.cost.amount_minor == 1000 * paid.broken


def test_amount_that_nobody_knows_yet_is_counted_apart(bank):
    document = ANSWERED | {
        "facts": ANSWERED["facts"] | {"price_minor": "number"}, "amount": {"fact": "price_minor"},
    }  # fmt: skip
    found = run(bank, parse_terms(document), limits=())
    assert 0 < found.unpriced < found.broken
    assert found.counts.owed <= found.broken - found.unpriced


@pytest.mark.parametrize(
    "caps",
    [{"per_customer": {"count": 1, "period": "month"}}, {"per_device_day": 1},
     {"per_branch_day_anonymous": 1}, {"per_case_minor": 700}],
    ids=str,
)  # fmt: skip
def test_caps_of_the_organisation_lower_what_is_owed(bank, caps):
    terms = parse_terms(SILENT | {"caps": caps})
    found = run(bank, terms, limits=())
    broken = [one.ticket for one in chain_says(bank, terms) if one.state == "broken"]
    assert found.broken == len(broken)
    assert found.unknown_before == ("per_customer" in caps)
    keys = {
        "per_customer": lambda row: row.customer_id and (row.customer_id, row.day_on.month),
        "per_device_day": lambda row: row.device_id and (row.device_id, row.day_on),
        "per_branch_day_anonymous": lambda row: (
            None if row.customer_id else (row.branch_id, row.day_on)
        ),
        "per_case_minor": lambda row: None,
    }
    each = 700 if "per_case_minor" in caps else 1000
    found_keys = [key for row in broken if (key := keys[next(iter(caps))](row))]
    owed = len(broken) - len(found_keys) + len(set(found_keys))
    assert "per_case_minor" in caps or owed < len(broken)
    assert (found.counts.owed, found.counts.cost.amount_minor) == (owed, each * owed)


def test_window_cap_of_the_terms_counts_earlier_awards_of_the_span(bank):
    most = 1500
    steps = [{"window_cap": {"most": most, "dated": "arrived_at", "window": {"every": "year"}}}]
    facts = SILENT["facts"] | {"arrived_at": "instant"}
    terms = parse_terms(SILENT | {"steps": steps, "facts": facts})
    found = run(bank, terms, limits=())
    broken = [one.ticket for one in chain_says(bank, terms) if one.state == "broken"]
    by_customer = {}
    for row in broken:
        by_customer.setdefault(row.customer_id, []).append(row)
    unknown = len(by_customer.pop(None))
    assert max(map(len, by_customer.values())) > 1
    known = sum(min(1000 * len(mine), most) for mine in by_customer.values())
    assert found.counts.cost.amount_minor == known + 1000 * unknown
    assert found.unknown_before


def test_one_more_word_is_a_fraction_of_its_unit():
    terms = parse_terms(ANSWERED)
    limit = limit_of(terms.guarantee)
    assert (limit.section, limit.name, limit.value, limit.unit, limit.apart) == (
        "deadlines", "answer_before", 2, "working_day", True,
    )  # fmt: skip
    changed = with_limit(terms.guarantee, limit, Fraction(5))
    document = ANSWERED | {
        "deadlines": {"answer_before": ANSWERED["deadlines"]["answer_before"] | {"add": 5}}
    }
    assert dataclasses.replace(changed, document=document) == parse_terms(document).guarantee
