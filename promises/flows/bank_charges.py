"""What a bank kept of money that came back: posted, so that the books agree with the account."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from promises.db.session import UnitOfWork
from promises.flows.bank_incidents import raise_other_amount
from promises.flows.bank_told import Told
from promises.identity.queries import organisation_info
from promises.kernel.zones import local_date
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.queries import posted_amounts
from promises.payouts.bank_files import Named
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.models import PayoutState
from promises.payouts.rails.answers import Line, LineKind
from promises.payouts.rails.base import PayoutRequest
from promises.payouts.recording import Moved

_PARTS = 2
"""What kept more than one of so many parts of the money is looked at: that is no usual charge."""


def is_less(line: Line, request: PayoutRequest) -> bool:
    """Whether a return brings less than was sent: the bank has kept its charges."""
    if line.kind is not LineKind.RETURNED or line.currency != request.currency:
        return False
    return line.amount_minor is not None and 0 < line.amount_minor < request.amount_minor


def post_charges(
    uow: UnitOfWork, told: Told, fresh: Sequence[Named], moved: Sequence[Moved]
) -> None:
    """Of each payout once, whatever messages tell of its return and whichever of them comes first.
    A person looks where two do not agree, or where most of the money was kept."""
    returned = {one.payout_id for one in moved if one.after is PayoutState.RETURNED}
    short: list[tuple[Named, ClaimedPayout, int]] = []
    for named in fresh:
        payout = told.payouts[named.line.mark].payout
        is_back = named.payout_id in returned or payout.state is PayoutState.RETURNED
        if is_back and is_less(named.line, payout.request):
            kept = payout.request.amount_minor - (named.line.amount_minor or 0)
            short.append((named, payout, kept))
    if not short:
        return
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    today = local_date(uow.now, zone)
    for named, payout, kept in short:
        post(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            postings=[_posting(payout, kept, named.line.booked_on, today)],
        )
    booked = _booked(uow, [payout.request.payout_id for _, payout, _ in short])
    for named, payout, kept in short:
        most = kept * _PARTS > payout.request.amount_minor
        if most or kept != booked[named.payout_id]:
            raise_other_amount(uow, payout.rail, named)


def _posting(payout: ClaimedPayout, kept: int, day: dt.date | None, today: dt.date) -> Posting:
    return Posting(
        PostingKind.CHARGES_KEPT,
        payout.request.payout_id,
        kept,
        payout.request.currency,
        payout.rail,
        payout.compensation_id or payout.gift_id,
        fact_on=day if day is not None and day <= today else None,
    )


def _booked(uow: UnitOfWork, payout_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    kind = PostingKind.CHARGES_KEPT.value
    return posted_amounts(uow.session, kind=kind, reference_ids=payout_ids, **tenant)
