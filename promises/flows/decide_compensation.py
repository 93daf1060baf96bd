"""People decide about money that rules hold back: approve, refuse, hold, a window at once."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from promises.audit.actions import record
from promises.compensation.approving import record_approvals
from promises.compensation.errors import ListHasChanged, NotOwed, OwnEvidence
from promises.compensation.guards import require_second_person
from promises.compensation.holding import (
    USUAL_HOLD,
    ask_approval,
    check_hold,
    hold_until,
    lapsed,
    lock_marks,
)
from promises.compensation.lateness import penalties_of
from promises.compensation.models import CompensationState, Hold
from promises.compensation.queries import owed_among, tickets_of
from promises.compensation.releasing import record_decisions, record_hold
from promises.compensation.windows import decide_window
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.compensate import end_debts, hold_unsent, lift_and_let_go, time_zone
from promises.flows.tell_holds import tell_overdue
from promises.kernel.zones import local_date
from promises.payouts.choices import allow_checked, typed_by
from promises.payouts.destinations import routes

APPROVABLE = (
    Hold.PRESENCE,
    Hold.APPROVAL,
    Hold.EVIDENCE,
    Hold.MASS_BREACH,
    Hold.HISTORY,
    Hold.CLAIM,
)
"""What an approval clears. A dispute is resolved on its ticket, and no approval makes money where
the budget has none: such a debt waits for the next month or for a larger budget."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a page showed and nobody can change any more: debts, and the bank details that wait for
    the same decision."""

    compensation_ids: list[uuid.UUID]
    details: frozenset[uuid.UUID]


def approve(
    uow: UnitOfWork,
    *,
    compensation_ids: Sequence[uuid.UUID],
    reason: str = "",
    details: Collection[uuid.UUID] = (),
) -> int:
    """Approve debts, and the bank `details` that were shown with them; debts that nothing else
    holds are paid. Returns how many went to a payout.

    All or nothing where the actor may not decide (OwnEvidence), and where other details wait for
    the decision than those shown (ListHasChanged). Debts that somebody has decided meanwhile are
    skipped; NotOwed where that leaves none.
    """
    _touch(uow, compensation_ids)
    waiting = _waiting(uow, compensation_ids)
    if not _lock(uow, waiting).details <= set(details):
        raise ListHasChanged
    checked = allow_checked(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=waiting,
        destination_ids=details,
    )
    _record_approvals(uow, waiting, reason)  # before the release: sums no longer hold them
    gone = lift_and_let_go(uow, waiting, APPROVABLE)
    gone += lift_and_let_go(uow, checked, [Hold.PAYMENT])
    _audit(uow, waiting, "approved")  # the trail is locked last
    return gone


def refuse(uow: UnitOfWork, *, compensation_ids: Sequence[uuid.UUID], reason: str) -> int:
    """End debts without paying, and what is owed for paying them late. The customer sees the reason
    and can object. Returns how many."""
    _touch(uow, compensation_ids)
    waiting = _waiting(uow, compensation_ids)
    more = penalties_of(uow.session, organisation_id=uow.organisation_id, compensation_ids=waiting)
    ending = sorted({*waiting, *more})
    closed = end_debts(uow, ending, state=CompensationState.REFUSED, reason=reason)
    if not closed:
        raise NotOwed
    _decide(uow, [one.compensation_id for one in closed], "refused", (), reason)
    return len(closed)


def hold(
    uow: UnitOfWork,
    *,
    compensation_ids: Sequence[uuid.UUID],
    reason: str,
    until: dt.datetime | None = None,
) -> int:
    """Keep debts back until somebody approves them, those included whose payout nobody has begun;
    by `until`, in two weeks if nothing is said, somebody has looked. Returns how many are held.

    Raises ReasonMissing, HoldTooLong, NotOwed.
    """
    until = until or uow.now + USUAL_HOLD
    check_hold(now=uow.now, until=until, reason=reason)
    _touch(uow, compensation_ids)
    hold_unsent(uow, compensation_ids, Hold.EVIDENCE)
    held = hold_until(
        uow.session,
        organisation_id=uow.organisation_id,
        compensation_ids=compensation_ids,
        until=until,
    )
    if not held:
        raise NotOwed
    record_hold(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        actor=uow.actor,
        compensation_ids=held,
        reason=reason.strip(),
        until_at=until,
    )
    _audit(uow, held, "held")
    return len(held)


def let_holds_lapse(uow: UnitOfWork) -> int:
    """A duty of each round: a hold whose day is over becomes a decision that is due, and managers
    are written to. Returns how many. Several may run at once."""
    over = lapsed(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    if not over:
        return 0
    _touch(uow, [row.id for row in over])
    due = ask_approval(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=[row.id for row in over],
    )
    if due:
        _decide(uow, due, "lifted", (Hold.EVIDENCE,), "")
        lifted = set(due)
        tell_overdue(uow, max(row.held_until for row in over if row.id in lifted))
    return len(due)


def require_as_shown(uow: UnitOfWork, shown: Mapping[uuid.UUID, str]) -> Shown:
    """Lock what a page showed, by id and mark. Raises ListHasChanged where anything of it is not
    any more what it was."""
    _touch(uow, list(shown))
    return _lock(uow, list(shown), shown)


def decide_mass_breach(uow: UnitOfWork, *, window_id: uuid.UUID, pay: bool, reason: str) -> int:
    """One decision for all that a window holds. Paying clears the window's hold only: each debt
    still waits for what else holds it, such as its customer's presence."""
    held = decide_window(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        window_id=window_id,
        pay=pay,
        reason=reason,
    )
    require_second_person(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        compensation_ids=held,
    )
    if not held:
        return 0
    _touch(uow, held)
    if pay:
        lift_and_let_go(uow, held, [Hold.MASS_BREACH])
        _decide(uow, held, "lifted", (Hold.MASS_BREACH,), reason)
        return len(held)
    closed = end_debts(uow, held, state=CompensationState.REFUSED, reason=reason)
    _decide(uow, [one.compensation_id for one in closed], "refused", (), reason)
    return len(closed)


