"""What readers of documents tell about a problem: its place, its words with the numbers in them,
and where exactly too much begins."""

from datetime import date, timedelta
from enum import StrEnum

import pytest

from promises.kernel.calendars import (
    CalendarRefused,
    CalendarSpec,
    PreparedCalendar,
    parse_calendar,
)
from promises.kernel.documents import Section, pointer_to
from promises.kernel.errors import DomainError, FieldProblem, Refused, TooMany
from promises.kernel.hours import LATEST_CLOSE
from promises.kernel.ids import new_ids
from promises.kernel.text import render

CLOSED = ((),) * 7
DAY = timedelta(days=1)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


def told(problems):
    return [(one.field, render("en", one.text)) for one in problems]


def read(value, **keys):
    problems = []
    return Section(value, problems, required=(), optional=tuple(value), **keys), problems


def refused(make):
    with pytest.raises(CalendarRefused) as error:
        make()
    return told(error.value.problems)


def calendar(**changes):
    return {"format": 1, "zone": "Europe/Helsinki", "weekly": [[]] * 7} | changes


def days(count):
    return [date(2000, 1, 1) + number * DAY for number in range(count)]


def windows(count):
    return [[f"{n // 60:02d}:{n % 60:02d}", f"{n // 60:02d}:{n % 60 + 1:02d}"]
            for n in range(0, 2 * count, 2)]  # fmt: skip


SEVEN = "This must be a list of seven days, Monday first."
MOST_DATES = "This must have at most 5,000 entries."
MOST_WINDOWS = "This must be a list of at most 24 opening times."


def test_week_of_a_specification_has_seven_days():
    assert refused(lambda: CalendarSpec(((),) * 6, "UTC")) == [("/weekly", SEVEN)]
    assert refused(lambda: parse_calendar(calendar(weekly=[[]] * 8))) == [("/weekly", SEVEN)]


def test_dates_may_be_five_thousand():
    closed = {day.isoformat(): [] for day in days(5001)}
    assert refused(lambda: parse_calendar(calendar(exceptions=closed))) == [
        ("/exceptions", MOST_DATES)
    ]
    fewer = dict(list(closed.items())[:5000])
    assert len(parse_calendar(calendar(exceptions=fewer)).exceptions) == 5000


def test_dates_of_a_specification_may_be_five_thousand():
    closed = dict.fromkeys(days(5001), ())
    assert refused(lambda: CalendarSpec(CLOSED, "UTC", closed)) == [("/exceptions", MOST_DATES)]
    closed.popitem()
    assert len(CalendarSpec(CLOSED, "UTC", closed).exceptions) == 5000


def test_windows_of_a_day_may_be_twenty_four():
    weekly = [windows(25), *[[]] * 6]
    assert refused(lambda: parse_calendar(calendar(weekly=weekly))) == [("/weekly/0", MOST_WINDOWS)]
    spec = parse_calendar(calendar(weekly=[windows(24), *[[]] * 6]))
    assert len(spec.weekly[0]) == 24


def test_windows_of_a_day_of_a_specification_may_be_twenty_four():
    many = tuple((n, n + 1) for n in range(0, 50, 2))
    assert refused(lambda: CalendarSpec((many, *CLOSED[1:]), "UTC")) == [
        ("/weekly/0", MOST_WINDOWS)
    ]
    assert CalendarSpec((many[1:], *CLOSED[1:]), "UTC").weekly[0] == many[1:]


def test_windows_may_close_at_the_latest_closing_time_itself():
    late = ((1320, LATEST_CLOSE),)
    assert CalendarSpec((late, *CLOSED[1:]), "UTC").weekly[0] == late


def test_problem_of_a_single_date_is_named_by_the_date():
    wrong = {"2026-12-24": [["09:00"]], "2026-12-25": 7}
    pair = 'This must be a pair of times such as ["09:00", "17:30"].'
    assert refused(lambda: parse_calendar(calendar(exceptions=wrong))) == [
        ("/exceptions/2026-12-24/0", pair),
        ("/exceptions/2026-12-25", MOST_WINDOWS),
    ]


