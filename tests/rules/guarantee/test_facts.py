"""Facts are read strictly by their types, each problem at its place; lists are looked at whole."""

import pytest

from promises.kernel.text import render
from promises.rules.guarantee.facts import FactsRefused
from promises.rules.guarantee.trial import try_terms
from promises.rules.refusals import TermsRefused

TYPES = {
    "at": "instant", "on": "date", "month": "period", "size": "number", "ours": "boolean",
    "cause": "text", "times": "instants", "waits": "intervals", "minutes": "numbers",
    "visits": {"type": "records", "fields": {"at": "instant", "ours": "boolean"}},
    "plain": "records", "used": "by_period",
}  # fmt: skip


def terms(**clauses):
    return {
        "format": 2, "currency": "EUR", "time_zone": "Europe/Helsinki", "facts": TYPES,
        "broken_when": {"known": "at"}, **clauses,
    }  # fmt: skip


WRONG = [
    ({"at": "2026-06-01"}, "/at", "a time with its offset"),
    ({"at": "1800-06-01T10:00:00Z"}, "/at", "a time with its offset"),
    ({"on": "1.6.2026"}, "/on", "a time with its offset"),
    ({"on": "2026-06-31"}, "/on", "a date such as"),
    ({"month": "2026-13"}, "/month", "a month such as"),
    ({"size": 1.5}, "/size", "a decimal as text"),
    ({"size": True}, "/size", "a decimal as text"),
    ({"ours": "yes"}, "/ours", "true or false"),
    ({"cause": 3}, "/cause", "a text"),
    ({"times": "2026-06-01"}, "/times", "a list"),
    ({"waits": [["2026-06-01T10:00:00Z"]]}, "/waits", "a list of spans"),
    ({"waits": [["2026-06-01T10:00:00Z", "2026-06-01T09:00:00Z"]]}, "/waits", "a list of spans"),
    ({"minutes": [1, "two"]}, "/minutes", "a decimal as text"),
    ({"plain": [1]}, "/plain", "objects with named fields"),
    ({"visits": [{"at": "2026-06-01T10:00:00Z"}, {"at": "noon", "ours": 1}]}, "/visits/1/at",
     "a time with its offset"),
    ({"used": {"2026": "much"}}, "/used", "a decimal as text"),
    ({"used": [2026]}, "/used", "a number for each period"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "place", "words"), WRONG)
def test_fact_of_another_type_is_refused_at_its_place(facts, place, words):
    with pytest.raises(FactsRefused) as caught:
        try_terms(terms(), facts)
    found = {one.field: render("en", one.text) for one in caught.value.problems}
    assert words in found[place]


def test_facts_of_every_type_are_read_and_others_passed_over():
    facts = {
        "at": "2026-06-01T10:00:00Z", "on": "2026-06-01", "month": "2026", "size": "1.25",
        "ours": False, "cause": "storm", "times": ["2026-06-01", "2026-05-01T10:00:00Z"],
        "waits": [{"start": "2026-06-01T10:00:00Z", "end": None}], "minutes": [1, "2.5"],
        "visits": [{"ours": None}], "plain": [{"x": 1}], "used": {"2026": 1}, "other": object(),
    }  # fmt: skip
    assert try_terms(terms(), facts)["outcome"] == "broken"


def gives(part, facts):
    return try_terms(terms(measures={"it": part}), facts)["measures"]["it"]


DAY = "2026-06-0{}T10:00:00+03:00"
VISITS = [{"at": DAY.format(day), "ours": day != 3} for day in (1, 2, 3)]


