"""The engine against the slow oracle, and against itself at other times, on random terms."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from promises.kernel.calendars import parse_calendar
from promises.rules.guarantee.changes import broken_at
from promises.rules.guarantee.engine import evaluate, judge
from promises.rules.guarantee.facts import read_facts, read_instant
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.trial import parse_guarantee, prepare_calendars, read_earlier
from promises.rules.states import State
from tests.profiles import FACTORS, PROFILE, scaled
from tests.rules.guarantee.oracle_verdict import answer
from tests.rules.guarantee.random_terms import random_sample

pytestmark = pytest.mark.no_cover

MICRO = timedelta(microseconds=1)
BASE = datetime(2026, 3, 27, 14, 0, tzinfo=UTC)


EXAMPLES = {"oracle": 400, "breaks": 120, "grows": 200, "changes": 200}
"""How many samples each test looks at in the ordinary profile."""
NIGHTLY = 8800
"""So many of the first kind in the nightly one."""


def _seeds(kind):
    """Whole samples by a seed: a counter-example is one number, and nothing is spent on making it
    smaller. The ordinary run looks at the same ones every time, the nightly one at new ones."""
    many = PROFILE == "nightly" and kind == "oracle"
    found = settings(
        max_examples=NIGHTLY if many else scaled(EXAMPLES[kind]),
        deadline=None,
        derandomize=PROFILE == "ordinary",
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: found(given(st.integers(0, 10**9))(test))


def _case(sample):
    terms = parse_guarantee(sample.document)
    known = read_facts(terms.facts, sample.facts, terms.time_zone)
    now = read_instant(sample.facts["now"]) if "now" in sample.facts else None
    specs = {name: parse_calendar(one) for name, one in sample.calendars.items()}
    history = [read_earlier(one) for one in sample.history]
    return case_of(terms, known, now, prepare_calendars(terms, specs, known, now), history)


def _told(result):
    state = "unbroken" if _unbroken(result) else result.state.value
    outcome = state if _unbroken(result) else result.outcome
    return state, outcome, result.amount_minor


def _unbroken(result):
    return result.state is State.KEPT or result.reason == "still_time"


def test_enough_samples_are_looked_at():
    assert sum(EXAMPLES.values()) >= 900
    assert EXAMPLES["oracle"] * FACTORS["nightly"] <= NIGHTLY


@_seeds("oracle")
def test_engine_answers_like_the_oracle(seed):
    sample = random_sample(random.Random(seed))
    case = _case(sample)
    assert _told(judge(case)) == answer(*sample, case.now)


def _broken(case, at):
    return case.at(at, blind=True).value(case.terms.broken_when)[0] is True


@_seeds("breaks")
def test_time_breaks_the_promise_at_that_very_instant(seed):
    case = _case(random_sample(random.Random(seed)))
    due = broken_at(case)
    if due is not None:
        assert _broken(case, due)
        assert not _broken(case, due - MICRO)


def _grown(source):
    """A sample whose promise is broken when something that goes on has grown enough."""
    sample = random_sample(source)
    start = source.choice(
        ["received_at", "promised_on", {"latest_known": ["left_at", "received_at"]}]
    )
    span = {"from": start, "to": {"or_now": "answered_at"}}
    real = {**span, "unit": source.choice(["second", "minute", "hour"])}
    kind, body = source.choice(
        [
            ("elapsed", real),
            ("elapsed", {**real, "whole": source.choice(["up", "down"])}),
            ("elapsed", {**real, "pauses": {"in": "outages"}}),
            ("open_time", {**span, "unit": "open_minute", "calendar": "shop"}),
            ("open_time", {**span, "unit": "open_hour", "calendar": "round-the-clock"}),
            ("calendar_days", span),
            ("working_days", {**span, "calendar": "shop"}),
            ("months", {**span, "count": source.choice(["begun", "completed"])}),
        ]
    )
    grown = source.choice(
        [{kind: body}, {"multiply": [2, {kind: body}]}, {"add": [3, {kind: body}]}]
    )
    limit = source.choice([1, 2, 5, 12, 60, 90])
    document = dict(sample.document)
    document["broken_when"] = {"compare": [grown, source.choice([">", ">="]), limit]}
    document.pop("applies_when", None)
    return sample._replace(document=document)


@_seeds("grows")
def test_promise_that_grows_is_broken_at_no_earlier_instant(seed):
    source = random.Random(seed)
    case = _case(_grown(source))
    if case.now is None:
        return
    due = broken_at(case)
    if _broken(case, BASE - timedelta(days=365)):
        assert due is None
        return
    probes = [BASE + timedelta(minutes=source.randrange(-20_000, 80_000)) for _ in range(40)]
    for at in probes:
        if due is None or at < due:
            assert not _broken(case, at), at


@_seeds("changes")
def test_answer_stays_the_same_until_the_next_change(seed):
    source = random.Random(seed)
    case = _case(random_sample(source))
    if case.now is None:
        return
    result = evaluate(case)
    change = result.next_change_at
    probes = [case.now + timedelta(minutes=source.randrange(1, 40_000)) for _ in range(20)]
    if change is not None:
        assert _answer(case.at(change)) != _answer(case)
        probes = [at for at in (*probes, change - MICRO) if case.now < at < change]
    for at in probes:
        assert _standing(case.at(at)) == _standing(case)


def _answer(case):
    result = judge(case)
    return result.state, result.reason, result.amount_minor, result.outcome


def _standing(case):
    """What people are told. For want of which fact a case is open may change unnoticed."""
    result = judge(case)
    return result.state, result.amount_minor, result.outcome
