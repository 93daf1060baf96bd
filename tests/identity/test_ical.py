"""Calendar files: what they close, and how those that cannot be read are refused."""

import datetime as dt

import pytest

from promises.identity.calendar_import import preview_import
from promises.identity.calendars import StoredHours
from promises.identity.ical import read_file
from promises.identity.ical_lines import MOST_BYTES, FileRefused
from promises.kernel.hours import CalendarSpec
from promises.kernel.text import render

NOW = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
FIRST, LAST = dt.date(2024, 1, 1), dt.date(2032, 12, 31)
OFFICE = (*((((540, 720), (780, 1020)),) * 5), (), ())
NIGHT = (((1320, 1560),),) * 7  # 22:00 to 02:00

NEW_YORK = """BEGIN:VTIMEZONE
TZID:Head office
BEGIN:STANDARD
DTSTART:16011104T020000
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010311T020000
RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
END:DAYLIGHT
END:VTIMEZONE
"""


def event(*lines, uid="one"):
    return "\n".join(["BEGIN:VEVENT", f"UID:{uid}", *lines, "END:VEVENT", ""])


def file(*parts, zones=""):
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//y//\n{zones}{''.join(parts)}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def preview(*parts, weekly=OFFICE, exceptions=None, zones="", zone="Europe/Helsinki"):
    hours = StoredHours(7, CalendarSpec(weekly, zone, exceptions or {}), {}, NOW)
    return preview_import(hours, file(*parts, zones=zones), NOW)


def after(*parts, **options):
    return {one.on: one.after for one in preview(*parts, **options).changes}


def closed(*parts, zone="Europe/Helsinki", zones=""):
    """Start and end of each closure."""
    read = read_file(file(*parts, zones=zones), zone, FIRST, LAST)
    return [(one.start, one.end) for one in read.closures]


def wall(*parts):
    return dt.datetime(*parts)  # noqa: DTZ001  as it stands on a wall


def problems(data):
    with pytest.raises(FileRefused) as refusal:
        read_file(data, "Europe/Helsinki", FIRST, LAST)
    return [render("en", one.text) for one in refusal.value.problems]


def test_whole_days_are_closed_and_named():
    found = preview(
        event("DTSTART;VALUE=DATE:20260430", "DTEND;VALUE=DATE:20260503", r"SUMMARY:Vappu\, free")
    )
    assert [(one.on.day, one.before, one.after, one.note) for one in found.changes] == [
        (30, OFFICE[0], (), "Vappu, free"), (1, OFFICE[0], (), "Vappu, free"),
        (2, (), (), "Vappu, free"),
    ]  # fmt: skip
    assert (found.version, found.events, found.skipped, found.same) == (7, 1, {}, 0)


def test_a_day_without_an_end_is_one_day_and_a_span_may_stand_instead():
    assert list(after(event("DTSTART;VALUE=DATE:20260504"))) == [dt.date(2026, 5, 4)]
    two = event("DTSTART;VALUE=DATE:20260504", "DURATION:P2D")
    assert list(after(two)) == [dt.date(2026, 5, 4), dt.date(2026, 5, 5)]


def test_a_time_is_taken_out_of_the_windows_of_its_day():
    monday = dt.date(2026, 5, 4)
    begins = "DTSTART;TZID=Europe/Helsinki:20260504T"
    cases = [
        ("110000", "140000", ((540, 660), (840, 1020))),
        ("080000", "120000", ((780, 1020),)),
        ("093000", "100000", ((540, 570), (600, 720), (780, 1020))),
        ("000000", "235900", ()),
        ("110030", "113001", ((540, 660), (691, 720), (780, 1020))),
    ]
    for start, end, left in cases:
        one = event(f"{begins}{start}", f"DTEND;TZID=Europe/Helsinki:20260504T{end}")
        assert after(one) == {monday: left}
    lunch = event(f"{begins}120000", "DURATION:PT1H")
    assert after(lunch) == {}


def test_times_are_read_by_the_clock_that_they_name():
    utc = event("DTSTART:20260504T080000Z", "DTEND:20260504T090000Z")
    floating = event("DTSTART:20260504T110000", "DTEND:20260504T120000")
    windows = event("DTSTART;TZID=W. Europe Standard Time:20260504T100000", "DURATION:PT1H")
    pathed = event("DTSTART;TZID=/example.org/Europe/Berlin:20260504T100000", "DURATION:PT1H")
    own = event("DTSTART;TZID=Head office:20260504T040000", "DURATION:PT1H")
    for one in (utc, floating, windows, pathed, own):
        assert closed(one, zones=NEW_YORK) == [(wall(2026, 5, 4, 11), wall(2026, 5, 4, 12))]


