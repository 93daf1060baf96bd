"""Somebody paid by hand, and says what proves it; or that it came back."""

import datetime as dt
import enum
import uuid
from typing import Any

from promises.audit.actions import record as audit
from promises.compensation.guards import require_second_person
from promises.db.session import UnitOfWork
from promises.flows.owed_again import SAID_BY_HAND, ask_second_person
from promises.flows.payout_results import take_in
from promises.identity.queries import organisation_info
from promises.kernel.errors import Forbidden
from promises.kernel.zones import local_date
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.rails.manual import MANUAL
from promises.payouts.recording import record_outcomes
from promises.payouts.reviewing import note_decision
from promises.payouts.run_claiming import claim_for_run, had_a_hand, paid_by_hand
from promises.payouts.run_errors import (
    NotAPayoutByHand,
    NotPaidByHand,
    ReceiptMissing,
    ReturnDayWrong,
    ReturnProofMissing,
    SecondPersonNeeded,
)

LONGEST_RECEIPT = 100
LONGEST_PROOF = 200


class CameBack(enum.StrEnum):
    """Why a payment by hand came back."""

    WRONG = "wrong"  # no such account or address, or another name
    CLOSED = "closed"  # the account is closed
    SENT_BACK = "sent_back"  # a cheque or an envelope


TROUBLES = {
    CameBack.WRONG: Trouble.DETAILS_WRONG,
    CameBack.CLOSED: Trouble.ACCOUNT_CLOSED,
    CameBack.SENT_BACK: Trouble.OTHER,
}
"""The customer is told as after a bank's return."""


def mark_paid(uow: UnitOfWork, *, payout_id: uuid.UUID, receipt: str) -> None:
    """By a person who neither approved the debt nor had a part in its case, once.

    Raises ReceiptMissing, SecondPersonNeeded, OwnEvidence, OwnMoney, NotAPayoutByHand.
    """
    shown = " ".join(receipt.split())[:LONGEST_RECEIPT]
    if not shown:
        raise ReceiptMissing(payout_id=str(payout_id))
    _refuse_own(uow, payout_id)
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
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
    _refuse_part(uow, claimed[0].compensation_id)
    paid = Outcome(RailVerdict.PAID, provider_ref=shown)
    take_in(uow, record_outcomes, [(claimed[0], paid)], {})
    _note(uow, "payout_paid_by_hand", payout_id, {"receipt": shown})


def enter_return(
    uow: UnitOfWork, *, payout_id: uuid.UUID, returned_on: dt.date, why: CameBack, proof: str
) -> None:
    """The money of a payment by hand is back: its debt is open again, and waits for a second person
    before it is paid once more. By whoever might have entered it as paid; once.

    Raises ReturnProofMissing, SecondPersonNeeded, NotPaidByHand, OwnEvidence, OwnMoney,
    ReturnDayWrong.
    """
    shown = " ".join(proof.split())[:LONGEST_PROOF]
    if not shown:
        raise ReturnProofMissing(payout_id=str(payout_id))
    _refuse_own(uow, payout_id)
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    found = paid_by_hand(uow.session, payout_id=payout_id, **tenant)
    if found is None:
        raise NotPaidByHand(payout_id=str(payout_id))
    _refuse_part(uow, found.payout.compensation_id)
    zone = organisation_info(uow.session, **tenant).time_zone
    if not local_date(found.created_at, zone) <= returned_on <= local_date(uow.now, zone):
        raise ReturnDayWrong(payout_id=str(payout_id))
    trouble = TROUBLES[why]
    back = Outcome(RailVerdict.RETURNED, trouble=trouble, fact_on=returned_on)
    moved = take_in(uow, record_outcomes, [(found.payout, back)], {})
    if not moved:  # somebody else has entered it since it was read
        raise NotPaidByHand(payout_id=str(payout_id))
    note_decision(
        uow.session,
        actor=uow.actor,
        now=uow.now,
        payout_id=payout_id,
        was_paid=False,
        evidence=shown,
        **tenant,
    )
    ask_second_person(uow, moved, SAID_BY_HAND)
    details = {"trouble": trouble.value, "returned_on": returned_on.isoformat()}
    _note(uow, "payout_returned_by_hand", payout_id, details)


def _refuse_own(uow: UnitOfWork, payout_id: uuid.UUID) -> None:
    if uow.actor.id is None:
        raise Forbidden()
    if had_a_hand(
        uow.session,
        organisation_id=uow.organisation_id,
        member_id=uow.actor.id,
        payout_id=payout_id,
    ):
        raise SecondPersonNeeded(payout_id=str(payout_id))


def _refuse_part(uow: UnitOfWork, compensation_id: uuid.UUID | None) -> None:
    owed = [] if compensation_id is None else [compensation_id]
    require_second_person(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        compensation_ids=owed,
    )


def _note(uow: UnitOfWork, action: str, payout_id: uuid.UUID, details: dict[str, Any]) -> None:
    audit(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="payout",
        object_id=payout_id,
        details=details,
    )
