"""P01: one verdict of the engine beside a function written by hand for the same promise."""

import datetime as dt
import random
import uuid

from bench.floors import verdict as floor
from bench.harness import Figure, cpu, interleave, quiet_gc
from promises.rules.facts import EventKind, FactEvent, Facts, TicketKind
from promises.rules.judge import judge
from tests.factories.catalogue import simple_terms

NOW = dt.datetime(2026, 3, 2, 12, 0, tzinfo=dt.UTC)
VISITS = 3_000


def measure(scale: str, times: int = 1) -> list[Figure]:
    chance = random.Random(1999)
    branches, kinds = ([uuid.UUID(int=chance.getrandbits(128)) for _ in range(4)] for _ in "ab")
    terms = simple_terms(branches=branches[:3], service_kinds=kinds[:3])
    visits = [_visit(chance, branches, kinds) for _ in range(VISITS)]
    facts = [_facts(visit) for visit in visits]
    ours_branches, ours_kinds = frozenset(branches[:3]), frozenset(kinds[:3])
    seen = set()
    for visit, fact in zip(visits, facts, strict=True):
        ours = judge(terms, fact, NOW)
        theirs = floor.judge(visit, NOW, ours_branches, ours_kinds)
        assert (ours.state, ours.due_at, ours.breached_at) == theirs
        seen.add(theirs[0])
    assert len(seen) == 5

    def engine() -> float:
        return cpu(lambda: [judge(terms, fact, NOW) for fact in facts]) / VISITS

    def by_hand() -> float:
        return (
            cpu(lambda: [floor.judge(one, NOW, ours_branches, ours_kinds) for one in visits])
            / VISITS
        )

    with quiet_gc():
        found = interleave(engine, by_hand, rounds=times * (9 if scale == "small" else 31))
    each = sorted(found.ours)[len(found.ours) // 2]
    return [
        Figure(
            "P01",
            "one verdict beside a function written by hand for that promise, processor time",
            found.ratio,
            "×",
            4,
            2.5,
            quartiles=found.quartiles,
            notes=(f"{1e6 * each:.2f} µs a verdict",),
        )
    ]


def _visit(chance: random.Random, branches: list[uuid.UUID], kinds: list[uuid.UUID]) -> floor.Visit:
    arrived = NOW - dt.timedelta(seconds=chance.randrange(3_600))
    called = arrived + dt.timedelta(seconds=chance.randrange(1_500))
    end = chance.choice(("served", "served", "served", "left", "waiting"))
    return floor.Visit(
        kind="visit" if chance.random() < 0.95 else "complaint",
        service_kind_id=chance.choice(kinds),
        branch_id=chance.choice(branches),
        arrived_at=arrived if chance.random() < 0.98 else None,
        called_at=called if end == "served" else None,
        served_at=called + dt.timedelta(seconds=20) if end == "served" else None,
        left_at=called if end == "left" else None,
    )


def _facts(visit: floor.Visit) -> Facts:
    times = (
        (EventKind.ARRIVED, visit.arrived_at),
        (EventKind.CALLED, visit.called_at),
        (EventKind.SERVICE_STARTED, visit.served_at),
        (EventKind.LEFT, visit.left_at),
    )
    events = tuple(FactEvent(kind, at) for kind, at in times if at is not None)
    return Facts(TicketKind(visit.kind), visit.service_kind_id, visit.branch_id, events)
