from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from promises.kernel.zones import UnknownZone, local_date, require_utc, resolve_local, zone_of


def test_zone_of_takes_names_and_zones():
    zone = zone_of("Europe/Helsinki")
    assert zone.key == "Europe/Helsinki"
    assert zone_of(zone) is zone


@pytest.mark.parametrize("name", ["Europe/Nowhere", "", "../etc/passwd", "Europe", "a\x00b"])
def test_zone_of_refuses_an_unknown_name(name):
    with pytest.raises(UnknownZone):
        zone_of(name)


def test_require_utc_converts_and_refuses_naive_times():
    instant = datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=3)))
    converted = require_utc(instant)
    assert converted == instant
    assert converted.tzinfo is UTC
    assert require_utc(converted) is converted
    with pytest.raises(ValueError, match="not an instant"):
        require_utc(datetime(2026, 6, 1, 12))  # noqa: DTZ001  refused


@pytest.mark.parametrize(
    ("hour", "zone", "expected"),
    [
        (21, "Europe/Helsinki", date(2026, 7, 2)),
        (20, "Europe/Helsinki", date(2026, 7, 1)),
        (3, "America/New_York", date(2026, 6, 30)),
    ],
)
def test_local_date_is_the_date_on_the_wall(hour, zone, expected):
    assert local_date(datetime(2026, 7, 1, hour, tzinfo=UTC), zone) == expected


def local(*parts):
    return datetime(*parts)  # noqa: DTZ001  as it stands on a wall


@pytest.mark.parametrize(
    ("naive", "zone", "instant", "problem"),
    [
        (local(2026, 3, 29, 2, 59), "Europe/Helsinki", (2026, 3, 29, 0, 59), None),
        (local(2026, 3, 29, 3, 0), "Europe/Helsinki", (2026, 3, 29, 1, 0), "nonexistent"),
        (local(2026, 3, 29, 3, 30), "Europe/Helsinki", (2026, 3, 29, 1, 30), "nonexistent"),
        (local(2026, 3, 29, 4, 0), "Europe/Helsinki", (2026, 3, 29, 1, 0), None),
        (local(2026, 10, 25, 2, 59), "Europe/Helsinki", (2026, 10, 24, 23, 59), None),
        (local(2026, 10, 25, 3, 0), "Europe/Helsinki", (2026, 10, 25, 0, 0), "ambiguous"),
        (local(2026, 10, 25, 3, 59), "Europe/Helsinki", (2026, 10, 25, 0, 59), "ambiguous"),
        (local(2026, 10, 25, 4, 0), "Europe/Helsinki", (2026, 10, 25, 2, 0), None),
        (local(1999, 4, 2, 2, 30), "Asia/Jerusalem", (1999, 4, 2, 0, 30), "nonexistent"),
        (local(2026, 3, 8, 0, 30), "America/Havana", (2026, 3, 8, 5, 30), "nonexistent"),
    ],
)
def test_resolve_local_flags_times_skipped_and_repeated(naive, zone, instant, problem):
    resolved = resolve_local(naive, zone)
    assert resolved.instant == datetime(*instant, tzinfo=UTC)
    assert resolved.instant.tzinfo is UTC
    assert resolved.problem == problem


def test_resolve_local_ignores_the_fold_that_came_in():
    naive = local(2026, 10, 25, 3, 30).replace(fold=1)
    assert resolve_local(naive, "Europe/Helsinki").instant == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_resolve_local_takes_a_naive_time_only():
    with pytest.raises(ValueError, match="no zone of its own"):
        resolve_local(datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Helsinki")), "Europe/Helsinki")
