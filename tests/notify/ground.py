"""A branch with customers in it, some of whom gave an address."""

import datetime as dt
import secrets
import uuid
from dataclasses import dataclass

from config import load_config
from promises.db import sql
from promises.db.session import unit_of_work
from promises.desk.models import EventSource, Ticket, TicketKind, TicketState
from promises.identity import keys
from promises.identity.actions import (
    BranchSettings,
    NewOrganisation,
    add_branch,
    add_contact,
    add_counter,
    add_service_kind,
    create_organisation,
)
from promises.identity.models import ContactChannel, Member
from promises.kernel.actors import SYSTEM
from promises.kernel.ids import new_id, new_token


@dataclass(frozen=True)
class Ground:
    organisation_id: uuid.UUID
    slug: str
    branch_id: uuid.UUID
    counter_id: uuid.UUID
    service_kind_id: uuid.UUID

    def work(self):
        return unit_of_work(self.organisation_id, SYSTEM)

    def read(self, statement, **params):
        with self.work() as uow:
            return sql.rows(
                uow.session, statement, {"organisation_id": self.organisation_id, **params}
            )


def make_ground(name="Säästöpankki"):
    keys.configure(load_config().secret_key)
    organisation_id, slug = new_id(), f"bank-{secrets.token_hex(6)}"
    with unit_of_work(organisation_id, SYSTEM) as uow:
        common = {"organisation_id": organisation_id, "actor": SYSTEM, "now": uow.now}
        create_organisation(uow.session, request=NewOrganisation(slug=slug, name=name), **common)
        settings = BranchSettings(name="Keskusta", time_zone="Europe/Helsinki")
        branch = add_branch(uow.session, settings=settings, **common)
        counter = add_counter(uow.session, branch_id=branch.id, name="3", **common)
        kind = add_service_kind(
            uow.session, letter="A", names={"fi": "Kassa", "en": "Teller"}, **common
        )
        return Ground(organisation_id, slug, branch.id, counter.id, kind.id)


def contact(ground, address="asiakas@example.com", channel=ContactChannel.EMAIL, locale="en"):
    with ground.work() as uow:
        return add_contact(
            uow.session,
            organisation_id=ground.organisation_id,
            now=uow.now,
            channel=channel,
            address=address,
            locale=locale,
        )


def member(ground, email="clerk@example.com", state="invited"):
    with ground.work() as uow:
        row = Member(
            organisation_id=ground.organisation_id, id=new_id(), name="Maija Meri", email=email,
            role="clerk", locale="sv", state=state, created_at=uow.now,
        )  # fmt: skip
        uow.session.add(row)
        return row.id


def ticket(ground, number, *, contact_id=None, state=TicketState.WAITING, **columns):
    with ground.work() as uow:
        row = Ticket(
            organisation_id=ground.organisation_id,
            id=new_id(),
            kind=TicketKind.VISIT,
            state=state,
            source=EventSource.DESK,
            branch_id=ground.branch_id,
            service_kind_id=ground.service_kind_id,
            contact_id=contact_id,
            day_on=uow.now.date(),
            number=number,
            letter="A",
            public_code=new_token(),
            arrived_at=uow.now,
            queued_at=uow.now + dt.timedelta(seconds=number),
            **columns,
        )
        uow.session.add(row)
        return row
