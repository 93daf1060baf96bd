"""A recorded breach is taken back: one person asks, another decides."""

import uuid

from promises.audit.actions import record
from promises.breaches.annulments import ask_annulment, decide_annulment
from promises.breaches.commitments import state_of
from promises.breaches.errors import NoSuchBreach
from promises.breaches.general import Bench
from promises.breaches.queries import find_breach
from promises.catalogue.queries import versions_by_id
from promises.compensation.holding import held_by_rule
from promises.compensation.models import Hold
from promises.compensation.releasing import debts_of_breaches
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_branches, touch_tickets
from promises.desk.facts import load_cases
from promises.flows.compensate import hold_unsent, lift_and_let_go
from promises.flows.mind_doubts import mind_doubts


def ask(uow: UnitOfWork, *, breach_id: uuid.UUID, reason: str) -> None:
    """Ask for a breach to be annulled; its money, where it is not sent, waits for the answer."""
    ticket_id = ask_annulment(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        breach_id=breach_id,
        reason=reason,
    )
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    hold_unsent(uow, _debts(uow, breach_id), Hold.EVIDENCE)
    _note(uow, "annulment_asked", breach_id, {})


def decide(uow: UnitOfWork, *, breach_id: uuid.UUID, confirm: bool, reason: str) -> None:
    """Decide what another person, or late evidence, has asked.

    Confirmed: the commitment becomes what the facts now say, and a debt that is not yet on its way
    ends. A payout that was sent stays, and so does what a voucher in hand was exchanged for.
    Rejected: the evidence's hold is lifted, unless a person holds the debt for a reason of theirs.
    """
    breach = find_breach(uow.session, organisation_id=uow.organisation_id, breach_id=breach_id)
    if breach is None:
        raise NoSuchBreach
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[breach.ticket_id])
    versions = versions_by_id(
        uow.session, organisation_id=uow.organisation_id, version_ids=[breach.version_id]
    )
    cases = load_cases(
        uow.session, organisation_id=uow.organisation_id, ticket_ids=[breach.ticket_id]
    )
    version, case = versions[breach.version_id], cases[breach.ticket_id]
    decide_annulment(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        breach_id=breach_id,
        confirm=confirm,
        reason=reason,
        verdict_state=state_of(
            Bench(uow.session, uow.organisation_id, uow.now), breach.commitment_id, version, case
        ),
    )
    debts = _debts(uow, breach_id)
    if confirm:
        mind_doubts(uow, debts)
    asked_for_it = held_by_rule(
        uow.session, organisation_id=uow.organisation_id, compensation_ids=debts
    )
    lift_and_let_go(uow, asked_for_it, [Hold.EVIDENCE])
    touch_branches(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_ids=[breach.branch_id],
        staff_acted_at=uow.now,
    )
    _note(uow, "annulment_decided", breach_id, {"confirmed": confirm})


def _debts(uow: UnitOfWork, breach_id: uuid.UUID) -> list[uuid.UUID]:
    return debts_of_breaches(
        uow.session, organisation_id=uow.organisation_id, breach_ids=[breach_id]
    )


def _note(uow: UnitOfWork, action: str, breach_id: uuid.UUID, details: dict[str, object]) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="breach",
        object_id=breach_id,
        details=details,
    )
