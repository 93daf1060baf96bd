"""Organisations for tests, made by the product's own actions and committed."""

import dataclasses
import itertools
import uuid

from promises.db.session import unit_of_work
from promises.identity import actions
from promises.identity.actions import BranchSettings, NewOrganisation
from promises.identity.models import Member, MemberState, ServiceStart
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from promises.kernel.hours import CalendarSpec
from promises.kernel.ids import new_id, new_token

PASSWORD = "quiet birch by the lake"

_numbers = itertools.count(1)

ALWAYS_OPEN = (((0, 1440),),) * 7


@dataclasses.dataclass(frozen=True)
class MadeBranch:
    id: uuid.UUID
    slug: str
    calendar_id: uuid.UUID
    counter_ids: tuple
    presence_token: str


@dataclasses.dataclass(frozen=True)
class Made:
    """`members` by role; `branch` is the first branch; `kind_id` the first kind of service."""

    id: uuid.UUID
    slug: str
    branches: tuple
    kind_ids: tuple
    members: dict

    @property
    def branch(self):
        return self.branches[0]

    @property
    def branch_id(self):
        return self.branch.id

    @property
    def counter_ids(self):
        return self.branch.counter_ids

    @property
    def counter_id(self):
        return self.counter_ids[0]

    @property
    def kind_id(self):
        return self.kind_ids[0]

    def actor(self, role=Role.CLERK):
        return Actor(ActorKind.MEMBER, self.members[role], role)

    def work(self, role=Role.CLERK):
        """A unit of work of this organisation by its member of that role; None: the system."""
        return unit_of_work(self.id, SYSTEM if role is None else self.actor(role))


def make_organisation(
    *,
    slug=None,
    name=None,
    branches=1,
    counters=2,
    kinds=("A",),
    service_start=ServiceStart.TAP,
    no_show_after_s=120,
    time_zone="Europe/Helsinki",
    weekly=ALWAYS_OPEN,
    locale="en",
    currency="EUR",
    is_demo=False,
):
    """One organisation with branches that are open day and night unless `weekly` says otherwise,
    numbered counters, kinds of service and one active member of each role (no password: see
    `give_password`). Needs an application context."""
    number = next(_numbers)
    slug = slug or f"org-{number}-{new_token(40).lower().replace('_', 'x').strip('-')}"
    organisation_id = new_id()
    with unit_of_work(organisation_id, SYSTEM) as uow:
        common = {"organisation_id": organisation_id, "actor": SYSTEM, "now": uow.now}
        request = NewOrganisation(
            slug=slug, name=name or f"Organisation {number}", locale=locale, currency=currency,
            time_zone=time_zone, is_demo=is_demo,
        )  # fmt: skip
        actions.create_organisation(uow.session, **common, request=request)
        settings = BranchSettings(
            name="", time_zone=time_zone, service_start=service_start,
            no_show_after_s=no_show_after_s,
        )  # fmt: skip
        made = tuple(
            _branch(uow.session, common, settings, index, counters, weekly)
            for index in range(branches)
        )
        kind_ids = tuple(
            actions.add_service_kind(
                uow.session, **common, letter=letter,
                names={"fi": f"Palvelu {letter}", "sv": f"Ärende {letter}", "en": f"Kind {letter}"},
                branch_ids=[branch.id for branch in made],
            ).id
            for letter in kinds
        )  # fmt: skip
        members = {role: add_member(uow, role=role) for role in Role}
    return Made(organisation_id, slug, made, kind_ids, members)


def _branch(session, common, settings, index, counters, weekly):
    settings = dataclasses.replace(settings, name=f"Branch {index + 1}")
    branch = actions.add_branch(session, **common, settings=settings)
    actions.set_opening_hours(
        session, **common, calendar_id=branch.calendar_id,
        spec=CalendarSpec(weekly, settings.time_zone),
    )  # fmt: skip
    counter_ids = tuple(
        actions.add_counter(session, **common, branch_id=branch.id, name=str(place + 1)).id
        for place in range(counters)
    )
    return MadeBranch(
        branch.id, branch.slug, branch.calendar_id, counter_ids, branch.presence_token
    )


def add_member(uow, *, role, name=None, email=None, branch_id=None, password_hash=None):
    """An active member, without the invitation; the id."""
    number = next(_numbers)
    row = Member(
        organisation_id=uow.organisation_id,
        id=new_id(),
        name=name or f"{role.value.title()} {number}",
        email=email or f"{role.value}.{number}@example.fi",
        role=role,
        branch_id=branch_id,
        locale="en",
        password_hash=password_hash,
        state=MemberState.ACTIVE,
        created_at=uow.now,
        deactivated_at=None,
    )
    uow.session.add(row)
    uow.session.flush()
    return row.id
