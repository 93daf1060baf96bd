"""People look into what rules could not settle about money, and are told that it is there."""

import uuid
from collections.abc import Sequence
from typing import Any

from promises.audit.actions import record as audit
from promises.compensation.goodwill import tickets_of_gifts
from promises.compensation.guards import require_second_person
from promises.compensation.queries import tickets_of
from promises.db import sql
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.payout_results import follow
from promises.identity.queries import organisation_info
from promises.kernel.actors import Role
from promises.kernel.errors import NotFound
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind
from promises.payouts.accounts import rail_states
from promises.payouts.errors import (
    DecideThePayout,
    EvidenceMissing,
    IncidentClosed,
    NoteMissing,
    NotUnderReview,
    OtherAmountPaid,
    ReviewOwnApproval,
    StillPaused,
)
from promises.payouts.incidents import (
    close_incident,
    close_one,
    has_other_amount,
    incident_by_id,
    take_untold,
)
from promises.payouts.rail_models import IncidentKind
from promises.payouts.reviewing import decide_payout, payouts_by_id, was_approved_by
from promises.payouts.run_errors import SecondPersonNeeded
from promises.payouts.run_hands import had_hand_in_payment

_PEOPLE = """
SELECT id, locale FROM members
WHERE organisation_id = %(organisation_id)s AND state = 'active' AND role = ANY(%(roles)s)
ORDER BY id
"""

_ABOUT_SETTINGS = {IncidentKind.RAIL_PAUSED, IncidentKind.WRONG_MODE, IncidentKind.UNKNOWN_EVENT}


def close(uow: UnitOfWork, *, incident_id: uuid.UUID, note: str) -> None:
    """Somebody has looked into it. A payout under review is decided, not closed; a rail that is
    paused works again first.

    Raises NotFound, NoteMissing, DecideThePayout, StillPaused, IncidentClosed.
    """
    found = incident_by_id(
        uow.session, organisation_id=uow.organisation_id, incident_id=incident_id
    )
    if found is None:
        raise NotFound(incident_id=str(incident_id))
    if not note.strip():
        raise NoteMissing
    if found.kind is IncidentKind.NEEDS_REVIEW:
        raise DecideThePayout
    if found.kind is IncidentKind.RAIL_PAUSED and _is_paused(uow, found.rail):
        raise StillPaused
    closed = close_one(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident_id=incident_id,
        closed_by=uow.actor.id,
        note=note.strip(),
    )
    if not closed:
        raise IncidentClosed
    _note(uow, "incident_closed", "incident", incident_id, {"kind": found.kind.value})


def _is_paused(uow: UnitOfWork, rail: str) -> bool:
    state = rail_states(uow.session, organisation_id=uow.organisation_id).get(rail)
    return state is not None and state.paused_at is not None


def review(uow: UnitOfWork, *, payout_id: uuid.UUID, was_paid: bool, evidence: str) -> None:
    """Say what became of a payout that no rule could settle: it was paid, or nothing was, and then
    the debt is open again.

    Raises NotFound, EvidenceMissing, ReviewOwnApproval, SecondPersonNeeded, OwnEvidence, OwnMoney,
    NotUnderReview, OtherAmountPaid.
    """
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    found = payouts_by_id(uow.session, payout_ids=[payout_id], **tenant).get(payout_id)
    if found is None:
        raise NotFound(payout_id=str(payout_id))
    if not evidence.strip():
        raise EvidenceMissing
    _refuse_own(uow, payout_id, found.compensation_id)
    touch_tickets(uow.session, ticket_ids=_tickets(uow, found), **tenant)
    if has_other_amount(uow.session, payout_id=payout_id, **tenant):
        raise OtherAmountPaid
    moved = decide_payout(
        uow.session,
        actor=uow.actor,
        now=uow.now,
        payout_id=payout_id,
        was_paid=was_paid,
        evidence=evidence.strip(),
        **tenant,
    )
    if moved is None:
        raise NotUnderReview
    close_incident(
        uow.session,
        now=uow.now,
        kind=IncidentKind.NEEDS_REVIEW,
        ref=str(payout_id),
        closed_by=uow.actor.id,
        note=evidence.strip(),
        **tenant,
    )
    follow(uow, [moved])
    _note(uow, "payout_reviewed", "payout", payout_id, {"was_paid": was_paid})


def tell_incidents(uow: UnitOfWork) -> int:
    """Write to those who look after payouts about what was opened since the last letter: one letter
    a kind and person; how many."""
    new = take_untold(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    if not new:
        return 0
    slug = organisation_info(uow.session, organisation_id=uow.organisation_id).slug
    messages = [
        NewMessage(
            kind=MessageKind.MONEY_INCIDENT,
            channel=Channel.EMAIL,
            locale=person.locale,
            member_id=person.id,
            params={"incident": kind.value},
            secret=f"/o/{slug}/staff/payouts/incidents",
            dedupe_key=f"incident:{incident_id}:{person.id}",
        )
        for kind, incident_id in sorted(new.items())
        for person in _people(uow, kind)
    ]
    return enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)


def _people(uow: UnitOfWork, kind: IncidentKind) -> Sequence[Any]:
    roles = [Role.MANAGER.value, Role.ACCOUNTANT.value]
    if kind in _ABOUT_SETTINGS:
        roles = [Role.MANAGER.value, Role.ADMINISTRATOR.value]
    return sql.rows(uow.session, _PEOPLE, {"organisation_id": uow.organisation_id, "roles": roles})


def _refuse_own(uow: UnitOfWork, payout_id: uuid.UUID, compensation_id: uuid.UUID | None) -> None:
    """Whoever let the money go, had its payment file or brought the bank's answer, or has a part in
    the case, does not say what became of it."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    member_id = uow.actor.id
    if member_id is not None and was_approved_by(
        uow.session, payout_id=payout_id, member_id=member_id, **tenant
    ):
        raise ReviewOwnApproval
    if member_id is not None and had_hand_in_payment(
        uow.session, payout_id=payout_id, member_id=member_id, **tenant
    ):
        raise SecondPersonNeeded
    if compensation_id is not None:
        require_second_person(
            uow.session, actor=uow.actor, compensation_ids=[compensation_id], **tenant
        )


def _tickets(uow: UnitOfWork, found: Any) -> list[uuid.UUID]:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    if found.compensation_id is not None:
        return tickets_of(uow.session, compensation_ids=[found.compensation_id], **tenant)
    return sorted(tickets_of_gifts(uow.session, gift_ids=[found.gift_id], **tenant))


def _note(
    uow: UnitOfWork, action: str, kind: str, object_id: uuid.UUID, details: dict[str, Any]
) -> None:
    audit(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind=kind,
        object_id=object_id,
        details=details,
    )
