"""Founding the bank: its branches, services, people and kiosk."""

import datetime as dt
import uuid
from typing import Any

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.identity import actions, queries
from promises.identity.access import add_device
from promises.identity.actions import BranchSettings, NewOrganisation
from promises.identity.members import NewMember, invite_member, set_password_by_link
from promises.identity.models import TokenPurpose
from promises.identity.passwords import hash_password
from promises.kernel.actors import SYSTEM, Role
from promises.kernel.errors import NotFound
from promises.kernel.hours import CalendarSpec
from promises.kernel.ids import new_id, new_token
from promises.simulation import bank as plan
from promises.simulation.acts import Acts
from promises.simulation.bank import Bank, Branch

_DEVICE = """
SELECT id FROM devices
WHERE organisation_id = %(organisation_id)s AND name = %(name)s AND kind = %(kind)s
ORDER BY id LIMIT 1
"""


class NotADemo(RuntimeError):
    """The slug belongs to an organisation that is not for demonstration; nothing is touched."""


def find_bank(slug: str = plan.SLUG) -> Bank | None:
    """The demo organisation with what stands in the database of it; None before it was founded.

    Raises NotADemo.
    """
    try:
        info = queries.organisation_by_slug(slug)
    except NotFound:
        return None
    if not info.is_demo:
        raise NotADemo(f"{slug} is not a demonstration: nothing is simulated there")
    acts = Acts(info.id, {})
    with acts.work(SYSTEM) as uow:
        return _read_bank(uow)


def _read_bank(uow: UnitOfWork) -> Bank:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    members = queries.list_members(uow.session, **tenant)
    kinds = queries.list_service_kinds(uow.session, **tenant)
    kiosk = sql.one(
        uow.session, _DEVICE, tenant | {"name": plan.KIOSK_NAME, "kind": plan.KIOSK_KIND.value}
    )
    branches = {}
    for branch_plan in plan.BRANCHES:
        row = queries.branch_by_slug(uow.session, **tenant, slug=branch_plan.slug)
        counters = queries.list_counters(uow.session, **tenant, branch_id=row.id)
        branches[branch_plan.slug] = Branch(
            id=row.id,
            plan=branch_plan,
            counter_ids={counter.name: counter.id for counter in counters},
            clerk_ids=tuple(
                member.id
                for member in members
                if member.branch_id == row.id and member.role == Role.CLERK
            ),
        )
    return Bank(
        organisation_id=uow.organisation_id,
        service_ids={kind.letter: kind.id for kind in kinds},
        branches=branches,
        member_ids={member.email: member.id for member in members},
        kiosk_id=kiosk.id,
    )


def found_bank(instant: dt.datetime) -> Bank:
    """Create the organisation with everything in it, in one transaction, as of `instant`."""
    acts = Acts(new_id(), {}, instant)
    # Nobody ever knows these passwords: the demonstration signs people in by one-time links.
    password_hash = hash_password(new_token())
    with acts.work(SYSTEM) as uow:
        actions.create_organisation(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            request=NewOrganisation(
                slug=plan.SLUG, name=plan.NAME, time_zone=plan.ZONE, is_demo=True
            ),
        )
        branch_ids = {one.slug: _add_branch(uow, one) for one in plan.BRANCHES}
        _add_services(uow, branch_ids)
        for person in plan.PEOPLE:
            _add_person(uow, person, branch_ids, password_hash)
        add_device(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            kind=plan.KIOSK_KIND,
            name=plan.KIOSK_NAME,
            branch_id=branch_ids[plan.LIVE_BRANCH],
        )
        return _read_bank(uow)


def _add_branch(uow: UnitOfWork, one: plan.BranchPlan) -> uuid.UUID:
    common: dict[str, Any] = {
        "organisation_id": uow.organisation_id, "actor": SYSTEM, "now": uow.now
    }  # fmt: skip
    row = actions.add_branch(
        uow.session,
        **common,
        settings=BranchSettings(name=one.name, time_zone=plan.ZONE),
        slug=one.slug,
    )
    if one.slug == plan.LIVE_BRANCH:
        actions.set_opening_hours(
            uow.session,
            **common,
            calendar_id=row.calendar_id,
            spec=CalendarSpec(one.weekly, plan.ZONE),
        )
    for name in one.counters:
        actions.add_counter(uow.session, **common, branch_id=row.id, name=name)
    return row.id


def _add_services(uow: UnitOfWork, branch_ids: dict[str, uuid.UUID]) -> None:
    for letter, names in plan.SERVICES.items():
        actions.add_service_kind(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=SYSTEM,
            now=uow.now,
            letter=letter,
            names=names,
            branch_ids=[branch_ids[one.slug] for one in plan.BRANCHES if letter in one.services],
        )


def _add_person(
    uow: UnitOfWork, person: plan.Person, branch_ids: dict[str, uuid.UUID], password_hash: str
) -> None:
    invited = invite_member(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=SYSTEM,
        now=uow.now,
        request=NewMember(
            name=person.name,
            email=person.email,
            role=person.role,
            branch_id=branch_ids[person.branch] if person.branch else None,
            locale=person.locale,
        ),
    )
    set_password_by_link(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        purpose=TokenPurpose.INVITE,
        token=invited.token,
        password_hash=password_hash,
    )
