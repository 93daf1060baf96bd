"""Signing in to the pages in a test client."""

import re

from promises.db.session import unit_of_work
from promises.db.sql import execute
from promises.identity import keys, members, sessions
from promises.identity.passwords import hash_password
from promises.kernel.actors import SYSTEM, Role
from tests.factories.identity import PASSWORD

_SHOWN = """
UPDATE staff_sessions SET shown_by = 'code', shown_at = expires_at + interval '1 year'
WHERE organisation_id = %(organisation_id)s AND ended_at IS NULL
"""
_hashes = {}


def password_hash(password=PASSWORD):
    """Hashed once for all tests: it is slow on purpose."""
    if password not in _hashes:
        _hashes[password] = hash_password(password)
    return _hashes[password]


def give_password(made, role, password=PASSWORD):
    """A password to the member of that role; the address to sign in with."""
    with unit_of_work(made.id, SYSTEM) as uow:
        row = members.queries.member_by_id(
            uow.session, organisation_id=made.id, member_id=made.members[role]
        )
        row.password_hash = password_hash(password)
        return row.email


def sign_in(client, made, role=Role.ADMINISTRATOR, member_id=None, *, strong=True):
    """A session for the member of that role, without the password's half second. `strong`: a
    second step was shown, and stays fresh for as long as the test lasts."""
    with client.application.app_context(), unit_of_work(made.id, SYSTEM) as uow:
        token = sessions.start_session(
            uow.session,
            organisation_id=made.id,
            now=uow.now,
            member_id=member_id or made.members[role],
        )
        if strong:
            keep_strong(uow)
    name = f"{client.application.config['LUPAUS_COOKIES']}-staff"
    client.set_cookie(name, token)
    return token


def keep_strong(uow):
    """Every sign-in of the organisation has shown a second step, a year ahead of time."""
    execute(uow.session, _SHOWN, {"organisation_id": uow.organisation_id})


def csrf_token(client, path):
    """The token of the first form on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path).text)
    assert found, f"no form on {path}"
    return found[1]


def post(client, path, data=None, *, page=None, **options):
    """Send a form as the page at `page` (by default the same address) would."""
    token = csrf_token(client, page or path)
    return client.post(path, data={"csrf_token": token} | (data or {}), **options)


def secret_of_last_letter(made):
    """The path that the newest letter of the organisation leads to."""
    with made.work() as uow:
        sealed = (
            uow.session.connection()
            .exec_driver_sql("SELECT secret_sealed FROM messages ORDER BY created_at DESC LIMIT 1")
            .scalar_one()
        )
        key = keys.organisation_key(uow.session, organisation_id=made.id, purpose="contact")
        return keys.unseal(key, sealed)
