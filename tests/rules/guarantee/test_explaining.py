"""Every answer can be told in full, in three languages, and stored."""

import json
from random import Random

import pytest
from hypothesis import given

from promises.kernel.errors import DomainError
from promises.kernel.text import LOCALES
from promises.rules.guarantee import phrases_of_numbers, phrases_of_time
from promises.rules.guarantee.explaining import (
    explain,
    render_steps,
    steps_from_json,
    steps_to_json,
)
from promises.rules.guarantee.explanation_texts import EXPLANATIONS
from promises.rules.guarantee.phrase_texts import PHRASES, SYMBOLS
from promises.rules.guarantee.vocabulary import Condition, Instant, Number
from promises.rules.guarantee.wording_texts import WORDING
from promises.rules.states import State
from promises.rules.steps import Step
from tests.rules.guarantee.explained import at, judged, scheme
from tests.rules.guarantee.random_terms import random_sample, samples


def told(document, facts, locale="en", sources=None, **more):
    case, result = judged(document, facts, **more)
    steps = explain(case, result, sources)
    lines = render_steps(locale, steps, case.zone, case.terms.currency)
    return [line.replace("\xa0", " ") for line in lines]


def codes(steps):
    return [step.code for step in steps]


def check(sample):
    """Told without a gap: in every language, the same each time, and stored without loss."""
    try:
        case, result = judged(*sample)
    except (DomainError, OverflowError, ValueError):
        return  # an instant beyond all calendars has no answer to be told
    steps = explain(case, result)
    assert explain(case, result) == steps
    assert steps_from_json(json.loads(json.dumps(steps_to_json(steps)))) == steps
    for locale in LOCALES:
        lines = render_steps(locale, steps, case.zone, case.terms.currency)
        assert all(line.endswith(".") and "%(" not in line for line in lines)
    found = codes(steps)
    excluded = result.state is State.EXCLUDED
    assert ("excluded" if excluded else result.reason) in found
    tried = [code for code in found if code.startswith("exclusion_")]
    assert len(tried) == (len(case.terms.exclusions) if result.tried else 0)
    if result.owed is not None:
        taken = [code for code in found if code.startswith("step_") and code != "step_unknown"]
        assert taken == [f"step_{one.kind}" for one in result.owed.steps]
        assert ("owed" in found) is (result.owed.amount_minor is not None)
    assert ("next_change" in found) is (result.next_change_at is not None)


def test_explanation_of_any_case_leaves_out_nothing():
    for seed in range(250):
        check(random_sample(Random(seed)))


@given(samples())
def test_explanation_of_any_case_can_be_told_and_stored(sample):
    check(sample)


def concrete(kind):
    below = kind.__subclasses__()
    return below + [one for inner in below for one in concrete(inner)]


def test_every_part_of_the_language_has_its_phrase():
    parts = {one.__name__ for kind in (Number, Instant, Condition) for one in concrete(kind)}
    known = {*phrases_of_numbers.PLAIN, *phrases_of_numbers.TYPED, *phrases_of_time.PLAIN}
    assert parts - known <= {"Literal", "LastInTime"}  # the engine's own, and a plain number


def test_no_code_stands_for_two_texts():
    tables = (SYMBOLS, PHRASES, EXPLANATIONS, WORDING)
    assert len({code for table in tables for code in table}) == sum(map(len, tables))


ANSWER = {
    "received_at": at("2026-04-02T16:30:00"),
    "answered_at": at("2026-04-09T00:00:00"),
}


def test_explanation_tells_how_a_deadline_came_to_lie_where_it_lies():
    assert told(scheme("fi-2-business-days"), ANSWER, sources={"answered_at": "event"}) == [
        "receipt: 2 Apr 2026, 16:30:00.",
        "answer: 9 Apr 2026, 00:00:00, as it was logged.",
        "answer before: counted from receipt, 2 Apr 2026, 16:30:00, plus 2 working days.",
        "It came after 16:00, so it counts as received on 7 Apr 2026.",
        "answer before: in time until the end of 9 Apr 2026.",
        "answer: 9 Apr 2026, 00:00:00, before 10 Apr 2026, 00:00:00, so in time.",
        "So the promise was kept.",
        "This answer no longer changes by itself.",
    ]


