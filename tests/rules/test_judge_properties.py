"""The engine against the naive oracle, and what must hold of every verdict."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promises.rules.judge import ReasonCode, State, judge, verdict_from_json, verdict_to_json
from promises.rules.terms import parse_terms
from tests.rules.ground import MICROSECOND, SECOND, at, cases, facts_of, random_case
from tests.rules.oracle import judge_naively

pytestmark = pytest.mark.no_cover

thorough = settings(max_examples=200, deadline=None)


def test_judge_equals_the_oracle_on_twenty_thousand_cases():
    random = Random(20_261_122)
    reasons = Counter()
    for _ in range(20_000):
        case = random_case(random)
        compare_with_oracle(case)
        reasons[judge_naively(*case)[1]] += 1
    assert reasons.keys() == set(ReasonCode)
    assert min(reasons.values()) >= 50


@thorough
@given(cases())
def test_judge_equals_the_oracle(case):
    compare_with_oracle(case)


def compare_with_oracle(case):
    document, ticket, now = case
    verdict = judge(parse_terms(document), facts_of(ticket), at(now))
    waited = None if verdict.measured is None else verdict.measured // MICROSECOND
    assert (verdict.state, verdict.reason, waited) == judge_naively(document, ticket, now)


@thorough
@given(cases(), st.integers(0, 10**15))
def test_judge_time_alone_changes_only_an_open_verdict_and_only_to_broken(case, later):
    document, ticket, now = case
    terms, facts = parse_terms(document), facts_of(ticket)
    first, second = judge(terms, facts, at(now)), judge(terms, facts, at(now + later))
    if first.state is State.OPEN:
        assert second.state in (State.OPEN, State.BROKEN)
        assert (second.state is State.BROKEN) == (at(now + later) >= first.due_at)
    else:
        assert second == first


@thorough
@given(cases(), st.randoms())
def test_judge_does_not_depend_on_the_order_of_the_facts(case, random):
    document, ticket, now = case
    shuffled = ticket | {"log": random.sample(ticket["log"], len(ticket["log"]))}
    terms = parse_terms(document)
    assert judge(terms, facts_of(ticket), at(now)) == judge(terms, facts_of(shuffled), at(now))


@thorough
@given(cases())
def test_judge_times_of_a_verdict_agree_with_its_state(case):
    document, ticket, now = case
    verdict = judge(parse_terms(document), facts_of(ticket), at(now))
    if verdict.state is State.NOT_APPLICABLE:
        assert verdict[3:] == (None, None, None, None, False)
        assert verdict.breached_at is None
        return
    assert verdict.due_at > verdict.started_at
    if verdict.ended_at is None:
        assert verdict.state is (State.BROKEN if at(now) >= verdict.due_at else State.OPEN)
    else:
        assert (verdict.state is State.BROKEN) == (verdict.ended_at >= verdict.due_at)
    assert verdict.breached_at == (verdict.due_at if verdict.state is State.BROKEN else None)


@thorough
@given(cases(), st.integers(-1, 1))
def test_judge_one_microsecond_decides_at_the_deadline(case, offset):
    document, ticket, now = case
    document["scope"] = {"ticket_kinds": [ticket["kind"]]}
    terms = parse_terms(document)
    alone = ticket | {"log": [("arrived", 0)], "measured": None}
    limit = document["limit"]["seconds"] * SECOND
    due = limit + (document["limit"]["boundary"] == "inclusive")
    assert judge(terms, facts_of(alone), at(now)).due_at == at(due)
    ended = alone | {"log": [("arrived", 0), (document["measure"]["to"], due + offset)]}
    expected = State.BROKEN if offset >= 0 else State.KEPT
    assert judge(terms, facts_of(ended), at(now)).state is expected
    by_the_clock = judge(terms, facts_of(alone), at(due + offset)).state
    assert by_the_clock is (State.BROKEN if offset >= 0 else State.OPEN)


@thorough
@given(cases())
def test_verdict_survives_storage(case):
    document, ticket, now = case
    verdict = judge(parse_terms(document), facts_of(ticket), at(now))
    stored = verdict_to_json(verdict)
    assert verdict_from_json(stored) == verdict
    assert verdict_to_json(verdict_from_json(stored)) == stored
    assert verdict_from_json(stored).steps == verdict.steps
