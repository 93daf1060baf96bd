"""Following promises by e-mail: asked for, confirmed by a link, stopped by another one.

Whether an address follows is told to nobody but its owner, by letters. Unconfirmed ones are
forgotten; those who stop leave nothing behind but an erased contact.
"""

import base64
import datetime as dt
import hmac
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from promises.db import sql
from promises.identity import keys, tokens
from promises.identity.customers import add_contact, contact_index, erase_contact, erase_contacts
from promises.identity.errors import LinkExpired
from promises.identity.models import ContactChannel
from promises.identity.throttling import throttle
from promises.kernel.actors import Actor
from promises.kernel.errors import TooMany
from promises.kernel.ids import mac, new_id
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

VALID_FOR = dt.timedelta(days=7)
LETTERS_A_DAY = 3
"""Letters to one address that asks for confirmation, whatever is asked to be followed."""

TOKEN = "{token}"  # noqa: S105  where the token stands in an address

_DAY_S = 86_400
_USE = "follow"
_STOP_BYTES = 20

_LOCK = """
SELECT id, contact_id, confirmed_at FROM subscriptions
WHERE organisation_id = %(organisation_id)s AND address_index = %(address_index)s
  AND promise_id IS NOT DISTINCT FROM %(promise_id)s
FOR UPDATE
"""

_ASK = """
INSERT INTO subscriptions (organisation_id, id, promise_id, contact_id, address_index, locale,
    token_mac, asked_at, expires_at)
VALUES (%(organisation_id)s, %(id)s, %(promise_id)s, %(contact_id)s, %(address_index)s, %(locale)s,
    %(token_mac)s, %(now)s, %(expires_at)s)
ON CONFLICT (organisation_id, address_index, promise_id) DO NOTHING
"""

_ASK_AGAIN = """
UPDATE subscriptions SET locale = %(locale)s, token_mac = %(token_mac)s, asked_at = %(now)s,
    expires_at = %(expires_at)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND confirmed_at IS NULL
"""

_LOOK = """
SELECT id, promise_id FROM subscriptions
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s
  AND expires_at > %(now)s
"""

_CONFIRM = """
UPDATE subscriptions SET confirmed_at = %(now)s, token_mac = NULL
WHERE organisation_id = %(organisation_id)s AND token_mac = %(token_mac)s
  AND expires_at > %(now)s
RETURNING id, promise_id
"""

_STOP = """
DELETE FROM subscriptions
WHERE organisation_id = %(organisation_id)s AND id = %(id)s
RETURNING contact_id
"""

_FORGET = """
DELETE FROM subscriptions
WHERE organisation_id = %(organisation_id)s AND id IN (
    SELECT id FROM subscriptions
    WHERE organisation_id = %(organisation_id)s AND confirmed_at IS NULL
      AND expires_at <= %(now)s
    LIMIT 500 FOR UPDATE SKIP LOCKED
)
RETURNING contact_id
"""

_NEXT = """
SELECT id, promise_id, contact_id, locale FROM subscriptions
WHERE organisation_id = %(organisation_id)s AND confirmed_at IS NOT NULL
  AND confirmed_at < %(known_at)s AND (%(after)s::uuid IS NULL OR id > %(after)s)
ORDER BY id LIMIT %(limit)s
"""

_ANY = """
SELECT EXISTS (
    SELECT FROM subscriptions
    WHERE organisation_id = %(organisation_id)s AND confirmed_at IS NOT NULL
) AS found
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """To follow one promise, or all of the organisation where there is none. `page` is where the
    link of the letter leads: a path of ours with TOKEN in it."""

    address: str = field(repr=False)
    locale: str
    promise_id: uuid.UUID | None
    titles: dict[str, str]
    page: str


@dataclass(frozen=True, slots=True)
class Follower:
    subscription_id: uuid.UUID
    promise_id: uuid.UUID | None
    contact_id: uuid.UUID
    locale: str


def ask_to_follow(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, wish: Wish
) -> None:
    """Send the address a link that confirms, unless it follows already, or was sent enough of them
    today. The caller learns nothing of that. Raises Refused where it is no e-mail address.

    Asked again, the newest link counts.
    """
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    index = contact_index(
        session, organisation_id=organisation_id, channel=ContactChannel.EMAIL, address=wish.address
    )
    params: dict[str, Any] = tenant | {"address_index": index, "promise_id": wish.promise_id}
    known = sql.one_or_none(session, _LOCK, params)
    if known is not None and known.confirmed_at is not None:
        return
    try:
        throttle(
            session, organisation_id=organisation_id, now=now, key=f"{_USE}:{index.hex()}",
            limit=LETTERS_A_DAY, window_s=_DAY_S,
        )  # fmt: skip
    except TooMany:
        return
    token = tokens.new_secret(organisation_id)
    params |= {
        "id": new_id() if known is None else known.id,
        "locale": wish.locale,
        "token_mac": _token_mac(session, organisation_id, token),
        "now": now,
        "expires_at": now + VALID_FOR,
    }
    if known is not None:
        sql.execute(session, _ASK_AGAIN, params)
        contact_id = known.contact_id
    else:
        contact_id = add_contact(
            session, organisation_id=organisation_id, now=now, channel=ContactChannel.EMAIL,
            address=wish.address, locale=wish.locale,
        )  # fmt: skip
        if not sql.execute(session, _ASK, params | {"contact_id": contact_id}):
            # another asked for the same at this moment, and sends the letter
            erase_contacts(
                session, organisation_id=organisation_id, now=now, contact_ids=[contact_id]
            )
            return
    message = _letter(wish, contact_id, token, now)
    enqueue(session, organisation_id=organisation_id, now=now, messages=[message])


def _letter(wish: Wish, contact_id: uuid.UUID, token: str, now: dt.datetime) -> NewMessage:
    return NewMessage(
        kind=MessageKind.FOLLOW_ASKED,
        channel=Channel.EMAIL,
        locale=wish.locale,
        dedupe_key=f"follow/{new_id()}",
        contact_id=contact_id,
        params={"titles": wish.titles},
        secret=wish.page.replace(TOKEN, token),
        expires_at=now + VALID_FOR,
    )


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link that confirms stands for."""

    subscription_id: uuid.UUID
    promise_id: uuid.UUID | None


