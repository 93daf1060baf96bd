"""The deadline passes and nothing happened: the promise is broken, and we say so ourselves."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from promises.breaches.general import Bench, looked_at
from promises.breaches.models import Detection, Evidence
from promises.breaches.sweep import DueBreach, lock_changing, mark_due, next_deadlines
from promises.catalogue.queries import versions_by_id
from promises.compensation.awarding import BreachToAward
from promises.db.session import UnitOfWork
from promises.desk.actions import set_next_due, touch_branches
from promises.flows.compensate import compensate
from promises.flows.hold_windows import hold_windows
from promises.flows.judge_tickets import judge
from promises.flows.tell_customers import tell_broken

GENERAL_AT_ONCE = 100
"""Tickets that one sweep judges by general terms; the rest waits for the next."""


@dataclass(frozen=True, slots=True)
class SweepResult:
    """How many promises were broken in this sweep; `looked_at` are the tickets that the engine
    judged anew, whatever came of it; `more` where a limit was reached."""

    breached: int
    more: bool
    looked_at: int = 0

    @property
    def done(self) -> int:
        """All that was worked off; 0 where somebody else holds what is due."""
        return self.breached + self.looked_at


def sweep(uow: UnitOfWork, *, limit: int = 500, until: dt.datetime | None = None) -> SweepResult:
    """Break what is due and owe for it, all in one transaction, each commitment once for ever.
    With `until`, only what was due by then.

    Several may sweep at once; none waits for another, nor for a desk.
    """
    waits = _sweep_waits(uow, limit, uow.now if until is None else min(until, uow.now))
    breached, looked_at = _sweep_general(uow, min(limit, GENERAL_AT_ONCE))
    full = waits == limit or looked_at >= GENERAL_AT_ONCE
    return SweepResult(waits + breached, more=full, looked_at=looked_at)


def _sweep_general(uow: UnitOfWork, limit: int) -> tuple[int, int]:
    """General terms, ticket by ticket through the engine: breaches, and tickets judged."""
    groups = lock_changing(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, limit=limit
    )
    breached = 0
    for group in groups:
        judgement = judge(uow, group, found_by=Detection.CLOCK)
        breached += len(judgement.breached)
        bench = Bench(uow.session, uow.organisation_id, uow.now)
        looked_at(bench, group)
        branches = {one.branch_id for one in judgement.breached}
        touch_branches(
            uow.session,
            organisation_id=uow.organisation_id,
            branch_ids=sorted(branches),
            staff_acted_at=None,
        )
    return breached, sum(map(len, groups))


def _sweep_waits(uow: UnitOfWork, limit: int, until: dt.datetime) -> int:
    """The short form, all in one statement."""
    due = mark_due(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, until=until, limit=limit
    )
    if not due:
        return 0
    compensate(uow, _to_award(uow, due, hold_windows(uow, due)))
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
    return len(due)


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
            breached_at=one.breached_at,
        )
        for one in due
    ]
