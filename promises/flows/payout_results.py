"""What follows when payouts move: vouchers, books, reopened debts, pauses, incidents."""

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from promises.audit.actions import record as audit
from promises.compensation.goodwill import tickets_of_gifts
from promises.compensation.models import Hold
from promises.compensation.queries import tickets_of
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.compensate import take_back
from promises.flows.issue_vouchers import issue
from promises.flows.mind_doubts import mind_doubts
from promises.flows.tell_money import tell_moved
from promises.identity.queries import organisation_info
from promises.kernel.zones import local_date
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.queries import posted_among
from promises.payouts.accounts import pause_rail
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.incidents import Incident, close_incident, open_incident
from promises.payouts.models import PayoutState
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.base import Outcome, RailVerdict, Trouble
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.reconciling import settled_by_people
from promises.payouts.recording import Answers, Moved, record_looks

Record = Callable[..., list[Moved]]
_CAME_TO_NOTHING = (PayoutState.FAILED, PayoutState.RETURNED)


def take_in(
    uow: UnitOfWork,
    record: Record,
    outcomes: Answers,
    changed_at: Mapping[str, dt.datetime],
) -> list[Moved]:
    """Record what rails answered and do what follows, in one transaction. `changed_at`: since when
    the rails' settings are those that were used."""
    touch_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=_tickets(uow, [payout for payout, _ in outcomes]),
    )
    moved = record(uow.session, organisation_id=uow.organisation_id, now=uow.now, outcomes=outcomes)
    follow(uow, moved, _days(uow, outcomes))
    _end_reviews(uow, moved)
    _tell_other_amounts(uow, outcomes)
    if record is record_looks:
        _doubt(uow, outcomes)
    _pause_refused(uow, outcomes, changed_at)
    return moved


def follow(
    uow: UnitOfWork, moved: Sequence[Moved], days: Mapping[uuid.UUID, dt.date] | None = None
) -> None:
    """Whatever moved them: a rail's answer, a bank's file or a person. The tickets are locked by
    the caller. `days`: on which it happened, where that is known, by payout."""
    told = [one for one in moved if one.after is not PayoutState.READY]
    mind_doubts(uow, _owed_by([one for one in moved if one.after is PayoutState.READY]))
    if not told:
        return
    issue(uow, [one for one in told if _is_issued(one)])
    _book(uow, [one for one in told if one.rail != VOUCHER], days or {})
    _reopen(uow, [one for one in told if one.after in _CAME_TO_NOTHING])
    for one in told:
        if one.after is PayoutState.NEEDS_REVIEW:
            _ask_for_review(uow, one)
    tell_moved(uow, told)
    _note(uow, told)


def _days(uow: UnitOfWork, outcomes: Answers) -> dict[uuid.UUID, dt.date]:
    """The provider's days; one that has not come yet is not believed."""
    said = {one.request.payout_id: out.fact_on for one, out in outcomes if out.fact_on is not None}
    if not said:
        return said
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    today = local_date(uow.now, zone)
    return {payout_id: day for payout_id, day in said.items() if day <= today}


def _is_issued(one: Moved) -> bool:
    return one.rail == VOUCHER and one.after is PayoutState.SUBMITTED


def _tickets(uow: UnitOfWork, payouts: Sequence[ClaimedPayout]) -> list[uuid.UUID]:
    """Whose pages change."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    owed = [one.compensation_id for one in payouts if one.compensation_id is not None]
    gifts = [one.gift_id for one in payouts if one.gift_id is not None]
    found = set(tickets_of(uow.session, compensation_ids=owed, **tenant))
    return sorted(found | set(tickets_of_gifts(uow.session, gift_ids=gifts, **tenant)))


def _book(uow: UnitOfWork, moved: Sequence[Moved], days: Mapping[uuid.UUID, dt.date]) -> None:
    """What left the debt is under way; what arrived left the account; what came back is owed. The
    bank's day stands beside the day of the books, which is never one of a closed month."""
    reviewed = [one.payout_id for one in moved if one.before is PayoutState.NEEDS_REVIEW]
    sent = posted_among(
        uow.session,
        organisation_id=uow.organisation_id,
        kind=PostingKind.PAYOUT_SENT.value,
        reference_ids=reviewed,
    )
    facts: list[tuple[PostingKind, Moved]] = []
    for one in moved:
        under_way = one.before is PayoutState.SUBMITTED or one.payout_id in sent
        if one.after in (PayoutState.SUBMITTED, PayoutState.PAID) and not under_way:
            facts.append((PostingKind.PAYOUT_SENT, one))
        if one.after is PayoutState.PAID:
            facts.append((PostingKind.PAYOUT_ARRIVED, one))
        if one.after in _CAME_TO_NOTHING and one.before is PayoutState.PAID:
            facts.append((PostingKind.PAYOUT_CAME_BACK, one))
        if one.after in _CAME_TO_NOTHING and under_way:
            facts.append((PostingKind.PAYOUT_FAILED, one))
    _post(uow, facts, days)


