"""What a slow second reading of the language has settled: which day counts, what a pause takes, and
what time may still change."""

import pytest

from promises.rules.guarantee.trial import try_terms

FACTS = {
    "began_at": "instant",
    "ended_at": "instant",
    "on": "date",
    "pauses": "intervals",
    "used": "by_period",
    "visits": {"type": "records", "fields": {"at": "instant"}},
}
OFFICE = {
    "format": 1,
    "zone": "UTC",
    "weekly": [[["09:00", "17:00"]]] * 5 + [[], []],
    "exceptions": {},
}
MONDAY = "2026-06-01T10:00:00+00:00"
NEVER = {"compare": [0, ">", 1]}
ALWAYS = {"compare": [1, ">", 0]}


def answer(facts, *, now=None, **clauses):
    document = {"format": 2, "currency": "EUR", "facts": FACTS, "broken_when": ALWAYS} | clauses
    facts = {**facts, **({"now": now} if now else {})}
    return try_terms(document, facts, {"office": OFFICE})


def measured(number, facts, **more):
    return answer(facts, measures={"it": number}, **more)["measures"]["it"]


def due(deadline, facts, **more):
    return answer(facts, deadlines={"due": deadline}, **more)["deadlines"]["due"]


END_OF_JUNE_3 = {"from": "on", "add": 2, "unit": "calendar_day"}


@pytest.mark.parametrize(
    ("start", "days"),
    [
        ({"latest": ["on", END_OF_JUNE_3]}, "2"),  # the deadline: its last day is the third
        ({"earliest": ["on", END_OF_JUNE_3]}, "4"),  # the fact: its own day, the first
        ({"first_known": ["began_at", END_OF_JUNE_3]}, "2"),
        ({"first_known": ["on", END_OF_JUNE_3]}, "4"),
        ({"choose": {"rows": [{"when": True, "then": "on"}], "otherwise": END_OF_JUNE_3}}, "4"),
        ({"choose": {"rows": [{"when": False, "then": "on"}], "otherwise": END_OF_JUNE_3}}, "2"),
    ],
)
def test_days_count_from_the_one_of_several_that_is_taken(start, days):
    number = {"calendar_days": {"from": start, "to": "ended_at"}}
    facts = {"on": "2026-06-01", "ended_at": "2026-06-05T08:00:00+00:00"}
    assert measured(number, facts) == days


def test_deadline_in_days_counts_from_the_fact_that_is_taken():
    end = {"from": {"earliest": ["on", END_OF_JUNE_3]}, "add": 1, "unit": "calendar_day"}
    assert due(end, {"on": "2026-06-01"}) == "2026-06-03T00:00:00+00:00"


def test_pause_takes_no_days_after_the_last_day():
    span = {"from": "on", "to": END_OF_JUNE_3, "pauses": {"in": "pauses"}}
    pauses = [["2026-05-20T09:00:00+00:00", "2026-06-20T09:00:00+00:00"]]
    number = {"calendar_days": span}
    assert measured(number, {"on": "2026-06-01", "pauses": pauses}) == "0"


def test_pauses_that_overlap_take_each_day_once():
    span = {"from": "on", "to": "ended_at", "pauses": {"in": "pauses"}}
    pauses = [
        ["2026-06-02T09:00:00+00:00", "2026-06-05T09:00:00+00:00"],
        ["2026-06-03T09:00:00+00:00", "2026-06-04T09:00:00+00:00"],
        ["2026-06-05T08:00:00+00:00", "2026-06-06T09:00:00+00:00"],
    ]
    facts = {"on": "2026-06-01", "ended_at": "2026-06-10T09:00:00+00:00", "pauses": pauses}
    assert measured({"calendar_days": span}, facts) == "5"


def test_pause_for_other_reasons_leaves_the_days_settled():
    span = {"from": "on", "to": "ended_at", "pauses": {"in": "pauses", "reasons": ["ours"]}}
    facts = {
        "on": "2026-06-01",
        "ended_at": "2026-06-10T09:00:00+00:00",
        "pauses": [["2026-06-02T09:00:00+00:00", None, "theirs"]],
    }
    found = answer(facts, now=MONDAY, broken_when={"compare": [{"calendar_days": span}, ">", 8]})
    assert (found["state"], found["settled"]) == ("broken", True)


