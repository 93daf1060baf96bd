"""Setting up a second step, giving one up, and help for somebody who lost theirs."""

import uuid

from promises.audit import actions as audit
from promises.db.session import UnitOfWork
from promises.flows.tell_factor_changes import FactorChange, tell_factor_change
from promises.identity import factor_codes, factors, passkeys
from promises.identity.ceremonies import Begun
from promises.identity.errors import FactorRefused
from promises.identity.passkeys import Site
from promises.identity.session_models import ShownBy
from promises.identity.sessions import SessionMember, forget_shown, note_shown
from promises.kernel.errors import NotFound


def add_app(uow: UnitOfWork, *, member: SessionMember, secret: str, code: str) -> list[str]:
    """Take an app into use, in the place of another. Ten recovery codes for somebody who had no
    second step, to be shown once; else none. Raises FactorRefused."""
    common = {"organisation_id": uow.organisation_id, "member_id": member.member_id}
    first = not factors.factors_of(uow.session, **common).any
    if not factor_codes.set_app(uow.session, **common, now=uow.now, secret=secret, code=code):
        raise FactorRefused()
    forget_shown(uow.session, **common)
    _note(uow, member.member_id, "app_added")
    _show(uow, member, ShownBy.CODE)
    tell_factor_change(uow, member_id=member.member_id, change=FactorChange.APP_ADDED)
    return _first_codes(uow, member, first)


def add_passkey(
    uow: UnitOfWork, *, member: SessionMember, begun: Begun, answer: str, name: str, site: Site
) -> list[str]:
    """As `add_app`. Raises PasskeyRefused, TooManyPasskeys, Refused."""
    common = {"organisation_id": uow.organisation_id, "member_id": member.member_id}
    first = not factors.factors_of(uow.session, **common).any
    passkeys.add(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        begun=begun,
        answer=answer,
        name=name,
        site=site,
    )
    _note(uow, member.member_id, "passkey_added")
    _show(uow, member, ShownBy.PASSKEY)
    tell_factor_change(uow, member_id=member.member_id, change=FactorChange.PASSKEY_ADDED)
    return _first_codes(uow, member, first)


def make_codes(uow: UnitOfWork, *, member_id: uuid.UUID) -> list[str]:
    """Ten fresh recovery codes; the ones before stop working. Raises NotFound for somebody with
    no second step, for whom they could stand in."""
    common = {"organisation_id": uow.organisation_id, "member_id": member_id}
    if not factors.factors_of(uow.session, **common).any:
        raise NotFound()
    made = factor_codes.make_recovery_codes(uow.session, **common, now=uow.now)
    _note(uow, member_id, "recovery_codes_made")
    tell_factor_change(uow, member_id=member_id, change=FactorChange.CODES_MADE)
    return made


def remove_app(uow: UnitOfWork, *, member_id: uuid.UUID) -> None:
    """Raises NotFound."""
    if not factors.end_app(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        member_id=member_id,
    ):
        raise NotFound()
    tell_factor_change(uow, member_id=member_id, change=FactorChange.APP_REMOVED)


def remove_passkey(uow: UnitOfWork, *, member_id: uuid.UUID, passkey_id: uuid.UUID) -> None:
    """Raises NotFound, also for somebody else's."""
    if not factors.end_passkey(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        member_id=member_id,
        passkey_id=passkey_id,
    ):
        raise NotFound()
    tell_factor_change(uow, member_id=member_id, change=FactorChange.PASSKEY_REMOVED)


def reset(uow: UnitOfWork, *, member_id: uuid.UUID) -> None:
    """For somebody who lost what they had, by another person: every second step and every sign-in
    ends, and a letter says so. Raises NotOneself, NotFound."""
    factors.reset(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        member_id=member_id,
    )
    tell_factor_change(uow, member_id=member_id, change=FactorChange.RESET)


def _first_codes(uow: UnitOfWork, member: SessionMember, first: bool) -> list[str]:
    if not first:
        return []
    return factor_codes.make_recovery_codes(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        member_id=member.member_id,
    )


def _show(uow: UnitOfWork, member: SessionMember, shown_by: ShownBy) -> None:
    """Whoever just set it up has shown it."""
    note_shown(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        session_id=member.session_id,
        shown_by=shown_by,
    )


def _note(uow: UnitOfWork, member_id: uuid.UUID, action: str) -> None:
    audit.record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="member",
        object_id=member_id,
    )