def test_explanation_reads_in_finnish_and_swedish():
    assert told(scheme("fi-2-business-days"), ANSWER, "fi")[3] == (
        "Se tuli kello 16.00 jälkeen, joten se katsotaan saaduksi 7.4.2026."
    )
    assert told(scheme("fi-2-business-days"), ANSWER, "sv")[3] == (
        "Det kom efter 16:00 och räknas därför som mottaget 7 apr. 2026."
    )


def test_explanation_names_closed_days_that_were_not_counted():
    facts = {"received_at": at("2026-04-02T10:00:00"), "now": at("2026-04-08T10:00:00")}
    lines = told(scheme("fi-2-business-days"), facts)
    assert "Closed by exception and not counted: 3 Apr 2026; 6 Apr 2026." in lines
    assert lines[-2:] == [
        "If nothing happens, the promise is broken from this moment on: 9 Apr 2026, 00:00:00.",
        "If nothing happens, the answer changes next on 9 Apr 2026, 00:00:00.",
    ]


def test_explanation_tells_the_comparison_that_decided():
    facts = {"arrived_at": at("2026-04-02T10:00:00"), "called_at": at("2026-04-02T10:16:05")}
    assert told(scheme("nooa-15min"), facts)[2:] == [
        "leaving: not known.",
        "wait: 16 min 5 s (time: arrival → the earliest of these: call; leaving "
        "(until it is known: now)).",
        "wait: 16 min 5 s > 15 min. This holds.",
        "So the promise was broken.",
        "The terms grant €10.00.",
        "It is paid without being asked for.",
        "Owed: €10.00.",
        "This answer no longer changes by itself.",
    ]


def test_explanation_of_tiers_tells_the_step_of_the_table_and_each_step_of_the_amount():
    facts = {
        "planned_arrival": "2026-04-02T10:00:00+00:00",
        "actual_arrival": "2026-04-02T11:30:00+00:00",
        "price_minor": 1599,
        "cause": "strike",
    }
    lines = told(scheme("de-tariff-single"), facts)
    assert "told before purchase: no, which the terms take where nothing else is known." in lines
    assert "late: 1 h 30 min, so this step of the table counts: ≥ 60 min; < 120 min." in lines
    assert "25 % × price = 3.9975 EUR." in lines
    assert "Rounded to a multiple of €0.05: 3.9975 EUR → €4.00." in lines
    assert "Nothing is paid up to the minimum of €4.00: €4.00 → €4.00." in lines
    assert "Exception “force majeure”: it does not hold." in lines
    assert "The company has to prove it." in lines


def test_explanation_of_periods_tells_each_rate_and_the_row_in_force():
    lines = told(scheme("nl-dwangsom"), {"date": "2020-05-01", "days_in_default": 16})
    assert lines[2:] == [
        "a: €23.00, in force 1 Jan 2019 – …, chosen by date: 1 May 2020.",
        "b: €35.00, in force 1 Jan 2019 – …, chosen by date: 1 May 2020.",
        "c: €45.00, in force 1 Jan 2019 – …, chosen by date: 1 May 2020.",
        "days in default: 16 ≥ 1. This holds.",
        "So the promise was broken.",
        "Periods: 16 (periods begun in days in default (at most: 42)).",
        "14 × (a: €23.00) = €322.00.",
        "2 × (b: €35.00) = €70.00.",
        "The terms grant €392.00.",
        "It is paid without being asked for.",
        "Owed: €392.00.",
        "This answer no longer changes by itself.",
    ]


def test_explanation_of_first_and_further_periods_tells_both():
    assert told(scheme("uk-gss-meter"), {"months_since_read": 40})[3:6] == [
        "Periods: 3 (periods completed in months since read (length of a period: 13)).",
        "1 × £40.00 = £40.00.",
        "2 × £80.00 = £160.00.",
    ]