@pytest.mark.parametrize(
    ("shown", "utc_hour"),
    [
        ("20260307T120000", 17), ("20260309T120000", 16), ("20261031T120000", 16),
        ("20261102T120000", 17), ("20260308T023000", 7), ("20261101T013000", 5),
    ],
)  # fmt: skip
def test_a_zone_that_the_file_describes_changes_its_clocks(shown, utc_hour):
    one = event(f"DTSTART;TZID=Head office:{shown}", "DURATION:PT1H")
    [(start, _)] = closed(one, zones=NEW_YORK, zone="Etc/UTC")
    named = event(f"DTSTART;TZID=America/New_York:{shown}", "DURATION:PT1H")
    assert closed(named, zone="Etc/UTC")[0][0] == start
    assert start.hour == utc_hour


def test_the_hour_that_comes_twice_is_closed_both_times():
    inside = event("DTSTART:20261025T003000Z", "DTEND:20261025T011000Z")
    assert closed(inside) == [(wall(2026, 10, 25, 3), wall(2026, 10, 25, 4))]


def test_repeated_events_are_worked_out_within_the_dates():
    weekly = event(
        "DTSTART;TZID=Europe/Helsinki:20200106T150000", "DURATION:PT2H", "SUMMARY:Training",
        "RRULE:FREQ=WEEKLY;BYDAY=MO;UNTIL=20240115T130000Z",
        "EXDATE;TZID=Europe/Helsinki:20240108T150000",
    )  # fmt: skip
    assert [start for start, _ in closed(weekly)] == [wall(2024, 1, 1, 15), wall(2024, 1, 15, 15)]
    yearly = event("DTSTART;VALUE=DATE:19170101", "RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=6")
    days = [start.date() for start, _ in closed(yearly)]
    assert days == [dt.date(year, 12, 6) for year in range(2024, 2033)]
    some = event("DTSTART;VALUE=DATE:20260101", "RRULE:FREQ=DAILY;COUNT=3", "RDATE:20260201",
                 "EXDATE;VALUE=DATE:20260102")  # fmt: skip
    assert [start.day for start, _ in closed(some)] == [1, 3, 1]


def test_repeated_times_keep_their_clock_through_the_change():
    one = event("DTSTART;TZID=Europe/Helsinki:20260323T150000", "DURATION:PT1H",
                "RRULE:FREQ=WEEKLY;COUNT=2")  # fmt: skip
    assert [start.hour for start, _ in closed(one)] == [15, 15]
    in_utc = event("DTSTART:20260323T130000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;COUNT=2")
    assert [start.hour for start, _ in closed(in_utc)] == [15, 16]


def test_one_time_of_a_repeated_event_is_moved_or_cancelled():
    master = event("DTSTART;TZID=Europe/Helsinki:20260504T150000", "DURATION:PT1H",
                   "RRULE:FREQ=WEEKLY;COUNT=3")  # fmt: skip
    moved = event("DTSTART;TZID=Europe/Helsinki:20260512T100000", "DURATION:PT1H",
                  "RECURRENCE-ID;TZID=Europe/Helsinki:20260511T150000")  # fmt: skip
    gone = event("DTSTART:20260518T120000Z", "DURATION:PT1H", "STATUS:CANCELLED",
                 "RECURRENCE-ID:20260518T120000Z")  # fmt: skip
    assert [start for start, _ in closed(master, moved, gone)] == [
        wall(2026, 5, 4, 15), wall(2026, 5, 12, 10)
    ]  # fmt: skip


def test_cancelled_free_empty_and_far_events_close_nothing_and_are_told():
    day = "DTSTART;VALUE=DATE:20260504"
    found = preview(
        event(day, "STATUS:CANCELLED"), event(day, "TRANSP:TRANSPARENT"),
        event("DTSTART:20260504T080000Z"), event("DTSTART;VALUE=DATE:19990101"),
    )  # fmt: skip
    assert found.changes == ()
    assert found.skipped == {"cancelled": 1, "free": 1, "empty": 1, "outside": 1}


def test_windows_past_midnight_keep_what_is_left_of_them():
    before, night, next_day = (dt.date(2026, 5, day) for day in (3, 4, 5))
    middle = event("DTSTART:20260504T233000", "DTEND:20260505T010000")
    assert after(middle, weekly=NIGHT) == {
        night: ((1320, 1410),), next_day: ((60, 120), (1320, 1560)),
    }  # fmt: skip
    early = event("DTSTART:20260504T010000", "DTEND:20260504T020000")
    assert after(early, weekly=NIGHT) == {before: ((1320, 1500),)}


def test_a_day_that_is_an_exception_keeps_its_hours_apart_from_what_is_closed():
    christmas = dt.date(2026, 12, 23)
    exceptions = {christmas: ((540, 720),), dt.date(2026, 12, 25): ()}
    found = preview(
        event("DTSTART:20261223T100000", "DURATION:PT1H"), event("DTSTART;VALUE=DATE:20261225"),
        exceptions=exceptions,
    )  # fmt: skip
    assert [(one.on, one.after) for one in found.changes] == [(christmas, ((540, 600), (660, 720)))]
    assert found.same == 1


