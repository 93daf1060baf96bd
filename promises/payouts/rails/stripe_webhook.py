"""Messages of Stripe: whether one is genuine, and what it is about.

Both kinds come to one address: snapshots, which carry the object, and thin ones, which only name it
(always of API v2, of API v1 where the organisation chose so at Stripe). What a message says of the
object's state is not even read: it makes us look.
"""

import datetime as dt
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import stripe

TOLERANCE = dt.timedelta(minutes=5)
"""How far the time of a message may lie from ours, to either side."""

SIGNATURE_HEADER = "Stripe-Signature"
_ID = re.compile(r"[!-~]{1,255}")
_ABOUT_PAYOUTS = (
    "refund.", "charge.refund.", "v1.refund.", "v1.charge.refund.",
    "v2.money_management.outbound_payment.",
)  # fmt: skip


class Forged(ValueError):
    """Not from Stripe as far as we can tell: answered with 400, and nothing of it is kept. The text
    says why, without anything from the message."""


@dataclass(frozen=True, slots=True)
class StripeMessage:
    """A genuine message. `object_ref` is the provider's id of what it is about. `payout_id` is ours
    where the object carries one (thin messages never do). `live` is the message's own word;
    `wrong_mode`: it is not the mode of the organisation's settings."""

    event_id: str
    kind: str
    object_ref: str
    payout_id: uuid.UUID | None
    live: bool
    wrong_mode: bool

    @property
    def about_payout(self) -> bool:
        """Whether messages of this kind tell of payouts at all."""
        return self.kind.startswith(_ABOUT_PAYOUTS)


def read_message(
    raw: bytes, headers: Mapping[str, str], *, secret: str, live: bool, now: dt.datetime
) -> StripeMessage:
    """The message in `raw`, the body exactly as it came; raises Forged. `live` is the mode of the
    organisation's settings, and `secret` the one of its own address."""
    _verify(raw, _header(headers), secret, now)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Forged("not JSON") from None
    if not isinstance(body, dict):
        raise Forged("no object")
    thing = _thing(body)
    said_live = body.get("livemode")
    if not isinstance(said_live, bool):
        raise Forged("no mode")
    return StripeMessage(
        event_id=_name(body.get("id")),
        kind=_name(body.get("type")),
        object_ref=_name(thing.get("id")),
        payout_id=_payout_id(thing.get("metadata")),
        live=said_live,
        wrong_mode=said_live is not live,
    )


def _header(headers: Mapping[str, str]) -> str:
    found = [value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER.lower()]
    if len(found) != 1:
        raise Forged("not one signature header")
    return found[0]


def _verify(raw: bytes, header: str, secret: str, now: dt.datetime) -> None:
    """The SDK compares the signature; the time is compared with ours, to both sides, because the
    SDK takes any time that is still to come."""
    try:
        stripe.WebhookSignature.verify_header(raw, header, secret)
        stamps = [part[2:] for part in header.split(",") if part.startswith("t=")]
        sent_at = dt.datetime.fromtimestamp(int(stamps[0]), dt.UTC)
    except stripe.SignatureVerificationError:
        raise Forged("signature") from None
    except (ValueError, TypeError, OverflowError, OSError):
        # not UTF-8, a signature of letters that cannot be compared, a time beyond all calendars
        raise Forged("not readable") from None
    if abs(now - sent_at) > TOLERANCE:
        raise Forged("too old or too new")


def _thing(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the message is about, by its kind."""
    if body.get("object") == "v2.core.event":
        thing = body.get("related_object")
    elif body.get("object") == "event":
        data = body.get("data")
        thing = data.get("object") if isinstance(data, dict) else None
    else:
        raise Forged("neither kind of message")
    if not isinstance(thing, dict):
        raise Forged("about nothing")
    return thing


def _name(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Forged("an id or a kind is not one")
    return value


def _payout_id(metadata: object) -> uuid.UUID | None:
    text = metadata.get("payout_id") if isinstance(metadata, dict) else None
    try:
        return uuid.UUID(text) if isinstance(text, str) else None
    except ValueError:
        return None
