"""The set-based judgement on a real PostgreSQL gives what `judge` gives, ticket by ticket."""

from datetime import timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import create_engine, text

from promises.rules.compile_sql import compile_judgement, compile_scope
from promises.rules.facts import LONGEST_WAIT
from promises.rules.judge import State, judge
from promises.rules.terms import parse_terms
from tests.rules.ground import (
    DECIDING,
    IDS,
    MICROSECOND,
    at,
    facts,
    facts_of,
    moment,
    random_document,
    random_ticket,
    terms,
)

COLUMNS = [f"{event}_at" for event in DECIDING]
RELATION = ", ".join(f"CAST(:{name} AS timestamptz[])" for name in COLUMNS)
TICKETS = f"""
    unnest({RELATION}, CAST(:measured_wait_us AS bigint[]))
    WITH ORDINALITY AS t({", ".join(COLUMNS)}, measured_wait_us, place)
"""


@pytest.fixture(scope="module")
def engine(app_url):
    made = create_engine(app_url)
    yield made
    made.dispose()


def columns_of(tickets):
    """The relation of the tickets: the earliest time of each deciding event."""
    values = {name: [] for name in COLUMNS}
    for ticket in tickets:
        for event, name in zip(DECIDING, COLUMNS, strict=True):
            times = [us for kind, us in ticket["log"] if kind == event]
            values[name].append(at(min(times)) if times else None)
    return values | {"measured_wait_us": [ticket["measured"] for ticket in tickets]}


def judged_by_sql(connection, made, tickets, now):
    compiled = compile_judgement(made)
    statement = text(f"SELECT {compiled.sql} FROM {TICKETS} ORDER BY place")
    values = columns_of(tickets) | compiled.params | {"now": now}
    return [tuple(row) for row in connection.execute(statement, values)]


def judged_by_engine(made, ticket, now):
    verdict = judge(made, facts_of(ticket), now)
    waited = None if verdict.measured is None else verdict.measured // MICROSECOND
    return (
        verdict.state.value,
        verdict.reason.value,
        verdict.due_at,
        verdict.ended_at,
        verdict.breached_at,
        waited,
    )


@pytest.mark.parametrize("zone", ["UTC", "Europe/Helsinki", "America/New_York"])
def test_compiled_judgement_equals_the_engine(engine, zone):
    random = Random(zone)
    reasons = set()
    with engine.connect() as connection:
        connection.execute(text("SELECT set_config('TimeZone', :zone, true)"), {"zone": zone})
        for _ in range(40):
            document = random_document(random)
            document["scope"] = {"ticket_kinds": ["visit"]}
            made = parse_terms(document)
            now = at(moment(random, document["limit"]["seconds"]))
            tickets = [random_ticket(random, document) for _ in range(100)]
            for ticket in tickets:
                ticket["kind"] = "visit"
            expected = [judged_by_engine(made, ticket, now) for ticket in tickets]
            assert judged_by_sql(connection, made, tickets, now) == expected
            reasons |= {reason for _, reason, *_ in expected}
    assert len(reasons) == 11  # all but the three of the scope


def test_compiled_judgement_is_exact_at_the_longest_limit_and_wait(engine):
    limit = timedelta(days=366) // MICROSECOND
    made = terms(limit={"seconds": 366 * 86_400, "boundary": "exclusive"})
    base = {"kind": "visit", "service": None, "branch": None, "measured": None}
    tickets = [
        base | {"log": [("arrived", 0), ("service_started", limit - 1)]},
        base | {"log": [("arrived", 0), ("service_started", limit)]},
        base | {"log": [("arrived", 0), ("left", 1)], "measured": LONGEST_WAIT // MICROSECOND},
        base | {"log": [("arrived", 0)]},
    ]
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL TimeZone = 'Europe/Helsinki'"))
        judged = judged_by_sql(connection, made, tickets, at(limit))
    assert judged == [judged_by_engine(made, ticket, at(limit)) for ticket in tickets]
    assert [row[0] for row in judged] == ["kept", "broken", "broken", "broken"]


def test_compiled_judgements_of_several_terms_stand_in_one_statement(engine):
    tickets = [{"log": [("arrived", 0), ("called", 70_000_000)], "measured": None}]
    parts, values = [], columns_of(tickets) | {"now": at(0)}
    for prefix, seconds in (("a_", 60), ("b_", 90)):
        document = terms(measure__to="called", limit__seconds=seconds)
        compiled = compile_judgement(document, prefix)
        parts.append(f"SELECT {compiled.sql} FROM {TICKETS}")
        values |= compiled.params
    with engine.connect() as connection:
        rows = connection.execute(text(" UNION ALL ".join(parts)), values).all()
    assert [row.state for row in rows] == ["broken", "kept"]


def test_compiled_scope_equals_the_engine(engine):
    random = Random(3)
    with engine.connect() as connection:
        for _ in range(40):
            document = random_document(random)
            made = parse_terms(document)
            tickets = [random_ticket(random, document) for _ in range(50)]
            compiled = compile_scope(made)
            statement = text(
                f"SELECT COALESCE({compiled.sql}, false)"
                " FROM unnest(CAST(:kinds AS text[]), CAST(:services AS uuid[]),"
                " CAST(:offices AS uuid[])) WITH ORDINALITY"
                " AS t(ticket_kind, service_kind_id, branch_id, place) ORDER BY place"
            )
            values = compiled.params | {
                "kinds": [ticket["kind"] for ticket in tickets],
                "services": [ticket["service"] and UUID(ticket["service"]) for ticket in tickets],
                "offices": [ticket["branch"] and UUID(ticket["branch"]) for ticket in tickets],
            }
            inside = [row[0] for row in connection.execute(statement, values)]
            for ticket, found in zip(tickets, inside, strict=True):
                arrived = ticket | {"log": [("arrived", 0)]}
                state = judge(made, facts_of(arrived), at(0)).state
                assert found is (state is not State.NOT_APPLICABLE)


def test_compiled_scope_names_its_values_by_the_prefix():
    compiled = compile_scope(terms(scope__branches=IDS[:1]), "x_")
    assert compiled.params == {"x_ticket_kinds": ["visit"], "x_branches": [UUID(IDS[0])]}
    assert facts(branch=IDS[0]).branch_id == UUID(IDS[0])
