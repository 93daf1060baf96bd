"""Dates, times and durations as files write them."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promises.desk.imports.formats import date_reader, duration_reader, moment_reader, time_reader
from promises.desk.imports.local_times import DAY, LocalTimes, instant_of, moment_of
from promises.desk.imports.patterns import BadPattern
from promises.desk.imports.problems import Unreadable
from promises.kernel.zones import local_date, resolve_local

ZONES = ("Europe/Helsinki", "Asia/Jerusalem", "America/St_Johns", "Australia/Lord_Howe", "UTC")
SECOND = 1_000_000


def read_moment(form, text, zone="Europe/Helsinki"):
    return moment_of(moment_reader(form, LocalTimes(zone))(text)).strftime("%Y-%m-%d %H:%M:%S.%f")


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("iso", "2026-03-01 10:15:30", "2026-03-01 08:15:30.000000"),
        ("iso", "2026-03-01T10:15", "2026-03-01 08:15:00.000000"),
        ("iso", "2026-03-01T10:15:30.25+03:00", "2026-03-01 07:15:30.250000"),
        ("iso", "2026-03-01T10:15:30,5Z", "2026-03-01 10:15:30.500000"),
        ("iso", "2026-03-01T10:15+02", "2026-03-01 08:15:00.000000"),
        ("iso", "20260301T101530", "2026-03-01 08:15:30.000000"),
        ("iso", "2026-03-01 24:00:00", "2026-03-01 22:00:00.000000"),
        ("dd.mm.yyyy h:mm", "1.3.2026 9:05", "2026-03-01 07:05:00.000000"),
        ("dd.mm.yyyy, hh.mm.ss", "01.03.2026, 10.15.30", "2026-03-01 08:15:30.000000"),
        ("m/d/yyyy h:mm ampm", "3/1/2026 1:05 PM", "2026-03-01 11:05:00.000000"),
        ("m/d/yyyy h:mm ampm", "3/1/2026 12:05 am", "2026-02-28 22:05:00.000000"),
        ("yyyymmddThhmmss", "20260301T101530", "2026-03-01 08:15:30.000000"),
        ("dd-mon-yyyy hh:mm:ss", "01-Mar-2026 10:15:30", "2026-03-01 08:15:30.000000"),
        ("d mon yyyy hh:mm", "1 March 2026 10:15", "2026-03-01 08:15:00.000000"),
        ("hh:mm dd.mm.yyyy", "10:15 01.03.2026", "2026-03-01 08:15:00.000000"),
        ("yyyy-MM-dd HH:mm:ss.f", "2026-03-01 10:15:30.1234", "2026-03-01 08:15:30.123400"),
        ("yyyy/mm/dd hh:mm:ss z", "2026/03/01 10:15:30 -0230", "2026-03-01 12:45:30.000000"),
        ("epoch", "1772352930.5", "2026-03-01 08:15:30.500000"),
        ("epoch_ms", "1772352930500", "2026-03-01 08:15:30.500000"),
        ("spreadsheet", "46082.4274305556", "2026-03-01 08:15:30.000000"),
    ],
)
def test_moment_is_read_in_its_form(form, text, expected):
    assert read_moment(form, text) == expected


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("iso", "2026-03-01"),
        ("iso", "2026-13-01 10:00:00"),
        ("iso", "2026-02-30 10:00:00"),
        ("iso", "2026-03-01 10:60:00"),
        ("iso", "2026-03-01 24:00:01"),
        ("iso", "2026-03-01 10:00:00+25:00"),
        ("iso", "٢٠٢٦-03-01 10:00:00"),
        ("dd.mm.yyyy hh:mm", "2026-03-01 10:00"),
        ("dd.mm.yyyy hh:mm", "01.03.202610:00"),
        ("m/d/yyyy h:mm ampm", "3/1/2026 13:05 PM"),
        ("d mon yyyy hh:mm", "1 Märzen 2026 10:15"),
        ("epoch", "-5"),
        ("spreadsheet", "-5"),
        ("spreadsheet", "20260301"),
        ("epoch", "9999999999"),
        ("yymmdd hhmm", "260301 10150"),
    ],
)
def test_moment_in_another_form_is_refused(form, text):
    with pytest.raises((ValueError, KeyError)):
        moment_reader(form, LocalTimes("UTC"))(text)


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        ("yymmdd", "990201", dt.date(1999, 2, 1)),
        ("yymmdd", "690201", dt.date(2069, 2, 1)),
        ("yyyymmdd", "20260228", dt.date(2026, 2, 28)),
        ("dd.mm.yyyy", "1.2.2026", dt.date(2026, 2, 1)),
        ("mm/dd/yy", "02/03/26", dt.date(2026, 2, 3)),
        ("yyyy-mm-dd hh:mm:ss", "2026-01-02 00:00:00", dt.date(2026, 1, 2)),
        ("iso", "2026-01-02T00:00:00Z", dt.date(2026, 1, 2)),
        ("iso", "2026-01-02", dt.date(2026, 1, 2)),
    ],
)
def test_date_is_read_in_its_form(form, text, expected):
    assert date_reader(form)(text) == (expected - dt.date(1970, 1, 1)).days


@pytest.mark.parametrize(
    ("form", "text", "seconds"),
    [
        ("h:mm:ss", "7:02:47", 25_367),
        ("h:mm:ss", "24:00:00", 86_400),
        ("hh.mm", "07.02", 25_320),
        ("hhmm", "0702", 25_320),
        ("hhmmss", "070247", 25_367),
        ("h:mm:ss ampm", "12:00:01 AM", 1),
        ("hh:mm:ss.f", "00:00:01.5", 1.5),
        ("yyyy-mm-dd hh:mm:ss", "1899-12-30 01:00:00", 3600),
        ("seconds_of_day", "3600.5", 3600.5),
    ],
)
def test_time_of_day_is_read_in_its_form(form, text, seconds):
    assert time_reader(form)(text) == seconds * SECOND


@pytest.mark.parametrize(
    ("form", "text"),
    [("h:mm:ss", "24:00:01"), ("h:mm:ss", "7:2:47"), ("h:mm", "7:60"), ("h:mm:ss", "7:02"),
     ("seconds_of_day", "86401"), ("h:mm:ss", " 7:02:47 x"), ("hhmm", "702")],
)  # fmt: skip
def test_time_of_day_in_another_form_is_refused(form, text):
    with pytest.raises((ValueError, KeyError)):
        time_reader(form)(text)


@pytest.mark.parametrize(
    ("form", "decimal", "text", "seconds"),
    [
        ("seconds", ",", "12,5", 12.5),
        ("seconds", ".", "-57", -57),
        ("milliseconds", ".", "1500", 1.5),
        ("minutes", ",", "1,5", 90),
        ("hours", ".", "0.25", 900),
        ("mm:ss", ".", "125:30", 7530),
        ("m:ss", ".", "-0:30", -30),
        ("h:mm:ss", ",", "0:01:02,5", 62.5),
        ("h:mm", ".", "30:15", 108_900),
        ("iso", ".", "PT4M30.5S", 270.5),
        ("iso", ".", "P1DT2H", 93_600),
    ],
)
def test_duration_is_read_in_its_form(form, decimal, text, seconds):
    assert duration_reader(form, decimal)(text) == seconds * SECOND


@pytest.mark.parametrize(
    ("form", "decimal", "text"),
    [("seconds", ".", "12,5"), ("seconds", ",", "1.234,5"), ("seconds", ".", "ten"),
     ("mm:ss", ".", "4:60"), ("h:mm:ss", ".", "4:30"), ("iso", ".", "4M30S"), ("iso", ".", "P"),
     ("seconds", ".", "²")],
)  # fmt: skip
def test_duration_in_another_form_is_refused_and_its_mark_never_guessed(form, decimal, text):
    with pytest.raises((ValueError, KeyError)):
        duration_reader(form, decimal)(text)


@pytest.mark.parametrize(
    ("reader", "form"),
    [(date_reader, "yyyy"), (date_reader, "dd.mm.yyyy dd"), (date_reader, "when"),
     (date_reader, "dmyyyy"), (time_reader, "dd.mm.yyyy"), (time_reader, "hh:mm.f"),
     (lambda form: moment_reader(form, LocalTimes("UTC")), "dd.mm.yyyy"),
     (lambda form: duration_reader(form, "."), "ss"),
     (lambda form: duration_reader(form, "."), "h:ss")],
)  # fmt: skip
def test_form_that_cannot_tell_what_is_asked_is_refused(reader, form):
    with pytest.raises(BadPattern):
        reader(form)


@given(
    st.sampled_from(ZONES),
    st.datetimes(dt.datetime.fromisoformat("1990-01-01"), dt.datetime.fromisoformat("2037-01-01")),
)
def test_local_times_agree_with_the_kernel(zone, local):
    times = LocalTimes(zone)
    day = (local.date() - dt.date(1970, 1, 1)).days
    time = instant_of(local.replace(tzinfo=dt.UTC)) - day * DAY
    expected = resolve_local(local, zone)
    if expected.problem == "nonexistent":
        with pytest.raises(Unreadable):
            times.instant(day, time)
        return
    found = times.instant(day, time)
    assert moment_of(found) == expected.instant
    assert times.ambiguous == (expected.problem == "ambiguous")
    assert times.local_day(found) == day
    late = expected.instant + dt.timedelta(minutes=7)
    assert dt.date(1970, 1, 1) + dt.timedelta(days=times.local_day(instant_of(late))) == local_date(
        late, zone
    )


@pytest.mark.parametrize("day", [dt.date(2026, 3, 29), dt.date(2026, 10, 25)])
def test_every_quarter_of_a_day_on_which_clocks_change_agrees_with_the_kernel(day):
    times = LocalTimes("Europe/Helsinki")
    number = (day - dt.date(1970, 1, 1)).days
    skipped = twice = 0
    for quarter in range(96):
        local = dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=15 * quarter)
        expected = resolve_local(local, "Europe/Helsinki")
        try:
            found = times.instant(number, quarter * 900 * SECOND)
        except Unreadable:
            assert expected.problem == "nonexistent"
            skipped += 1
            continue
        assert moment_of(found) == expected.instant
        twice += times.ambiguous
        times.ambiguous = False
    assert (skipped, twice) in ((4, 0), (0, 4))
