"""The demonstration's history: made once, by playing the last weeks through the real flows: two of
visits, and up to six of what people wait for at home.

Interrupted at any point it goes on from the last whole step; finished it does nothing.
"""

import datetime as dt
import random
from dataclasses import dataclass
from typing import Any

from promises.audit.actions import record
from promises.db import sql
from promises.db.session import unscoped
from promises.desk.models import EventKind
from promises.kernel.actors import SYSTEM
from promises.kernel.zones import local_date, resolve_local
from promises.payouts.rails.base import Rails
from promises.simulation.acts import Acts
from promises.simulation.bank import ZONE, Bank
from promises.simulation.decisions import propose_more, publish_promises, settle_history
from promises.simulation.history import Day
from promises.simulation.matters import founded_early, play_matters
from promises.simulation.past_year import Span, bring_in
from promises.simulation.promises import MAIN_SLUG
from promises.simulation.setup import find_bank, found_bank
from promises.simulation.stories import tell_stories

DAYS = 12
MONTHS = 12
SEED = 1
SEEDED = "demo_seeded"

_PROGRESS = """
SELECT
    EXISTS (SELECT FROM audit_records
            WHERE organisation_id = %(organisation_id)s AND action = %(seeded)s) AS finished,
    EXISTS (SELECT FROM promises
            WHERE organisation_id = %(organisation_id)s AND slug = %(promise)s) AS promised,
    EXISTS (SELECT FROM decisions
            WHERE organisation_id = %(organisation_id)s AND outcome = 'declined') AS discussed,
    (SELECT max(day_on) FROM tickets
     WHERE organisation_id = %(organisation_id)s AND kind = 'visit') AS last_day
"""

_LEFT_OPEN = """
SELECT id, branch_id, state FROM tickets
WHERE organisation_id = %(organisation_id)s AND kind = 'visit'
  AND state IN ('waiting', 'called', 'in_service')
ORDER BY queued_at, id
"""
_ENDINGS = {
    "waiting": EventKind.LEFT,
    "called": EventKind.NO_SHOW,
    "in_service": EventKind.SERVED,
}


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a run added; nothing where the demonstration stood already."""

    days: int
    visits: int
    matters: int = 0
    imported: int = 0


def seed_demo(rails: Rails, *, days: int = DAYS, seed: int = SEED, months: int = 0) -> Seeded:
    """Found the demo organisation, unless it is there, and give it a history of so many days up to
    yesterday, with so many months before them brought in from the old machines; with no days at all
    it has no matters either. Raises NotADemo where the slug is somebody else's."""
    with unscoped() as (_, now):
        today = local_date(now, ZONE)
    first = today - dt.timedelta(days=days)
    opened_at = _local(first - dt.timedelta(days=1), 7)
    bank = find_bank() or found_bank(founded_early(now) if days else opened_at)
    acts = Acts(bank.organisation_id, rails)
    progress = _progress(acts)
    if progress.finished:
        return Seeded(0, 0)
    past = _past(first, months) if days else None
    if not progress.promised:
        since = None if past is None else _local(past.first_on, 0)
        publish_promises(acts, bank, opened_at + dt.timedelta(hours=6), since)
    if progress.last_day is not None:
        _close_all(acts, bank, _local(progress.last_day, 23))
    wanted = [first + dt.timedelta(days=number) for number in range(days)]
    missing = [day for day in wanted if progress.last_day is None or day > progress.last_day]
    visits = sum(_play(acts, bank, day, seed) for day in missing)
    if not progress.discussed:
        propose_more(acts, bank, _local(today - dt.timedelta(days=min(days, 4)), 9))
    matters = play_matters(acts, bank, now) if days else 0
    # Last of all visits: a database that was just filled plans badly until it has looked at itself.
    brought = 0 if past is None else bring_in(acts, bank, past, seed)
    if past is not None:
        settle_history(acts, bank)
    if days:
        tell_stories(acts, bank, now)
    _finish(acts)
    return Seeded(len(missing), visits, matters, brought)


def _past(first: dt.date, months: int) -> Span | None:
    """So many months up to the day before the doors opened; None for none."""
    if not months:
        return None
    end_on = first - dt.timedelta(days=1)
    return Span(end_on - dt.timedelta(days=round(months * 365 / 12)), end_on)


def _play(acts: Acts, bank: Bank, day: dt.date, seed: int) -> int:
    rng = random.Random(f"{seed} {day.toordinal()}")  # noqa: S311  a model, not a secret
    return Day(acts, bank, day, rng).play()


def _close_all(acts: Acts, bank: Bank, instant: dt.datetime) -> None:
    """End what an interrupted day left open, also where no closing time ends it: a branch that
    never shuts would begin its next day with a customer who was called the day before."""
    late = acts.at(instant)
    for branch in bank.branches.values():
        late.close(branch.id)
    clerks = {branch.id: branch.clerk(0) for branch in bank.branches.values()}
    with acts.work(SYSTEM) as uow:
        left = sql.rows(uow.session, _LEFT_OPEN, {"organisation_id": uow.organisation_id})
    for row in left:
        late.log(clerks[row.branch_id], row.id, _ENDINGS[row.state])


def _progress(acts: Acts) -> Any:
    with acts.work(SYSTEM) as uow:
        return sql.one(
            uow.session,
            _PROGRESS,
            {
                "organisation_id": uow.organisation_id,
                "seeded": SEEDED,
                "promise": MAIN_SLUG,
            },
        )


def _finish(acts: Acts) -> None:
    with acts.work(SYSTEM) as uow:
        record(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            action=SEEDED,
            object_kind="organisation",
            object_id=uow.organisation_id,
            details={},
        )


def _local(day: dt.date, hour: int) -> dt.datetime:
    return resolve_local(dt.datetime.combine(day, dt.time(hour)), ZONE).instant
