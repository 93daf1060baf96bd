"""Somebody paid by hand, and says what proves it."""

import uuid
from typing import Any

from promises.audit.actions import record as audit
from promises.compensation.guards import require_second_person
from promises.db.session import UnitOfWork
from promises.flows.payout_results import take_in
from promises.identity.queries import organisation_info
from promises.kernel.errors import Forbidden
from promises.payouts.rails.base import Outcome, RailVerdict
from promises.payouts.rails.manual import MANUAL
from promises.payouts.recording import record_outcomes
from promises.payouts.run_claiming import claim_for_run, had_a_hand
from promises.payouts.run_errors import NotAPayoutByHand, ReceiptMissing, SecondPersonNeeded

LONGEST_RECEIPT = 100


def mark_paid(uow: UnitOfWork, *, payout_id: uuid.UUID, receipt: str) -> None:
    """By a person who neither approved the debt nor had a part in its case, once.

    Raises ReceiptMissing, SecondPersonNeeded, OwnEvidence, OwnMoney, NotAPayoutByHand.
    """
    shown = " ".join(receipt.split())[:LONGEST_RECEIPT]
    if not shown:
        raise ReceiptMissing(payout_id=str(payout_id))
    if uow.actor.id is None:
        raise Forbidden()
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    if had_a_hand(uow.session, member_id=uow.actor.id, payout_id=payout_id, **tenant):
        raise SecondPersonNeeded(payout_id=str(payout_id))
    claimed = claim_for_run(
        uow.session,
        now=uow.now,
        rail=MANUAL,
        currency=organisation_info(uow.session, **tenant).currency,
        limit=1,
        payout_ids=[payout_id],
        with_details=False,
        **tenant,
    )
    if not claimed:
        raise NotAPayoutByHand(payout_id=str(payout_id))
    owed = [one.compensation_id for one in claimed if one.compensation_id is not None]
    require_second_person(uow.session, actor=uow.actor, compensation_ids=owed, **tenant)
    paid = Outcome(RailVerdict.PAID, provider_ref=shown)
    take_in(uow, record_outcomes, [(claimed[0], paid)], {})
    audit(
        uow.session,
        actor=uow.actor,
        now=uow.now,
        action="payout_paid_by_hand",
        object_kind="payout",
        object_id=payout_id,
        details={"receipt": shown},
        **tenant,
    )