def test_lines_are_unfolded_and_a_byte_order_mark_is_taken():
    data = file(event("DTSTART;VALUE=DATE:20260504", "SUMMARY:A long\n  name", "X-OTHER:1"))
    read = read_file(b"\xef\xbb\xbf" + data, "Europe/Helsinki", FIRST, LAST)
    assert read.closures[0].name == "A long name"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "This is not a calendar file (.ics)."),
        (b"PK\x03\x04", "Line 1 is not understood."),
        ("BEGIN:VCALENDAR\nSUMMARY:ä".encode("latin-1"),
         "The file is not written in UTF-8, as calendar files are."),
        (b"BEGIN:VCALENDAR\nBEGIN:VEVENT\n",
         "VCALENDAR begins in line 1 and never ends. The file may be cut off."),
        (b"BEGIN:VCALENDAR\nEND:VEVENT\n", "Line 2 ends VEVENT, which is not open there."),
        (b"x" * (MOST_BYTES + 1), "The file is larger than 512 kB."),
        (file(event("SUMMARY:x")), "Line 4: this event says no day (DTSTART)."),
        (file(event("DTSTART:2026-05-04")), "Line 6, DTSTART: “2026-05-04” is not understood."),
        (file(event("DTSTART;VALUE=DATE:20260230")),
         "Line 6, DTSTART: “20260230” is not understood."),
        (file(event("DTSTART;VALUE=DATE:99990101")),
         "Line 6, DTSTART: “99990101” is not understood."),
        (file(event("DTSTART;TZID=Mars/Crater:20260504T100000", "DURATION:PT1H")),
         "Line 6, DTSTART: the time zone “Mars/Crater” is not known."),
        (file(event("DTSTART:20260504T100000Z", "DTEND:20260504T090000Z")),
         "Line 6: this event ends before it begins, or is longer than a year."),
        (file(event("DTSTART:20260504T100000Z", "DTEND;VALUE=DATE:20260505")),
         "Line 7, DTEND: “20260505” is not understood."),
        (file(event("DTSTART;VALUE=DATE:20260504", "DURATION:PT3H")),
         "Line 7, DURATION: “PT3H” is not understood."),
        (file(event("DTSTART:20260504T100000Z", "DURATION:3 hours")),
         "Line 7, DURATION: “3 hours” is not understood."),
        (file(event("DTSTART;VALUE=DATE:20260504", "RRULE:FREQ=SECONDLY")),
         "Line 7, RRULE: “FREQ=SECONDLY” is not understood."),
        (file(event("DTSTART;VALUE=DATE:20260504", "EXRULE:FREQ=DAILY")),
         "Line 7, EXRULE: “FREQ=DAILY” is not understood."),
        (file(event("DTSTART;VALUE=DATE:20260504", "RDATE;VALUE=PERIOD:20260504T10Z/PT1H")),
         "Line 7, RDATE: “20260504T10Z/PT1H” is not understood."),
        (file(event("DTSTART;VALUE=DATE:20260504",
                    "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20260504")),
         "Line 7, RECURRENCE-ID: “RANGE=THISANDFUTURE” is not understood."),
        (file(event("DTSTART;TZID=Head office:20260504T100000", "DURATION:PT1H"),
              zones="BEGIN:VTIMEZONE\nTZID:Head office\nEND:VTIMEZONE\n"),
         "Line 4: this VTIMEZONE is not complete."),
        (file(event("DTSTART;TZID=Head office:20260504T100000", "DURATION:PT1H"),
              zones=NEW_YORK.replace("TZOFFSETTO:-0400", "TZOFFSETTO:soon")),
         "Line 16, TZOFFSETTO: “soon” is not understood."),
        (file(event("DTSTART;TZID=Head office:20260504T100000", "DURATION:PT1H"),
              zones=NEW_YORK.replace("TZOFFSETTO:-0400\n", "")),
         "Line 12: this DAYLIGHT is not complete."),
        (file(event("DTSTART;TZID=Head office:20260504T100000", "DURATION:PT1H"),
              zones=NEW_YORK.replace("FREQ=YEARLY", "FREQ=NEVER")),
         "Line 8, RRULE: “FREQ=NEVER” is not understood."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_told_by_line_and_field(data, told):
    assert problems(data)[0] == told


def test_all_wrong_lines_are_told_up_to_a_limit():
    wrong = [event("DTSTART:soon", uid=str(number)) for number in range(30)]
    told = problems(file(*wrong))
    assert len(told) == 20
    assert told[1] == "Line 10, DTSTART: “soon” is not understood."


def test_files_that_close_or_repeat_too_much_are_refused():
    daily = [event("DTSTART:20240101T090000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY",
                   uid=str(number)) for number in range(3)]  # fmt: skip
    assert problems(file(*daily)) == ["The file closes more than 5,000 times."]
    rule = "RRULE:FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2;COUNT=1"
    never = [event("DTSTART;VALUE=DATE:19000101", rule, uid=str(number)) for number in range(20)]
    assert problems(file(*never)) == [
        "Line 44: the events of this file repeat too often to be worked out."
    ]
