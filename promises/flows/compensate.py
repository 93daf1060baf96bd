"""From new breaches to debts, and from free debts to payouts. Called inside other flows."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from promises.compensation.approving import Standing, standings_of, why_look
from promises.compensation.awarding import BreachToAward, NewCompensation, award_breaches
from promises.compensation.budgets import month_of
from promises.compensation.caps import give_back_caps
from promises.compensation.models import CompensationState, Hold
from promises.compensation.releasing import (
    Closed,
    close,
    lift_holds,
    place_hold,
    record_decisions,
    release,
)
from promises.compensation.reopening import reopen
from promises.db.session import UnitOfWork
from promises.identity.queries import organisation_info
from promises.improvement.reactions import asking_for_approval
from promises.jobs.queue import SETTLE_PAYOUTS, defer
from promises.kernel.actors import SYSTEM
from promises.kernel.zones import local_date
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.vat_choices import vat_history
from promises.payouts.actions import PayoutOrder, cancel_ready, prepare_payouts
from promises.payouts.destinations import Route, lock_paid_to, routes


def compensate(uow: UnitOfWork, breaches: Sequence[BreachToAward]) -> list[uuid.UUID]:
    """Owe what the terms grant for these breaches; what nothing holds goes to its payout at once.

    Returns the compensations made; none for a breach that has one already.
    """
    if not breaches:
        return []
    zone = time_zone(uow)
    granted = award_breaches(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        breaches=_with_approval(uow, breaches, zone),
    )
    owed = [one for one in granted if one.amount_minor]
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=_debts(uow, breaches, owed, zone),
    )
    let_go(uow, [one.compensation_id for one in owed if not one.holds])
    return [one.compensation_id for one in granted]


def _debts(
    uow: UnitOfWork,
    breaches: Sequence[BreachToAward],
    owed: Sequence[NewCompensation],
    zone: str,
) -> list[Posting]:
    """Each with the VAT that the accountant has set for its promise and the day of the breach."""
    if not owed:
        return []
    of = {one.breach_id: one for one in breaches}
    days = {
        one.breach_id: local_date(of[one.breach_id].breached_at or uow.now, zone) for one in owed
    }
    vat = vat_history(
        uow.session,
        organisation_id=uow.organisation_id,
        promise_ids=sorted({of[one.breach_id].version.promise_id for one in owed}),
    )
    return [
        Posting(
            PostingKind.OWED,
            one.compensation_id,
            one.amount_minor,
            one.currency,
            vat=vat.in_force(of[one.breach_id].version.promise_id, days[one.breach_id]),
            fact_on=days[one.breach_id],
        )
        for one in owed
    ]


def _with_approval(
    uow: UnitOfWork, breaches: Sequence[BreachToAward], zone: str
) -> list[BreachToAward]:
    """Marked where a used-up budget made management ask for approval of each new debt."""
    asking = asking_for_approval(
        uow.session,
        organisation_id=uow.organisation_id,
        month_on=month_of(uow.now, zone),
        promise_ids=sorted({one.version.promise_id for one in breaches}),
    )
    if not asking:
        return list(breaches)
    return [replace(one, approval_asked=one.version.promise_id in asking) for one in breaches]


def lift_and_let_go(
    uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID], holds: Iterable[Hold]
) -> int:
    """Take holds off debts; those that nothing holds any more go. Returns how many went."""
    free = lift_holds(
        uow.session,
        organisation_id=uow.organisation_id,
        compensation_ids=compensation_ids,
        holds=holds,
    )
    return let_go(uow, free)


def let_go(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID]) -> int:
    """Release debts as far as the budget reaches, with one payout each and one job for all."""
    if not compensation_ids:
        return 0
    gone = release(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        today_on=local_date(uow.now, time_zone(uow)),
        compensation_ids=compensation_ids,
    )
    return send(uow, gone)


class Payable(Protocol):
    """A debt that may be paid now; what is released, or comes back from a voucher, fits."""

    @property
    def compensation_id(self) -> uuid.UUID: ...
    @property
    def amount_minor(self) -> int: ...
    @property
    def currency(self) -> str: ...


def send(uow: UnitOfWork, debts: Sequence[Payable]) -> int:
    """Prepare one payout for each released debt, by the way it goes out now, and one job for all.
    What a person has to approve for the account that it would go to is owed again instead. Returns
    how many are new. The tickets are locked by the caller."""
    if not debts:
        return 0
    ways = routes(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=[one.compensation_id for one in debts],
    )
    waiting = _wait_for_another_look(uow, ways)
    prepared = prepare_payouts(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        orders=[
            PayoutOrder(
                one.compensation_id,
                one.amount_minor,
                one.currency,
                ways[one.compensation_id].rail,
                ways[one.compensation_id].destination_id,
            )
            for one in debts
            if one.compensation_id not in waiting
        ],
    )
    if prepared:
        defer(uow.session, SETTLE_PAYOUTS, organisation_id=uow.organisation_id)
    return prepared


def _wait_for_another_look(uow: UnitOfWork, ways: Mapping[uuid.UUID, Route]) -> set[uuid.UUID]:
    """Owe again, and hold for an approval, what was approved for another account, and what lifts
    the sum that goes to one account above its limit."""
    accounts = {debt: way.account for debt, way in ways.items() if way.account is not None}
    if not accounts:
        return set()
    standings = standings_of(
        uow.session, organisation_id=uow.organisation_id, compensation_ids=sorted(accounts)
    )
    reasons = why_look(standings, accounts, _paid_to(uow, standings, accounts))
    take_back(uow, sorted(reasons), Hold.APPROVAL)
    for reason in sorted(set(reasons.values())):
        record_decisions(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            actor=SYSTEM,
            compensation_ids=sorted(debt for debt, why in reasons.items() if why == reason),
            kind="held",
            holds=[Hold.APPROVAL],
            reason=reason,
        )
    return set(reasons)


def _paid_to(
    uow: UnitOfWork, standings: Sequence[Standing], accounts: Mapping[uuid.UUID, bytes]
) -> dict[bytes, int]:
    """What goes to the accounts of these debts already, as far as a limit is set for any."""
    limited = [one for one in standings if one.limit_minor is not None]
    if not limited:
        return {}
    return lock_paid_to(
        uow.session,
        organisation_id=uow.organisation_id,
        accounts={accounts[one.compensation_id] for one in limited},
        since=uow.now - dt.timedelta(days=limited[0].window_days),
    )


def hold_unsent(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID], hold: Hold) -> None:
    """Hold debts, those included whose payout nobody has begun: it is cancelled and they are owed
    again. What is on its way stays. The tickets are locked by the caller."""
    if not compensation_ids:
        return
    stopped = cancel_ready(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=compensation_ids,
    )
    take_back(uow, sorted(stopped), hold)
    place_hold(
        uow.session,
        organisation_id=uow.organisation_id,
        compensation_ids=compensation_ids,
        hold=hold,
    )


def take_back(uow: UnitOfWork, compensation_ids: Sequence[uuid.UUID], hold: Hold) -> None:
    """Owe again, and hold, what was released and is not on its way any more."""
    if compensation_ids:
        reopen(
            uow.session,
            organisation_id=uow.organisation_id,
            zone=time_zone(uow),
            compensation_ids=compensation_ids,
            hold=hold,
        )


def end_debts(
    uow: UnitOfWork,
    compensation_ids: Sequence[uuid.UUID],
    *,
    state: CompensationState,
    reason: str,
) -> list[Closed]:
    """End debts that are not yet on their way, and take them out of the books; those that were
    cancelled use up no cap any more."""
    if not compensation_ids:
        return []
    closed = close(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        compensation_ids=compensation_ids,
        state=state,
        reason=reason,
    )
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(PostingKind.CANCELLED, one.compensation_id, one.amount_minor, one.currency)
            for one in closed
        ],
    )
    if closed and state is CompensationState.CANCELLED:
        give_back_caps(
            uow.session,
            organisation_id=uow.organisation_id,
            compensation_ids=[one.compensation_id for one in closed],
        )
    return closed


def time_zone(uow: UnitOfWork) -> str:
    """Where the organisation is: it says which month a budget is for."""
    return organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
