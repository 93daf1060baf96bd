"""A new password by mail. Whoever asks is told the same, whether the address is known or not."""

from promises.db.session import UnitOfWork
from promises.identity import members, queries
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind


def request_reset(uow: UnitOfWork, *, email: str) -> None:
    """Does nothing for an address that is not an active member's."""
    asked = members.request_reset(
        uow.session, organisation_id=uow.organisation_id, now=uow.now, email=email
    )
    if asked is None:
        return
    organisation = queries.organisation_info(uow.session, organisation_id=uow.organisation_id)
    member = queries.member_by_id(
        uow.session, organisation_id=uow.organisation_id, member_id=asked.member_id
    )
    letter = NewMessage(
        kind=MessageKind.RESET,
        channel=Channel.EMAIL,
        locale=member.locale,
        dedupe_key=f"reset:{asked.member_id}:{uow.now.isoformat()}",
        member_id=asked.member_id,
        secret=f"/o/{organisation.slug}/reset/{asked.token}",
        expires_at=asked.expires_at,
    )
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=[letter])
