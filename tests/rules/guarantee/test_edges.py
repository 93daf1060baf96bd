"""Corners of the language that the schemes do not reach."""

from datetime import date
from fractions import Fraction

import pytest

from promises.kernel.text import Message
from promises.rules.guarantee import clauses, walk
from promises.rules.guarantee.case import in_force
from promises.rules.guarantee.explaining import explain
from promises.rules.guarantee.facts import FactsRefused, Period, Unreadable, read_date, read_value
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.marks import _coming_days
from promises.rules.guarantee.pipeline import _limit_of
from promises.rules.guarantee.recurrence import occurrences
from promises.rules.guarantee.rendering import render_steps
from promises.rules.guarantee.trial import parse_guarantee, try_terms
from promises.rules.guarantee.vocabulary import FactType
from promises.rules.reasons import GeneralReason, say_reason
from promises.rules.refusals import TermsRefused
from tests.rules.guarantee.explained import judged

ALWAYS_OPEN = {
    "office": {"format": 1, "zone": "UTC", "weekly": [[["00:00", "24:00"]]] * 7},
}
FACTS = {
    "received_at": "instant",
    "answered_at": "instant",
    "size": "number",
    "cause": "text",
    "rows": {"type": "records", "fields": {"size": "number"}},
    "outages": "intervals",
    "messages": "instants",
}
HOURS = {"elapsed": {"from": "received_at", "to": {"or_now": "answered_at"}, "unit": "hour"}}


def _terms(**changes):
    return {
        "format": 2,
        "currency": "EUR",
        "facts": FACTS,
        "broken_when": {"compare": [HOURS, ">", 1]},
        "amount": 100,
        **changes,
    }


def _problems(**changes):
    with pytest.raises(TermsRefused) as refused:
        parse_guarantee(_terms(**changes))
    return {problem.field: problem.message for problem in refused.value.problems}


def _late(**facts):
    return {
        "received_at": "2026-03-02T08:00:00Z",
        "answered_at": "2026-03-02T12:00:00Z",
        **facts,
    }


def test_field_of_a_record_goes_before_a_fact_of_its_name():
    terms = _terms(amount={"total": {"in": "rows", "of": {"fact": "size"}}})
    found = try_terms(terms, _late(size=1000, rows=[{"size": 3}, {"size": 4}]))
    assert found["amount_minor"] == 7


def test_row_of_values_holds_no_unknown_day():
    assert not in_force(None, None, None)
    assert in_force(None, date(2026, 1, 1), date(2026, 1, 1))


def test_windows_of_a_long_span_are_not_listed():
    span = {"from": "received_at", "to": "answered_at", "unit": "open_hour", "calendar": "office"}
    terms = _terms(broken_when={"compare": [{"open_time": span}, ">", 1]})
    for until, listed in (("2026-03-03T08:00:00Z", True), ("2026-05-02T08:00:00Z", False)):
        case, result = judged(terms, _late(answered_at=until), ALWAYS_OPEN)
        assert any(step.code == "open_window" for step in explain(case, result)) is listed


@pytest.mark.parametrize("text", ["2026-02-30", "1800-01-01", "yesterday", 20260101])
def test_date_that_is_none_is_refused(text):
    with pytest.raises(Unreadable):
        read_date(text)


def test_date_may_be_a_date():
    assert read_date(date(2026, 3, 2)) == date(2026, 3, 2)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "1800-01", "2026-1", 2026])
def test_period_that_is_none_is_refused(text):
    with pytest.raises(Unreadable):
        read_value(FactType.PERIOD, text, "UTC")


def test_period_is_a_month_or_a_year():
    assert read_value(FactType.PERIOD, "2026-12", "UTC") == Period(2026, 12)
    assert read_value(FactType.PERIOD, "2026", "UTC") == Period(2026, None)


def test_lasting_interruption_without_a_present_is_open():
    terms = _terms(broken_when={"compare": [{"spells": {"in": "outages", "unit": "hour"}}, ">", 1]})
    outage = [["2026-03-02T08:00:00Z", None]]
    assert try_terms(terms, {"outages": outage})["state"] == "open"
    found = try_terms(terms, {"outages": outage, "now": "2026-03-02T10:00:00Z"})
    assert found["state"] == "broken"


def test_no_day_comes_without_a_present():
    assert list(_coming_days(case_of(parse_guarantee(_terms()), {}, None, {}))) == []


