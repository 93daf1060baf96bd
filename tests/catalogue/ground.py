"""An organisation with two branches, a kind of service, a clerk and two managers."""

import dataclasses
import uuid

from promises.kernel.actors import Actor, ActorKind, Role
from tests.factories.identity import Made, add_member, make_organisation


@dataclasses.dataclass(frozen=True)
class Ground:
    organisation_id: uuid.UUID
    slug: str
    branch_id: uuid.UUID
    other_branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    clerk: Actor
    manager: Actor
    other_manager: Actor
    made: Made


def make_ground(currency="EUR"):
    made = make_organisation(branches=2, currency=currency)
    with made.work(None) as uow:
        second = add_member(uow, role=Role.MANAGER, name="Maija Manager")
    return Ground(
        organisation_id=made.id,
        slug=made.slug,
        branch_id=made.branches[0].id,
        other_branch_id=made.branches[1].id,
        service_kind_id=made.kind_id,
        clerk=made.actor(Role.CLERK),
        manager=made.actor(Role.MANAGER),
        other_manager=Actor(ActorKind.MEMBER, second, Role.MANAGER),
        made=made,
    )
