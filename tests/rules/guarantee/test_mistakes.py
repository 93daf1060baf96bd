"""The likeliest mistakes in terms: each is refused at its place, in words that help."""

import pytest

from promises.kernel.text import render
from promises.rules.refusals import TermsRefused
from promises.rules.terms import parse_terms

GOOD = {
    "format": 2,
    "currency": "EUR",
    "time_zone": "Europe/Helsinki",
    "facts": {
        "told_at": "instant", "done_at": "instant", "due_on": "date", "late_min": "number",
        "ours": "boolean", "cause": "text", "waits": "intervals", "month": "period",
        "paid": "number", "visits": {"type": "records", "fields": {"at": "instant"}},
    },
    "deadlines": {"due": {"from": "told_at", "add": 2, "unit": "hour"}},
    "measures": {"waited": {"elapsed": {"from": "told_at", "to": "done_at", "unit": "minute"}}},
    "conditions": {"late": {"late": {"event": "done_at", "deadline": "due"}}},
    "values": {"rate": 500},
    "broken_when": {"condition": "late"},
    "amount": {"value": "rate"},
}  # fmt: skip


def deadline(**keys):
    return {"deadlines": {"due": {"from": "told_at", "add": 2, **keys}}}


def measure(part):
    return {"amount": part}


def broken(part):
    return {"broken_when": part}


