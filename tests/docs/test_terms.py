"""What docs/terms.md shows is what the engine reads, and what it says comes out does."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from promises.kernel.calendars import parse_calendar
from promises.rules.guarantee import reading_terms
from promises.rules.guarantee.engine import evaluate
from promises.rules.guarantee.facts import read_facts, read_instant
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.reading_conditions import CONDITIONS
from promises.rules.guarantee.reading_instants import INSTANTS
from promises.rules.guarantee.reading_numbers import NUMBERS
from promises.rules.guarantee.trial import parse_guarantee, prepare_calendars, try_terms
from promises.rules.guarantee.vocabulary import (
    At,
    Comparator,
    Count,
    FactType,
    Receipt,
    Remedy,
    Roll,
    Rounding,
    Take,
    Unit,
    Whole,
)
from promises.rules.terms import dump_terms, parse_terms

TEXT = (Path(__file__).parents[2] / "docs" / "terms.md").read_text()
SHORT, GENERAL = TEXT.split("## The general form")
FENCES = re.findall(r"```json ?(\w*)\n(.*?)```", GENERAL, re.S)
BLOCKS = [(kind, json.loads(block)) for kind, block in FENCES]
PATTERNS = ("number", "condition", "instant", "steps")


def _followed_by(kinds, by):
    """Each block of these kinds with the cases that belong to it: the next ones."""
    before = None
    for kind, block in BLOCKS:
        if kind in kinds:
            before = (kind, block)
        elif kind == by and before is not None:
            yield (*before, block)
            before = None


CALENDARS = next(block for kind, block in BLOCKS if kind == "calendars")
COOKBOOK = next(block for kind, block in BLOCKS if kind == "cookbook")


def keys_of(document, prefix=""):
    for name, value in document.items():
        path = f"{prefix}{name}"
        if isinstance(value, dict) and name != "per_customer":
            yield from keys_of(value, f"{path}.")
        else:
            yield path


def test_short_example_is_read_and_written_back_unchanged():
    (example,) = re.findall(r"```json\n(.*?)```", SHORT, re.S)
    document = json.loads(example)
    assert dump_terms(parse_terms(document)) == document


def test_every_key_of_the_short_form_is_explained():
    document = dump_terms(parse_terms(json.loads(re.findall(r"```json\n(.*?)```", SHORT, re.S)[0])))
    fixed = {"measure.kind", "measure.from", "amount.kind"}
    explained = set(re.findall(r"^\| `([a-z_.]+)` \|", SHORT, re.M))
    assert set(keys_of(document)) - fixed == explained


def alike(found, expected):
    if isinstance(expected, dict):
        return {name: alike(found[name], one) for name, one in expected.items()}
    if isinstance(found, str) and "T" in found:
        return datetime.fromisoformat(found)
    return found


def wanted(expected):
    if isinstance(expected, dict):
        return {name: wanted(one) for name, one in expected.items()}
    return alike(expected, None)


@pytest.mark.parametrize("terms", [block for kind, block in BLOCKS if kind == "terms"])
def test_terms_shown_are_read(terms):
    assert parse_terms(terms)


@pytest.mark.parametrize(
    ("terms", "cases"), [pair[1:] for pair in _followed_by(("terms",), "cases")]
)
def test_terms_shown_give_the_answers_shown(terms, cases):
    assert cases
    for case in cases:
        found = try_terms(terms, case["facts"], CALENDARS)
        assert alike(found, case["expected"]) == wanted(case["expected"]), case["facts"]


def _asked(parts, facts):
    """A case of the cookbook's facts with these parts besides."""
    document = {
        "format": 2,
        "currency": "EUR",
        "time_zone": "Europe/Helsinki",
        "facts": COOKBOOK["facts"],
        "broken_when": {"compare": [1, "=", 1]},
        "amount": {"fact": "price_minor"},
        **parts,
    }
    document["measures"] = {**COOKBOOK["measures"], **parts.get("measures", {})}
    terms = parse_guarantee(document)
    known = read_facts(terms.facts, facts, terms.time_zone)
    now = read_instant(facts["now"]) if "now" in facts else None
    specs = {name: parse_calendar(one) for name, one in CALENDARS.items()}
    return case_of(terms, known, now, prepare_calendars(terms, specs, known, now))


def _gives(kind, shown, facts):
    if kind == "steps":
        result = evaluate(_asked({"steps": shown}, facts))
        return [result.amount_minor, result.outcome]
    place = {"number": "measures", "condition": "conditions", "instant": "deadlines"}[kind]
    case = _asked({place: {"shown": shown}}, facts)
    value = case.value(getattr(case.terms, place)["shown"])[0]
    return str(value) if kind == "number" and value is not None else value


@pytest.mark.parametrize(("kind", "shown", "tried"), list(_followed_by(PATTERNS, "tried")))
def test_pattern_gives_what_stands_under_it(kind, shown, tried):
    assert tried
    for one in tried:
        expected = one["gives"]
        if kind == "instant" and expected is not None:
            expected = datetime.fromisoformat(expected)
        assert _gives(kind, shown, one["facts"]) == expected, one["facts"]


def test_every_pattern_has_cases_and_the_other_blocks_are_read():
    patterns = [block for kind, block in BLOCKS if kind in PATTERNS]
    assert len(list(_followed_by(PATTERNS, "tried"))) == len(patterns) >= 25
    assert len(list(_followed_by(("terms",), "cases"))) >= 3
    facts, rows = (block for kind, block in BLOCKS if kind == "")
    assert parse_guarantee({**_document(), "facts": facts})
    assert parse_guarantee({**_document(), "facts": facts, "dated_values": rows})


def _document():
    return {"format": 2, "currency": "EUR", "broken_when": {"known": "cause"}}


@pytest.mark.parametrize(
    "words",
    [
        NUMBERS, INSTANTS, CONDITIONS, reading_terms.OPTIONAL, reading_terms.REQUIRED, FactType,
        Unit, Whole, Count, Rounding, At, Receipt, Roll, Comparator, Take, Remedy,
    ],
)  # fmt: skip
def test_every_word_of_the_language_is_explained(words):
    words = [getattr(word, "value", word) for word in words]
    told = re.sub(r"```json.*?```", "", GENERAL, flags=re.S)
    missing = [word for word in words if not re.search(rf"[`\"]{re.escape(word)}[`\"]", told)]
    assert not missing
