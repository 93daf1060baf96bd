"""Bringing somebody in: the row, the link, the letter, in one transaction."""

import uuid

from promises.db.session import UnitOfWork
from promises.identity import members, queries
from promises.identity.members import Invited, NewMember
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind


def invite(uow: UnitOfWork, *, request: NewMember) -> Invited:
    """Raises EmailTaken, Refused."""
    invited = members.invite_member(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        request=request,
    )
    _tell(uow, invited, request.locale)
    return invited


def invite_again(uow: UnitOfWork, *, member_id: uuid.UUID) -> Invited:
    """A new link and letter for somebody who did not follow the first. Raises MemberNotActive."""
    invited = members.invite_again(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        member_id=member_id,
    )
    _tell(uow, invited, _locale(uow, member_id))
    return invited


def bring_back(uow: UnitOfWork, *, member_id: uuid.UUID) -> Invited:
    """Invite a deactivated member anew. Raises MemberNotActive."""
    invited = members.reactivate_member(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        member_id=member_id,
    )
    _tell(uow, invited, _locale(uow, member_id))
    return invited


def _locale(uow: UnitOfWork, member_id: uuid.UUID) -> str:
    return queries.member_by_id(
        uow.session, organisation_id=uow.organisation_id, member_id=member_id
    ).locale


def _tell(uow: UnitOfWork, invited: Invited, locale: str) -> None:
    organisation = queries.organisation_info(uow.session, organisation_id=uow.organisation_id)
    letter = NewMessage(
        kind=MessageKind.INVITATION,
        channel=Channel.EMAIL,
        locale=locale,
        dedupe_key=f"invitation:{invited.member_id}:{uow.now.isoformat()}",
        member_id=invited.member_id,
        secret=f"/o/{organisation.slug}/invitation/{invited.token}",
        expires_at=invited.expires_at,
    )
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=[letter])
