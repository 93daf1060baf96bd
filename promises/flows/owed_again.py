"""Debts that are open again because somebody says that the money did not arrive."""

from collections.abc import Sequence
from typing import Any

from promises.compensation.models import Hold
from promises.compensation.releasing import place_hold, record_decisions
from promises.db.session import UnitOfWork
from promises.kernel.actors import SYSTEM
from promises.payouts.models import PayoutState
from promises.payouts.recording import Moved

SAID_BY_FILE = "bank_file_says_not_paid"
SAID_BY_HAND = "payment_by_hand_came_back"
"""Why a debt waits for a second person: the reason of the hold's decision."""

_OWED_AGAIN = frozenset({PayoutState.FAILED, PayoutState.RETURNED})


def ask_second_person(uow: UnitOfWork, moved: Sequence[Moved], reason: str) -> None:
    """What is told is only as true as whoever tells it: what it reopened is not paid on that
    word."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    again = [one.compensation_id for one in moved if one.after in _OWED_AGAIN]
    ids = sorted({one for one in again if one is not None})
    held = place_hold(uow.session, compensation_ids=ids, hold=Hold.APPROVAL, **tenant)
    if held:
        record_decisions(
            uow.session,
            now=uow.now,
            actor=SYSTEM,
            compensation_ids=held,
            kind="held",
            holds=[Hold.APPROVAL],
            reason=reason,
            **tenant,
        )
