"""The short form, and the same promise in the general language: one answer for every case."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings

from promises.rules.awards import Usage, award
from promises.rules.guarantee.engine import evaluate
from promises.rules.guarantee.facts import read_facts
from promises.rules.guarantee.interpreter import case_of
from promises.rules.judge import State, judge_committed
from promises.rules.terms import dump_terms, parse_terms
from tests.rules.ground import MICROSECOND, at, cases, facts_of, random_case
from tests.rules.guarantee.as_guarantee import FACTS, as_guarantee

pytestmark = pytest.mark.no_cover

IN_COMMON = 3_000


def named(facts):
    """What the desk calls the events of a ticket: the earliest of each kind."""
    found = {}
    for event in facts.events:
        name = f"{event.kind.value}_at"
        if name in FACTS:
            found[name] = min(event.occurred_at, found.get(name, event.occurred_at))
    if facts.measured_wait is not None:
        found["waited_us"] = facts.measured_wait // MICROSECOND
    return found


def compare(case):
    document, ticket, now = case
    short, facts = parse_terms(document), facts_of(ticket)
    verdict = judge_committed(short, facts, at(now))
    terms = parse_terms(as_guarantee(short)).guarantee
    known = read_facts(terms.facts, named(facts), "UTC")
    result = evaluate(case_of(terms, known, at(now), {}))
    outside = (State.EXCLUDED, State.NOT_APPLICABLE)
    assert (result.state in outside) == (verdict.state in outside)
    if verdict.state not in outside:
        assert result.state is verdict.state
        assert (
            result.amount_minor
            == award(short, verdict.state, verdict.left_after_limit, Usage()).amount_minor
        )
        if not verdict.by_duration:
            assert result.broken_at == verdict.due_at
    return verdict.reason


def test_forms_agree_on_many_cases():
    random = Random(20_261_123)
    reasons = Counter(compare(random_case(random)) for _ in range(IN_COMMON))
    assert len(reasons) == 11  # all but those of the scope
    assert min(reasons.values()) >= 5


@settings(max_examples=150, deadline=None)
@given(cases())
def test_forms_agree(case):
    compare(case)


def test_general_form_keeps_what_the_organisation_set():
    random = Random(7)
    for _ in range(50):
        short = parse_terms(random_case(random)[0])
        general = parse_terms(as_guarantee(short))
        assert (general.scope, general.caps) == (short.scope, short.caps)
        assert parse_terms(dump_terms(general)) == general
        assert dump_terms(parse_terms(dump_terms(general))) == dump_terms(general)
