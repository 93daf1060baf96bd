"""The judgement over columns gives what `judge` and the set-based SQL give, ticket by ticket."""

from datetime import timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from promises.rules.awards import Usage, award
from promises.rules.compile_numpy import (
    LATE,
    MISSING,
    OUTCOMES,
    Ending,
    Scoped,
    Times,
    end_waits,
    in_scope,
    outcomes,
    owed_of,
    states_of,
    steps,
    still_waiting,
    too_late_us,
)
from promises.rules.facts import LONGEST_WAIT
from promises.rules.judge import judge, judge_committed
from promises.rules.terms import parse_terms
from promises.rules.verdicts import State
from tests.rules.ground import (
    DECIDING,
    MICROSECOND,
    at,
    facts_of,
    moment,
    random_document,
    random_ticket,
    terms,
)
from tests.rules.test_compile_sql import judged_by_sql

BASE = {"kind": "visit", "service": None, "branch": None, "measured": None}


def times_of(tickets):
    columns = {name: [] for name in DECIDING}
    for ticket in tickets:
        for event, values in columns.items():
            found = [us for kind, us in ticket["log"] if kind == event]
            values.append(min(found) if found else MISSING)
    columns["measured_wait"] = [
        MISSING if ticket["measured"] is None else ticket["measured"] for ticket in tickets
    ]
    return Times(
        **{
            name: np.array(values, np.int64)
            if name == "arrived" or set(values) != {MISSING}
            else None
            for name, values in columns.items()
        }
    )


def codes_of(made, tickets, now):
    times = times_of(tickets)
    waits = end_waits(made.rule.until, times)
    unended = np.flatnonzero(waits.ending == Ending.NOTHING)
    wait = still_waiting(waits, times.arrived, now, unended)
    return waits, wait, outcomes(waits.ending, wait, too_late_us(made.rule))


def scoped(tickets):
    def coded(name):
        codes = {}
        column = [codes.setdefault(ticket[name], len(codes)) for ticket in tickets]
        return np.array(column, np.uint16), codes

    (kind, kinds), (service, services), (branch, branches) = map(
        coded, ("kind", "service", "branch")
    )
    return Scoped(kind, service, branch, kinds, services, branches)


def ids_as_the_engine_has_them(ticket):
    found = facts_of(ticket | {"log": []})
    return {
        "kind": found.ticket_kind,
        "service": found.service_kind_id,
        "branch": found.branch_id,
    }


def seen_by_engine(made, ticket, now):
    facts = facts_of(ticket)
    verdict = judge_committed(made, facts, at(now))
    granted = award(made, verdict.state, verdict.left_after_limit, Usage())
    return verdict.state, granted.amount_minor > 0


def seen_by_columns(made, codes):
    states, owed = states_of(made.rule), owed_of(made.rule)
    return [(states[code], owed[code]) for code in codes]


@given(st.randoms(use_true_random=False))
def test_columns_equal_the_engine_in_state_and_in_what_is_owed(random):
    document = random_document(random)
    made = parse_terms(document)
    now = moment(random, document["limit"]["seconds"])
    tickets = [random_ticket(random, document) for _ in range(random.choice([1, 1, 2, 40]))]
    _, _, codes = codes_of(made, tickets, now)
    expected = [seen_by_engine(made, ticket, now) for ticket in tickets]
    assert seen_by_columns(made, codes) == expected


@given(st.randoms(use_true_random=False))
def test_scope_of_columns_equals_the_engine(random):
    document = random_document(random)
    made = parse_terms(document)
    tickets = [random_ticket(random, document) for _ in range(random.randrange(1, 40))]
    inside = in_scope(made.scope, scoped([ids_as_the_engine_has_them(one) for one in tickets]))
    expected = [
        judge(made, facts_of(ticket | {"log": [("arrived", 0)]}), at(0)).state
        is not State.NOT_APPLICABLE
        for ticket in tickets
    ]
    assert (list(inside) if inside is not None else [True] * len(tickets)) == expected


def test_scope_of_more_ids_than_are_compared_one_by_one():
    codes = {number: number for number in range(20)}
    column = np.arange(20, dtype=np.uint16)
    scope = terms().scope
    wanted = frozenset(range(0, 20, 2))
    chosen = type(scope)(scope.ticket_kinds, branches=wanted)
    zeros = np.zeros(20, np.uint8)
    columns = Scoped(zeros, zeros, column, {scope.ticket_kinds[0]: 0}, {None: 0}, codes)
    assert list(np.flatnonzero(in_scope(chosen, columns))) == sorted(wanted)