def _post(
    uow: UnitOfWork,
    facts: Sequence[tuple[PostingKind, Moved]],
    days: Mapping[uuid.UUID, dt.date],
) -> None:
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(
                kind,
                one.payout_id,
                one.amount_minor,
                one.currency,
                one.rail,
                one.compensation_id or one.gift_id,
                fact_on=None if kind is PostingKind.PAYOUT_SENT else days.get(one.payout_id),
            )
            for kind, one in facts
        ],
    )


def _reopen(uow: UnitOfWork, moved: Sequence[Moved]) -> None:
    """The debts are owed again; each waits for another way."""
    owed = _owed_by(moved)
    take_back(uow, owed, Hold.PAYMENT)
    mind_doubts(uow, owed)


def _owed_by(moved: Sequence[Moved]) -> list[uuid.UUID]:
    return sorted(one.compensation_id for one in moved if one.compensation_id is not None)


def _end_reviews(uow: UnitOfWork, moved: Sequence[Moved]) -> None:
    """The provider has said what became of them, before a person did."""
    for one in moved:
        if one.before is PayoutState.NEEDS_REVIEW:
            close_incident(
                uow.session,
                organisation_id=uow.organisation_id,
                now=uow.now,
                kind=IncidentKind.NEEDS_REVIEW,
                ref=str(one.payout_id),
                closed_by=None,
                note="",
            )


def _ask_for_review(uow: UnitOfWork, one: Moved) -> None:
    open_incident(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        incident=Incident(
            IncidentKind.NEEDS_REVIEW,
            one.rail,
            str(one.payout_id),
            one.payout_id,
            one.amount_minor,
            one.currency,
            {"trouble": one.trouble},
        ),
    )


def _doubt(uow: UnitOfWork, outcomes: Answers) -> None:
    """What had arrived is looked at again, and is not there or not what was asked for: the books
    stay as they are, and a person looks into it, once."""
    found = [
        _doubted(one, out)
        for one, out in outcomes
        if one.state is PayoutState.PAID and out.verdict is RailVerdict.MISMATCH
    ]
    if not found:
        return
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    settled = settled_by_people(uow.session, refs=[one.ref for one in found], **tenant)
    for incident in found:
        if (incident.kind.value, incident.ref) not in settled:
            open_incident(uow.session, now=uow.now, incident=incident, **tenant)


def _tell_other_amounts(uow: UnitOfWork, outcomes: Answers) -> None:
    """What is at the provider has another amount, and no book has it: until somebody has settled
    the difference nobody can say that this payout was paid. By the ref that the nightly comparison
    uses, so that it is told once."""
    for one, out in outcomes:
        if one.state is PayoutState.PAID or out.seen is None:
            continue
        payout_id = one.request.payout_id
        ref = out.provider_ref or str(payout_id)
        details = {"ours_minor": one.request.amount_minor, "provider_ref": out.provider_ref}
        kind, (amount_minor, currency) = IncidentKind.OTHER_AMOUNT, out.seen
        open_incident(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            incident=Incident(kind, one.rail, ref, payout_id, amount_minor, currency, details),
        )


def _doubted(one: ClaimedPayout, out: Outcome) -> Incident:
    """The nightly comparison sees amounts only, so it must not close by its own ref what a look
    found; what is missing it finds, and closes, under the same ref."""
    payout_id = one.request.payout_id
    details = {"detail": out.detail, "provider_ref": out.provider_ref}
    if out.provider_ref is None:
        return Incident(
            IncidentKind.MISSING_EFFECT,
            one.rail,
            str(payout_id),
            payout_id,
            one.request.amount_minor,
            one.request.currency,
            details,
        )
    ref = f"look:{payout_id}"
    return Incident(IncidentKind.OTHER_AMOUNT, one.rail, ref, payout_id, details=details)


def _pause_refused(
    uow: UnitOfWork, outcomes: Answers, changed_at: Mapping[str, dt.datetime]
) -> None:
    """A rail that does not let the organisation in is asked nothing more for now."""
    refused: dict[str, Outcome] = {
        payout.rail: outcome
        for payout, outcome in outcomes
        if payout.rail in changed_at and _is_refusal(outcome)
    }
    for rail, outcome in sorted(refused.items()):
        paused = pause_rail(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            rail=rail,
            trouble=outcome.trouble or Trouble.ACCESS_REFUSED,
            changed_at=changed_at[rail],
        )
        if paused:
            open_incident(
                uow.session,
                organisation_id=uow.organisation_id,
                now=uow.now,
                incident=Incident(
                    IncidentKind.RAIL_PAUSED, rail, rail, details={"detail": outcome.detail}
                ),
            )


def _is_refusal(outcome: Outcome) -> bool:
    """A look that was refused leaves the payout unknown, and the rail is shut all the same."""
    if outcome.trouble is Trouble.ACCESS_REFUSED:
        return True
    return outcome.verdict is RailVerdict.CONFIG and outcome.trouble is not Trouble.RAIL_DOWN


def _note(uow: UnitOfWork, moved: Sequence[Moved]) -> None:
    """One line of the audit trail for each batch."""
    by_state: dict[str, list[str]] = {}
    for one in moved:
        by_state.setdefault(one.after.value, []).append(str(one.payout_id))
    audit(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="payouts_moved",
        object_kind="payout",
        object_id=moved[0].payout_id if len(moved) == 1 else None,
        details=cast(Any, by_state),
    )