@pytest.mark.parametrize(
    ("begins", "until"),
    [
        ("2026-06-02T15:59:00+00:00", "2026-06-03T16:00:00+00:00"),
        ("2026-06-02T16:00:00+00:00", "2026-06-02T16:00:00+00:00"),
    ],
)
def test_pause_that_begins_after_the_deadline_changes_nothing(begins, until):
    end = {
        "from": "on",
        "add": 1,
        "unit": "calendar_day",
        "at": "16:00",
        "boundary": "exclusive",
        "pauses": {"in": "pauses"},
    }
    pauses = [[begins, "2026-06-03T09:00:00+00:00"]]
    assert due(end, {"on": "2026-06-01", "pauses": pauses}) == until


def test_pause_takes_none_of_the_days_before_the_matter_counts_as_received():
    end = {
        "from": "began_at",
        "add": 1,
        "unit": "working_day",
        "calendar": "office",
        "receipt": "next_open_day",
        "pauses": {"in": "pauses"},
    }
    pauses = [["2026-06-06T11:00:00+00:00", "2026-06-08T12:00:00+00:00"]]
    facts = {"began_at": "2026-06-06T10:00:00+00:00", "pauses": pauses}  # a Saturday
    assert due(end, facts) == "2026-06-10T00:00:00+00:00"


def test_spells_of_an_empty_window_are_none():
    window = {"from": "ended_at", "to": "began_at"}
    number = {"spells": {"in": "pauses", "unit": "hour", "count_gap": True, "within": window}}
    facts = {
        "began_at": MONDAY,
        "ended_at": "2026-06-02T10:00:00+00:00",
        "pauses": [["2026-05-01T09:00:00+00:00", "2026-07-01T09:00:00+00:00"]],
    }
    assert measured(number, facts) == "0"


@pytest.mark.parametrize(("starts", "paid"), [({"starts": "04-01"}, 0), ({}, 500)])
def test_two_years_name_a_financial_year_only(starts, paid):
    step = {"most": 1, "window": {"every": "year", **starts}, "used": "used", "dated": "on"}
    facts = {"on": "2025-06-01", "used": {"2025/26": 1}}
    assert answer(facts, amount=500, steps=[{"window_count": step}])["amount_minor"] == paid


HOURS = {"elapsed": {"from": "began_at", "to": {"or_now": "ended_at"}, "unit": "hour"}}
AGO = {"from": "now", "add": -2, "unit": "hour", "boundary": "exclusive"}
RECENT = {"count": {"in": "visits", "where": {"after": ["at", AGO]}}}
LATER = {"after": ["now", {"instant": "2026-06-01T12:00:00+00:00"}]}


@pytest.mark.parametrize(
    ("clauses", "next_change_at"),
    [
        ({"broken_when": {"compare": [RECENT, ">=", 1]}}, "2026-06-01T12:00:00+00:00"),
        ({"exclusions": [{"code": "late", "when": LATER}]}, "2026-06-01T12:00:00.000001+00:00"),
        (
            {"exclusions": [{"code": "late", "when": True, "proof": LATER}]},
            "2026-06-01T12:00:00.000001+00:00",
        ),
        ({"amount": 500, "steps": [{"nothing_when": LATER}]}, "2026-06-01T12:00:00.000001+00:00"),
        ({"amount": 9, "steps": [{"at_least": HOURS}]}, "2026-06-01T19:30:00+00:00"),
        ({"amount": {"total": {"in": "visits", "of": HOURS}}}, "2026-06-01T10:30:00+00:00"),
        (
            {"amount": {"periods": {"of": 9, "after": HOURS, "count": "completed"}}},
            "2026-06-01T10:00:00.000001+00:00",
        ),
        (
            {
                "dated_values": [
                    {"by": "now", "rows": [{"until": "2026-06-01", "values": {"a": 1}}]}
                ]
            },
            "2026-06-02T00:00:00+00:00",
        ),
    ],
)
def test_what_time_may_still_change_is_not_settled(clauses, next_change_at):
    facts = {"began_at": MONDAY, "visits": [{"at": MONDAY}]}
    found = answer(facts, now=MONDAY, **clauses)
    assert (found["settled"], found["next_change_at"]) == (False, next_change_at)


