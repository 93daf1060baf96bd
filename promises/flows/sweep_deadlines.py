"""The deadline passes and nothing happened: the promise is broken, and we say so ourselves."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from promises.breaches.models import Evidence
from promises.breaches.queries import recent_clock_breaches
from promises.breaches.sweep import DueBreach, mark_due, next_deadlines
from promises.catalogue.queries import versions_by_id
from promises.compensation.awarding import BreachToAward
from promises.compensation.windows import open_windows
from promises.db.session import UnitOfWork
from promises.desk.actions import set_next_due, touch_branches
from promises.desk.facts import staff_acted_at
from promises.flows.compensate import compensate
from promises.flows.tell_customers import tell_broken

LATE_DETECTION = dt.timedelta(seconds=60)
"""Whoever notices a deadline later than this was down, and so may the desks have been."""

SILENCE = dt.timedelta(minutes=15)
SILENT_BREACHES = 5
"""A branch whose staff marked nothing for this long while so many promises broke is not believed
to have served nobody: more likely its screens are down."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many promises were broken in this sweep; `more` where its limit was reached."""

    breached: int
    more: bool


def sweep(uow: UnitOfWork, *, limit: int = 500, until: dt.datetime | None = None) -> SweepResult:
    """Break what is due and owe for it, all in one transaction, each commitment once for ever.
    With `until`, only what was due by then.

    Several may sweep at once; none waits for another, nor for a desk.
    """
    due = mark_due(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        until=uow.now if until is None else min(until, uow.now),
        limit=limit,
    )
    if not due:
        return SweepResult(0, more=False)
    windows = _hold_windows(uow, due)
    compensate(uow, _to_award(uow, due, windows))
    tell_broken(uow, [one.breach_id for one in due if one.contact_id is not None])
    tickets = sorted({one.ticket_id for one in due})
    set_next_due(
        uow.session,
        organisation_id=uow.organisation_id,
        due=next_deadlines(uow.session, organisation_id=uow.organisation_id, ticket_ids=tickets),
        missed={one.ticket_id: one.breached_at for one in reversed(due)},
    )
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=sorted({one.branch_id for one in due}),
        staff_acted_at=None,
    )
    return SweepResult(len(due), more=len(due) == limit)


def _hold_windows(uow: UnitOfWork, due: Sequence[DueBreach]) -> dict[uuid.UUID, uuid.UUID]:
    """By breach, the window that holds its money, where it fell into one."""
    late = {
        one.breach_id: one.branch_id for one in due if uow.now - one.breached_at > LATE_DETECTION
    }
    causes = dict.fromkeys(late.values(), "late_detection")
    silent = _silent_branches(uow, {one.branch_id for one in due} - set(causes))
    causes.update(dict.fromkeys(silent, "silent_branch"))
    windows = open_windows(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, causes=causes
    )
    return {
        one.breach_id: windows[one.branch_id]
        for one in due
        if one.breach_id in late or one.branch_id in silent
    }


def _silent_branches(uow: UnitOfWork, branch_ids: set[uuid.UUID]) -> set[uuid.UUID]:
    if not branch_ids:
        return set()
    since = uow.now - SILENCE
    broken = recent_clock_breaches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=list(branch_ids),
        since=since,
    )
    many = [branch_id for branch_id, count in broken.items() if count >= SILENT_BREACHES]
    if not many:
        return set()
    acted = staff_acted_at(uow.session, organisation_id=uow.organisation_id, branch_ids=many)
    return {
        branch_id for branch_id in many if (last := acted.get(branch_id)) is None or last <= since
    }


def _to_award(
    uow: UnitOfWork, due: Sequence[DueBreach], windows: dict[uuid.UUID, uuid.UUID]
) -> list[BreachToAward]:
    versions = versions_by_id(
        uow.session,
        organisation_id=uow.organisation_id,
        version_ids={one.version_id for one in due},
    )
    return [
        BreachToAward(
            breach_id=one.breach_id,
            ticket_id=one.ticket_id,
            branch_id=one.branch_id,
            day_on=one.day_on,
            customer_id=one.customer_id,
            device_id=one.device_id,
            version=versions[one.version_id],
            left_after_limit=False,
            present=one.present,
            disputed=one.disputed,
            verified=one.evidence is not Evidence.UNVERIFIED,
            imported=one.evidence is Evidence.IMPORTED,
            window_id=windows.get(one.breach_id),
        )
        for one in due
    ]
