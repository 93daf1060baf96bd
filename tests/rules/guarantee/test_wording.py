"""A promise as people read it: natural where its shape is common, complete whatever its shape."""

import json
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.kernel.text import LOCALES
from promises.rules.guarantee.explaining import steps_from_json, steps_to_json
from promises.rules.guarantee.telling import fact_names
from promises.rules.guarantee.trial import parse_guarantee
from promises.rules.guarantee.wording import sentence, sentence_steps, sentences
from promises.rules.refusals import TermsRefused
from promises.rules.steps import Step
from tests.rules.guarantee.explained import scheme
from tests.rules.guarantee.random_terms import random_document

GOLDEN = json.loads((Path(__file__).parent / "sentences.json").read_text())


def said(document, locale="en"):
    return sentence(parse_guarantee(document), locale).replace("\xa0", " ")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_scheme_reads_like_something_a_person_would_say(name, locale):
    assert said(scheme(name), locale) == GOLDEN[name][locale]


def inside(value):
    """Every step in a step."""
    if isinstance(value, Step):
        yield value
        value = tuple(value.params.values())
    if isinstance(value, tuple):
        for one in value:
            yield from inside(one)


def check(document):
    """Said in every language; no fact, step, exclusion or clause that has a say is left out."""
    terms = parse_guarantee(document)
    steps = sentence_steps(terms)
    assert steps_from_json(json.loads(json.dumps(steps_to_json(steps)))) == steps
    for locale in LOCALES:
        lines = sentences(terms, locale)
        assert len(lines) == len(steps)
        assert all(line.endswith(".") and "%(" not in line for line in lines)
    found = list(inside(steps))
    codes = {step.code for step in found}
    names = {step.params["name"] for step in found if step.code == "name"}
    usual = {code.split("_", 1)[1] for code in codes if code.startswith(("do_", "since_"))}
    if codes & {"end_of_promised_day", "do_your_number"}:
        usual |= {"promised_on", "promised_at", "called_at"}
    clauses = (terms.broken_when, terms.applies_when, terms.amount, terms.exclusions, terms.steps)
    paid = (terms.claim, terms.payment) + tuple(one.amount for one in terms.remedies.options)
    deciding = clauses if any(one.amount is None for one in terms.remedies.options) else clauses[:2]
    assert set(fact_names(terms, *deciding, *paid)) <= names | usual
    assert {one.code for one in terms.exclusions} <= names
    assert len(terms.steps) == sum(len(s.params["steps"]) for s in found if s.code == "say_steps")
    for clause, code in (("payment", "say_pay"), ("recurring", "say_recurring")):
        assert (clause in document) is (code in codes)
    assert ("say_on_request" in codes) is terms.claim.on_request
    meanings = {s.params["name"].params["name"] for s in found if s.code == "say_meaning"}
    named = {*terms.deadlines, *terms.measures, *terms.conditions, *terms.values}
    assert names & named == meanings


def test_sentence_of_any_terms_leaves_out_nothing_that_has_a_say():
    for seed in range(250):
        check(random_document(Random(seed)))


@given(st.randoms(use_true_random=False))
def test_sentence_of_any_terms_can_be_said_and_stored(random):
    check(random_document(random))


def of(**changes):
    made = {
        "format": 2,
        "currency": "EUR",
        "time_zone": "Europe/Helsinki",
        "facts": {
            "received_at": "instant",
            "answered_at": "instant",
            "started_at": "instant",
            "people": "number",
        },
        "broken_when": late(add=4, unit="hour"),
        "amount": 1000,
    }
    return made | changes


def late(start="received_at", event="answered_at", **deadline):
    return {"late": {"event": event, "deadline": {"from": start, **deadline}}}


def waited(op, limit, **more):
    span = {"from": "received_at", "to": {"or_now": "answered_at"}, "unit": "minute"}
    kind = "open_time" if "calendar" in more else "elapsed"
    if kind == "open_time":
        span["unit"] = "open_minute"
    return {"compare": [{kind: {**span, **more}}, op, limit]}


