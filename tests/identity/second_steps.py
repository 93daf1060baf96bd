"""Showing a second step, and adding one."""

import datetime as dt

from promises.db.session import inject_clock
from promises.db.sql import one
from promises.flows import change_factors
from promises.identity import ceremonies, factor_codes, passkeys
from promises.identity.factor_models import CeremonyPurpose
from promises.kernel.actors import Role
from tests.factories.second_steps import SITE, session_of

NOON = dt.datetime(2026, 6, 1, 12, 0, 0, tzinfo=dt.UTC)
MANAGER = Role.MANAGER


def accepts(made, code, role=MANAGER):
    with made.work(role) as uow:
        return factor_codes.accept_code(
            uow.session, organisation_id=made.id, now=uow.now, member_id=made.members[role],
            code=code,
        )  # fmt: skip


def at(instant):
    return inject_clock(lambda: instant)


def adding(made, role=MANAGER):
    """A challenge for a new passkey, and the session that it is bound to."""
    member = session_of(made, role)
    with made.work(role) as uow:
        challenge = passkeys.begin_adding(
            uow.session, organisation_id=made.id, now=uow.now, member_id=member.member_id,
            session_id=member.session_id, site=SITE,
        )  # fmt: skip
    return member, challenge


def add(made, member, challenge, answer, name="Phone"):
    with made.work(MANAGER) as uow:
        begun = ceremonies.take(
            uow.session, organisation_id=made.id, now=uow.now, session_id=member.session_id,
            purpose=CeremonyPurpose.PASSKEY_ADD, token=challenge.token,
        )  # fmt: skip
    with made.work(MANAGER) as uow:
        return change_factors.add_passkey(
            uow, member=member, begun=begun, answer=answer, name=name, site=SITE
        )


def count_passkeys(made):
    with made.work() as uow:
        return one(uow.session, "SELECT count(*) AS n FROM passkeys").n
