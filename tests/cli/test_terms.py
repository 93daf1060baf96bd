"""`flask terms` on files, run without a database."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from promises.cli.terms import terms_group

SCHEMES = Path(__file__).parents[1] / "rules" / "guarantee" / "more_schemes"


@pytest.fixture
def run(tmp_path):
    def command(*words, **files):
        paths = {}
        for name, content in files.items():
            paths[name] = tmp_path / f"{name}.json"
            text = content if isinstance(content, str) else json.dumps(content)
            paths[name].write_text(text)
        given = [str(paths.get(word, word)) for word in words]
        return CliRunner().invoke(terms_group, given)

    return command


@pytest.fixture
def scheme():
    return json.loads((SCHEMES / "fi-four-open-hours.json").read_text())


def test_check_says_that_good_terms_can_be_published(run, scheme):
    result = run("check", "terms", terms=scheme["terms"])
    assert (result.exit_code, result.output) == (0, "These terms can be published.\n")


def test_check_names_every_problem_by_its_place(run, scheme):
    terms = {**scheme["terms"], "amount": 12.5, "colour": "red"}
    result = run("check", "terms", terms=terms)
    assert result.exit_code == 1
    assert "/amount: " in result.output
    assert "/colour: There is no field of this name." in result.output


def test_check_refuses_what_is_no_json_and_names_that_stand_twice(run):
    assert "is not JSON" in run("check", "terms", terms="{").output
    assert "stands twice" in run("check", "terms", terms='{"format": 2, "format": 1}').output


def test_try_answers_one_case(run, scheme):
    facts = scheme["cases"][1]["facts"]
    result = run(
        "try", "terms", "facts", "--calendars", "books",
        terms=scheme["terms"], facts=facts, books=scheme["calendars"],
    )  # fmt: skip
    answer = json.loads(result.output)
    assert (answer["outcome"], answer["amount_minor"]) == ("broken", 1000)


def test_try_compares_several_cases_with_what_was_expected(run, scheme):
    files = {"terms": scheme["terms"], "books": scheme["calendars"]}
    words = ("try", "terms", "facts", "--calendars", "books")
    good = run(*words, facts=scheme["cases"], **files)
    assert good.exit_code == 0
    assert len(json.loads(good.output)) == len(scheme["cases"])
    scheme["cases"][0]["expected"] |= {"amount_minor": 77, "broken_at": "not at all T"}
    bad = run(*words, facts=scheme["cases"], **files)
    assert bad.exit_code == 1
    first = json.loads(bad.output)[0]
    assert first["unlike"] == {"amount_minor": 77, "broken_at": "not at all T"}


def test_try_takes_the_history_from_a_file(run):
    scheme = json.loads((SCHEMES / "once-per-household.json").read_text())
    case = scheme["cases"][1]
    files = {"terms": scheme["terms"], "facts": case["facts"], "before": case["history"]}
    result = run("try", "terms", "facts", "--history", "before", **files)
    assert json.loads(result.output)["outcome"] == "limit_reached"


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        (3, "A case is an object"),
        ({"received_at": "2026-06-01T10:00:00"}, "/received_at: This must be a time with its"),
        ({"now": "yesterday"}, "/now: This must be a time with its offset"),
    ],
)
def test_try_says_what_is_wrong_with_facts(run, scheme, facts, message):
    result = run(
        "try", "terms", "facts", "--calendars", "books",
        terms=scheme["terms"], facts=facts, books=scheme["calendars"],
    )  # fmt: skip
    assert result.exit_code == 1
    assert message in result.output


def test_try_says_which_calendar_or_history_is_missing(run, scheme):
    files = {"terms": scheme["terms"], "facts": scheme["cases"][0]["facts"]}
    assert "/calendars/fi" in run("try", "terms", "facts", **files).output
    result = run("try", "terms", "facts", "--calendars", "books", books=[], **files)
    assert "Calendars are an object by name" in result.output
    result = run("try", "terms", "facts", "--history", "before", before=[{"at": 1}], **files)
    assert "/history/0" in result.output
