"""Payouts that are ready go out: claim, submit, record. The database is never held while a rail
is asked, and a worker that dies leaves a payout that the next one takes up where it stood."""

import datetime as dt
import uuid
from collections.abc import Sequence

from promises.compensation.queries import tickets_of
from promises.db.session import UnitOfWork, unit_of_work
from promises.desk.actions import touch_tickets
from promises.identity.keys import Purpose, organisation_key
from promises.identity.queries import organisation_info
from promises.kernel.actors import SYSTEM
from promises.ledger.actions import Posting, PostingKind, post
from promises.payouts.actions import ClaimedPayout, claim_payouts, record_outcomes
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Outcome, Rails, RailVerdict
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.vouchers import VoucherOrder, issue_vouchers

BATCH = 200


def settle(organisation_id: uuid.UUID, rails: Rails) -> int:
    """Settle what is ready at this organisation; returns how many payouts were submitted."""
    settled = 0
    while True:
        with unit_of_work(organisation_id, SYSTEM) as uow:
            claimed = claim_payouts(
                uow.session, organisation_id=organisation_id, now=uow.now, limit=BATCH
            )
        if not claimed:
            return settled
        outcomes = [(payout, _submit(payout, rails)) for payout in claimed]
        with unit_of_work(organisation_id, SYSTEM) as uow:
            settled += _record(uow, outcomes)


def _submit(payout: ClaimedPayout, rails: Rails) -> Outcome:
    rail = rails.get(payout.rail)
    if rail is None:
        return Outcome(RailVerdict.UNKNOWN, detail=f"no rail is set up as {payout.rail}")
    found = rail.find(payout.request) if payout.tried_before else None
    return found or rail.submit(payout.request)


def _record(uow: UnitOfWork, outcomes: Sequence[tuple[ClaimedPayout, Outcome]]) -> int:
    touch_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=tickets_of(
            uow.session,
            organisation_id=uow.organisation_id,
            compensation_ids=[payout.compensation_id for payout, _ in outcomes],
        ),
    )
    moved = record_outcomes(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, outcomes=outcomes
    )
    submitted = moved.get(PayoutState.SUBMITTED, set())
    orders = [
        VoucherOrder(payout.request.payout_id, payout.request.amount_minor, payout.request.currency)
        for payout, _ in outcomes
        if payout.request.payout_id in submitted and payout.rail == VOUCHER
    ]
    if orders:
        debts = {p.request.payout_id: p.compensation_id for p, _ in outcomes}
        _issue(uow, orders, debts)
    return len(submitted)


def _issue(
    uow: UnitOfWork, orders: Sequence[VoucherOrder], debts: dict[uuid.UUID, uuid.UUID]
) -> None:
    """A voucher for each payout, and its debt moved in the books; `debts` by payout."""
    organisation = organisation_info(uow.session, organisation_id=uow.organisation_id)
    issue_vouchers(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        key=organisation_key(
            uow.session, organisation_id=uow.organisation_id, purpose=Purpose.VOUCHER
        ),
        expires_at=_years_later(uow.now, organisation.voucher_valid_years),
        orders=orders,
    )
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(
                PostingKind.VOUCHER_ISSUED,
                debts[order.payout_id],
                order.amount_minor,
                order.currency,
            )
            for order in orders
        ],
    )


def _years_later(now: dt.datetime, years: int) -> dt.datetime:
    """The same day years later; from a 29 February the 28th."""
    try:
        return now.replace(year=now.year + years)
    except ValueError:
        return now.replace(year=now.year + years, day=28)