def days(op, limit, **more):
    span = {"from": "received_at", "to": {"or_now": "answered_at"}}
    return {"compare": [{"calendar_days": {**span, **more}}, op, limit]}


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "We answer you within 4 h after we received your matter, or we pay you €10."),
        (
            {"broken_when": late(add=4, unit="hour", boundary="exclusive")},
            "We answer you in under 4 h after we received your matter, or we pay you €10.",
        ),
        (
            {"broken_when": late(add=4, unit="open_hour", calendar="shop")},
            "We answer you within 4 h of opening time after we received your matter, or we pay "
            "you €10. Open days and hours: shop.",
        ),
        (
            {"broken_when": late(add=4, unit="open_hour", calendar="branch")},
            "We answer you within 4 h of opening time after we received your matter, or we pay "
            "you €10. Open days and hours are those of the branch.",
        ),
        (
            {"broken_when": late(add=28, unit="calendar_day")},
            "We answer you within this time, by the end of its last day: 28 calendar days after "
            "we received your matter, or we pay you €10.",
        ),
        (
            {"broken_when": late(add=1, unit="calendar_day", at="16:00")},
            "We answer you by then: receipt + 1 calendar day (until 16:00 that day; that moment "
            "is still in time), or we pay you €10.",
        ),
        (
            {"broken_when": late(start="started_at", add=0, unit="calendar_day")},
            "We answer you by the end of the same day (started), or we pay you €10.",
        ),
        (
            {"broken_when": late(add=1, unit="working_day", calendar="shop", cut_off="16:00",
                                 cut_off_boundary="exclusive", roll="previous_open_day")},
            "We answer you by the end of the 1st working day after we received your matter, or "
            "we pay you €10. Open days and hours: shop. What comes from 16:00 on or on a closed "
            "day counts as received on the next open day. If the last day is closed, the open "
            "day before it is the last one.",
        ),
        (
            {"broken_when": late(add=1, unit="working_day", calendar="shop", cut_off="16:00",
                                 receipt="next_opening")},
            "We answer you by the end of the 1st working day after we received your matter, or "
            "we pay you €10. Open days and hours: shop. What comes while closed counts as "
            "received at the next opening, what comes after 16:00 on the next open day.",
        ),
        (
            {"broken_when": late(add=1, unit="calendar_day", calendar="shop",
                                 receipt="next_open_day")},
            "We answer you by the end of the 1st calendar day after we received your matter, or "
            "we pay you €10. Open days and hours: shop. What comes on a closed day counts as "
            "received on the next open day.",
        ),
        (
            {"broken_when": waited(">", 15, calendar="shop")},
            "We answer you within 15 min of opening time after we received your matter, or we "
            "pay you €10. Open days and hours: shop.",
        ),
        (
            {"broken_when": waited(">=", 15, whole="up")},
            "We answer you in under 15 min after we received your matter, or we pay you €10. "
            "A unit that has begun counts as whole: 1 min.",
        ),
        (
            {"broken_when": waited(">", 15, pauses={"in": "breaks"}),
             "facts": {"received_at": "instant", "answered_at": "instant", "breaks": "intervals"}},
            "We answer you within 15 min after we received your matter, or we pay you €10. "
            "This time does not count: breaks.",
        ),
        (
            {"broken_when": waited(">", 15, to="answered_at")},
            "The promise is broken when this holds: time: receipt → answer > 15 min. If we break "
            "it, we pay you €10.",
        ),
        (
            {"broken_when": waited("<", 15)},
            "The promise is broken when this holds: time: receipt → answer (until it is known: "
            "now) < 15 min. If we break it, we pay you €10.",
        ),
        (
            {"broken_when": waited("<=", 15, to="answered_at")},
            "Receipt more than 15 min before this: answer, or we pay you €10.",
        ),
        (
            {"broken_when": days(">", 2)},
            "We answer you by the end of the 2nd calendar day after we received your matter, or "
            "we pay you €10.",
        ),
        (
            {"broken_when": days(">", 20)},
            "The promise is broken when this holds: calendar days: receipt → answer (until it is "
            "known: now) > 20 calendar days. If we break it, we pay you €10.",
        ),
        (
            {"broken_when": days(">", 2, to="answered_at")},
            "The promise is broken when this holds: calendar days: receipt → answer > 2 calendar "
            "days. If we break it, we pay you €10.",
        ),
        (
            {"broken_when": days(">", 2, **{"from": {"latest": ["received_at", "started_at"]}})},
            "The promise is broken when this holds: calendar days: the latest of these, when all "
            "are known: receipt; started → answer (until it is known: now) > 2 calendar days. If "
            "we break it, we pay you €10.",
        ),
        (
            {"amount": {"accrue": {"of": {"fact": "people"}, "count": "begun", "most": 3,
                                   "rates": [{"each": 500}]}}},
            "We answer you within 4 h after we received your matter. If we break the promise, you "
            "get (money): by period: 1–: €5 (periods begun in people (at most: 3)).",
        ),
        ({"remedy": {"kind": "voucher"}},
         "We answer you within 4 h after we received your matter, or you get a voucher worth €10."),
        ({"remedy": {"kind": "apology"}, "amount": 0},
         "We answer you within 4 h after we received your matter, or we apologise."),
        ({"amount": 0},
         "We answer you within 4 h after we received your matter. No money is paid."),
        (
            {"labels": {"answered_at": {"en": "An answer by mail"},
                        "received_at": {"en": "your letter"}}},
            "An answer by mail: within 4 h (counted from: your letter), or we pay you €10.",
        ),
    ],
)  # fmt: skip
def test_sentence_of_a_common_shape(changes, text):
    assert said(of(**changes)) == text


