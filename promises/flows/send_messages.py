"""Sending what waits in the outbox: claim and commit, send with no transaction open, note it down.

The letter is put together in the claiming transaction, so that a customer whose address was erased
or whose moment has passed gets nothing.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import InvalidToken

from promises.db import sql
from promises.db.session import UnitOfWork, unit_of_work
from promises.desk.values import label_of
from promises.identity import keys
from promises.kernel.actors import SYSTEM
from promises.notify import actions
from promises.notify.actions import Claimed
from promises.notify.channels import Carrier, Outcome, Parcel, Result
from promises.notify.letter_parts import Facts
from promises.notify.letters import compose_email, compose_text
from promises.notify.models import CONTACT_REMOVED, Channel, MessageKind

WORD_OF_MATTERS = (
    MessageKind.MATTER_RECEIVED,
    MessageKind.MATTER_PROMISED,
    MessageKind.MATTER_TOLD,
    MessageKind.MATTER_ANSWERED,
)
TICKET_KINDS = (
    MessageKind.TURN_NEAR,
    MessageKind.YOUR_TURN,
    MessageKind.PROMISE_BROKEN,
    MessageKind.MATTER_DUE,
    MessageKind.MONEY_NEWS,
    MessageKind.VOUCHER_DUE,
    MessageKind.VOUCHER_ENDED,
    *WORD_OF_MATTERS,
)
STILL_NEAR = ("waiting",)
STILL_CALLED = ("called", "in_service")
STILL_OPEN = ("open", "handed_over")


@dataclass(frozen=True, slots=True)
class Post:
    """How to send: one carrier a channel, and where our pages are."""

    carriers: Mapping[Channel, Carrier]
    base_url: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """A claimed message with its parcel, or with the result that makes sending needless."""

    claimed: Claimed
    parcel: Parcel | None = field(repr=False)
    result: Result | None


_RECIPIENT = """
SELECT organisation.name AS organisation, organisation.slug, organisation.time_zone,
    contact.address_sealed, contact.erased_at, member.email, member.name AS member_name,
    member.state AS member_state
FROM organisations AS organisation
LEFT JOIN contacts AS contact
    ON contact.organisation_id = organisation.organisation_id AND contact.id = %(contact_id)s
LEFT JOIN members AS member
    ON member.organisation_id = organisation.organisation_id AND member.id = %(member_id)s
WHERE organisation.organisation_id = %(organisation_id)s
"""

_TICKET = """
SELECT ticket.public_code, ticket.number, ticket.state, ticket.letter, ticket.kind,
    branch.name AS branch, branch.time_zone
FROM tickets AS ticket
JOIN branches AS branch
    ON branch.organisation_id = ticket.organisation_id AND branch.id = ticket.branch_id