@pytest.mark.parametrize(
    ("part", "facts", "value"),
    [
        ({"count": {"in": "visits"}}, {}, None),
        ({"total": {"in": "minutes"}}, {}, None),
        ({"total": {"in": "minutes"}}, {"minutes": [1, "2.5"]}, "7/2"),
        ({"total": {"in": "plain", "of": {"field": "x"}}}, {"plain": [{"x": 1}, {}]}, None),
        ({"total": {"in": "plain", "of": {"field": "x"}}}, {"plain": [{"x": "one"}]}, None),
        ({"total": {"in": "plain", "of": {"fact": "x"}}}, {"plain": [{"x": 1}, {"x": 2}]}, "3"),
        ({"count": {"in": "visits", "where": {"true": "ours"}}}, {"visits": VISITS}, "2"),
        ({"count": {"in": "visits", "where": {"true": "ours"}}}, {"visits": [*VISITS, {}]}, None),
        ({"count": {"in": "visits", "within_days": 1, "at": "at"}}, {"visits": VISITS}, "2"),
        ({"count": {"in": "visits", "within_days": 1, "at": "at"}}, {"visits": [{}]}, None),
        ({"count": {"in": "plain", "where": {"before": ["when", "at"]}}},
         {"at": DAY.format(2), "plain": [{"when": "2026-06-01"}, {"when": DAY.format(3)}]}, "1"),
        ({"count": {"in": "plain", "where": {"before": [{"field": "when"}, "at"]}}},
         {"at": DAY.format(2), "plain": [{"when": "soon"}]}, None),
        ({"count": {"in": "times", "within_days": 0}},
         {"times": ["2026-06-01", DAY.format(1), DAY.format(2)]}, "2"),
        ({"count": {"in": "waits", "where": {"compare": [{"field": "hours"}, ">", 1]}}},
         {"waits": [[DAY.format(1), None]]}, None),
        ({"spells": {"in": "waits", "unit": "hour", "within": {"from": "at", "to": "on"}}},
         {"waits": [[DAY.format(1), DAY.format(2)]]}, None),
        ({"interest": {"on": 1, "from": "on", "to": "at",
                       "rates": [{"percent": {"fact": "size"}}]}},
         {"on": "2026-06-01", "at": DAY.format(3)}, None),
        ({"interest": {"on": 36500, "from": "on", "to": "at", "rates": [{"percent": 10}]}},
         {"on": "2026-06-03", "at": DAY.format(1)}, "0"),
        ({"calendar_days": {"from": "on", "to": "at", "pauses": {"in": "waits"}}},
         {"on": "2026-05-30", "at": DAY.format(5), "waits": [[DAY.format(1), DAY.format(3)]]}, "4"),
        ({"calendar_days": {"from": "on", "to": "at", "pauses": {"in": "waits"}}},
         {"on": "2026-05-30", "at": DAY.format(5), "waits": [[DAY.format(1), None]]}, "2"),
        ({"value": "none"}, {}, None),
    ],
)  # fmt: skip
def test_number_out_of_a_list_is_known_only_when_every_entry_is(part, facts, value):
    if part == {"value": "none"}:
        rows = [{"by": "on", "rows": [{"values": {"none": 1}}]}]
        found = try_terms(terms(measures={"it": part}, dated_values=rows), facts)
        assert found["measures"]["it"] is None
    else:
        assert gives(part, facts) == value


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"count": {"in": "visits", "within_days": 3}}, "count/at"),
        ({"count": {"in": "times", "at": "when"}}, "count/at"),
        ({"spells": {"in": "waits", "unit": "week"}}, "spells/unit"),
        ({"length_of": {"period": "month", "unit": "week"}}, "length_of/unit"),
        ({"months": {"from": "at", "to": "on", "count": "begun", "unit": "day"}}, "months/unit"),
        ({"earlier_count": {"window": {}, "dated": "at"}}, "earlier_count/window"),
        ({"earlier_count": {"window": {"every": "week"}, "dated": "at"}},
         "earlier_count/window/every"),
        ({"earlier_count": {"window": {"every": "month", "starts": "04-01"}, "dated": "at"}},
         "earlier_count/window/starts"),
        ({"accrue": {"of": 1, "count": "begun", "rates": [{"from": 2, "to": 1, "each": 1}]}},
         "accrue/rates/0"),
        ({"spells": {"in": "waits", "unit": "hour", "reasons": [1]}}, "spells/reasons/0"),
        ({"spells": {"in": "waits", "unit": "hour", "count_gap": 1}}, "spells/count_gap"),
    ],
)  # fmt: skip
def test_list_or_window_that_does_not_fit_is_refused(part, place):
    with pytest.raises(TermsRefused) as caught:
        try_terms(terms(measures={"it": part}), {})
    assert f"/measures/it/{place}" in {one.field for one in caught.value.problems}


@pytest.mark.parametrize(
    ("step", "place"),
    [
        ({"window_cap": {"most": 1, "window": {"last_days": 3}, "dated": "at", "used": "used"}},
         "window_cap/used"),
        ({"window_cap": {"most": 1, "window": {"last_days": 3}, "dated": "at",
                         "spread": {"from": "at", "to": "on"}}}, "window_cap/spread"),
    ],
)  # fmt: skip
def test_rolling_window_has_no_periods(step, place):
    with pytest.raises(TermsRefused) as caught:
        try_terms(terms(steps=[step]), {})
    assert f"/steps/0/{place}" in {one.field for one in caught.value.problems}


@pytest.mark.parametrize(
    ("step", "amount", "outcome"),
    [
        ({"window_cap": {"most": 1500, "used": "size"}}, 500, "capped"),
        ({"window_cap": {"most": 1000, "used": "size"}}, 0, "limit_reached"),
        ({"window_count": {"most": 5, "used": "size"}}, 0, "limit_reached"),
        ({"window_count": {"most": 5, "window": {"every": "day"}, "dated": "on"}}, 0, "broken"),
        ({"window_cap": {"most": 5, "window": {"every": "day"}, "dated": "on"}}, 0, "broken"),
        ({"cap": {"fact": "minutes_nobody_counted"}}, 0, "broken"),
        ({"nothing_when": {"true": "ours"}}, 900, "broken"),
    ],
)
def test_step_meets_what_the_facts_tell(step, amount, outcome):
    facts = {**TYPES, "minutes_nobody_counted": "number"}
    document = terms(steps=[step], amount=900, facts=facts)
    found = try_terms(document, {"at": DAY.format(1), "size": 1000})
    assert (found["amount_minor"], found["outcome"]) == (amount, outcome)


def test_open_time_backwards_that_was_worked_out_is_not_known():
    week = [[["09:00", "17:00"]]] * 7
    book = {"office": {"format": 1, "zone": "Europe/Helsinki", "weekly": week}}
    due = {"from": "at", "add": {"fact": "size"}, "unit": "open_hour", "calendar": "office"}
    found = try_terms(terms(deadlines={"due": due}), {"at": DAY.format(1), "size": -1}, book)
    assert found["deadlines"] == {"due": None}
