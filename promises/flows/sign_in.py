"""Signing in: count the attempt, check the password with no transaction open, start a session; or,
for a member with a second step, a sign-in half way that waits for it (flows.second_step).

A stranger who tries passwords for somebody's address is slowed down more and more, but cannot lock
that person out: a browser in which the person has signed in before has attempts of its own.
"""

import secrets
import uuid
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from promises.audit import actions as audit
from promises.db.session import UnitOfWork, unit_of_work
from promises.identity import ceremonies, checks, keys, passwords
from promises.identity.errors import WrongCredentials
from promises.identity.factor_models import CeremonyPurpose
from promises.identity.factors import factors_of
from promises.identity.members import find_member
from promises.identity.models import Member, MemberState
from promises.identity.session_models import ShownBy
from promises.identity.sessions import start_session
from promises.identity.throttling import Limit, give_back, throttle_all
from promises.kernel.actors import SYSTEM, Actor, ActorKind, Role
from promises.kernel.ids import mac, new_token

ACCOUNT_LIMITS = (Limit(5, 60), Limit(10, 300), Limit(20, 900))
ADDRESS_LIMITS = (Limit(20, 60), Limit(100, 900))


@dataclass(frozen=True, slots=True)
class Attempt:
    """`known` is what `SignedIn.known` once gave to this browser."""

    email: str
    password: str = field(repr=False)
    address: str
    known: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    member_id: uuid.UUID
    token: str = field(repr=False)
    known: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HalfWay:
    """The password was right; `token` names the sign-in that waits for the second step."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Candidate:
    member_id: uuid.UUID | None
    password_hash: str | None
    counted: tuple[tuple[str, tuple[Limit, ...]], ...]


def sign_in(organisation_id: uuid.UUID, attempt: Attempt) -> SignedIn | HalfWay:
    """Opens its own units of work. Raises TooMany, or WrongCredentials: the same, after the same
    time, for an unknown address, a wrong password and somebody who may not come in."""
    with unit_of_work(organisation_id, SYSTEM) as uow:
        counted_at = uow.now
        candidate = _count(uow, attempt)
    stored = candidate.password_hash
    if not passwords.verify_password(stored, attempt.password) or stored is None:
        raise WrongCredentials()
    fresh = passwords.hash_password(attempt.password) if passwords.needs_rehash(stored) else stored
    with unit_of_work(organisation_id, SYSTEM) as uow:
        member = _still_the_same(uow.session, organisation_id, candidate)
        member.password_hash = fresh
        for key, limits in candidate.counted:
            give_back(
                uow.session,
                organisation_id=organisation_id,
                now=counted_at,
                key=key,
                limits=limits,
            )
        held = factors_of(uow.session, organisation_id=organisation_id, member_id=member.id)
        return _wait(uow, member) if held.any else come_in(uow, member, None)


def start_for(uow: UnitOfWork, *, member_id: uuid.UUID, shown_by: ShownBy) -> str:
    """Sign in somebody who has shown who they are without a password; the token. Raises
    WrongCredentials."""
    return _start(uow, active_member(uow, member_id), shown_by)


def active_member(uow: UnitOfWork, member_id: uuid.UUID | None) -> Member:
    """Raises WrongCredentials for somebody who may not come in."""
    member = uow.session.get(Member, (uow.organisation_id, member_id))
    if member is None or member.state != MemberState.ACTIVE:
        raise WrongCredentials()
    return member


def come_in(uow: UnitOfWork, member: Member, shown_by: ShownBy | None) -> SignedIn:
    """Everything was shown that has to be."""
    return SignedIn(member.id, _start(uow, member, shown_by), _known_token(uow, member.id))


def _wait(uow: UnitOfWork, member: Member) -> HalfWay:
    token = ceremonies.begin(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        purpose=CeremonyPurpose.SIGN_IN,
        member_id=member.id,
    )
    return HalfWay(token)


def _start(uow: UnitOfWork, member: Member, shown_by: ShownBy | None) -> str:
    token = start_session(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        member_id=member.id,
        shown_by=shown_by,
    )
    audit.record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=Actor(ActorKind.MEMBER, member.id, Role(member.role)),
        now=uow.now,
        action="signed_in",
        object_kind="member",
        object_id=member.id,
        details={"shown_by": shown_by.value} if shown_by else {},
    )
    return token


def _count(uow: UnitOfWork, attempt: Attempt) -> _Candidate:
    email = checks.normalise_email(attempt.email)
    member = find_member(uow.session, organisation_id=uow.organisation_id, email=email)
    account = f"sign-in:account:{email}"
    if member is not None and attempt.known and is_known(uow, member.id, attempt.known):
        account = f"sign-in:known:{attempt.known}"
    counted = ((f"sign-in:from:{attempt.address}", ADDRESS_LIMITS), (account, ACCOUNT_LIMITS))
    for key, limits in counted:
        throttle_all(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            key=key,
            limits=limits,
        )
    if member is None or member.state != MemberState.ACTIVE:
        return _Candidate(None, None, counted)
    return _Candidate(member.id, member.password_hash, counted)


def _still_the_same(session: Session, organisation_id: uuid.UUID, candidate: _Candidate) -> Member:
    """The member, unless something changed while the password was checked."""
    member = session.get(Member, (organisation_id, candidate.member_id))
    if (
        member is None
        or member.state != MemberState.ACTIVE
        or member.password_hash != candidate.password_hash
    ):
        raise WrongCredentials()
    return member


def _known_token(uow: UnitOfWork, member_id: uuid.UUID) -> str:
    nonce = new_token(96)
    return f"{nonce}.{_known_mac(uow, member_id, nonce)}"


def is_known(uow: UnitOfWork, member_id: uuid.UUID, token: str) -> bool:
    """Whether the browser that holds `token` is one in which the member has signed in before."""
    nonce, _, shown = token.partition(".")
    return secrets.compare_digest(shown.encode(), _known_mac(uow, member_id, nonce).encode())


def _known_mac(uow: UnitOfWork, member_id: uuid.UUID, nonce: str) -> str:
    key = keys.organisation_key(
        uow.session, organisation_id=uow.organisation_id, purpose=keys.Purpose.TOKEN
    )
    return mac(key, f"known:{member_id}:{nonce}").hex()
