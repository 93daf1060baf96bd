"""A matter that takes no number comes in: a complaint, a call back, a request, an application."""

import uuid
from collections.abc import Sequence
from typing import Any

from promises.breaches.commitments import Opening, first_deadline
from promises.catalogue.queries import VersionInForce, versions_in_force
from promises.db.session import UnitOfWork
from promises.desk.actions import assign as assign_at_desk
from promises.desk.actions import erase_texts, open_matters, touch_branches, touch_tickets
from promises.desk.claims import claimed_time
from promises.desk.errors import MatterKnown
from promises.desk.queries import ticket_by_id
from promises.desk.values import NewMatter, OpenedMatter
from promises.flows.commit import commit_to
from promises.flows.judge_tickets import judge
from promises.flows.tell_matters import tell_received
from promises.kernel.errors import NotFound


def open_matter(uow: UnitOfWork, *, request: NewMatter) -> OpenedMatter:
    """Open one matter with a commitment for each promise in force for it; its customer is told.

    Raises what the desk raises, and MatterKnown where its reference is here already.
    """
    (opened,) = open_many(uow, requests=[request])
    if opened is None:
        raise MatterKnown(reference=request.external_ref)
    return opened


def open_many(uow: UnitOfWork, *, requests: Sequence[NewMatter]) -> list[OpenedMatter | None]:
    """Many at once, in their order; None for one whose reference is known already. All or none."""
    versions = [_versions(uow, request) for request in requests]
    started = [claimed_time(request.occurred_at, uow.now).occurred_at for request in requests]
    opened = open_matters(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        requests=requests,
        next_due=[
            first_deadline(applied, at) for applied, at in zip(versions, started, strict=True)
        ],
    )
    promised = [
        (_opening(matter), applied)
        for matter, applied in zip(opened, versions, strict=True)
        if matter is not None
    ]
    commit_to(uow, promised)
    new = [matter for matter in opened if matter is not None]
    if new:
        judge(uow, sorted(matter.ticket_id for matter in new))
        tell_received(uow, [matter for matter in new if matter.contact_id is not None])
        touch_branches(
            uow.session,
            organisation_id=uow.organisation_id,
            branch_ids={matter.branch_id for matter in new},
            staff_acted_at=None,
        )
    return opened


def _versions(uow: UnitOfWork, request: NewMatter) -> tuple[VersionInForce, ...]:
    return versions_in_force(
        uow.session,
        organisation_id=uow.organisation_id,
        at=claimed_time(request.occurred_at, uow.now).occurred_at,
        branch_id=request.branch_id,
        service_kind_id=request.service_kind_id,
        ticket_kind=request.kind.value,
    )


def _opening(matter: OpenedMatter) -> Opening:
    return Opening(
        ticket_id=matter.ticket_id,
        branch_id=matter.branch_id,
        day_on=matter.day_on,
        started_at=matter.arrived_at,
        verified=matter.verified,
    )


def assign(uow: UnitOfWork, *, ticket_id: uuid.UUID, owner_id: uuid.UUID | None) -> None:
    """Whose work it is. Raises NotFound."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    ticket = ticket_by_id(uow.session, ticket_id=ticket_id, **tenant)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    touch_branches(uow.session, branch_ids=[ticket.branch_id], **tenant)
    assign_at_desk(
        uow.session, actor=uow.actor, now=uow.now, ticket_id=ticket_id, owner_id=owner_id, **tenant
    )


def erase(uow: UnitOfWork, *, ticket_id: uuid.UUID) -> int:
    """Wipe everything that was written about a matter; what happened stays. Safe to repeat."""
    erased = erase_texts(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        ticket_ids=[ticket_id],
    )
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    return erased
