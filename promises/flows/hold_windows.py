"""Breaches that come because nobody could work are held for one decision."""

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Protocol

from promises.breaches.queries import recent_clock_breaches
from promises.compensation.windows import open_windows
from promises.db.session import UnitOfWork
from promises.desk.facts import staff_acted_at

LATE_DETECTION = dt.timedelta(seconds=60)
"""Whoever notices a deadline later than this was down, and so may the desks have been."""

SILENCE = dt.timedelta(minutes=15)
SILENT_BREACHES = 5
"""A branch whose staff marked nothing for this long while so many promises broke is not believed
to have served nobody: more likely its screens are down."""


class ClockBreach(Protocol):
    """A breach that the clock found; those of the breaches room fit."""

    @property
    def breach_id(self) -> uuid.UUID: ...
    @property
    def branch_id(self) -> uuid.UUID: ...
    @property
    def breached_at(self) -> dt.datetime: ...


def hold_windows(
    uow: UnitOfWork, due: Sequence[ClockBreach], *, in_queue: Collection[uuid.UUID] | None = None
) -> dict[uuid.UUID, uuid.UUID]:
    """By breach, the window that holds its money, where it fell into one. `in_queue` are the
    branches at which customers stood waiting, None for all: a complaint that falls due at night
    makes no branch silent."""
    late = {
        one.breach_id: one.branch_id for one in due if uow.now - one.breached_at > LATE_DETECTION
    }
    causes = dict.fromkeys(late.values(), "late_detection")
    asked = {one.branch_id for one in due} - set(causes)
    silent = _silent_branches(uow, asked if in_queue is None else asked & set(in_queue))
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
