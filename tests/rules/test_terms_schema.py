"""The published shape of terms accepts what is read, and refuses what has another shape."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from promises.rules.refusals import TermsRefused
from promises.rules.terms import parse_terms
from promises.rules.terms_schema import terms_schema
from tests.rules.guarantee.random_terms import random_document

SCHEMES = Path(__file__).parent / "guarantee"
SHAPE = Draft202012Validator(terms_schema("https://example.com/terms.schema.json"))
SHORT = {
    "format": 1,
    "currency": "EUR",
    "scope": {"ticket_kinds": ["visit"], "service_kinds": None},
    "measure": {"kind": "elapsed", "from": "arrived", "to": "service_started"},
    "limit": {"seconds": 900, "boundary": "inclusive"},
    "leavers": {"before_limit": "excluded", "after_limit": "owed"},
    "amount": {"kind": "flat", "amount_minor": 1000},
    "caps": {"per_customer": {"count": 1, "period": "day"}, "per_device_day": None},
}
GENERAL = {
    "format": 2,
    "currency": "EUR",
    "facts": {"waits": "intervals", "due_on": "date", "told_at": "instant", "ours": "boolean"},
    "broken_when": {"true": "ours"},
}


def problems_of(document):
    try:
        parse_terms(document)
    except TermsRefused as refused:
        return refused.problems
    return ()


def is_read(document):
    return not problems_of(document)


def test_schema_is_a_schema():
    Draft202012Validator.check_schema(SHAPE.schema)


def test_short_form_and_real_schemes_fit():
    SHAPE.validate(SHORT)
    files = [*SCHEMES.glob("schemes/*.json"), *SCHEMES.glob("more_schemes/*.json")]
    assert len(files) > 60
    for file in files:
        document = json.loads(file.read_text())
        SHAPE.validate(document.get("terms", document))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9))
def test_whatever_is_read_fits(seed):
    document = random_document(random.Random(seed))
    assert is_read(document)
    SHAPE.validate(document)


def places(part, path=()):
    yield path
    if not isinstance(part, dict | list):
        return
    for key, one in part.items() if isinstance(part, dict) else enumerate(part):
        if key != "when_missing":
            yield from places(one, (*path, key))


def changed(document, path, value):
    copy = json.loads(json.dumps(document))
    part = copy
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value(part[path[-1]])
    return copy


def shaped(path):
    """Whether the shape alone decides; of a zone and of the values of a fact it does not."""
    return path[0] != "time_zone" and path[-3:-1] != ("one_of", "values")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10**9), st.sampled_from([12.5, "Zz z!", {"zzz": 1}, "", [[]]]))
def test_other_shapes_are_refused_by_both(seed, wrong):
    maker = random.Random(seed)
    document = random_document(maker)
    path = maker.choice([path for path in places(document) if path and shaped(path)])
    other = changed(document, path, lambda _: wrong)
    pointer = "".join(f"/{key}" for key in path)
    refused = any(one.field.startswith(pointer) for one in problems_of(other))
    assert refused or wrong != 12.5
    if refused:
        assert not SHAPE.is_valid(other), pointer


@pytest.mark.parametrize(
    "clauses",
    [
        {"broken_when": True},
        {"colour": "red"},
        {"currency": "euro"},
        {"format": 3},
        {"facts": {"Waits": "intervals"}},
        {"facts": {"waits": {"type": "intervals", "fields": {"a": "text"}}}},
        {"deadlines": {"d": {"from": "told_at", "add": 2, "unit": "working_day"}}},
        {"deadlines": {"d": {"from": "told_at", "add": 2, "unit": "open_hour"}}},
        {"deadlines": {"d": {"from": "told_at", "add": 2, "unit": "hour", "at": "16:00"}}},
        {"deadlines": {"d": {"from": "told_at", "add": 2, "unit": "hour", "calendar": "uk"}}},
        {"deadlines": {"d": {"from": "told_at", "add": 2, "unit": "month",
                             "roll": "next_open_day"}}},
        {"measures": {"m": {"percent": [1, 2, 3]}}},
        {"measures": {"m": {"tiers": {"of": 1, "rows": [{"then": 1}]}}}},
        {"measures": {"m": {"tiers": {"of": 1, "rows": [{"above": 1, "at_least": 1, "then": 1}]}}}},
        {"measures": {"m": {"add": [1, 2], "subtract": [1, 2]}}},
        {"conditions": {"c": {"compare": [1, "=>", 2]}}},
        {"conditions": {"c": {"date_in": {"of": "told_at", "from": "12-01"}}}},
        {"conditions": {"c": {"date_in": {"of": "told_at", "dates": ["12-24"], "from": "12-01"}}}},
        {"steps": [{"cap": 1, "round": {"how": "up"}}]},
        {"steps": [{"unpaid": {"below": 1, "at_most": 1}}]},
        {"steps": [{"window_count": {"most": 1, "window": {"last_days": 3, "every": "day"},
                                     "dated": "told_at"}}]},
        {"claim": {"mode": None}},
        {"remedy": {"kind": "kiss"}},
        {"exclusions": [{"code": "Bad Weather", "when": {"true": "ours"}}]},
    ],
)  # fmt: skip
def test_mistakes_of_shape_are_refused_by_both(clauses):
    document = {**GENERAL, **clauses}
    assert not is_read(document)
    assert not SHAPE.is_valid(document)


def test_example_itself_is_good():
    assert is_read(GENERAL) and SHAPE.is_valid(GENERAL)
