"""Payouts that are ready go out: claim, submit, record. The database is never held while a rail
is asked, and a worker that dies leaves a payout that the next one takes up where it stood."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, cast

from promises.compensation.goodwill import tickets_of_gifts
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
        ticket_ids=_tickets(uow, [payout for payout, _ in outcomes]),
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
        _issue(uow, orders, {p.request.payout_id: _fact(p) for p, _ in outcomes})
    return len(submitted)


def _tickets(uow: UnitOfWork, payouts: Sequence[ClaimedPayout]) -> list[uuid.UUID]:
    """Whose pages change."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    owed = [one.compensation_id for one in payouts if one.compensation_id is not None]
    gifts = [one.gift_id for one in payouts if one.gift_id is not None]
    found = set(tickets_of(uow.session, compensation_ids=owed, **tenant))
    return sorted(found | set(tickets_of_gifts(uow.session, gift_ids=gifts, **tenant)))


def _fact(payout: ClaimedPayout) -> tuple[PostingKind, uuid.UUID]:
    """What an issued voucher of this payout moves in the books."""
    if payout.gift_id is not None:
        return PostingKind.GIFT_ISSUED, payout.gift_id
    return PostingKind.VOUCHER_ISSUED, cast(uuid.UUID, payout.compensation_id)


def _issue(
    uow: UnitOfWork,
    orders: Sequence[VoucherOrder],
    facts: dict[uuid.UUID, tuple[PostingKind, uuid.UUID]],
) -> None:
    """A voucher for each payout, and its debt moved in the books; `facts` by payout."""
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
            Posting(*facts[order.payout_id], order.amount_minor, order.currency) for order in orders
        ],
    )


def _years_later(now: dt.datetime, years: int) -> dt.datetime:
    """The same day years later; from a 29 February the 28th."""
    try:
        return now.replace(year=now.year + years)
    except ValueError:
        return now.replace(year=now.year + years, day=28)
