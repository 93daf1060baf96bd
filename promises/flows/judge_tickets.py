"""What follows when something happened to tickets: verdicts, breaches, debts, releases, word.

The whole consequence of an event stands here, call by call.
"""

import uuid
from collections.abc import Mapping, Sequence

from promises.breaches.annulments import ask_for_commitments
from promises.breaches.commitments import Judgement, NewBreach, judge_tickets
from promises.breaches.models import Detection, Evidence
from promises.breaches.queries import unowed_leavers
from promises.catalogue.queries import versions_by_id
from promises.compensation.awarding import BreachToAward
from promises.compensation.models import CompensationState, Hold
from promises.compensation.queries import LEFT_NOT_OWED
from promises.compensation.releasing import debts_of_breaches, owed_of_tickets
from promises.db.session import UnitOfWork
from promises.desk.actions import set_next_due
from promises.desk.facts import TicketCase, load_cases
from promises.flows.compensate import compensate, end_debts, hold_unsent, lift_and_let_go
from promises.flows.hold_windows import hold_windows
from promises.flows.tell_customers import tell_broken
from promises.rules.facts import TicketKind


def judge(
    uow: UnitOfWork, ticket_ids: Sequence[uuid.UUID], *, found_by: Detection = Detection.EVENT
) -> Judgement:
    """Judge these tickets by what is now known, and do all that follows from it. `found_by` says
    whether something happened to them, or only time went by."""
    cases = load_cases(uow.session, organisation_id=uow.organisation_id, ticket_ids=ticket_ids)
    judgement = judge_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        cases=cases,
        found_by=found_by,
    )
    missed = {one.ticket_id: one.breached_at for one in judgement.breached}
    moved = {
        ticket_id: due
        for ticket_id, due in judgement.next_due.items()
        if due != cases[ticket_id].next_due_at or ticket_id in missed
    }
    set_next_due(uow.session, organisation_id=uow.organisation_id, due=moved, missed=missed)
    if judgement.to_award:
        windows = _windows(uow, judgement, cases) if found_by is Detection.CLOCK else {}
        compensate(uow, _to_award(uow, judgement.to_award, cases, windows))
    if judgement.breached:
        tell_broken(uow, [breach.breach_id for breach in judgement.breached])
    if judgement.contradicted:
        _hold_contradicted(uow, judgement)
    if judgement.left_late:
        _end_unowed(uow, judgement)
    _release_present(uow, [case for case in cases.values() if case.ticket_id in judgement.broken])
    return judgement


def _windows(
    uow: UnitOfWork, judgement: Judgement, cases: Mapping[uuid.UUID, TicketCase]
) -> dict[uuid.UUID, uuid.UUID]:
    """Windows that hold what was found late, or at a branch that served nobody."""
    queues = {case.branch_id for case in cases.values() if case.kind is TicketKind.VISIT}
    return hold_windows(uow, judgement.breached, in_queue=queues)


def _to_award(
    uow: UnitOfWork,
    breaches: Sequence[NewBreach],
    cases: Mapping[uuid.UUID, TicketCase],
    windows: Mapping[uuid.UUID, uuid.UUID],
) -> list[BreachToAward]:
    versions = versions_by_id(
        uow.session,
        organisation_id=uow.organisation_id,
        version_ids={breach.version_id for breach in breaches},
    )
    return [
        BreachToAward(
            breach_id=breach.breach_id,
            ticket_id=breach.ticket_id,
            branch_id=breach.branch_id,
            day_on=breach.day_on,
            customer_id=cases[breach.ticket_id].customer_id,
            device_id=cases[breach.ticket_id].device_id,
            version=versions[breach.version_id],
            left_after_limit=breach.left_after_limit,
            present=is_there(cases[breach.ticket_id]),
            disputed=cases[breach.ticket_id].disputed,
            verified=breach.evidence is not Evidence.UNVERIFIED,
            imported=cases[breach.ticket_id].imported,
            window_id=windows.get(breach.breach_id),
            granted=breach.granted,
            breached_at=breach.breached_at,
        )
        for breach in breaches
    ]


def is_there(case: TicketCase) -> bool:
    """Whether money need not wait for the customer. Only who took a number may not have come."""
    return case.present or case.kind is not TicketKind.VISIT


def _hold_contradicted(uow: UnitOfWork, judgement: Judgement) -> None:
    """A recorded breach stays until a second person has looked; its unsent money waits."""
    asked = ask_for_commitments(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        commitment_ids=[one.commitment_id for one in judgement.contradicted],
    )
    debts = debts_of_breaches(uow.session, organisation_id=uow.organisation_id, breach_ids=asked)
    hold_unsent(uow, debts, Hold.EVIDENCE)


def _end_unowed(uow: UnitOfWork, judgement: Judgement) -> None:
    """Debts of people who left after the limit, where the terms owe them nothing."""
    unowed = unowed_leavers(
        uow.session,
        organisation_id=uow.organisation_id,
        commitment_ids=list(judgement.left_late),
    )
    end_debts(uow, unowed, state=CompensationState.CANCELLED, reason=LEFT_NOT_OWED)


def _release_present(uow: UnitOfWork, cases: Sequence[TicketCase]) -> None:
    """The customer was there: what only waited for that may go."""
    present = [case.ticket_id for case in cases if is_there(case)]
    if present:
        owed = owed_of_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=present)
        lift_and_let_go(uow, owed, [Hold.PRESENCE])