@pytest.mark.parametrize(
    ("number", "limit", "hour"),
    [
        ({"divide": [HOURS, 2]}, 3, 6),
        ({"percent": [50, HOURS]}, 2, 4),
        ({"multiply": [3, HOURS]}, 9, 3),
        ({"subtract": [HOURS, 2]}, 1, 3),
    ],
)
def test_deadline_is_found_behind_arithmetic(number, limit, hour):
    terms = _terms(broken_when={"compare": [number, ">=", limit]})
    found = try_terms(terms, {"received_at": "2026-03-02T08:00:00Z", "now": "2026-03-02T08:30:00Z"})
    assert found["broken_at"] == f"2026-03-02T{8 + hour:02d}:00:00+00:00"


def test_deadline_is_found_where_growth_divides():
    terms = _terms(broken_when={"compare": [{"divide": [12, HOURS]}, "<=", 4]})
    found = try_terms(terms, {"received_at": "2026-03-02T08:00:00Z", "now": "2026-03-02T08:30:00Z"})
    assert found["broken_at"] == "2026-03-02T11:00:00+00:00"


def test_step_without_a_limit_has_none():
    with pytest.raises(TypeError):
        _limit_of(clauses.OncePerStep("cause"))


def test_window_of_which_nothing_is_known_has_given_nothing():
    terms = _terms(steps=[{"window_cap": {"most": 150, "used": "size"}}])
    assert try_terms(terms, _late())["amount_minor"] == 100
    assert try_terms(terms, _late(size=80))["amount_minor"] == 70


def test_terms_nobody_can_read_are_refused():
    condition = {"compare": [HOURS, ">", 1]}
    for _ in range(60):
        condition = {"not": condition}
    assert "more parts than anybody can read" in str(_problems(broken_when=condition))


def test_evening_runs_to_midnight():
    terms = _terms(
        broken_when={"time_in": {"of": "received_at", "from": "22:00", "until": "24:00"}}
    )
    assert try_terms(terms, {"received_at": "2026-03-02T23:59:59Z"})["broken"]
    assert not try_terms(terms, {"received_at": "2026-03-03T00:00:00Z"})["broken"]


@pytest.mark.parametrize(
    ("condition", "place"),
    [
        ({"one_of": {"fact": "cause", "values": [7]}}, "/one_of/values/0"),
        ({"before": ["received_at"]}, "/before"),
        ({"date_in": {"of": "received_at", "dates": ["24.12."]}}, "/date_in/dates/0"),
        ({"open_day": {"of": "received_at", "calendar": "No Name"}}, "/open_day/calendar"),
    ],
)
def test_condition_that_is_wrong_is_refused_at_its_place(condition, place):
    assert f"/broken_when{place}" in _problems(broken_when=condition)


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"cut_off": "16:00", "receipt": "counts"}, "receipt"),
        ({"at": "end_of_day", "boundary": "inclusive"}, "boundary"),
        ({"calendar": None, "roll": "next_open_day"}, "calendar"),
    ],
)
def test_deadline_that_contradicts_itself_is_refused(changes, key):
    due = {"from": "received_at", "add": 2, "unit": "working_day", "calendar": "office", **changes}
    assert f"/deadlines/due/{key}" in _problems(deadlines={"due": due})


@pytest.mark.parametrize(
    ("rows", "place"),
    [
        ([{"at_least": 5, "below": 2, "then": 1}], "0"),
        ([{"at_least": 5, "then": 1}, {"at_least": 7, "then": 2}], "1"),
        ([{"below": 5, "then": 1}, {"below": 7, "then": 2}], "1"),
        ([{"then": 1}], "0"),
        ([{"at_least": 1, "above": 2, "then": 1}], "0/above"),
    ],
)
def test_tiers_that_do_not_follow_each_other_are_refused(rows, place):
    assert f"/amount/tiers/rows/{place}" in _problems(
        amount={"tiers": {"of": {"fact": "size"}, "rows": rows}}
    )


def test_between_tiers_that_leave_a_gap_it_is_the_rest():
    rows = [{"below": 5, "then": 1}, {"at_least": 7, "then": 2}]
    terms = _terms(amount={"tiers": {"of": {"fact": "size"}, "rows": rows, "otherwise": 9}})
    given = [try_terms(terms, _late(size=size))["amount_minor"] for size in (4, 5, 6, 7)]
    assert given == [1, 9, 9, 2]


