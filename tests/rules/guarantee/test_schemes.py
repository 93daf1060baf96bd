"""Twenty-eight real schemes in our notation against their worked cases."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from promises.rules.guarantee.trial import try_terms

SCHEMES = Path(__file__).parents[4] / "shared" / "schemes" / "schemes.json"
TERMS = Path(__file__).parent / "schemes"
WORDS = {"pending": "open", "breach": "broken"}


def _cases():
    if not SCHEMES.exists():
        return []
    return [
        pytest.param(scheme["scheme"], case, id=case["id"])
        for scheme in json.loads(SCHEMES.read_text())["schemes"]
        for case in scheme["cases"]
    ]


@pytest.fixture(scope="module")
def calendars():
    given = json.loads(SCHEMES.read_text())["calendars"]
    return {
        name: {
            "format": 1,
            "zone": one["tz"],
            "weekly": [one["weekly"].get(str(day), []) for day in range(7)],
            "exceptions": {day: [] for day in one["holidays"]},
        }
        for name, one in given.items()
    }


def _instant(text):
    return None if text is None else datetime.fromisoformat(text)


@pytest.mark.skipif(not SCHEMES.exists(), reason="the worked cases lie beside the project only")
@pytest.mark.parametrize(("scheme", "case"), _cases())
def test_scheme_gives_the_worked_answer(scheme, case, calendars):
    expected = case["expected"]
    document = json.loads((TERMS / f"{scheme}.json").read_text())
    found = try_terms(document, case["facts"], calendars)
    outcome = WORDS.get(expected["outcome"], expected["outcome"])
    assert (found["outcome"], found["broken"], found["amount_minor"], found["currency"]) == (
        outcome,
        expected["breach"],
        expected["amount_minor"],
        expected["currency"],
    )
    for name, at in expected.get("deadlines", {}).items():
        assert _instant(found["deadlines"][name]) == _instant(at)
    if "pay_due_before" in expected:
        assert _instant(found["pay_before"]) == _instant(expected["pay_due_before"])
    for name in ("late_penalty_minor", "remedy"):
        if name in expected:
            assert found[name] == expected[name]


def test_every_scheme_is_written_in_our_notation():
    assert len(list(TERMS.glob("*.json"))) == 28
