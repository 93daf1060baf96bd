"""Attempts are counted over all processes, and a window's end lets in again."""

import datetime as dt

import pytest

from promises.identity.throttling import Limit, give_back, throttle, throttle_all
from promises.kernel.errors import TooMany
from tests.factories.identity import make_organisation

NOON = dt.datetime(2026, 5, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.fixture
def made(as_application):
    return make_organisation()


def attempt(made, key="door", now=NOON, limit=3, window_s=60):
    with made.work() as uow:
        throttle(
            uow.session, organisation_id=made.id, now=now, key=key, limit=limit, window_s=window_s
        )


def test_more_than_the_limit_is_refused_until_the_window_ends(made):
    for second in range(3):
        attempt(made, now=NOON + dt.timedelta(seconds=second))
    with pytest.raises(TooMany) as refused:
        attempt(made, now=NOON + dt.timedelta(seconds=20, microseconds=1))
    assert refused.value.retry_after == 40
    attempt(made, now=NOON + dt.timedelta(seconds=60))


def test_refused_attempts_do_not_lengthen_the_wait(made):
    for _ in range(3):
        attempt(made)
    for _ in range(20):
        with pytest.raises(TooMany):
            attempt(made)
    attempt(made, now=NOON + dt.timedelta(seconds=60))


def test_keys_and_organisations_are_counted_apart(made):
    other = make_organisation()
    for _ in range(3):
        attempt(made)
    attempt(made, key="window")
    attempt(other)


def test_several_limits_grow_the_wait(made):
    limits = (Limit(2, 60), Limit(3, 900))

    def several(now):
        with made.work() as uow:
            throttle_all(uow.session, organisation_id=made.id, now=now, key="door", limits=limits)

    several(NOON)
    several(NOON)
    with pytest.raises(TooMany) as first:
        several(NOON)
    assert first.value.retry_after == 60
    several(NOON + dt.timedelta(minutes=1))
    with pytest.raises(TooMany) as second:
        several(NOON + dt.timedelta(minutes=2))
    assert second.value.retry_after == 13 * 60


def test_what_was_right_is_given_back(made):
    limits = (Limit(2, 60),)
    for _ in range(10):
        with made.work() as uow:
            common = {"organisation_id": made.id, "now": NOON, "key": "door", "limits": limits}
            throttle_all(uow.session, **common)
            give_back(uow.session, **common)


def test_old_windows_are_forgotten(made):
    attempt(made, now=NOON)
    attempt(made, now=NOON + dt.timedelta(days=2), key="other")
    with made.work() as uow:
        kept = uow.session.connection().exec_driver_sql("SELECT window_at FROM throttles").all()
    assert [row[0] for row in kept] == [NOON + dt.timedelta(days=2)]


def test_the_key_stands_as_a_mac_only(made, server, database):
    attempt(made, key="aino@example.fi")
    with server.connect(database=database.name) as connection:
        rows = connection.execute(
            "SELECT key FROM throttles WHERE organisation_id = %s", [made.id]
        ).fetchall()
    assert all(len(bytes(row[0])) == 32 for row in rows)
