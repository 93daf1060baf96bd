"""Credits to customers' own accounts by calls to the company's core system.

docs/account-credits.md tells the other side. Whatever is not clearly answered is UNKNOWN, and is
asked for by the payout's id before anything is sent again.
"""

import datetime as dt
import ipaddress
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NewConnectionError

from promises.kernel.clock import process_clock
from promises.payouts.rails.base import (
    Connection,
    Field,
    Listed,
    Outcome,
    PayoutRequest,
    RailAccount,
    RailUnreachable,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.core_system import LEAST_KEY, code_of, sign, trouble_of

ACCOUNT_CALL = "account_call"
KEY_LIVES = dt.timedelta(days=90)
"""The protocol asks the core system to know an id for at least so long."""

TIMEOUTS = (3.0, 5.0)
"""Seconds to connect, and to wait for each part of the answer."""

LARGEST_ANSWER, _PART = 1024 * 1024, 16 * 1024
LONGEST_ANSWER_S = 8.0
_STATUS = {
    "credited": RailVerdict.PAID,
    "accepted": RailVerdict.ACCEPTED,
    "refused": RailVerdict.REJECTED,
    "returned": RailVerdict.RETURNED,
}
_OK, _CREATED, _MISSING = 200, 201, 404
_MOST_MINOR = 1 << 53
_REFUSED_US = (401, 403)
_REFUSED_IT = (400, 404, 409, 410, 422)
_NO_MONEY, _LATER = 402, 429
_ABSENT = "no_such_credit"


class AccountCallMaker:
    name = ACCOUNT_CALL
    by_run = False
    key_lives: dt.timedelta | None = KEY_LIVES
    fields: tuple[Field, ...] = (Field("url"), Field("signing_key", secret=True))

    def open(self, account: RailAccount | None) -> "AccountCallRail":
        if account is None:
            raise ValueError("a core system has an address")
        return AccountCallRail(account)


class _NotAllowed(Exception):
    """An address that is not called, whoever entered it."""


class AccountCallRail:
    """Threads share it: it holds no connection."""

    name = ACCOUNT_CALL

    def __init__(self, account: RailAccount) -> None:
        self._account = account
        self._base = account.settings.get("url", "").rstrip("/")
        self._key = account.secrets.get("signing_key", "")

    def submit(self, request: PayoutRequest) -> Outcome:
        body = {
            "payout_id": str(request.payout_id),
            "account": _account_of(request),
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "text": request.description,
            "mode": self._mode,
        }
        try:
            status, answer = self._call("POST", "/credits", body, request.provider_key)
        except _NotAllowed as error:
            return _config(str(error))
        except (requests.RequestException, OSError, ValueError) as error:
            return _unknown(type(error).__name__)
        if status in (_OK, _CREATED):
            return _compared(request, answer, status)
        return _refusal(status, answer)

    def find(self, request: PayoutRequest) -> Outcome | None:
        return self._looked_up(request)

    def look(self, request: PayoutRequest, provider_ref: str) -> Outcome:
        """What it had once and knows no more is a matter for a person."""
        found = self._looked_up(request)
        if found is None:
            return Outcome(RailVerdict.MISMATCH, detail=_ABSENT, trouble=Trouble.OTHER_EFFECT)
        return found

    def listed(self, since: dt.datetime, until: dt.datetime) -> Iterator[Listed]:
        after = ""
        while True:
            query = {"since": since.isoformat(), "until": until.isoformat(), "after": after}
            try:
                status, answer = self._call("GET", f"/credits?{urlencode(query)}")
                if status != _OK:
                    raise RailUnreachable(f"answered {status}")
                credits, following = answer["credits"], answer.get("next")
                yield from [_listed(one) for one in credits]
            except RailUnreachable:
                raise
            except (
                _NotAllowed, requests.RequestException, OSError, ValueError, KeyError, TypeError,
            ) as error:  # fmt: skip
                raise RailUnreachable(type(error).__name__) from error
            if not following:
                return
            after = str(following)

    def test(self) -> Connection:
        if len(self._key) < LEAST_KEY:
            return Connection(works=False, trouble=Trouble.DETAILS_WRONG, detail="signing_key")
        try:
            status, answer = self._call("GET", "/status")
        except _NotAllowed as error:
            return Connection(works=False, trouble=Trouble.DETAILS_WRONG, detail=str(error))
        except (requests.RequestException, OSError, ValueError) as error:
            return Connection(works=False, trouble=Trouble.RAIL_DOWN, detail=type(error).__name__)
        if status != _OK:
            return Connection(
                works=False, trouble=Trouble.ACCESS_REFUSED, detail=f"answered {status}"
            )
        if answer.get("mode") != self._mode:
            return Connection(works=False, trouble=Trouble.ACCESS_REFUSED, detail="wrong_mode")
        return Connection(works=True, account=str(answer.get("name", ""))[:100])

    @property
    def _mode(self) -> str:
        return "live" if self._account.live else "test"

    def _looked_up(self, request: PayoutRequest) -> Outcome | None:
        """None only where the core system itself says that it has no such credit: a wrong address
        may answer 404 as well."""
        try:
            status, answer = self._call("GET", f"/credits/{request.payout_id}")
        except (_NotAllowed, requests.RequestException, OSError, ValueError) as error:
            return _unknown(type(error).__name__)
        if status == _MISSING and answer.get("code") == _ABSENT:
            return None
        if status == _OK:
            return _compared(request, answer, status)
        return _unknown(f"answered {status}", status)

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, key: str = ""
    ) -> tuple[int, dict[str, Any]]:
        """The answer's status and JSON object. Follows nobody elsewhere."""
        addresses = _checked_addresses(self._base, live=self._account.live)
        sent = b"" if body is None else json.dumps(body, sort_keys=True).encode()
        at = process_clock.now().isoformat(timespec="seconds")
        target = urlsplit(self._base + path)
        where = target.path + (f"?{target.query}" if target.query else "")
        signed = "\n".join((at, method, where, key)).encode() + b"\n" + sent
        headers = {
            "Content-Type": "application/json",
            "Lupaus-Time": at,
            "Lupaus-Signature": sign(self._key, signed),
        }
        if key:
            headers["Idempotency-Key"] = key
        with requests.Session() as session:
            session.trust_env = False  # neither a proxy nor a password of the machine's own
            for scheme in ("https://", "http://"):
                session.mount(scheme, _Pinned(addresses))
            with session.request(
                method,
                self._base + path,
                data=sent,
                headers=headers,
                timeout=TIMEOUTS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                return answer.status_code, _object(_whole(answer))


def _whole(answer: requests.Response) -> bytes:
    """The answer's body, unless it is long or comes drop by drop."""
    begun, content = process_clock.monotonic(), b""
    for part in answer.iter_content(_PART):
        content += part
        if len(content) > LARGEST_ANSWER or process_clock.monotonic() - begun > LONGEST_ANSWER_S:
            raise ValueError("answer too long")
    return content


class _Pinned(HTTPAdapter):
    """Goes to the addresses that were checked, in their order, whatever the name means by then. The
    core system still sees, and proves, its own name. For one call."""

    def __init__(self, addresses: Sequence[str]) -> None:
        super().__init__()
        self._addresses = addresses
        self._going_to = ""

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        *others, last = self._addresses
        for self._going_to in others:
            try:
                return super().send(request, *args, **more)
            except requests.ConnectionError as error:
                if not _never_connected(error):
                    raise
        self._going_to = last
        return super().send(request, *args, **more)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            pool |= {"server_hostname": host["host"]}
        return host | {"host": self._going_to}, pool

    def add_headers(self, request: requests.PreparedRequest, **more: Any) -> None:
        request.headers["Host"] = urlsplit(str(request.url)).netloc.rpartition("@")[2]


def _never_connected(error: requests.ConnectionError) -> bool:
    if isinstance(error, requests.ConnectTimeout):
        return True
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _checked_addresses(base: str, *, live: bool) -> list[str]:
    """Those that may be called: by https, or for tests on this very machine; and none that only
    machines of a cloud can have, where an administrator's typing would read what is not meant for
    people."""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _NotAllowed("no address")
    found = socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM)
    addresses = [_address(str(one[4][0])) for one in found]
    if parts.scheme == "http" and (live or not all(one.is_loopback for one in addresses)):
        raise _NotAllowed("not https")
    if any(one.is_link_local or one.is_multicast or one.is_unspecified for one in addresses):
        raise _NotAllowed("not an address of a core system")
    return [str(one) for one in addresses]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """What an IPv6 address only wraps is what would be called."""
    found = ipaddress.ip_address(text.partition("%")[0])
    wrapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return wrapped or found


