"""P04: ten draft promises against a million visits, first and next time, beside SQL by hand."""

import datetime as dt
import statistics
import uuid
from typing import Any

import psycopg

from bench.floors import backtest as floor
from bench.ground import Ground, ground
from bench.harness import Figure, Rounds, interleave, wall
from bench.visits import BRANCHES, FIRST_ON, KINDS, LAST_ON, NOW, seed_visits
from promises.db.session import unit_of_work
from promises.kernel.actors import SYSTEM
from promises.reporting.backtests import Span, backtest
from promises.reporting.backtests.resident import RESIDENT
from promises.rules.terms import WaitTerms
from tests.factories.catalogue import simple_terms

SPAN = Span(FIRST_ON, LAST_ON)
Answer = list[tuple[int, ...]]


def measure(scale: str, times: int = 1) -> list[Figure]:
    count, rounds = (100_000, 5) if scale == "small" else (1_000_000, 7)
    with ground(branches=BRANCHES, kinds=KINDS) as on, on.app.app_context():
        seed_visits(on, count)
        return backtests(on, count, rounds * times)


def backtests(on: Ground, count: int, rounds: int) -> list[Figure]:
    drafts = _drafts(on)
    terms = [_terms(draft) for draft in drafts]
    sql = floor.statement(drafts, on.made.id, FIRST_ON, LAST_ON, NOW)
    url = on.config.app_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SET app.organisation_id = '{on.made.id}'")
        assert _ours(on, terms) == floor.counts(connection, sql)

        def by_hand() -> float:
            return wall(lambda: floor.counts(connection, sql))

        def first() -> float:
            RESIDENT.forget()
            return wall(lambda: _ours(on, terms))

        cold = interleave(first, by_hand, rounds=rounds)
        warm = interleave(lambda: wall(lambda: _ours(on, terms)), by_hand, rounds=rounds)
    held = RESIDENT.nbytes / count
    return [
        _figure(
            f"ten promises against {count:,} visits for the first time, beside UNION ALL in SQL",
            cold,
            (1.5, 1.0),
            f"{held:.0f} bytes a visit stay in memory",
        ),
        _figure(
            f"the same again, beside the same SQL for {count:,} visits",
            warm,
            (0.3, None),
            "whole answers: intervals, branches and hours too, which the SQL does not give",
        ),
    ]


def _figure(question: str, found: Rounds, bounds: tuple[float, float | None], note: str) -> Figure:
    ours, theirs = (1e3 * statistics.median(side) for side in (found.ours, found.floor))
    return Figure(
        "P04",
        question,
        found.ratio,
        "×",
        bounds[0],
        bounds[1],
        quartiles=found.quartiles,
        notes=(f"{ours:.0f} ms, the SQL {theirs:.0f} ms", note),
    )


def _drafts(on: Ground) -> list[floor.Draft]:
    """Two and a half million pairs of visit and promise at a million visits."""
    kinds, branches = on.made.kind_ids, [branch.id for branch in on.made.branches]
    return [
        floor.Draft(
            limit=dt.timedelta(minutes=5 + 2 * place),
            amount_minor=500 + 100 * place,
            services=None if place == 9 else kinds[place % 3 : place % 3 + 1 + place % 2],
            branches=branches[::2] if place % 2 else None,
        )
        for place in range(10)
    ]


def _terms(draft: floor.Draft) -> WaitTerms:
    made: Any = simple_terms(
        seconds=int(draft.limit.total_seconds()),
        amount_minor=draft.amount_minor,
        service_kinds=draft.services,
        branches=draft.branches,
    )
    return made


def _ours(on: Ground, drafts: list[WaitTerms]) -> Answer:
    with unit_of_work(on.made.id, SYSTEM) as uow:
        return [_one(uow.session, on.made.id, terms) for terms in drafts]


def _one(session: Any, organisation_id: uuid.UUID, terms: WaitTerms) -> tuple[int, ...]:
    found = backtest(
        session, organisation_id=organisation_id, now=NOW, terms=terms, span=SPAN, limits=()
    )
    return found.kept, found.broken, found.excluded, found.counts.cost.amount_minor
