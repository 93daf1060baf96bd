"""Second steps of members, set up by the real flows on an organisation's own database."""

import dataclasses
import datetime as dt

import pyotp

from promises.flows import change_factors
from promises.identity import ceremonies, factor_codes, passkeys
from promises.identity.factor_models import CeremonyPurpose
from promises.identity.passkeys import Site
from promises.identity.sessions import SessionMember, member_by_session, start_session
from tests.factories.authenticator import Authenticator

SITE = Site("localhost", "http://localhost", "A Bank")
HALF_MINUTE = dt.timedelta(seconds=30)


@dataclasses.dataclass
class App:
    """Somebody's app: `code(now)` is what it shows."""

    secret: str
    recovery: list

    def code(self, now):
        return pyotp.TOTP(self.secret).at(now)


def session_of(made, role) -> SessionMember:
    with made.work(None) as uow:
        token = start_session(
            uow.session, organisation_id=made.id, now=uow.now, member_id=made.members[role]
        )
    return member_by_session(token)


def give_app(made, role, *, ago=3 * HALF_MINUTE):
    """An app in use since a while ago, so that the code of now is not used up."""
    secret = factor_codes.new_secret()
    member = session_of(made, role)
    with made.work(role) as uow:
        uow = dataclasses.replace(uow, now=uow.now - ago)
        code = pyotp.TOTP(secret).at(uow.now)
        recovery = change_factors.add_app(uow, member=member, secret=secret, code=code)
    return App(secret, recovery)


def give_passkey(made, role, *, name="Work phone", site=SITE, **words):
    """The authenticator that holds it, and the passkey's id."""
    device, member = Authenticator(site.origin, **words), session_of(made, role)
    with made.work(role) as uow:
        challenge = passkeys.begin_adding(
            uow.session, organisation_id=made.id, now=uow.now, member_id=member.member_id,
            session_id=member.session_id, site=site,
        )  # fmt: skip
    with made.work(role) as uow:
        begun = ceremonies.take(
            uow.session, organisation_id=made.id, now=uow.now, session_id=member.session_id,
            purpose=CeremonyPurpose.PASSKEY_ADD, token=challenge.token,
        )  # fmt: skip
        change_factors.add_passkey(
            uow, member=member, begun=begun, answer=device.make(challenge.options), name=name,
            site=site,
        )  # fmt: skip
        (found,) = [
            one for one in passkeys.list_passkeys(
                uow.session, organisation_id=made.id, member_id=member.member_id
            ) if one.credential_id == device.credential_id
        ]  # fmt: skip
    return device, found.id