def _object(content: bytes) -> dict[str, Any]:
    found = json.loads(content or b"{}")
    if not isinstance(found, dict):
        raise ValueError("no object")
    return found


def _account_of(request: PayoutRequest) -> str:
    return "" if request.destination is None else request.destination.details.get("account", "")


def _other_money(request: PayoutRequest, answer: Mapping[str, Any]) -> tuple[int, str] | None:
    """Where it is money at all that the answer names, and some that came to be."""
    amount, currency = answer.get("amount_minor"), answer.get("currency")
    if type(amount) is not int or not 0 < amount <= _MOST_MINOR or not isinstance(currency, str):
        return None
    gone = _STATUS.get(str(answer.get("status"))) in (RailVerdict.REJECTED, RailVerdict.RETURNED)
    same = (amount, currency) == (request.amount_minor, request.currency)
    mine = answer.get("payout_id") == str(request.payout_id)
    return (amount, currency[:3]) if mine and not same and not gone else None


def _compared(request: PayoutRequest, answer: Mapping[str, Any], status: int) -> Outcome:
    """An effect is ours only where it is what was asked for. The account is compared for as long
    as it is known here."""
    account = _account_of(request) or answer.get("account")
    asked = (request.amount_minor, request.currency, str(request.payout_id), account)
    names = ("amount_minor", "currency", "payout_id", "account")
    ref = _words(answer.get("reference"))
    if not any(name in answer for name in names):  # somebody's answer, and not about a credit
        return _unknown(code_of(answer.get("code")) or f"answered {status}", status)
    if tuple(answer.get(name) for name in names) != asked:
        return Outcome(
            RailVerdict.MISMATCH,
            provider_ref=ref,
            detail="not what was asked for",
            trouble=Trouble.OTHER_EFFECT,
            http_status=status,
            seen=_other_money(request, answer),
        )
    verdict = _STATUS.get(str(answer.get("status")), RailVerdict.UNKNOWN)
    reason = code_of(answer.get("reason"))
    troubled = verdict in (RailVerdict.REJECTED, RailVerdict.RETURNED)
    return Outcome(
        verdict,
        provider_ref=ref,
        detail=reason,
        trouble=trouble_of(reason) if troubled else None,
        http_status=status,
    )


