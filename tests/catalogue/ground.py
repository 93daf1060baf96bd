"""An organisation with two branches and a kind of service, made row by row."""

import dataclasses
import uuid

from promises.db.session import unit_of_work
from promises.identity.models import (
    Branch,
    Calendar,
    Member,
    MemberState,
    Organisation,
    ServiceKind,
)
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from promises.kernel.ids import new_id, new_token


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


def make_ground(currency="EUR"):
    organisation_id = new_id()
    slug = f"org-{organisation_id}"
    branches = [new_id(), new_id()]
    service_kind, calendar = new_id(), new_id()
    people = [
        Actor(ActorKind.MEMBER, new_id(), role) for role in (Role.CLERK, Role.MANAGER, Role.MANAGER)
    ]
    with unit_of_work(organisation_id, SYSTEM) as uow:
        add, now = uow.session.add, uow.now
        add(Organisation(organisation_id=organisation_id, slug=slug, name="Savings",
                         locale="fi", currency=currency, time_zone="Europe/Helsinki",
                         created_at=now))  # fmt: skip
        uow.session.flush()
        add(Calendar(organisation_id=organisation_id, id=calendar, name="Hours", created_at=now))
        uow.session.flush()
        for number, branch_id in enumerate(branches):
            add(Branch(organisation_id=organisation_id, id=branch_id, slug=f"branch-{number}",
                       name=f"Branch {number}", time_zone="Europe/Helsinki", calendar_id=calendar,
                       presence_token=new_token(), created_at=now))  # fmt: skip
        add(ServiceKind(organisation_id=organisation_id, id=service_kind, letter="A",
                        names={"en": "Daily banking", "fi": "Päivittäiset"}))  # fmt: skip
        for number, person in enumerate(people):
            add(Member(organisation_id=organisation_id, id=person.id, name=f"Person {number}",
                       email=f"{number}@{slug}.example", role=person.role.value, locale="fi",
                       state=MemberState.ACTIVE, created_at=now))  # fmt: skip
    return Ground(organisation_id, slug, *branches, service_kind, *people)
