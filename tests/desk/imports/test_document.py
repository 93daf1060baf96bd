"""A mapping's document: what is wrong is named by place and reason."""

import copy
import json
import re
from pathlib import Path

import pytest

from promises.desk.imports.document import parse_mapping
from promises.desk.imports.mapping import DEFAULT_BACK_S, Encoding, Meaning
from promises.desk.imports.problems import MappingRefused
from promises.desk.models import TicketKind
from tests.desk.imports.ground import SIMPLE, mapping


def changed(path, value):
    document = copy.deepcopy(SIMPLE)
    inner = document
    *head, last = path
    for key in head:
        inner = inner.setdefault(key, {})
    inner[last] = value
    return document


def places(document):
    with pytest.raises(MappingRefused) as refused:
        parse_mapping(document)
    return [problem.field for problem in refused.value.problems]


@pytest.mark.parametrize("name", ["technion_sample", "technion_raw", "branch_export"])
def test_documented_mappings_are_accepted(name):
    parse_mapping(mapping(name))


def test_what_is_left_out_has_its_ordinary_meaning():
    found = parse_mapping(SIMPLE)
    assert found.ticket_kind is TicketKind.VISIT
    assert found.time_zone is None
    assert (found.file.delimiter, found.file.quote, found.file.header) == (None, '"', True)
    assert found.file.encoding is Encoding.UTF_8
    assert found.outcome.otherwise is Meaning.SERVED
    assert found.joined_by == "-"


def test_roll_over_is_half_a_day_unless_said():
    moment = {
        "date": {"column": "d", "format": "iso"},
        "time": {"column": "t", "format": "h:mm"},
        "roll_over": True,
    }
    found = parse_mapping(changed(["service_started"], moment))
    assert found.service_started[0].use.roll_over.back_us == DEFAULT_BACK_S * 1_000_000
    moment["roll_over"] = {"back_s": 1}
    found = parse_mapping(changed(["service_started"], moment))
    assert found.service_started[0].use.roll_over.back_us == 1_000_000


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        (["format"], 2, "/format"),
        (["surprise"], 1, "/surprise"),
        (["time_zone"], "Europe/Atlantis", "/time_zone"),
        (["time_zone"], 3, "/time_zone"),
        (["ticket_kind"], "party", "/ticket_kind"),
        (["file", "delimiter"], "ab", "/file/delimiter"),
        (["file", "delimiter"], "a", "/file/delimiter"),
        (["file", "quote"], "x", "/file/quote"),
        (["file", "encoding"], "latin", "/file/encoding"),
        (["file", "header"], "yes", "/file/header"),
        (["file", "skip_lines"], -1, "/file/skip_lines"),
        (["file", "colour"], 1, "/file/colour"),
        (["reference", "columns"], [], "/reference/columns"),
        (["reference", "columns"], ["id", 0], "/reference/columns/1"),
        (["reference", "columns"], [True], "/reference/columns/0"),
        (["reference", "columns"], ["a\x00b"], "/reference/columns/0"),
        (["file", "empty_values"], ["\ud800"], "/file/empty_values/0"),
        (["reference", "joined_by"], "\n", "/reference/joined_by"),
        (["arrived", "format"], "zz", "/arrived/format"),
        (["arrived", "column"], "", "/arrived/column"),
        (["arrived"], {"time": {"column": "t", "format": "h:mm"}}, "/arrived"),
        (["arrived"], {"choose": []}, "/arrived/choose"),
        (["arrived"], {"choose": [{"use": 3}]}, "/arrived/choose/0/use"),
        (["arrived"], {"choose": [{"when": [], "use": None}]}, "/arrived/choose/0/when"),
        (
            ["arrived"],
            {"choose": [{"when": [{"column": "x"}], "use": None}]},
            "/arrived/choose/0/when/0",
        ),
        (
            ["rows"],
            [{"action": "skip", "when": [{"column": "x", "is": ["1"], "empty": True}]}],
            "/rows/0/when/0",
        ),
        (["rows"], [{"action": "drop", "when": [{"column": "x", "is": ["1"]}]}], "/rows/0/action"),
        (["rows"], [{"action": "skip"}], "/rows/0"),
        (
            ["rows"],
            [{"action": "skip", "when": [{"any": [{"column": "x", "above": "1"}]}]}],
            "/rows/0/when/0/any/0/above",
        ),
        (["outcome"], {"column": "o"}, "/outcome/column"),
        (["outcome"], {"column": "o", "values": {"A": "gone"}}, "/outcome/values/A"),
        (["outcome"], {"otherwise": "ignored"}, "/outcome"),
        (["outcome"], {"otherwise": "left"}, "/left"),
        (["outcome"], {"otherwise": "no_show"}, "/called"),
        (["service_kind"], {"column": "s"}, "/service_kind"),
        (["service_kind"], {"letter": "A", "column": "s", "letters": {"x": "A"}}, "/service_kind"),
        (["service_kind"], {"column": "s", "letters": {"x": 1}}, "/service_kind/letters/x"),
        (["waited"], {"column": "w", "format": "lightyears"}, "/waited/format"),
        (["waited"], {"column": "w", "format": "seconds", "decimal": ";"}, "/waited/decimal"),
        (["waited"], {"seconds": -1}, "/waited/seconds"),
        (["customer"], {"nobody": ["0"]}, "/customer/column"),
    ],
)
def test_problem_is_named_by_its_place(path, value, place):
    assert places(changed(path, value)) == [place]


@pytest.mark.parametrize("document", [None, [], "csv", 3])
def test_document_that_is_no_object_is_refused(document):
    assert places(document)[0] == ""


def test_all_problems_are_told_at_once():
    document = {"format": 1, "file": {"encoding": "x"}, "arrived": {"column": "a"}}
    assert places(document) == [
        "/reference",
        "/outcome",
        "/service_kind",
        "/file/encoding",
        "/arrived/format",
    ]


def test_examples_of_the_guide_are_accepted():
    guide = (Path(__file__).parents[3] / "docs" / "imports.md").read_text()
    documents = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", guide, re.DOTALL)]
    whole = [document for document in documents if "format" in document]
    assert len(whole) == 2
    for document in whole:
        parse_mapping(document)