WHERE ticket.organisation_id = %(organisation_id)s AND ticket.id = %(ticket_id)s
"""


def send_due(organisation_id: uuid.UUID, post: Post, *, limit: int = 50) -> int:
    """Try up to `limit` messages of the organisation that are due; returns how many were tried.

    Several may run at once. Opens units of work of its own, two a message.
    """
    for tried in range(limit):
        with unit_of_work(organisation_id, SYSTEM) as uow:
            prepared = _prepare(uow, post)
        if prepared is None:
            return tried
        result = prepared.result
        if result is None and prepared.parcel is not None:
            result = post.carriers[prepared.claimed.channel].send(prepared.parcel)
        with unit_of_work(organisation_id, SYSTEM) as uow:
            actions.record_try(
                uow.session,
                organisation_id=organisation_id,
                now=uow.now,
                claimed=prepared.claimed,
                result=result or Result(Outcome.REFUSED, "nothing to send"),
            )
    return limit


def _prepare(uow: UnitOfWork, post: Post) -> Prepared | None:
    claimed = actions.claim_next(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    if claimed is None:
        return None
    if claimed.number > actions.MAX_TRIES:
        return Prepared(claimed, None, Result(Outcome.GIVEN_UP, "interrupted at every try"))
    if claimed.expires_at is not None and claimed.expires_at <= uow.now:
        return Prepared(claimed, None, Result(Outcome.TOO_LATE, "its moment has passed"))
    recipient = _find_recipient(uow, claimed)
    if recipient.address is None:
        return Prepared(claimed, None, Result(Outcome.ERASED, "there is no address any more"))
    try:
        facts = _gather(uow, claimed, recipient, post.base_url)
        if isinstance(facts, Result):
            return Prepared(claimed, None, facts)
        return Prepared(claimed, _pack(claimed, recipient.address, facts, uow.now), None)
    except (LookupError, TypeError, ValueError) as error:
        # a letter that cannot be written must not stand in the way of the others
        detail = f"cannot be written: {type(error).__name__}"
        return Prepared(claimed, None, Result(Outcome.PUT_OFF, detail))


@dataclass(frozen=True, slots=True)
class _Recipient:
    organisation: str
    slug: str
    zone: str
    address: str | None = field(repr=False)
    name: str = field(repr=False)


def _find_recipient(uow: UnitOfWork, claimed: Claimed) -> _Recipient:
    row = sql.one(
        uow.session,
        _RECIPIENT,
        {
            "organisation_id": uow.organisation_id,
            "contact_id": claimed.contact_id,
            "member_id": claimed.member_id,
        },
    )
    address = claimed.secret if _is_farewell(claimed) else _address(uow, row)
    return _Recipient(row.organisation, row.slug, row.time_zone, address, row.member_name or "")


def _is_farewell(claimed: Claimed) -> bool:
    """Whether it goes to an address that was taken off, which it carries itself."""
    return claimed.kind is MessageKind.MONEY_NEWS and claimed.params.get("what") == CONTACT_REMOVED


def _address(uow: UnitOfWork, row: Any) -> str | None:
    if row.email is not None:
        return None if row.member_state == "deactivated" else str(row.email)
    if row.address_sealed is None or row.erased_at is not None:
        return None
    key = keys.organisation_key(
        uow.session, organisation_id=uow.organisation_id, purpose=actions.SEALED_FOR
    )
    try:
        return keys.unseal(key, bytes(row.address_sealed))
    except InvalidToken:
        return None


def _gather(
    uow: UnitOfWork, claimed: Claimed, recipient: _Recipient, base_url: str
) -> Facts | Result:
    """What the letter speaks of, or why it is not sent after all."""
    common: dict[str, Any] = {
        "kind": claimed.kind,
        "locale": claimed.locale,
        "organisation": recipient.organisation,
        "name": recipient.name,
        "expires_at": claimed.expires_at,
        "params": claimed.params,
    }
    if claimed.kind is MessageKind.FOLLOWED_NEWS:
        stop_link = _own_link(base_url, claimed.secret)
        if stop_link is None:
            return Result(Outcome.REFUSED, "it has no link that stops it")
        page = f"{base_url}/o/{recipient.slug}/{claimed.params['page']}"
        return Facts(link=page, stop_link=stop_link, zone=recipient.zone, **common)
    if claimed.kind not in TICKET_KINDS:
        link = _own_link(base_url, claimed.secret)
        if link is None:
            return Result(Outcome.REFUSED, "it has no link to our own pages")
        return Facts(link=link, zone=recipient.zone, **common)
    ticket = sql.one_or_none(
        uow.session,
        _TICKET,
        {"organisation_id": uow.organisation_id, "ticket_id": claimed.ticket_id},
    )
    if ticket is None or _moved_on(claimed.kind, ticket.state):
        return Result(Outcome.TOO_LATE, "its moment has passed")
    page = f"{base_url}/o/{recipient.slug}/{_page(claimed, ticket)}"
    return Facts(
        link=page if claimed.params.get("linked", True) else None,
        zone=ticket.time_zone,
        branch=ticket.branch,
        label=label_of(ticket.letter, ticket.number),
        matter=ticket.kind,
        **common,
    )


def _page(claimed: Claimed, ticket: Any) -> str:
    """Where the letter leads: customers to their own page, staff to theirs."""
    if claimed.kind is MessageKind.MATTER_DUE:
        return f"staff/matters/{claimed.ticket_id}"
    return f"t/{ticket.public_code}"


def _moved_on(kind: MessageKind, state: str) -> bool:
    """Whether the news of a turn, or a reminder, is old. That we broke a promise never is."""
    if kind is MessageKind.MATTER_DUE:
        return state not in STILL_OPEN
    if kind is MessageKind.TURN_NEAR:
        return state not in STILL_NEAR
    return kind is MessageKind.YOUR_TURN and state not in STILL_CALLED


def _own_link(base_url: str, secret: str | None) -> str | None:
    """Sealed links are paths on our own pages; anything else is not sent on."""
    if secret is None:
        return None
    path = secret.removeprefix(base_url)
    return base_url + path if path.startswith("/") else None


def _pack(claimed: Claimed, address: str, facts: Facts, now: dt.datetime) -> Parcel:
    if claimed.channel is Channel.SMS:
        subject, body = "", compose_text(facts)
    else:
        subject, body = compose_email(facts)
    return Parcel(
        key=str(claimed.message_id),
        recipient=address,
        sender_name=facts.organisation,
        subject=subject,
        body=body,
        sent_at=now,
        stop_link=facts.stop_link,
    )