MISTAKES = [
    (measure({"percentt": [1, 2]}), "/amount/percentt", "Do you mean percent?"),
    (measure({"frobnicate": 1}), "/amount/frobnicate", "There are: accrue, add,"),
    (broken({"true": "our"}), "/broken_when/true", "Do you mean ours?"),
    (broken({"true": "zebra"}), "/broken_when/true", "no fact of this name among `facts`"),
    (measure({"measure": "waitd"}), "/amount/measure", "Do you mean waited?"),
    (measure({"measure": "zzz"}), "/amount/measure", "no measure of this name"),
    (measure({"value": "rates"}), "/amount/value", "Do you mean rate?"),
    (broken({"condition": "lat"}), "/broken_when/condition", "Do you mean late?"),
    (broken({"late": {"event": "done_at", "deadline": "dues"}}),
     "/broken_when/late/deadline", "Do you mean due?"),
    (broken({"after": ["done_at", "zzz"]}), "/broken_when/after/1", "no fact or deadline"),
    (measure({"fact": "told_at"}), "/amount/fact", "told_at is of another type"),
    (measure({"fact": 3}), "/amount/fact", "the name of a fact"),
    (measure(12.5), "/amount", 'Write a decimal as text, such as "12.5".'),
    (measure("12,5"), "/amount", "must be a number, or an object"),
    (measure("late_min"), "/amount", '{"fact": "late_min"}'),
    (measure("waited"), "/amount", '{"measure": "waited"}'),
    (broken("ours"), "/broken_when", '{"true": "ours"}'),
    (measure({"add": [1, 2], "percent": [1, 2]}), "/amount", "several: add, percent"),
    (measure({}), "/amount", "an object with one operator"),
    (measure({"percent": [1, 2, 3]}), "/amount/percent", "a list of two numbers"),
    (measure({"tiers": {"of": 1, "rows": [{"at_least": 1, "at_most": 2, "then": 1},
                                          {"at_least": 2, "then": 1}]}}),
     "/amount/tiers/rows/1", "overlaps"),
    (measure({"tiers": {"of": 1, "rows": [{"then": 1}]}}), "/amount/tiers/rows/0", "an edge"),
    (measure({"tiers": {"of": 1, "rows": [{"above": 1.5, "then": 1}]}}),
     "/amount/tiers/rows/0/above", "a decimal as text"),
    ({"measures": {"waited": {"add": [1, {"measure": "waited"}]}}}, "/measures/waited", "itself"),
    (deadline(unit="working_day"), "/deadlines/due/calendar", "needs a calendar"),
    (deadline(unit="hour", calendar="office"), "/deadlines/due/calendar", "must not name one"),
    (deadline(unit="days"), "/deadlines/due/unit", "calendar_day"),
    (deadline(unit="calendar_day", add="1.5"), "/deadlines/due/add", "counted whole"),
    (deadline(unit="open_hour", add=-1, calendar="office"), "/deadlines/due/add", "forwards only"),
    (deadline(unit="hour", at="16:00"), "/deadlines/due/at", "counted in days"),
    (deadline(unit="month", pauses={"in": "waits"}), "/deadlines/due/pauses", "do not pause"),
    (deadline(unit="calendar_day", cut_off_boundary="exclusive"),
     "/deadlines/due/cut_off_boundary", "belongs to a cut-off"),
    ({"payment": {"due": {"add": 30, "unit": "calendar_day"}}}, "/payment/due/from", "missing"),
    (broken({"late": {"event": "done_at", "deadline": "told_at"}}),
     "/broken_when/late/deadline", "Write `after`"),
    (broken({"after": ["done_at", {"instant": "2026-01-01T00:00:00"}]}),
     "/broken_when/after/1/instant", "a time with its offset"),
    (broken({"compare": [{"fact": "late_min"}, "=>", 3]}), "/broken_when/compare/1", ">="),
    (broken({"compare": {"left": 1}}), "/broken_when/compare", "This must be a list."),
    (broken({"weekday_in": {"of": "told_at", "days": ["Sat"]}}),
     "/broken_when/weekday_in/days/0", "saturday"),
    (broken({"time_in": {"of": "told_at", "from": "9:00", "until": "17:00"}}),
     "/broken_when/time_in/from", "16:00"),
    (broken({"date_in": {"of": "told_at", "dates": ["12-24"], "from": "12-01"}}),
     "/broken_when/date_in", "`from` and `until`"),
    (broken(True), "/broken_when", "to be kept and to be broken"),
    (measure({"count": {"in": "waits", "where": {"compare": [{"field": "length"}, ">", 1]}}}),
     "/amount/count/where/compare/0/field", "They have: end, hours, minutes"),
    (measure({"count": {"in": "visits", "where": {"after": ["came", "told_at"]}}}),
     "/amount/count/where/after/0", "They have: at"),
    (measure({"field": "size"}), "/amount/field", "inside `count` or `total`"),
    (measure({"interest": {"on": 1, "from": "told_at", "to": "done_at", "year_days": 364,
                           "rates": [{"percent": 1}, {"percent": 2}]}}),
     "/amount/interest/rates/1", "begins before the one above"),
    (measure({"interest": {"on": 1, "from": "told_at", "to": "done_at", "year_days": 364,
                           "rates": [{"percent": 1}]}}), "/amount/interest/year_days", "actual"),
    ({"facts": {"x": "integer"}, "broken_when": {"known": "x"}}, "/facts/x/type", "number"),
    ({"facts": {"Late Minutes": "number"}}, "/facts/Late Minutes", "small letters"),
    ({"facts": {"x": {"type": "text", "fields": {"a": "text"}}}},
     "/facts/x/fields", "Only records"),
    ({"facts": {"x": {"type": "records", "fields": {"a": "numbers"}}}},
     "/facts/x/fields/a", "This must be one of"),
    ({"time_zone": "Helsinki"}, "/time_zone", "Europe/Helsinki"),
    ({"currency": "€"}, "/currency", "three letters"),
    ({"steps": [{"cap": 1, "round": {"how": "up"}}]}, "/steps/0", "A step does one"),
    ({"steps": [{"unpaid": 400}]}, "/steps/0/unpaid", "object with named fields"),
    ({"steps": [{"unpaid": {}}]}, "/steps/0/unpaid", "is the limit itself paid?"),
    ({"steps": [{"window_count": {"most": 5, "dated": "told_at"}}]},
     "/steps/0/window_count/window", "This is missing."),
    ({"steps": [{"window_count": {"most": 5, "used": "paid", "dated": "told_at"}}]},
     "/steps/0/window_count/dated", "Leave this out"),
    ({"remedy": {"kind": "cash"}}, "/remedy/kind", "money"),
    ({"claim": {"mode": "on_request", "until": "due"}}, "/claim/claimed_at", "that says when"),
    ({"claim": {"mode": None}}, "/claim/mode", "on_request"),
    ({"limit": {"seconds": 900}}, "/limit", "no field of this name"),
    ({"dated_values": [{"by": "told_at", "rows": [{"from": "1.1.2026", "values": {"a": 1}}]}]},
     "/dated_values/0/rows/0/from", "2026-03-02"),
]  # fmt: skip


def refused(clauses):
    with pytest.raises(TermsRefused) as caught:
        parse_terms({**GOOD, **clauses})
    return {one.field: render("en", one.text) for one in caught.value.problems}


def test_terms_without_a_mistake_are_read():
    assert parse_terms(GOOD)


@pytest.mark.parametrize(("clauses", "place", "words"), MISTAKES, ids=lambda one: str(one)[:60])
def test_mistake_is_told_at_its_place(clauses, place, words):
    assert words in refused(clauses)[place]


def test_each_place_is_told_once_and_all_places_are():
    found = refused({"steps": [{"unpaid": 4}, {"cap": 1.5}], "amount": {"zzz": 1}})
    assert list(found) == ["/amount/zzz", "/steps/0/unpaid", "/steps/1/cap"]
