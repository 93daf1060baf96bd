"""The year before the bank used Lupaus, as its old ticket machines kept it: a file of each branch,
made by a seeded model and brought in by the real import.

Customers come by weekday, hour and season, more of them on paydays; in the last months a second
desk opens at noon, and the waits get shorter.
"""

import csv
import datetime as dt
import io
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promises.db import sql
from promises.desk.imports.actions import Upload
from promises.flows import run_import
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.zones import resolve_local
from promises.simulation.acts import Acts
from promises.simulation.bank import DAILY, LOANS, ZONE, Bank, Branch

BETTER_FOR = dt.timedelta(days=61)
"""So long before the end of the file the second desk has been open at noon."""
PAYDAYS = (15, 30)
MEDIAN_S, SPREAD = 235.0, 0.72
LEFT, ABSENT = 0.02, 0.012
SERVICE_S: Mapping[str, float] = {DAILY: 250.0, LOANS: 620.0}
PER_DAY: Mapping[str, float] = {"keskusta": 46.0, "rantakatu": 24.0, "matkakeskus": 22.0}
SLOWNESS: Mapping[str, float] = {"keskusta": 1.05, "rantakatu": 1.2, "matkakeskus": 0.9}
WEEKDAYS = (1.18, 0.97, 0.94, 0.98, 1.12, 0.5, 0.4)
MONTHS = (1.05, 0.97, 1.0, 1.0, 0.98, 0.9, 0.68, 0.92, 1.04, 1.02, 1.05, 1.22)
HOURS: Mapping[int, tuple[float, float]] = {
    10: (1.0, 0.85), 11: (1.25, 1.15), 12: (1.35, 1.55), 13: (1.0, 1.1), 14: (0.95, 0.9),
    15: (1.1, 1.0),
}  # fmt: skip
"""By hour: how many come, and how much longer they wait."""

COLUMNS = ("ticket", "service", "arrived", "called", "started", "ended", "left", "outcome")
MAPPING: Mapping[str, Any] = {
    "format": 1,
    "file": {"delimiter": ";"},
    "time_zone": ZONE,
    "reference": {"columns": ["ticket"]},
    "service_kind": {"column": "service", "letters": {DAILY: DAILY, LOANS: LOANS}},
    "outcome": {
        "column": "outcome",
        "values": {"OK": "served", "POIS": "left", "EI TULLUT": "no_show"},
    },
    "arrived": {"column": "arrived", "format": "iso"},
    "called": {"column": "called", "format": "iso"},
    "service_started": {"column": "started", "format": "iso"},
    "served": {"column": "ended", "format": "iso"},
    "left": {"column": "left", "format": "iso"},
}

_BROUGHT = """
SELECT filename FROM imports
WHERE organisation_id = %(organisation_id)s AND state = 'done'
"""


@dataclass(frozen=True, slots=True)
class Span:
    """The days of the files: from the first to before the last."""

    first_on: dt.date
    end_on: dt.date

    def days(self) -> Iterator[dt.date]:
        day = self.first_on
        while day < self.end_on:
            yield day
            day += dt.timedelta(days=1)


def bring_in(acts: Acts, bank: Bank, span: Span, seed: int) -> int:
    """Import the file of every branch that is not here yet; how many visits are new."""
    with acts.work(SYSTEM) as uow:
        tenant = {"organisation_id": uow.organisation_id}
        here = {row.filename for row in sql.rows(uow.session, _BROUGHT, tenant)}
    added = 0
    for branch in bank.branches.values():
        if file_name(branch) not in here:
            added += _bring(acts, bank, branch, span, seed)
    return added


def file_name(branch: Branch) -> str:
    return f"vuorot-{branch.plan.slug}.csv"


def _bring(acts: Acts, bank: Bank, branch: Branch, span: Span, seed: int) -> int:
    content = file_of(branch, span, seed).encode()
    with acts.work(bank.member(Role.ADMINISTRATOR)) as uow:
        import_id = run_import.stage_upload(
            uow,
            upload=Upload(file_name(branch), content, branch.id),
            document=MAPPING,
        )
    return acts.run_import(import_id).rows_added


def file_of(branch: Branch, span: Span, seed: int) -> str:
    """The whole file; the same seed gives the same one."""
    rng = random.Random(f"{seed} {branch.plan.slug}")  # noqa: S311  a model, not a secret
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";")
    writer.writerow(COLUMNS)
    better_on = span.end_on - BETTER_FOR
    for day in span.days():
        if branch.plan.weekly[day.weekday()]:
            writer.writerows(_day(rng, branch, day, better=day >= better_on))
    return out.getvalue()


def _day(
    rng: random.Random, branch: Branch, day: dt.date, *, better: bool
) -> Iterator[tuple[str, ...]]:
    slug = branch.plan.slug
    payday = day.day in PAYDAYS
    expected = PER_DAY[slug] * WEEKDAYS[day.weekday()] * MONTHS[day.month - 1]
    expected *= 1.5 if payday else 1.0
    count = max(0, round(rng.gauss(expected, math.sqrt(expected))))
    crowd = count / PER_DAY[slug]
    loans = LOANS in branch.plan.services
    for number in range(1, count + 1):
        hour = rng.choices(list(HOURS), [share for share, _ in HOURS.values()])[0]
        at = resolve_local(
            dt.datetime.combine(day, dt.time(hour, rng.randrange(60), rng.randrange(60))), ZONE
        ).instant
        wait = rng.lognormvariate(math.log(MEDIAN_S), SPREAD)
        wait *= SLOWNESS[slug] * (0.55 + 0.45 * crowd) * _slow(hour, better)
        letter = LOANS if loans and rng.random() < 0.25 else DAILY
        yield _row(rng, f"{day:%y%m%d}-{number:03d}", letter, at, wait)


def _slow(hour: int, better: bool) -> float:
    """The second desk at noon takes most of noon's wait away, and some of every hour's."""
    slow = HOURS[hour][1]
    return 0.72 * min(slow, 1.1) if better else slow


def _row(
    rng: random.Random, reference: str, letter: str, at: dt.datetime, wait_s: float
) -> tuple[str, ...]:
    called = at + dt.timedelta(seconds=round(wait_s))
    lot = rng.random()
    if lot < LEFT:
        return (reference, letter, at.isoformat(), "", "", "", called.isoformat(), "POIS")
    if lot < LEFT + ABSENT:
        return (reference, letter, at.isoformat(), called.isoformat(), "", "", "", "EI TULLUT")
    started = called + dt.timedelta(seconds=rng.randrange(6, 25))
    service = rng.lognormvariate(math.log(SERVICE_S[letter]), 0.5)
    ended = started + dt.timedelta(seconds=round(service))
    times = (at, called, started, ended)
    return (reference, letter, *(one.isoformat() for one in times), "", "OK")