def _waiting(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """Those that still wait, where the actor may decide about all of them. Their tickets are locked
    by now: of two who decide at once the second sees what the first did."""
    waiting = owed_among(
        uow.session,
        organisation_id=uow.organisation_id,
        compensation_ids=compensation_ids,
    )
    if not waiting:
        raise NotOwed
    require_second_person(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        compensation_ids=waiting,
    )
    if typed_by(
        uow.session,
        organisation_id=uow.organisation_id,
        member_id=uow.actor.id,
        compensation_ids=waiting,
    ):
        raise OwnEvidence
    return waiting


def _lock(
    uow: UnitOfWork,
    compensation_ids: Sequence[uuid.UUID],
    marks: Mapping[uuid.UUID, str] | None = None,
) -> Shown:
    """Debts whose tickets are locked already; ListHasChanged where `marks` say something else."""
    now = lock_marks(
        uow.session, organisation_id=uow.organisation_id, compensation_ids=compensation_ids
    )
    if marks is not None and {name: one.mark for name, one in now.items()} != marks:
        raise ListHasChanged
    return Shown(list(now), frozenset().union(*(one.details for one in now.values())))


def _touch(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> None:
    """The customers' pages change; tickets are locked before debts, as everywhere."""
    touch_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=tickets_of(
            uow.session,
            organisation_id=uow.organisation_id,
            compensation_ids=compensation_ids,
        ),
    )


def _record_approvals(uow: UnitOfWork, waiting: Sequence[uuid.UUID], reason: str) -> None:
    """Each for the account that it would go to now, and for no other."""
    ways = routes(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=waiting,
    )
    record_approvals(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        actor=uow.actor,
        today_on=local_date(uow.now, time_zone(uow)),
        accounts={debt: way.account for debt, way in ways.items()},
        reason=reason.strip(),
    )


def _decide(
    uow: UnitOfWork,
    compensation_ids: Sequence[uuid.UUID],
    kind: str,
    holds: Sequence[Hold],
    reason: str,
) -> None:
    record_decisions(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        actor=uow.actor,
        compensation_ids=compensation_ids,
        kind=kind,
        holds=holds,
        reason=reason.strip(),
    )
    _audit(uow, compensation_ids, kind)


def _audit(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID], kind: str) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=f"compensations_{kind}",
        object_kind="compensation",
        object_id=compensation_ids[0] if len(compensation_ids) == 1 else None,
        details={"compensations": [str(one) for one in compensation_ids]},
    )
