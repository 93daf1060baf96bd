"""Schemes of other kinds, each with cases that were worked out by hand."""

import json
from datetime import datetime
from pathlib import Path

import pytest

from promises.rules.guarantee.trial import try_terms

FILES = sorted((Path(__file__).parent / "more_schemes").glob("*.json"))


def _cases():
    for file in FILES:
        scheme = json.loads(file.read_text())
        for case in scheme["cases"]:
            yield pytest.param(scheme, case, id=f"{file.stem}: {case['why']}")


def _comparable(value):
    """Instants may be written with any offset."""
    if isinstance(value, dict):
        return {name: _comparable(one) for name, one in value.items()}
    if isinstance(value, str) and "T" in value:
        return datetime.fromisoformat(value)
    return value


@pytest.mark.parametrize(("scheme", "case"), list(_cases()))
def test_scheme_gives_the_answer_worked_out_by_hand(scheme, case):
    found = try_terms(scheme["terms"], case["facts"], scheme["calendars"], case.get("history", ()))
    for name, expected in case["expected"].items():
        told = found[name]
        if name == "deadlines":
            told = {one: told[one] for one in expected}
        assert _comparable(told) == _comparable(expected), name


def test_there_are_many_schemes_with_several_cases_each():
    assert len(FILES) >= 30
    assert all(len(json.loads(file.read_text())["cases"]) >= 4 for file in FILES)
