"""Managers are written to when the day of a hold has passed and nobody has looked."""

import datetime as dt

from promises.db.session import UnitOfWork
from promises.identity.queries import managers, organisation_info
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind


def tell_overdue(uow: UnitOfWork, until: dt.datetime) -> int:
    """One letter a manager for all holds of the same day, and no second one later: the page shows
    them until they are decided. Returns how many letters."""
    slug = organisation_info(uow.session, organisation_id=uow.organisation_id).slug
    messages = [
        NewMessage(
            kind=MessageKind.HOLD_OVERDUE,
            channel=Channel.EMAIL,
            locale=person.locale,
            member_id=person.id,
            secret=f"/o/{slug}/staff/approvals/queue",
            dedupe_key=f"hold_overdue:{until.isoformat()}:{person.id}",
        )
        for person in managers(uow.session, organisation_id=uow.organisation_id)
    ]
    return enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
