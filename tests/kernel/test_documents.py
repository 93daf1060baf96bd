from enum import StrEnum
from uuid import UUID

import pytest

from promises.kernel.documents import Section, pointer_to


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


ID = "0198d0a0-0000-7000-8000-000000000001"


def read(value, required=(), optional=()):
    problems = []
    return Section(value, problems, required=required, optional=optional), problems


def places(problems):
    return [(problem.field, problem.message) for problem in problems]


@pytest.mark.parametrize(
    ("key", "pointer"),
    [
        ("a", "/top/a"),
        ("a/b~c", "/top/a~1b~0c"),
        ("a\x00\x1b\ud800", "/top/a\ufffd\ufffd\ufffd"),
        (7, "/top/7"),
        ("x" * 61, "/top/" + "x" * 60 + "…"),
    ],
)
def test_pointer_to_escapes_and_shows_only_what_prints(key, pointer):
    assert pointer_to("/top", key) == pointer


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_section_must_be_an_object_and_then_has_no_further_problems(value):
    section, problems = read(value, required=("a",))
    assert places(problems) == [("", "This must be an object with named fields.")]
    assert section.integer("a", 1, 9) == 1
    assert len(problems) == 1


def test_section_names_unknown_and_missing_fields():
    _, problems = read({"b": 1, 3: 1}, required=("a",), optional=("c",))
    assert places(problems) == [
        ("/b", "There is no field of this name."),
        ("/3", "There is no field of this name."),
        ("/a", "This is missing."),
    ]


def test_section_inner_problems_carry_the_whole_pointer():
    section, problems = read({"inner": {"x": 1}}, required=("inner",))
    section.section("inner", required=("y",)).refuse("z", "no")
    assert [problem.field for problem in problems] == ["/inner/x", "/inner/y", "/inner/z"]


def test_section_that_is_missing_adds_no_more_problems():
    section, problems = read({}, required=("inner",))
    section.section("inner", required=("y",))
    assert places(problems) == [("/inner", "This is missing.")]


def test_section_that_is_null_is_refused_where_it_must_hold_something():
    section, problems = read({"must": None, "may": None}, required=("must",), optional=("may",))
    section.section("must", required=("y",))
    section.section("may", optional=("y",))
    assert places(problems) == [("/must", "This must be an object with named fields.")]


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1]])
def test_integer_refuses_other_types(value):
    section, problems = read({"n": value}, required=("n",))
    assert section.integer("n", 1, 9) == 1
    assert places(problems) == [("/n", "This must be a whole number.")]


@pytest.mark.parametrize("value", [0, -1, 10, 10**400])
def test_integer_refuses_what_lies_outside(value):
    section, problems = read({"n": value}, required=("n",))
    section.integer("n", 1, 9)
    assert problems[0].message == "This must lie between %(least)s and %(most)s."
    assert problems[0].params == {"least": 1, "most": 9}


@pytest.mark.parametrize("value", [1, 5, 9])
def test_integer_takes_its_ends(value):
    section, problems = read({"n": value, "none": None}, required=("n",), optional=("none",))
    assert section.integer("n", 1, 9) == value
    assert section.integer_or_none("n", 1, 9) == value
    assert section.integer_or_none("none", 1, 9) is None
    assert problems == []


@pytest.mark.parametrize("value", ["RED", "", None, 1, ["red"], "red\x00"])
def test_choice_refuses_what_is_not_offered(value):
    section, problems = read({"c": value}, required=("c",))
    assert section.choice("c", Colour) is Colour.RED
    assert problems[0].field == "/c"
    assert problems[0].params == {"allowed": "red, blue"}


def test_choice_reads_a_member_and_its_text():
    section, problems = read({"c": "blue", "d": Colour.BLUE}, required=("c", "d"))
    assert section.choice("c", Colour) is Colour.BLUE
    assert section.choice("d", Colour) is Colour.BLUE
    assert problems == []


def test_choice_that_is_missing_is_reported_once():
    section, problems = read({}, required=("c",))
    assert section.choice("c", Colour) is Colour.RED
    assert section.choices("c", Colour) == ()
    assert places(problems) == [("/c", "This is missing.")]


def test_choices_are_sorted():
    section, problems = read({"c": ["red", "blue"]}, required=("c",))
    assert section.choices("c", Colour) == (Colour.BLUE, Colour.RED)
    assert problems == []


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("red", ("/c", "This must be a list.")),
        ({"red": 1}, ("/c", "This must be a list.")),
        ([], ("/c", "This list must have between %(least)s and %(most)s entries.")),
        (["red"] * 501, ("/c", "This list must have between %(least)s and %(most)s entries.")),
        (["red", "red"], ("/c/1", "This is in the list already.")),
        (["red", "green"], ("/c/1", "This must be one of: %(allowed)s.")),
        ([None], ("/c/0", "This must be one of: %(allowed)s.")),
    ],
)
def test_choices_refuse_what_is_no_list_of_choices(value, problem):
    section, problems = read({"c": value}, required=("c",))
    section.choices("c", Colour)
    assert places(problems) == [problem]


def test_ids_are_read_and_null_means_none():
    section, problems = read({"ids": [ID], "all": None}, required=("ids", "all"))
    assert section.ids_or_none("ids") == frozenset([UUID(ID)])
    assert section.ids_or_none("all") is None
    assert section.ids_or_none("missing") is None
    assert problems == []


@pytest.mark.parametrize(
    "value", ["{" + ID + "}", ID.replace("-", ""), "urn:uuid:" + ID, ID + "\n", 5, None, "x"]
)
def test_ids_refuse_other_ways_of_writing(value):
    section, problems = read({"ids": [value]}, required=("ids",))
    section.ids_or_none("ids")
    assert places(problems) == [("/ids/0", "This must be an id (a UUID).")]


def test_ids_refuse_a_twin_in_other_letters():
    section, problems = read({"ids": [ID, ID.upper()]}, required=("ids",))
    section.ids_or_none("ids")
    assert places(problems) == [("/ids/1", "This is in the list already.")]


@pytest.mark.parametrize(("value", "wrong"), [(1, False), (2, True), (True, True), ("1", True)])
def test_fixed_takes_one_value_of_one_type(value, wrong):
    section, problems = read({"format": value}, required=("format",))
    section.fixed("format", 1)
    section.fixed("missing", 1)
    assert bool(problems) is wrong