def test_same_hours_are_the_same_key_and_others_hardly_ever():
    specs = [CalendarSpec(((((n, n + 1),), *CLOSED[1:])), "UTC") for n in range(50)]
    again = [CalendarSpec(((((n, n + 1),), *CLOSED[1:])), "UTC") for n in range(50)]
    assert [hash(one) for one in specs] == [hash(one) for one in again]
    assert len({hash(one) for one in specs}) > 45


def test_calendar_is_prepared_for_one_day_to_forty_years():
    spec, first = CalendarSpec(CLOSED, "UTC"), date(2000, 1, 1)
    longest = timedelta(days=40 * 366)
    assert PreparedCalendar(spec, first, first + longest).to_date == first + longest
    with pytest.raises(ValueError, match="^a calendar is prepared for one day to forty years$"):
        PreparedCalendar(spec, first, first + longest + DAY)


def test_missing_inner_object_reads_as_empty_and_still_names_places():
    section, problems = read({}, pointer="/top")
    inner = section.section("inner", required=("a",), optional=("b",))
    assert (inner.get("a"), problems) == (None, [])
    inner.refuse("a", "No.")
    assert told(problems) == [("/top/inner/a", "No.")]


def test_inner_object_takes_only_its_fields():
    section, problems = read({"inner": {"b": 1, "c": 2}})
    section.section("inner", optional=("b",))
    assert told(problems) == [("/inner/c", "There is no field of this name.")]


def test_required_inner_object_that_is_null_is_told():
    section, problems = read({"inner": None})
    section.section("inner", required=("a",))
    assert told(problems) == [("/inner", "This must be an object with named fields.")]


@pytest.mark.parametrize(
    ("ask", "value", "words"),
    [
        (lambda s: s.integer("a", 1, 9), 10, "This must lie between 1 and 9."),
        (lambda s: s.integer("a", 1, 9), "x", "This must be a whole number."),
        (lambda s: s.choice("a", Colour), "green", "This must be one of: red, blue."),
        (lambda s: s.fixed("a", 2), 3, "This must be 2."),
        (lambda s: s.choices("a", Colour), "red", "This must be a list."),
        (lambda s: s.choices("a", Colour), [], "This list must have between 1 and 500 entries."),
    ],
)
def test_problem_of_a_field_is_told_with_its_numbers(ask, value, words):
    section, problems = read({"a": value})
    ask(section)
    assert told(problems) == [("/a", words)]


def test_problem_in_a_list_names_the_entry_and_what_is_allowed():
    section, problems = read({"a": ["red", "green", "red"], "ids": ["7"]})
    assert section.choices("a", Colour) == (Colour.RED,)
    assert section.ids_or_none("ids") == frozenset()
    assert told(problems) == [
        ("/a/1", "This must be one of: red, blue."),
        ("/a/2", "This is in the list already."),
        ("/ids/0", "This must be an id (a UUID)."),
    ]
    assert [dict(one.params) for one in problems] == [{"allowed": "red, blue"}, {}, {}]


def test_list_may_have_five_hundred_entries():
    ids = [str(one) for one in new_ids(501)]
    section, problems = read({"a": ids})
    assert section.ids_or_none("a") == frozenset()
    assert told(problems) == [("/a", "This list must have between 1 and 500 entries.")]
    section, problems = read({"a": ids[1:]})
    assert (len(section.ids_or_none("a")), problems) == (500, [])


def test_section_has_what_was_given_even_as_null():
    section, _ = read({"a": None})
    assert (section.has("a"), section.has("b")) == (True, False)


def test_key_of_sixty_characters_is_shown_whole():
    assert pointer_to("", "x" * 60) == "/" + "x" * 60


def test_refusals_show_all_that_they_carry():
    assert str(DomainError(a=1, b="x")) == "refused(a=1, b='x')"
    assert DomainError().args == ("refused",)
    assert TooMany(retry_after=3, count=7).params == {"retry_after": 3, "count": 7}
    both = Refused([FieldProblem("a", "One %(n)s.", {"n": 1}), FieldProblem("b", "Two.")])
    assert str(both) == "refused(a: One 1., b: Two.)"
