import json
from datetime import timedelta

import pytest

from promises.rules.judge import Verdict, judge, verdict_from_json, verdict_to_json
from tests.rules.ground import SECOND, at, facts, terms

LIMIT = 900 * SECOND


def verdict(*log, measured=None, now=10 * LIMIT, **changes):
    return judge(terms(**changes), facts(*log, measured=measured), at(now))


def codes(*log, **kwargs):
    return [step.code for step in verdict(*log, **kwargs).steps]


def test_verdict_cannot_be_changed():
    with pytest.raises(AttributeError):
        verdict(("arrived", 0)).state = "kept"


def test_verdict_to_json_is_a_plain_document():
    stored = verdict_to_json(verdict(("arrived", 0), ("left", LIMIT + 1)))
    assert json.loads(json.dumps(stored)) == stored
    assert stored == {
        "format": 1,
        "state": "broken",
        "reason": "left_after_limit",
        "rule": {
            "until": "service_started",
            "limit_seconds": 900,
            "boundary": "inclusive",
            "before_limit": "excluded",
            "after_limit": "owed",
        },
        "started_at": "2026-03-28T23:50:00.000000+00:00",
        "due_at": "2026-03-29T00:05:00.000001+00:00",
        "ended_at": "2026-03-29T00:05:00.000001+00:00",
        "ended_by": "left",
        "by_duration": False,
    }


def test_verdict_from_json_gives_the_verdict_back():
    for made in (
        verdict(("arrived", 0)),
        verdict(("called", 0)),
        verdict(("arrived", 0), ("service_started", 7), measured=5, measure__to="called"),
    ):
        loaded = verdict_from_json(json.loads(json.dumps(verdict_to_json(made))))
        assert isinstance(loaded, Verdict)
        assert loaded == made
        assert loaded.steps == made.steps


def test_verdict_from_json_refuses_another_format():
    stored = verdict_to_json(verdict(("arrived", 0)))
    with pytest.raises(ValueError, match="unknown format"):
        verdict_from_json(stored | {"format": 2})
    with pytest.raises(ValueError, match="lost"):
        verdict_from_json(stored | {"state": "lost"})


def test_steps_name_times_events_limit_and_wait():
    started, limit, ended, conclusion = verdict(
        ("arrived", 0), ("service_started", LIMIT + 1)
    ).steps
    assert started == ("started", {"at": at(0), "event": "arrived"})
    assert limit == (
        "limit_inclusive",
        {"limit": timedelta(minutes=15), "at": at(LIMIT), "due_at": at(LIMIT + 1)},
    )
    assert ended.code == "ended_service_started"
    assert ended.params["at"] == at(LIMIT + 1)
    assert ended.params["wait"] == timedelta(minutes=15, microseconds=1)
    assert conclusion == ("too_late", {"over": timedelta(microseconds=1)})


@pytest.mark.parametrize(
    ("log", "kwargs", "expected"),
    [
        ([("arrived", 0)], {"now": 1}, ["waiting"]),
        ([("arrived", 0)], {}, ["deadline_passed"]),
        ([("arrived", 0), ("left", 1)], {}, ["ended_left", "left_before_limit_excluded"]),
        (
            [("arrived", 0), ("closed", 1)],
            {"leavers__before_limit": "kept"},
            ["ended_closed", "closed_before_limit_kept"],
        ),
        (
            [("arrived", 0), ("left", 2 * LIMIT)],
            {"leavers__after_limit": "not_owed"},
            ["ended_left", "left_after_limit_not_owed"],
        ),
        ([("arrived", 0), ("closed", 2 * LIMIT)], {}, ["ended_closed", "closed_after_limit"]),
        (
            [("arrived", 0), ("called", 2 * LIMIT), ("no_show", 3 * LIMIT)],
            {},
            ["ended_called", "no_show_after_limit_owed"],
        ),
        (
            [("arrived", 0), ("called", 1), ("no_show", 3 * LIMIT)],
            {"measured": 7},
            ["measured_called", "no_show"],
        ),
        (
            [("arrived", 0), ("service_started", -1)],
            {},
            ["ended_service_started", "before_arrival", "in_time"],
        ),
    ],
)
def test_steps_tell_what_ended_the_wait_and_which_rule_was_applied(log, kwargs, expected):
    assert codes(*log, **kwargs) == ["started", "limit_inclusive", *expected]


@pytest.mark.parametrize("log", [[], [("service_started", 5)]])
def test_steps_of_what_does_not_apply_are_the_reason_alone(log):
    assert codes(*log) == ["no_arrival"]
