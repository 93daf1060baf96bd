"""People on staff: invited by link, with one role each, ended but never deleted."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from promises.db.sql import execute
from promises.identity import checks, queries, tokens
from promises.identity.changes import note
from promises.identity.errors import (
    EmailTaken,
    LastAdministrator,
    LinkExpired,
    MemberNotActive,
    NotOneself,
)
from promises.identity.models import Member, MemberState, TokenPurpose
from promises.identity.sessions import end_sessions
from promises.kernel.actors import Actor, ActorKind, Role
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import N_

INVITATION_LASTS = dt.timedelta(days=7)
RESET_LASTS = dt.timedelta(hours=1)

_LOCK_ORGANISATION = """
SELECT organisation_id FROM organisations
WHERE organisation_id = %(organisation_id)s FOR UPDATE
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """`branch_id` None: not bound to one branch. A clerk always has a branch."""

    name: str
    email: str
    role: Role
    branch_id: uuid.UUID | None
    locale: str


@dataclass(frozen=True, slots=True)
class Invited:
    """`token` goes into the link and nowhere else."""

    member_id: uuid.UUID
    token: str
    expires_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a link is for, and the words that their password may not be made of."""

    member_id: uuid.UUID
    name: str
    email: str
    locale: str
    words: tuple[str, ...]


def invite_member(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    request: NewMember,
) -> Invited:
    """A member who cannot sign in before the link was followed. Raises EmailTaken, Refused."""
    email = checks.normalise_email(request.email)
    _check(request, email)
    if request.branch_id is not None:
        queries.branch_by_id(session, organisation_id=organisation_id, branch_id=request.branch_id)
    if find_member(session, organisation_id=organisation_id, email=email) is not None:
        raise EmailTaken()
    row = Member(
        organisation_id=organisation_id,
        id=new_id(),
        name=request.name.strip(),
        email=email,
        role=request.role,
        branch_id=request.branch_id,
        locale=request.locale,
        password_hash=None,
        state=MemberState.INVITED,
        created_at=now,
        deactivated_at=None,
    )
    session.add(row)
    session.flush()
    invited = _invite(session, row, now)
    details = {"role": request.role.value, "branch_id": _text(request.branch_id)}
    note(session, row, actor, now, "member_invited", details)
    return invited


def invite_again(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    member_id: uuid.UUID,
) -> Invited:
    """A fresh link; the old one stops working. Raises MemberNotActive for one who has come in."""
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=member_id)
    if row.state != MemberState.INVITED:
        raise MemberNotActive()
    invited = _invite(session, row, now)
    note(session, row, actor, now, "member_invited_again")
    return invited


def holder_of(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: TokenPurpose,
    token: str,
) -> Holder:
    """Whom an invitation or a reset is for, without using it up. Raises LinkExpired."""
    found = tokens.look(
        session, organisation_id=organisation_id, now=now, purpose=purpose, token=token
    )
    return _holder(session, organisation_id, found)


def set_password_by_link(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    purpose: TokenPurpose,
    token: str,
    password_hash: str,
) -> uuid.UUID:
    """Accept an invitation or finish a reset: uses the link up and ends all sign-ins; the member's
    id. Raises LinkExpired, also for a member who was deactivated meanwhile."""
    found = tokens.use(
        session, organisation_id=organisation_id, now=now, purpose=purpose, token=token
    )
    holder = _holder(session, organisation_id, found)
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=holder.member_id)
    wanted = {
        TokenPurpose.INVITE: MemberState.INVITED,
        TokenPurpose.RESET: MemberState.ACTIVE,
    }[purpose]
    if row.state != wanted:
        raise LinkExpired()
    row.password_hash, row.state = password_hash, MemberState.ACTIVE
    end_sessions(session, organisation_id=organisation_id, now=now, member_id=row.id)
    action = "invitation_accepted" if purpose is TokenPurpose.INVITE else "password_reset"
    note(session, row, Actor(ActorKind.MEMBER, row.id, Role(row.role)), now, action)
    return row.id


def change_password(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    member_id: uuid.UUID,
    password_hash: str,
    session_id: uuid.UUID,
) -> None:
    """By the member, who has shown the old one. All sign-ins but this one end."""
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=member_id)
    row.password_hash = password_hash
    end_sessions(
        session, organisation_id=organisation_id, now=now, member_id=member_id, but=session_id
    )
    note(session, row, Actor(ActorKind.MEMBER, row.id, Role(row.role)), now, "password_changed")


def request_reset(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, email: str
) -> Invited | None:
    """A link to a new password, for an active member of that address; else None. Whoever asked
    must be told the same either way."""
    row = find_member(session, organisation_id=organisation_id, email=checks.normalise_email(email))
    if row is None or row.state != MemberState.ACTIVE:
        return None
    token = tokens.grant(
        session,
        organisation_id=organisation_id,
        now=now,
        purpose=TokenPurpose.RESET,
        valid_for=RESET_LASTS,
        member_id=row.id,
    )
    note(session, row, Actor(ActorKind.MEMBER, row.id, Role(row.role)), now, "reset_requested")
    return Invited(row.id, token, now + RESET_LASTS)


def change_member(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    member_id: uuid.UUID,
    role: Role,
    branch_id: uuid.UUID | None,
) -> Member:
    """Another role or branch, from the member's next request on. Raises NotOneself,
    LastAdministrator, Refused."""
    _lock(session, organisation_id)
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=member_id)
    if actor.id == member_id:
        raise NotOneself()
    if role is Role.CLERK and branch_id is None:
        raise Refused([FieldProblem("branch_id", N_("Choose the branch of the clerk."))])
    if branch_id is not None:
        queries.branch_by_id(session, organisation_id=organisation_id, branch_id=branch_id)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(session, row)
    if (row.role, row.branch_id) != (role, branch_id):
        row.role, row.branch_id = role, branch_id
        details = {"role": role.value, "branch_id": _text(branch_id)}
        note(session, row, actor, now, "member_changed", details)
    return row


def deactivate_member(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    member_id: uuid.UUID,
) -> None:
    """Ends every sign-in and link at once. Safe to repeat. Raises NotOneself, LastAdministrator."""
    _lock(session, organisation_id)
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=member_id)
    if row.state == MemberState.DEACTIVATED:
        return
    if actor.id == member_id:
        raise NotOneself()
    _keep_an_administrator(session, row)
    row.state, row.deactivated_at, row.password_hash = MemberState.DEACTIVATED, now, None
    end_sessions(session, organisation_id=organisation_id, now=now, member_id=member_id)
    tokens.revoke_of_member(session, organisation_id=organisation_id, now=now, member_id=member_id)
    note(session, row, actor, now, "member_deactivated")


def reactivate_member(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    member_id: uuid.UUID,
) -> Invited:
    """Back as invited: a new link, a new password."""
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=member_id)
    if row.state != MemberState.DEACTIVATED:
        raise MemberNotActive()
    row.state, row.deactivated_at = MemberState.INVITED, None
    invited = _invite(session, row, now)
    note(session, row, actor, now, "member_reactivated")
    return invited


def set_own_locale(
    session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID, locale: str
) -> None:
    checks.refuse(checks.locale("locale", locale))
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=member_id)
    row.locale = locale


def find_member(session: Session, *, organisation_id: uuid.UUID, email: str) -> Member | None:
    """By the normalised address."""
    query = select(Member).where(Member.organisation_id == organisation_id, Member.email == email)
    return session.scalars(query).one_or_none()


def _check(request: NewMember, email: str) -> None:
    problems = (
        checks.name("name", request.name)
        + checks.email("email", email)
        + checks.locale("locale", request.locale)
    )
    if request.role is Role.CLERK and request.branch_id is None:
        problems.append(FieldProblem("branch_id", N_("Choose the branch of the clerk.")))
    checks.refuse(problems)


def _invite(session: Session, row: Member, now: dt.datetime) -> Invited:
    token = tokens.grant(
        session,
        organisation_id=row.organisation_id,
        now=now,
        purpose=TokenPurpose.INVITE,
        valid_for=INVITATION_LASTS,
        member_id=row.id,
    )
    return Invited(row.id, token, now + INVITATION_LASTS)


def _holder(session: Session, organisation_id: uuid.UUID, found: tokens.Grant) -> Holder:
    if found.member_id is None:
        raise LinkExpired()
    row = queries.member_by_id(session, organisation_id=organisation_id, member_id=found.member_id)
    organisation = queries.organisation_info(session, organisation_id=organisation_id)
    words = (row.name, row.email, organisation.name, organisation.slug)
    return Holder(row.id, row.name, row.email, row.locale, words)


def _lock(session: Session, organisation_id: uuid.UUID) -> None:
    """Two administrators who demote each other at once must not both succeed."""
    execute(session, _LOCK_ORGANISATION, {"organisation_id": organisation_id})


def _keep_an_administrator(session: Session, row: Member) -> None:
    if row.role != Role.ADMINISTRATOR or row.state != MemberState.ACTIVE:
        return
    others = select(func.count()).where(
        Member.organisation_id == row.organisation_id,
        Member.role == Role.ADMINISTRATOR,
        Member.state == MemberState.ACTIVE,
        Member.id != row.id,
    )
    if not session.scalar(others):
        raise LastAdministrator()


def _text(branch_id: uuid.UUID | None) -> str | None:
    return None if branch_id is None else str(branch_id)
