import contextlib
import threading
import uuid

import psycopg
import pytest
from flask import Flask
from psycopg import errors
from sqlalchemy import exc

from promises.worker.lanes import Lane
from promises.worker.look import Errand
from promises.worker.rests import Rests
from promises.worker.trouble import is_away
from tests.worker.ground import wait_for


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.seconds = 100.0

    def now(self):
        raise NotImplementedError

    def monotonic(self):
        return self.seconds


@contextlib.contextmanager
def running(runners, clock=None):
    stop = threading.Event()
    lane = Lane(Flask("tests"), runners, stop, *([clock] if clock else []))
    thread = threading.Thread(target=lane.run)
    thread.start()
    try:
        yield lane
    finally:
        stop.set()
        lane.wake()
        thread.join(120)
        assert not thread.is_alive()


def test_a_lane_runs_each_errand_once_while_it_waits_or_runs():
    ran, go, one, other = [], threading.Event(), uuid.uuid4(), uuid.uuid4()

    def settle(organisation_id):
        ran.append(organisation_id)
        go.wait(120)

    with running({Errand.SETTLE: settle}) as lane:
        lane.offer(Errand.SETTLE, one)
        wait_for(lambda: ran)
        for _ in range(5):
            lane.offer(Errand.SETTLE, one)
            lane.offer(Errand.SETTLE, other)
        go.set()
        wait_for(lambda: len(ran) == 2)
    assert ran == [one, other]


def test_a_failing_errand_rests_and_the_others_go_on():
    ran, clock, poison, healthy = [], HandClock(), uuid.uuid4(), uuid.uuid4()

    def send(organisation_id):
        ran.append(organisation_id)
        if organisation_id == poison:
            raise ValueError("cannot be read")

    with running({Errand.SEND: send}, clock) as lane:
        lane.offer(Errand.SEND, poison)
        wait_for(lambda: ran == [poison])
        lane.offer(Errand.SEND, poison)
        lane.offer(Errand.SEND, healthy)
        wait_for(lambda: ran == [poison, healthy])
        clock.seconds += 1.5
        lane.offer(Errand.SEND, poison)
        wait_for(lambda: ran == [poison, healthy, poison])


def test_rests_grow_to_their_ceiling_and_end():
    clock = HandClock()
    rests = Rests(1.0, 5.0, clock)
    pauses = []
    for _ in range(5):
        pauses.append(rests.push_back("one"))
        assert rests.resting() == {"one"}
        assert rests.seconds_to_next() == pauses[-1]
        clock.seconds += pauses[-1]
        assert rests.resting() == set()
    assert pauses == [1, 2, 4, 5, 5]
    rests.forgive("one")
    assert rests.push_back("one") == 1


def test_an_old_trouble_is_forgotten():
    clock = HandClock()
    rests = Rests(1.0, 5.0, clock)
    rests.push_back("one")
    rests.push_back("one")
    clock.seconds += 60
    assert rests.push_back("one") == 1


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (psycopg.OperationalError("connection refused"), True),
        (errors.AdminShutdown(), True),
        (errors.TooManyConnections(), True),
        (exc.OperationalError("select 1", {}, psycopg.OperationalError("gone")), True),
        (exc.TimeoutError(), True),
        (errors.QueryCanceled(), False),
        (errors.DeadlockDetected(), False),
        (errors.LockNotAvailable(), False),
        (errors.UniqueViolation(), False),
        (ValueError(), False),
    ],
)
def test_a_database_that_is_away_is_told_from_work_that_fails(error, away):
    assert is_away(error) is away
