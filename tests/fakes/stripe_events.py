"""Messages of the fake Stripe: signed as the real one signs them, and delivered however badly."""

import copy
import itertools
import json
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import stripe

SECRET = "whsec_fake"
_V2 = "v2.money_management.outbound_payment"


@dataclass(frozen=True)
class Message:
    """One webhook request. `body` is what was signed: changing a byte of it forges it."""

    body: bytes
    headers: dict = field(repr=False)

    @property
    def event_id(self):
        return json.loads(self.body)["id"]


def signed(body, *, secret=SECRET, sent_at):
    """`body` (bytes or an object) with a signature of `secret` at that instant."""
    if not isinstance(body, bytes):
        body = json.dumps(body, indent=2).encode()
    stamp = int(sent_at.timestamp())
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret, stamp)
    return Message(body, {"Content-Type": "application/json", "Stripe-Signature": header})


class Events:
    """Every change as an event, kept in the order in which it happened."""

    def __init__(self, clock):
        self.clock = clock
        self.told = []
        self._numbers = itertools.count(1)

    def happened(self, thing, kind=None):
        """Note that `thing` changed; a snapshot for API v1, a thin event for v2."""
        thin = thing["object"].startswith("v2.")
        kind = kind or (f"{thing['object']}.created" if not thin else f"{_V2}.{thing['status']}")
        event = self._thin(thing, kind) if thin else self._snapshot(thing, kind)
        self.told.append(event)
        return event

    def about(self, thing, kind, **changes):
        """An event that is not noted; `changes` go into the object of a snapshot, such as an older
        status."""
        if thing["object"].startswith("v2."):
            return self._thin(thing, kind)
        return self._snapshot({**thing, **changes}, kind)

    def _snapshot(self, thing, kind):
        shown = {name: copy.deepcopy(of) for name, of in thing.items() if name[0] != "_"}
        return {
            "id": f"evt_{next(self._numbers):08d}",
            "object": "event",
            "api_version": "2026-10-28.endive",
            "created": int(self.clock.now().timestamp()),
            "data": {"object": shown},
            "livemode": thing.get("livemode", thing.get("_live", False)),
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "type": kind,
        }

    def _thin(self, thing, kind):
        path = f"/v2/money_management/outbound_payments/{thing['id']}"
        return {
            "id": f"evt_{next(self._numbers):08d}",
            "object": "v2.core.event",
            "created": self.clock.now().isoformat(),
            "livemode": thing.get("livemode", False),
            "reason": None,
            "related_object": {"id": thing["id"], "type": thing["object"], "url": path},
            "type": kind,
        }


def deliver(url, messages, *, copies=1, parallel=False):
    """Post each message `copies` times; the statuses, in the order of the messages."""
    posts = [message for message in messages for _ in range(copies)]
    if not parallel:
        return [_post(url, message) for message in posts]
    with ThreadPoolExecutor(min(len(posts), 16) or 1) as pool:
        return list(pool.map(lambda message: _post(url, message), posts))


def _post(url, message):
    request = urllib.request.Request(url, message.body, message.headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
