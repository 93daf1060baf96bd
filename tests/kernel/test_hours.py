import json
from datetime import date, timedelta

import pytest

from promises.kernel.calendars import CalendarRefused, CalendarSpec, dump_calendar, parse_calendar

WEEKDAY = [["09:00", "12:00"], ["13:00", "17:30"]]
WEEK = [WEEKDAY] * 5 + [[["22:00", "26:00"]], []]


def document(**changes):
    made = {
        "format": 1,
        "zone": "Europe/Helsinki",
        "weekly": WEEK,
        "exceptions": {"2026-12-24": [], "2026-12-23": [["09:00", "24:00"]]},
    }
    return made | changes


def problems_of(changed):
    with pytest.raises(CalendarRefused) as refused:
        parse_calendar(changed)
    return [(problem.field, problem.message) for problem in refused.value.problems]


def test_parse_calendar_reads_windows_as_minutes():
    spec = parse_calendar(document())
    assert spec.weekly[0] == ((540, 720), (780, 1050))
    assert spec.weekly[5] == ((1320, 1560),)
    assert spec.weekly[6] == ()
    assert spec.exceptions == {date(2026, 12, 24): (), date(2026, 12, 23): ((540, 1440),)}
    assert spec.windows_of(date(2026, 12, 24)) == ()
    assert spec.windows_of(date(2026, 12, 25)) == ((540, 720), (780, 1050))
    assert not spec.never_opens


def test_dump_calendar_gives_the_document_back():
    spec = parse_calendar(json.loads(json.dumps(document())))
    assert dump_calendar(spec) == document()
    assert parse_calendar(dump_calendar(spec)) == spec


def test_calendar_keeps_windows_and_exceptions_in_order():
    turned = document(weekly=[WEEKDAY[::-1]] * 5 + WEEK[5:])
    assert parse_calendar(turned) == parse_calendar(document())
    assert list(dump_calendar(parse_calendar(turned))["exceptions"]) == ["2026-12-23", "2026-12-24"]


def test_calendar_without_exceptions_may_leave_them_out():
    made = document(exceptions=None)
    assert parse_calendar(made).exceptions == {}
    del made["exceptions"]
    assert parse_calendar(made).exceptions == {}


def test_calendar_exceptions_cannot_be_changed_afterwards():
    source = {date(2026, 12, 24): ()}
    spec = CalendarSpec(((),) * 7, "UTC", source)
    source[date(2026, 12, 25)] = ((0, 60),)
    assert spec.never_opens
    with pytest.raises(TypeError):
        spec.exceptions[date(2026, 12, 25)] = ()


def test_calendar_windows_may_touch():
    spec = parse_calendar(document(weekly=[[["00:00", "12:00"], ["12:00", "24:00"]]] * 7))
    assert spec.weekly[0] == ((0, 720), (720, 1440))


LIST = "This must be a list of seven days, Monday first."
DAY = "This must be a list of at most %(most)s opening times."
PAIR = 'This must be a pair of times such as ["09:00", "17:30"].'
REACHES = "An opening time of the day before reaches into this one."
CLOSES = "The closing time must come after the opening time."
ZONE = "There is no time zone of this name. One such name is Europe/Helsinki."
DATE = "This must be a date such as 2026-12-24."


def monday(*windows):
    return {"weekly": [list(windows)] + WEEK[1:]}