def test_explanation_tells_where_a_table_has_no_step():
    document = scheme("uk-gss-meter")
    tiers = {"of": {"fact": "months_since_read"}, "rows": [{"below": 5, "then": 100}]}
    document["amount"] = {"tiers": tiers}
    assert told(document, {"months_since_read": 40})[3:5] == [
        "months since read: 40, which is in no step of the table.",
        "The terms grant £0.00.",
    ]


def test_explanation_tells_which_band_was_chosen_and_which_step_must_wait():
    document = scheme("uk-gss-meter")
    document["facts"] |= {"vip": "boolean", "left_minor": "number"}
    rows = [{"when": {"true": "vip"}, "then": 900}]
    document["measures"] = {"sum": {"choose": {"rows": rows, "otherwise": 100}}}
    document |= {"amount": {"measure": "sum"}, "steps": [{"cap": {"fact": "left_minor"}}]}
    lines = told(document, {"months_since_read": 40, "vip": True})
    assert "Chosen, because this holds: vip." in lines
    assert "A further step cannot be worked out yet." in lines
    lines = told(document, {"months_since_read": 40, "vip": False, "left_minor": 50})
    assert "Chosen, because nothing before it holds." in lines
    assert "At most £0.50: £1.00 → £0.50." in lines


def test_explanation_names_what_is_missing():
    lines = told(scheme("aws-ec2-region"), {"month": "2026-03"})
    assert lines[-2:] == [
        "Not known yet, and needed for an answer: outage minutes.",
        "Something is not known yet, so the case is open.",
    ]


PROVED = {
    "format": 2,
    "currency": "EUR",
    "facts": {"broke": "boolean", "storm": "boolean", "report": "boolean", "flood": "boolean"},
    "broken_when": {"true": "broke"},
    "exclusions": [
        {
            "code": "storm",
            "when": {"true": "storm"},
            "proved_by": "customer",
            "proof": {"true": "report"},
        },
        {"code": "flood", "when": {"true": "flood"}},
        {"code": "other", "when": {"missing": "storm"}},
    ],
    "labels": {"storm": {"en": "A storm", "fi": "Myrsky"}},
}


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ({}, "Exception “A storm”: nothing is known of it, so it excuses nothing."),
        ({"storm": True}, "Exception “A storm”: claimed, but not proved."),
        ({"storm": False}, "Exception “A storm”: it does not hold."),
        (
            {"storm": True, "report": True},
            "Exception “A storm”: it holds, so the case does not count.",
        ),
        ({"storm": True, "report": True}, "Exception “flood”: not looked at."),
        ({"flood": True}, "Exception “flood”: it holds, so the case does not count."),
    ],
)
def test_explanation_tells_of_every_exclusion(facts, line):
    assert line in told(PROVED, {"broke": True, **facts})


def test_label_is_shown_in_its_language_and_else_in_english():
    facts = {"broke": True, "storm": True}
    assert "Poikkeus ”Myrsky”: väitetty mutta ei näytetty toteen." in told(PROVED, facts, "fi")
    assert "Undantag ”A storm”: påstått men inte visat." in told(PROVED, facts, "sv")


def test_deadline_beyond_all_calendars_is_told_as_unknown():
    far = {"from": "received_at", "add": 100_000, "unit": "year"}
    document = scheme("fi-2-business-days")
    document["deadlines"]["far"] = far
    assert told(document, ANSWER)[5] == (
        "far: cannot be worked out yet (receipt + 100,000 years (until the end of that day))."
    )


def test_steps_of_an_unknown_kind_are_refused_when_loaded():
    with pytest.raises(KeyError):
        steps_from_json([{"step": "fact", "params": {"value": {"float": 1}}}])


def test_step_is_a_plain_value():
    assert Step("a", {"b": 1}) == Step("a", {"b": 1})