def _refusal(status: int, answer: Mapping[str, Any]) -> Outcome:
    """What a status without an effect means. A refusal is proven only by a code of the protocol:
    without one it may be anybody's answer."""
    code = code_of(answer.get("code"))
    if status in _REFUSED_US:
        return _config(code or f"answered {status}", status)
    if status == _LATER:
        return Outcome(RailVerdict.RETRY, detail=code, http_status=status)
    if status == _NO_MONEY and code:
        return Outcome(
            RailVerdict.WAIT_FUNDS, detail=code, trouble=Trouble.NO_FUNDS, http_status=status
        )
    if status in _REFUSED_IT and code and code != "in_progress":
        return Outcome(
            RailVerdict.REJECTED, detail=code, trouble=trouble_of(code), http_status=status
        )
    return _unknown(code or f"answered {status}", status)


def _config(detail: str, status: int | None = None) -> Outcome:
    return Outcome(
        RailVerdict.CONFIG, detail=detail, trouble=Trouble.ACCESS_REFUSED, http_status=status
    )


def _unknown(detail: str, status: int | None = None) -> Outcome:
    return Outcome(
        RailVerdict.UNKNOWN, detail=detail, trouble=Trouble.RAIL_DOWN, http_status=status
    )


def _words(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _listed(one: Mapping[str, Any]) -> Listed:
    created_at = dt.datetime.fromisoformat(one["created_at"])
    if created_at.tzinfo is None or type(one["amount_minor"]) is not int:
        raise ValueError("not an instant, or not an amount")
    return Listed(
        provider_ref=str(one["reference"]),
        payout_id=UUID(one["payout_id"]),
        amount_minor=one["amount_minor"],
        currency=str(one["currency"]),
        verdict=_STATUS.get(str(one["status"]), RailVerdict.UNKNOWN),
        created_at=created_at,
    )
