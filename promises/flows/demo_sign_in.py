"""Signing in to the demonstration with one click: no password, once, on this machine only."""

import datetime as dt
import uuid

from promises.db.session import UnitOfWork
from promises.flows.sign_in import start_for
from promises.identity import queries, tokens
from promises.identity.errors import LinkExpired
from promises.identity.models import TokenPurpose
from promises.identity.session_models import ShownBy
from promises.kernel.errors import Forbidden

LASTS = dt.timedelta(hours=12)


def demo_path(uow: UnitOfWork, *, member_id: uuid.UUID) -> str:
    """The path of a page that signs that member in, once. Earlier ones for the member stop
    working. Raises Forbidden outside the demonstration organisation."""
    organisation = queries.organisation_info(uow.session, organisation_id=uow.organisation_id)
    if not organisation.is_demo:
        raise Forbidden()
    token = tokens.grant(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        purpose=TokenPurpose.DEMO_SIGN_IN,
        valid_for=LASTS,
        member_id=member_id,
    )
    return f"/o/{organisation.slug}/demo-sign-in/{token}"


def demo_sign_in(uow: UnitOfWork, *, token: str) -> str:
    """The session's token. Raises LinkExpired, Forbidden. The page checks where it was asked.

    It proves nothing about who came in, and says so: what such a session may do without a real
    second step is decided where it is asked for, and only where demonstrations are on.
    """
    organisation = queries.organisation_info(uow.session, organisation_id=uow.organisation_id)
    if not organisation.is_demo:
        raise Forbidden()
    found = tokens.use(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        purpose=TokenPurpose.DEMO_SIGN_IN,
        token=token,
    )
    if found.member_id is None:
        raise LinkExpired()
    return start_for(uow, member_id=found.member_id, shown_by=ShownBy.DEMONSTRATION)
