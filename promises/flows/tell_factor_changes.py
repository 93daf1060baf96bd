"""A letter to a member whenever something about their second step changed: whoever did not do it
themselves learns of it."""

import enum
import uuid

from promises.db.session import UnitOfWork
from promises.identity import queries
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind


class FactorChange(enum.StrEnum):
    APP_ADDED = "app_added"
    APP_REMOVED = "app_removed"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"
    CODES_MADE = "codes_made"
    RECOVERY_USED = "recovery_used"
    RESET = "reset"


def tell_factor_change(uow: UnitOfWork, *, member_id: uuid.UUID, change: FactorChange) -> None:
    organisation = queries.organisation_info(uow.session, organisation_id=uow.organisation_id)
    member = queries.member_by_id(
        uow.session, organisation_id=uow.organisation_id, member_id=member_id
    )
    letter = NewMessage(
        kind=MessageKind.FACTOR_CHANGED,
        channel=Channel.EMAIL,
        locale=member.locale,
        dedupe_key=f"factor:{member_id}:{change}:{uow.now.isoformat()}",
        member_id=member_id,
        params={"change": change.value},
        secret=f"/o/{organisation.slug}/staff/account/second-step",
    )
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=[letter])
