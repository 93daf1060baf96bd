"""Showing a second step: to finish signing in, and again before anything is decided about money.

Every attempt with a code is counted before it is looked at. A challenge of a passkey is used up,
in a transaction that counts, before its answer is looked at.
"""

import uuid
from dataclasses import dataclass, field

from promises.audit import actions as audit
from promises.db.session import UnitOfWork, unit_of_work
from promises.flows.sign_in import SignedIn, active_member, come_in, is_known
from promises.flows.tell_factor_changes import FactorChange, tell_factor_change
from promises.identity import ceremonies, factor_codes, passkeys
from promises.identity.ceremonies import Begun
from promises.identity.errors import FactorRefused
from promises.identity.factor_models import CeremonyPurpose
from promises.identity.passkeys import Challenge, Site
from promises.identity.session_models import ShownBy
from promises.identity.sessions import SessionMember, note_shown
from promises.identity.throttling import Limit, give_back, throttle_all
from promises.kernel.actors import SYSTEM

CODE_LIMITS = (Limit(5, 60), Limit(10, 900), Limit(20, 86_400))
"""Wrong codes. Of a million three are right at any time, so that somebody who has the password and
guesses twenty times a day hits one in 45 years on average."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows: a code of the app, a recovery code, or a passkey's answer (JSON) to the
    challenge that `token` names."""

    code: str = field(default="", repr=False)
    recovery: str = field(default="", repr=False)
    answer: str = field(default="", repr=False)
    token: str = field(default="", repr=False)


def finish_sign_in(
    organisation_id: uuid.UUID, *, token: str, proof: Proof, known: str | None = None
) -> SignedIn:
    """The second step after the password, by a code. Opens its own units of work. Raises
    CeremonyOver, TooMany, FactorRefused, WrongCredentials."""
    with unit_of_work(organisation_id, SYSTEM) as uow:
        counted_at = uow.now
        begun = ceremonies.look(
            uow.session,
            organisation_id=organisation_id,
            now=uow.now,
            purpose=CeremonyPurpose.SIGN_IN,
            token=token,
        )
        key = f"second-step:{begun.member_id}"
        if begun.member_id and known and is_known(uow, begun.member_id, known):
            key = f"second-step:known:{known}"
        _count(uow, key)
    with unit_of_work(organisation_id, SYSTEM) as uow:
        ceremonies.take(
            uow.session,
            organisation_id=organisation_id,
            now=uow.now,
            purpose=CeremonyPurpose.SIGN_IN,
            token=token,
        )
        member = active_member(uow, begun.member_id)
        shown_by = _accept_code(uow, member.id, proof)
        give_back(
            uow.session,
            organisation_id=organisation_id,
            now=counted_at,
            key=key,
            limits=CODE_LIMITS,
        )
        return come_in(uow, member, shown_by)


def begin_passkey_sign_in(organisation_id: uuid.UUID, *, site: Site) -> Challenge:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return passkeys.begin_asking(
            uow.session, organisation_id=organisation_id, now=uow.now, site=site
        )


def sign_in_by_passkey(organisation_id: uuid.UUID, *, proof: Proof, site: Site) -> SignedIn:
    """In place of password and code: the device has verified the person. Raises CeremonyOver,
    PasskeyRefused, WrongCredentials."""
    begun = _take(organisation_id, CeremonyPurpose.PASSKEY_SIGN_IN, proof.token, None)
    with unit_of_work(organisation_id, SYSTEM) as uow:
        member_id = passkeys.accept(
            uow.session,
            organisation_id=organisation_id,
            now=uow.now,
            begun=begun,
            answer=proof.answer,
            site=site,
        )
        return come_in(uow, active_member(uow, member_id), ShownBy.PASSKEY)


def begin_confirming(uow: UnitOfWork, *, member: SessionMember, site: Site) -> Challenge:
    return passkeys.begin_asking(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        site=site,
        member_id=member.member_id,
        session_id=member.session_id,
    )


def confirm(
    organisation_id: uuid.UUID, *, member: SessionMember, proof: Proof, site: Site
) -> ShownBy:
    """The member of this session shows again who they are. Opens its own units of work. Raises
    TooMany, FactorRefused, PasskeyRefused, CeremonyOver, NotSignedIn."""
    if proof.answer:
        return _confirm_by_passkey(organisation_id, member, proof, site)
    key = f"confirm:{member.member_id}"
    with unit_of_work(organisation_id, SYSTEM) as uow:
        counted_at = uow.now
        _count(uow, key)
    with unit_of_work(organisation_id, member.actor) as uow:
        shown_by = _accept_code(uow, member.member_id, proof)
        _note(uow, member, shown_by)
        give_back(
            uow.session,
            organisation_id=organisation_id,
            now=counted_at,
            key=key,
            limits=CODE_LIMITS,
        )
        return shown_by


def confirm_demonstration(organisation_id: uuid.UUID, *, member: SessionMember) -> None:
    """One click, in a session that came in by one click. Proves nothing: whoever calls this has
    checked that the process serves a demonstration."""
    with unit_of_work(organisation_id, member.actor) as uow:
        _note(uow, member, ShownBy.DEMONSTRATION)


def _confirm_by_passkey(
    organisation_id: uuid.UUID, member: SessionMember, proof: Proof, site: Site
) -> ShownBy:
    purpose = CeremonyPurpose.PASSKEY_CONFIRM
    begun = _take(organisation_id, purpose, proof.token, member.session_id)
    with unit_of_work(organisation_id, member.actor) as uow:
        passkeys.accept(
            uow.session,
            organisation_id=organisation_id,
            now=uow.now,
            begun=begun,
            answer=proof.answer,
            site=site,
        )
        _note(uow, member, ShownBy.PASSKEY)
        return ShownBy.PASSKEY


def _take(
    organisation_id: uuid.UUID, purpose: CeremonyPurpose, token: str, session_id: uuid.UUID | None
) -> Begun:
    with unit_of_work(organisation_id, SYSTEM) as uow:
        return ceremonies.take(
            uow.session,
            organisation_id=organisation_id,
            now=uow.now,
            purpose=purpose,
            token=token,
            session_id=session_id,
        )


def _count(uow: UnitOfWork, key: str) -> None:
    throttle_all(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        key=key,
        limits=CODE_LIMITS,
    )


def _accept_code(uow: UnitOfWork, member_id: uuid.UUID, proof: Proof) -> ShownBy:
    accept = factor_codes.use_recovery_code if proof.recovery else factor_codes.accept_code
    if not accept(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        member_id=member_id,
        code=proof.recovery or proof.code,
    ):
        raise FactorRefused()
    if not proof.recovery:
        return ShownBy.CODE
    tell_factor_change(uow, member_id=member_id, change=FactorChange.RECOVERY_USED)
    return ShownBy.RECOVERY


def _note(uow: UnitOfWork, member: SessionMember, shown_by: ShownBy) -> None:
    note_shown(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        session_id=member.session_id,
        shown_by=shown_by,
    )
    audit.record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=member.actor,
        now=uow.now,
        action="identity_confirmed",
        object_kind="member",
        object_id=member.member_id,
        details={"shown_by": shown_by.value},
    )