def test_unit_of_the_other_clock_is_refused():
    span = {"from": "received_at", "to": "answered_at"}
    wrong = {"elapsed": {**span, "unit": "open_hour"}}
    assert "/amount/elapsed/unit" in _problems(amount=wrong)
    wrong = {"open_time": {**span, "unit": "hour", "calendar": "office"}}
    assert "/amount/open_time/unit" in _problems(amount=wrong)


def test_name_that_stands_twice_is_refused():
    due = {"from": "received_at", "add": 1, "unit": "hour"}
    assert "/facts/size" in _problems(deadlines={"size": due})


def test_rows_of_dated_values_give_the_same_names_one_after_the_other():
    first = {"from": "2026-01-01", "until": "2026-06-30", "values": {"ceiling": 900}}
    other = {"from": "2026-07-01", "values": {"floor": 100}}
    early = {"from": "2026-06-01", "values": {"ceiling": 950}}
    for second in (other, early):
        found = _problems(dated_values=[{"by": "received_at", "rows": [first, second]}])
        assert "/dated_values/0/rows/1" in found
    fitting = {"from": "2026-07-01", "values": {"ceiling": 950}}
    terms = _terms(dated_values=[{"by": "received_at", "rows": [first, fitting]}])
    assert parse_guarantee(terms)


def test_dated_values_need_rows():
    assert "/dated_values/0/rows" in _problems(dated_values=[{"by": "received_at", "rows": []}])


@pytest.mark.parametrize(
    ("changes", "key"), [({"code": "Not a name"}, "code"), ({"proved_by": "nobody"}, "proved_by")]
)
def test_exclusion_that_is_wrong_is_refused(changes, key):
    exclusion = {"code": "storm", "when": {"known": "cause"}, **changes}
    assert f"/exclusions/0/{key}" in _problems(exclusions=[exclusion])


def test_promise_without_recurrence_has_no_occurrences(utc_now):
    assert list(occurrences(parse_guarantee(_terms()), {}, utc_now, {})) == []


def test_recurrence_ends_after_its_most(utc_now):
    due = {"from": "period_start", "add": 1, "unit": "hour"}
    terms = parse_guarantee(
        _terms(
            recurring={"from": "received_at", "word": "messages", "most": 2},
            deadlines={"due": due},
            broken_when={"late": {"event": "word_at", "deadline": "due"}},
        )
    )
    assert len(list(occurrences(terms, {"received_at": utc_now.replace(day=1)}, utc_now, {}))) == 2


@pytest.mark.parametrize("most", ["2", 2.0, 0, 1001, True])
def test_count_that_is_not_whole_or_out_of_range_is_refused(most):
    recurring = {"from": "received_at", "word": "messages", "most": most}
    problems = _problems(recurring=recurring, broken_when={"compare": ["size", ">", 1]})
    assert "whole number" in problems["/recurring/most"]


@pytest.mark.parametrize("to", [0, -5])
def test_rounding_to_nothing_is_refused(to):
    amount = {"round": {"of": HOURS, "to": to, "how": "up"}}
    assert _problems(amount=amount)["/amount/round/to"] == "This must be more than nothing."


def test_boundary_of_another_name_is_refused():
    due = {"from": "received_at", "add": 1, "unit": "hour", "boundary": "both"}
    late = {"late": {"event": "answered_at", "deadline": "due"}}
    problems = _problems(deadlines={"due": due}, broken_when=late)
    assert problems["/deadlines/due/boundary"] == "This must be one of: %(allowed)s."


def test_number_has_no_parts_inside():
    walk._field_names.cache_clear()  # answers of tests that are not measured are forgotten
    assert list(walk.children(Fraction(1))) == []


def test_history_that_is_no_list_of_awards_is_refused():
    with pytest.raises(FactsRefused):
        try_terms(_terms(), {}, history=["yesterday"])


def test_reason_is_said_from_either_engine():
    assert say_reason("en", Message("Sign in first."), "UTC") == "Sign in first."
    step = explain(*judged(_terms(), _late(), ALWAYS_OPEN))[0]
    assert (
        say_reason("en", GeneralReason(step, "EUR"), "UTC")
        == (render_steps("en", [step], "UTC", "EUR")[0])
    )


@pytest.fixture
def utc_now():
    from datetime import UTC, datetime

    return datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
