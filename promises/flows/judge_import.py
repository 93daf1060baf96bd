"""Imported history is judged by the promises that were in force, or were applied to it, then.

Nothing is announced and nothing is paid: every debt waits for a person.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from promises.breaches.imported import (
    ImportedBreach,
    count_import,
    exclude_import,
    judge_imported,
    record_imported_breaches,
    unjudged_imports,
)
from promises.breaches.models import Detection
from promises.catalogue.queries import VersionSpan, versions_by_id, versions_over_span
from promises.compensation.awarding import BreachToAward
from promises.compensation.models import CompensationState
from promises.compensation.queries import debts_of_import
from promises.db.session import UnitOfWork
from promises.db.sql import plan_anew
from promises.desk.facts import import_span
from promises.flows.commit import open_history
from promises.flows.compensate import compensate, end_debts
from promises.flows.judge_tickets import judge as judge_tickets
from promises.kernel.errors import Conflict
from promises.kernel.text import N_
from promises.rules.terms import WaitTerms

BATCH = 2_000
GENERAL_BATCH = 500
TAKEN_BACK = "import_taken_back"
"""Closing reason of a debt whose import was taken back."""


class ImportPaid(Conflict):
    code = "import_paid"
    message = N_("Compensation from this import is on its way already, so it has to stay.")


@dataclass(frozen=True, slots=True)
class Judged:
    """Commitments of an import by state and reason, and how many of them are new."""

    new: int
    counts: dict[tuple[str, str | None], int]


def judge(uow: UnitOfWork, *, import_id: uuid.UUID) -> Judged:
    """Judge the tickets of one import by every version that was in force when they arrived."""
    span = import_span(uow.session, organisation_id=uow.organisation_id, import_id=import_id)
    new = 0
    if span is not None:
        first, last = span
        versions = versions_over_span(
            uow.session, organisation_id=uow.organisation_id, since=first, until=last
        )
        new = _judge_spans(uow, versions, import_id)
    counts = count_import(uow.session, organisation_id=uow.organisation_id, import_id=import_id)
    return Judged(new, counts)


def judge_history(uow: UnitOfWork, *, span: VersionSpan) -> int:
    """A version was published that applies to the past: judge all imported tickets of its span.
    Returns how many commitments are new."""
    return _judge_spans(uow, [span], None)


def withdraw(uow: UnitOfWork, *, import_id: uuid.UUID) -> None:
    """Take the judgement of an import back: its commitments count no more, its debts end.

    Raises ImportPaid where money of it is on its way already; then nothing changed.
    """
    debts = debts_of_import(uow.session, organisation_id=uow.organisation_id, import_id=import_id)
    if any(debt.state == CompensationState.RELEASED for debt in debts):
        raise ImportPaid
    exclude_import(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, import_id=import_id
    )
    owed = [debt.id for debt in debts if debt.state == CompensationState.OWED]
    end_debts(uow, owed, state=CompensationState.CANCELLED, reason=TAKEN_BACK)


def _judge_spans(uow: UnitOfWork, spans: Sequence[VersionSpan], import_id: uuid.UUID | None) -> int:
    new = 0
    plan_anew(uow.session)
    for span in spans:
        if not isinstance(span.terms, WaitTerms):
            new += _judge_general(uow, span, import_id)
            continue
        new += judge_imported(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            span=span,
            terms=span.terms,
            import_id=import_id,
        )
    plan_anew(uow.session)
    version_ids = [span.version_id for span in spans if isinstance(span.terms, WaitTerms)]
    while batch := record_imported_breaches(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        version_ids=version_ids,
        limit=BATCH,
    ):
        compensate(uow, _to_award(uow, batch))
    return new


def _judge_general(uow: UnitOfWork, span: VersionSpan, import_id: uuid.UUID | None) -> int:
    """General terms judge history case by case, through the same engine as the present."""
    new, after = 0, None
    version = versions_by_id(
        uow.session, organisation_id=uow.organisation_id, version_ids=[span.version_id]
    )[span.version_id]
    while found := unjudged_imports(
        uow.session,
        organisation_id=uow.organisation_id,
        span=span,
        import_id=import_id,
        after=after,
        limit=GENERAL_BATCH,
    ):
        after = found[-1].ticket_id
        new += open_history(uow, [(opening, [version]) for opening in found])
        judge_tickets(uow, [one.ticket_id for one in found], found_by=Detection.IMPORT)
    return new


def _to_award(uow: UnitOfWork, batch: Sequence[ImportedBreach]) -> list[BreachToAward]:
    versions = versions_by_id(
        uow.session,
        organisation_id=uow.organisation_id,
        version_ids={one.breach.version_id for one in batch},
    )
    return [
        BreachToAward(
            breach_id=one.breach.breach_id,
            ticket_id=one.breach.ticket_id,
            branch_id=one.breach.branch_id,
            day_on=one.breach.day_on,
            customer_id=one.customer_id,
            device_id=one.device_id,
            version=versions[one.breach.version_id],
            left_after_limit=one.breach.left_after_limit,
            present=False,
            disputed=False,
            verified=True,
            imported=True,
            breached_at=one.breach.breached_at,
        )
        for one in batch
    ]