def on(day, *windows):
    return {"exceptions": {day: list(windows)}}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"format": 2}, [("/format", "This must be %(expected)s.")]),
        ({"extra": 1}, [("/extra", "There is no field of this name.")]),
        ({"weekly": WEEK[:6]}, [("/weekly", LIST)]),
        ({"weekly": "closed"}, [("/weekly", LIST)]),
        ({"weekly": [None] + WEEK[1:]}, [("/weekly/0", DAY)]),
        (monday(*[["09:00", "09:01"]] * 25), [("/weekly/0", DAY)]),
        (monday("09:00", "17:00"), [("/weekly/0/0", PAIR), ("/weekly/0/1", PAIR)]),
        (monday(["09:00"]), [("/weekly/0/0", PAIR)]),
        (monday(["9:00", "17:00"]), [("/weekly/0/0", PAIR)]),
        (monday(["09:00", "17:60"]), [("/weekly/0/0", PAIR)]),
        (monday([540, 600]), [("/weekly/0/0", PAIR)]),
        (monday(5), [("/weekly/0/0", PAIR)]),
        (
            monday(["24:00", "25:00"]),
            [("/weekly/0/0", "The opening time must lie within the day.")],
        ),
        (monday(["12:00", "12:00"]), [("/weekly/0/0", CLOSES)]),
        (
            {"weekly": [[], [], [], [], [], [["12:00", "48:01"]], []]},
            [("/weekly/5/0", "The closing time must not lie beyond the next day.")],
        ),
        (
            monday(["09:00", "12:00"], ["11:59", "13:00"]),
            [("/weekly/0", "Two opening times overlap.")],
        ),
        ({"weekly": [[], [], [], [], [["20:00", "33:01"]], WEEKDAY, []]}, [("/weekly/5", REACHES)]),
        ({"weekly": [WEEKDAY, [], [], [], [], [], [["20:00", "33:01"]]]}, [("/weekly/0", REACHES)]),
        ({"zone": "Europe/Nowhere"}, [("/zone", ZONE)]),
        ({"zone": 5}, [("/zone", ZONE)]),
        ({"exceptions": []}, [("/exceptions", "This must be an object with a field a date.")]),
        (
            {"exceptions": {str(n): [] for n in range(5001)}},
            [("/exceptions", "This must have at most %(most)s entries.")],
        ),
        (on("20261224"), [("/exceptions/20261224", DATE)]),
        (on("2026-02-30"), [("/exceptions/2026-02-30", DATE)]),
        (on(5), [("/exceptions/5", DATE)]),
        (on("1899-12-31"), [("/exceptions", "The dates must lie between 1900 and 2200.")]),
        (on("2026-12-24", ["17:00", "09:00"]), [("/exceptions/2026-12-24/0", CLOSES)]),
        # Saturday 26 December is open until 02:00 on Sunday.
        (on("2026-12-27", ["01:59", "03:00"]), [("/exceptions/2026-12-27", REACHES)]),
        # Sunday 27 December would reach into Monday's opening at 09:00.
        (on("2026-12-27", ["10:00", "33:01"]), [("/exceptions/2026-12-27", REACHES)]),
        (
            {"exceptions": {"2026-12-23": [["10:00", "33:01"]], "2026-12-24": WEEKDAY}},
            [("/exceptions/2026-12-24", REACHES)],
        ),
    ],
)
def test_parse_calendar_refuses(changes, expected):
    assert problems_of(document(**changes)) == expected


def test_parse_calendar_refuses_what_is_no_document():
    assert problems_of("Monday to Friday")[0] == ("", "This must be an object with named fields.")


def test_calendar_exception_beside_a_window_that_ends_in_time_is_fine():
    spec = parse_calendar(document(exceptions={"2026-12-27": [["02:00", "33:00"]]}))
    assert spec.windows_of(date(2026, 12, 27)) == ((120, 1980),)


def test_calendar_spec_made_by_hand_is_checked_too():
    with pytest.raises(CalendarRefused) as refused:
        CalendarSpec(((),) * 6, "UTC")
    assert [problem.field for problem in refused.value.problems] == ["/weekly"]


def test_hours_that_could_not_be_read_again_are_refused_when_made():
    many = tuple((minute, minute + 1) for minute in range(0, 50, 2))
    with pytest.raises(CalendarRefused) as refusal:
        CalendarSpec((many,) + ((),) * 6, "Europe/Helsinki")
    assert [problem.field for problem in refusal.value.problems] == ["/weekly/0"]
    first = date(2000, 1, 1)
    days = {first + timedelta(days=number): () for number in range(5001)}
    with pytest.raises(CalendarRefused) as refusal:
        CalendarSpec(((),) * 7, "Europe/Helsinki", days)
    assert [problem.field for problem in refusal.value.problems] == ["/exceptions"]