@pytest.mark.parametrize(
    ("elapsed", "op", "limit", "broken_at"),
    [
        ({"whole": "down"}, ">", 2, "2026-06-01T13:00:00+00:00"),
        ({"whole": "down"}, ">=", 2, "2026-06-01T12:00:00+00:00"),
        ({"whole": "up"}, ">", 2, "2026-06-01T12:00:00.000001+00:00"),
        ({"whole": "up"}, ">=", 2, "2026-06-01T11:00:00.000001+00:00"),
        ({"whole": "down"}, ">", "2.5", "2026-06-01T13:00:00+00:00"),
        ({"whole": "up"}, ">", "2.5", "2026-06-01T12:00:00.000001+00:00"),
        ({}, ">=", -2, "2026-06-01T08:00:00+00:00"),
        ({}, ">", "2.5", "2026-06-01T12:30:00.000001+00:00"),
    ],
)
def test_promise_breaks_when_the_hours_come_to_the_limit(elapsed, op, limit, broken_at):
    number = {"elapsed": HOURS["elapsed"] | elapsed}
    found = answer({"began_at": MONDAY}, now=MONDAY, broken_when={"compare": [number, op, limit]})
    assert found["broken_at"] == broken_at


def test_promise_breaks_when_open_time_before_the_beginning_runs_out():
    span = {"from": "began_at", "to": {"or_now": "ended_at"}, "unit": "open_hour"}
    number = {"open_time": {**span, "calendar": "office"}}
    found = answer({"began_at": MONDAY}, now=MONDAY, broken_when={"compare": [number, ">=", -2]})
    assert found["broken_at"] == "2026-05-29T16:00:00+00:00"


def test_deadline_that_is_counted_from_now_is_reached_so_much_earlier():
    ahead = {"from": "now", "add": 3, "unit": "hour", "boundary": "exclusive"}
    found = answer(
        {"ended_at": "2026-06-01T18:00:00+00:00"},
        now=MONDAY,
        broken_when={"at_or_after": [ahead, "ended_at"]},
    )
    assert found["broken_at"] == found["next_change_at"] == "2026-06-01T15:00:00+00:00"


def test_promise_that_was_always_broken_is_broken_by_no_instant():
    number = {"add": [1, {"months": {"from": "began_at", "to": "now", "count": "begun"}}]}
    found = answer({"began_at": MONDAY}, now=MONDAY, broken_when={"compare": [number, ">", 0]})
    assert (found["state"], found["broken_at"]) == ("broken", None)


def test_case_without_any_time_breaks_at_none():
    found = answer(
        {}, broken_when={"open_at": {"of": {"or_now": "ended_at"}, "calendar": "office"}}
    )
    assert (found["state"], found["broken_at"]) == ("open", None)


def test_numbers_that_grow_against_each_other_change_at_the_very_instant():
    minutes = {"elapsed": {**HOURS["elapsed"], "unit": "minute"}}
    amount = {"subtract": [{"multiply": [7, minutes]}, {"multiply": ["3.3", HOURS]}]}
    found = answer({"began_at": MONDAY}, now=MONDAY, amount=amount)
    later = found["next_change_at"]
    assert answer({"began_at": MONDAY}, now=later, amount=amount)["amount_minor"] == 1
    assert found["amount_minor"] == 0


def test_calendars_reach_the_instants_that_only_the_terms_name():
    fixed = {"instant": "2036-06-07T10:00:00+00:00"}  # a Saturday
    end = {"from": fixed, "add": 1, "unit": "working_day", "calendar": "office"}
    assert due(end, {}) == "2036-06-10T00:00:00+00:00"