def look_at_wish(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, token: str
) -> Asked:
    """Without confirming it: programs that check letters open their links. Raises LinkExpired."""
    return _found(session, _LOOK, organisation_id, now, token)


def confirm(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, token: str) -> Asked:
    """From now on the address gets news. Of two at once one succeeds. Raises LinkExpired."""
    return _found(session, _CONFIRM, organisation_id, now, token)


def _found(
    session: Session, statement: str, organisation_id: uuid.UUID, now: dt.datetime, token: str
) -> Asked:
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "token_mac": _token_mac(session, organisation_id, token),
    }
    row = sql.one_or_none(session, statement, params)
    if row is None:
        raise LinkExpired()
    return Asked(*row)


def _token_mac(session: Session, organisation_id: uuid.UUID, token: str) -> bytes:
    return tokens.token_mac(session, organisation_id=organisation_id, use=_USE, token=token)


def stop_token(session: Session, *, organisation_id: uuid.UUID, subscription_id: uuid.UUID) -> str:
    """Ends the subscription for whoever has it, at any time. It follows from the id and a key of
    the organisation, so nothing of it is stored."""
    proof = _stop_proof(session, organisation_id, subscription_id)
    return f"{_text(organisation_id.bytes)}.{_text(subscription_id.bytes + proof)}"


def stop(
    session: Session, *, organisation_id: uuid.UUID, actor: Actor, now: dt.datetime, token: str
) -> None:
    """No more letters, and the address is erased. Safe to repeat. Raises LinkExpired for a token
    that was never one of ours."""
    subscription_id = _subscription_of(session, organisation_id, token)
    params = {"organisation_id": organisation_id, "id": subscription_id}
    row = sql.one_or_none(session, _STOP, params)
    if row is not None:
        erase_contact(
            session, organisation_id=organisation_id, actor=actor, now=now,
            contact_id=row.contact_id,
        )  # fmt: skip


def check_stop_token(session: Session, *, organisation_id: uuid.UUID, token: str) -> None:
    """Raises LinkExpired for a token that was never one of ours."""
    _subscription_of(session, organisation_id, token)


def _subscription_of(session: Session, organisation_id: uuid.UUID, token: str) -> uuid.UUID:
    if tokens.organisation_of(token) != organisation_id:
        raise LinkExpired()
    text = token.partition(".")[2]
    try:
        carried = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise LinkExpired() from None
    if len(carried) != 16 + _STOP_BYTES:
        raise LinkExpired()
    subscription_id = uuid.UUID(bytes=carried[:16])
    proof = _stop_proof(session, organisation_id, subscription_id)
    if not hmac.compare_digest(proof, carried[16:]):
        raise LinkExpired()
    return subscription_id


def _stop_proof(session: Session, organisation_id: uuid.UUID, subscription_id: uuid.UUID) -> bytes:
    key = keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.TOKEN
    )
    return mac(key, f"stop-{_USE}:{subscription_id}")[:_STOP_BYTES]


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forget_unconfirmed(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> int:
    """Those whose link was not used in time, a batch at a time; how many."""
    gone = sql.rows(session, _FORGET, {"organisation_id": organisation_id, "now": now})
    if gone:
        erase_contacts(
            session, organisation_id=organisation_id, now=now,
            contact_ids=[row.contact_id for row in gone],
        )  # fmt: skip
    return len(gone)


def anybody_follows(session: Session, *, organisation_id: uuid.UUID) -> bool:
    return bool(sql.one(session, _ANY, {"organisation_id": organisation_id}).found)


def next_followers(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    known_at: dt.datetime,
    after: uuid.UUID | None,
    limit: int,
) -> list[Follower]:
    """Those who followed before it became known, in order of their ids, after the last one seen."""
    params = {
        "organisation_id": organisation_id, "known_at": known_at, "after": after, "limit": limit
    }  # fmt: skip
    return [Follower(*row) for row in sql.rows(session, _NEXT, params)]