@given(st.randoms(use_true_random=False))
def test_steps_of_many_limits_equal_one_judgement_a_limit(random):
    document = random_document(random)
    made = parse_terms(document)
    now = moment(random, document["limit"]["seconds"])
    tickets = [random_ticket(random, document) for _ in range(30)]
    waits, wait, _ = codes_of(made, tickets, now)
    seconds = sorted(random.sample(range(1, 2_000), 20))
    versions = [parse_terms(document | {"limit": document["limit"] | {"seconds": one}})
                for one in seconds]  # fmt: skip
    broken = steps(wait, np.array([too_late_us(one.rule) for one in versions]))
    for place, version in enumerate(versions):
        codes = waits.ending + LATE * (place < broken)
        assert seen_by_columns(version, codes) == [
            seen_by_engine(version, ticket, now) for ticket in tickets
        ]


def test_verdicts_are_exact_to_the_microsecond_and_at_the_longest_limit():
    limit = timedelta(days=366) // MICROSECOND
    made = terms(limit={"seconds": 366 * 86_400, "boundary": "exclusive"})
    tickets = [
        BASE | {"log": [("arrived", 0), ("service_started", limit - 1)]},
        BASE | {"log": [("arrived", 0), ("service_started", limit)]},
        BASE | {"log": [("arrived", 0), ("left", 1)], "measured": LONGEST_WAIT // MICROSECOND},
        BASE | {"log": [("arrived", 0)]},
        BASE | {"log": [("called", 5)]},
    ]
    _, _, codes = codes_of(made, tickets, limit)
    assert [state for state, _ in seen_by_columns(made, codes)] == [
        "kept", "broken", "broken", "broken", "not_applicable",
    ]  # fmt: skip
    _, _, codes = codes_of(made, tickets[3:4], limit - 1)
    assert states_of(made.rule)[codes[0]] is State.OPEN


def test_calls_alone_end_the_wait_where_nobody_was_served_yet():
    made = terms(measure__to="called", limit={"seconds": 60, "boundary": "inclusive"})
    tickets = [BASE | {"log": [("arrived", 0), ("called", us)]} for us in (1, 600 * 10**6)]
    _, _, codes = codes_of(made, tickets, 601 * 10**6)
    seen = seen_by_columns(made, codes)
    assert [state for state, _ in seen] == ["kept", "broken"]
    assert seen == [seen_by_engine(made, ticket, 601 * 10**6) for ticket in tickets]


def test_a_missing_time_is_never_kept():
    for until in ("called", "service_started"):
        for before in ("excluded", "kept"):
            rule = terms(measure__to=until, leavers__before_limit=before).rule
            states = states_of(rule)
            assert len(states) == OUTCOMES
            for ending in (Ending.NOTHING, Ending.NO_ARRIVAL):
                assert states[ending] is not State.KEPT
                assert states[ending + LATE] is not State.KEPT
            assert not any(owed_of(rule)[:LATE])


@pytest.fixture(scope="module")
def engine(app_url):
    made = create_engine(app_url)
    yield made
    made.dispose()


def test_columns_and_sql_count_the_same_on_random_tickets(engine):
    random = Random(17)
    seen = set()
    with engine.connect() as connection:
        for _ in range(30):
            document = random_document(random)
            made = parse_terms(document)
            now = moment(random, document["limit"]["seconds"])
            tickets = [random_ticket(random, document) for _ in range(100)]
            _, _, codes = codes_of(made, tickets, now)
            states = [state.value for state, _ in seen_by_columns(made, codes)]
            assert states == [row[0] for row in judged_by_sql(connection, made, tickets, at(now))]
            seen |= set(states)
    assert seen == {"kept", "broken", "excluded", "open", "not_applicable"}


@pytest.mark.parametrize(
    "too_late",
    [
        [1_000_001, 5_000_001, 60_000_001],
        [1_000_000, 2_000_000, 99_000_000],
        [1_000_000, 2_000_001],  # not whole seconds apart
        [1_000_000, 31_622_400_000_000],  # too long for a table
        [60_000_001],
    ],
)
def test_steps_are_exact_to_the_microsecond_on_both_ways(too_late):
    limits = np.array(too_late)
    wait = np.concatenate([limits - 1, limits, limits + 1, [-7_000_000, -1, 0, 1, 10**15]])
    broken = [sum(one >= limit for limit in too_late) for one in wait.tolist()]
    assert steps(wait, limits).tolist() == broken
