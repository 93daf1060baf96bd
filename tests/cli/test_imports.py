"""`flask import` on the real database."""

import json

import pytest

from promises.db.session import unit_of_work
from promises.db.sql import rows
from promises.desk.imports.actions import save_mapping
from promises.kernel.actors import SYSTEM
from tests.desk.imports.ground import SIMPLE, mapping, needs_technion, technion
from tests.factories.identity import make_organisation

CSV = (
    "id,arrived,started\n"
    "a,2026-03-02 10:00:00,2026-03-02 10:05:00\n"
    "b,yesterday,2026-03-02 09:59:00\n"
)


@pytest.fixture
def made(app):
    with app.app_context():
        return make_organisation(kinds=("A", "E", "I", "N", "S", "T"), time_zone="Asia/Jerusalem")


@pytest.fixture
def bring(app, made, tmp_path):
    """Run the command on a file of that content."""

    def run(content, mapping_name, *options, organisation=None, branch=None):
        file = tmp_path / "calls.csv"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return app.test_cli_runner().invoke(
            args=["import", str(file), "--organisation", organisation or made.slug,
                  "--branch", branch or made.branch.slug, "--mapping", mapping_name, *options]
        )  # fmt: skip

    return run


@pytest.fixture
def mapping_file(tmp_path):
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(SIMPLE))
    return str(path)


def references(app, made):
    with app.app_context(), unit_of_work(made.id, SYSTEM) as uow:
        return [row.external_ref for row in rows(uow.session, "SELECT external_ref FROM tickets")]


def test_file_is_imported_and_its_problems_listed_by_line(app, made, bring, mapping_file):
    result = bring(CSV, mapping_file)
    assert result.exit_code == 0, result.output
    assert "        2 rows read" in result.output
    assert "        1 new tickets" in result.output
    assert "line 3, arrived: This is not a time in the form iso." in result.output
    assert references(app, made) == ["a"]
    again = bring(CSV, mapping_file)
    assert "        1 known already" in again.output
    assert references(app, made) == ["a"]


def test_preview_changes_nothing(app, made, bring, mapping_file):
    result = bring(CSV, mapping_file, "--preview")
    assert result.exit_code == 0, result.output
    assert "line 2: a served, arrived 2026-03-02 08:00:00 UTC" in result.output
    assert "        1 refused" in result.output
    assert references(app, made) == []


def test_saved_mapping_is_found_by_its_name(app, made, bring):
    with app.app_context(), unit_of_work(made.id, SYSTEM) as uow:
        save_mapping(
            uow.session, organisation_id=made.id, actor=SYSTEM, now=uow.now, name="Calls",
            document=SIMPLE,
        )  # fmt: skip
    assert bring(CSV, "Calls").exit_code == 0
    assert references(app, made) == ["a"]


@pytest.mark.parametrize(
    ("content", "words", "said"),
    [
        ("", {}, "This file has no rows."),
        ("id,arrived\n", {}, "This file has no column “started”."),
        (b"id,arrived,started\n\xff\n", {}, "Line 2 cannot be read as utf-8."),
        (b"id,arrived,started\n" + b"a,b,c\n" * 99_999 + b"\xff\n", {}, "Line 100001 cannot"),
        (CSV, {"organisation": "nobody-here"}, "nothing here"),
        (CSV, {"branch": "nowhere"}, "nothing here"),
    ],
)
def test_what_cannot_be_read_as_a_whole_ends_with_code_1(
    app, made, bring, mapping_file, content, words, said
):
    result = bring(content, mapping_file, **words)
    assert result.exit_code == 1
    assert said in result.output
    assert references(app, made) == []


def test_mapping_that_is_not_there_or_no_json_ends_with_code_1(bring, tmp_path):
    assert "There is no mapping named “Nothing”." in bring(CSV, "Nothing").output
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    result = bring(CSV, str(broken))
    assert result.exit_code == 1
    assert "is not JSON" in result.output


@needs_technion
def test_real_day_comes_in_with_the_documented_mapping(app, made, bring, tmp_path):
    path = tmp_path / "technion.json"
    path.write_text(json.dumps(mapping("technion_sample")))
    result = bring(technion("sample_1999-03-11.csv"), str(path))
    assert "    2,254 rows read" in result.output
    assert "    2,112 new tickets" in result.output
    assert len(references(app, made)) == 2112