@pytest.mark.parametrize(
    ("labels", "place"),
    [
        ("no object", "/labels"),
        ({"nobody": {"en": "Nobody"}}, "/labels/nobody"),
        ({"people": {}}, "/labels/people"),
        ({"people": {"de": "Leute"}}, "/labels/people/de"),
        ({"people": {"en": " "}}, "/labels/people/en"),
        ({"people": {"en": 1}}, "/labels/people/en"),
        ({"people": {"en": "line\nbreak"}}, "/labels/people/en"),
        ({"people": {"en": "x" * 81}}, "/labels/people/en"),
    ],
)
def test_label_that_nobody_can_read_is_refused_with_its_place(labels, place):
    with pytest.raises(TermsRefused) as refused:
        parse_guarantee(of(labels=labels))
    assert place in [problem.field for problem in refused.value.problems]


def test_label_may_belong_to_every_name_of_the_terms():
    document = of(
        deadlines={"due": {"from": "received_at", "add": 1, "unit": "day"}},
        measures={"much": {"fact": "people"}},
        conditions={"many": {"compare": [{"measure": "much"}, ">", 3]}},
        values={"rate": 500},
        dated_values=[{"by": "received_at", "rows": [{"values": {"ceiling": 900}}]}],
        exclusions=[{"code": "crowd", "when": {"condition": "many"}}],
    )
    names = ("due", "much", "many", "rate", "ceiling", "crowd", "people")
    document["labels"] = {name: {"fi": name} for name in names}
    labels = parse_guarantee(document).document["labels"]
    assert isinstance(labels, Mapping) and set(labels) == set(names)


def test_calendar_of_the_branch_has_no_name_of_its_own():
    open_days = {"working_days": {"from": "received_at", "to": "answered_at", "calendar": "branch"}}
    document = of(broken_when={"compare": [open_days, ">", 2]})
    assert "opening hours of the branch" in said(document)
    assert "toimipisteen aukioloajat" in said(document, "fi")
