"""What the rails of Stripe have in common: a client a rail, keys that fit the mode, and one way to
look before doing and to compare what was done with what was asked for."""

import abc
import datetime as dt
import math
import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests
import stripe
import structlog

from promises.payouts.rails.base import (
    Connection,
    Field,
    Listed,
    Outcome,
    PayoutRequest,
    Rail,
    RailAccount,
    RailUnreachable,
    RailVerdict,
    Trouble,
)
from promises.payouts.rails.stripe_answers import outcome_of
from promises.payouts.rails.stripe_pace import PER_SECOND, PacedClient
from promises.payouts.rails.stripe_wire import NotedAdapter

log = structlog.get_logger()

KEY_LIVES_V1 = dt.timedelta(hours=20)
"""API v1 forgets a key after 24 hours; then the same key is a new request."""

KEY_LIVES_V2 = dt.timedelta(days=29)

TIMEOUT_S = (3.0, 5.0)
"""To connect and to answer. All calls of one try stay well inside a claim's lease."""

KEY, WEBHOOK_SECRET = (
    Field("key", secret=True),
    Field("webhook_secret", secret=True, required=False),
)
PAGE = 100

stripe.enable_telemetry = False  # it would mark this machine, in a file and at Stripe

_KEY = re.compile(r"(?:sk|rk)_(test|live)_[A-Za-z0-9_]{1,250}")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_AT_ONCE = 16
_OTHER_UNITS = frozenset({"BHD", "ISK", "JOD", "KWD", "MGA", "OMR", "TND", "UGX"})
"""Currencies of which a minor unit here is not the unit that Stripe counts in."""


_NO_ANSWER = (stripe.StripeError, AttributeError, KeyError, TypeError, ValueError)
"""What the SDK raises, and what comes of an answer that lacks what it should have."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that Stripe did, whatever kind it is of. `amount_minor` is what the customer gets;
    `targets` are all names of where it went."""

    ref: str
    payout_id: str | None
    amount_minor: int
    currency: str
    targets: frozenset[str]
    verdict: RailVerdict
    trouble: Trouble | None
    created_at: dt.datetime

    def is_as_asked(self, request: PayoutRequest, target: str) -> bool:
        return (
            self.amount_minor == request.amount_minor
            and self.currency.upper() == request.currency
            and target in self.targets
            and self.payout_id == str(request.payout_id)
        )

    def other_money(self, request: PayoutRequest) -> tuple[int, str] | None:
        gone = self.verdict in (RailVerdict.REJECTED, RailVerdict.RETURNED)
        money = (self.amount_minor, self.currency.upper())
        same = money == (request.amount_minor, request.currency)
        return None if gone or same or self.payout_id != str(request.payout_id) else money


class StripeRail(abc.ABC):
    """One organisation's rail. What differs between them is told by the methods without a body;
    those may raise what the SDK raises."""

    name: str
    detail: ClassVar[str]
    """What the destination's details call the target."""

    target_form: ClassVar[re.Pattern[str]]

    def __init__(self, client: stripe.StripeClient, account: RailAccount) -> None:
        self.client = client
        self.account = account

    @abc.abstractmethod
    def _refusal(self, request: PayoutRequest, target: str) -> Outcome | None:
        """Why it cannot be done, looked up before anything is."""

    @abc.abstractmethod
    def _do(self, request: PayoutRequest, target: str) -> stripe.StripeObject: ...

    @abc.abstractmethod
    def _done_to(self, target: str) -> Iterable[stripe.StripeObject]:
        """All effects on that target, also those that are not ours."""

    @abc.abstractmethod
    def _one(self, target: str, ref: str) -> stripe.StripeObject: ...

    @abc.abstractmethod
    def _done_between(
        self, since: dt.datetime, until: dt.datetime
    ) -> Iterable[stripe.StripeObject]: ...

    @abc.abstractmethod
    def _touch(self) -> str:
        """Ask for something that the rail needs the right to; the account's name."""

    @abc.abstractmethod
    def _read(self, thing: Mapping[str, Any]) -> Effect:
        """KeyError, TypeError and ValueError where something is missing."""

    def submit(self, request: PayoutRequest) -> Outcome:
        target = self._target(request)
        if target is None:
            return rejected("no target", Trouble.DETAILS_WRONG)
        if request.currency in _OTHER_UNITS:
            return rejected("currency", Trouble.OTHER)
        try:
            refusal = self._refusal(request, target)
        except _NO_ANSWER as error:
            return _nothing_sent(_outcome(error))
        if refusal is not None:
            return refusal
        try:
            made = self._do(request, target)
            return _with_answer(_judged(self._effect(made), request, target), made)
        except _NO_ANSWER as error:
            return _outcome(error)

    def find(self, request: PayoutRequest) -> Outcome | None:
        target = self._target(request)
        if target is None:
            return None  # without a target nothing was ever sent
        try:
            found = [thing.to_dict() for thing in self._done_to(target)]
            ours = [self._read(thing) for thing in found if _is_of(thing, request)]
        except _NO_ANSWER as error:
            return _not_seen(_outcome(error))
        if not ours:
            return None
        if len(ours) > 1:
            return _mismatch(ours[0], f"{len(ours)} effects")
        return _judged(ours[0], request, target)

    def look(self, request: PayoutRequest, provider_ref: str) -> Outcome:
        target = self._target(request)
        if target is None:
            return Outcome(RailVerdict.UNKNOWN, detail="no target")
        try:
            return _judged(self._effect(self._one(target, provider_ref)), request, target)
        except _NO_ANSWER as error:
            return replace(_outcome(error), verdict=RailVerdict.UNKNOWN, key_spent=False)

    def listed(self, since: dt.datetime, until: dt.datetime) -> Iterator[Listed]:
        """Without what others put there and cannot be read; ours has to be read."""
        skipped = 0
        try:
            for thing in self._done_between(since, until):
                effect = self._readable(thing.to_dict())
                if effect is None:
                    skipped += 1
                else:
                    yield _as_listed(effect)
        except _NO_ANSWER as error:
            raise RailUnreachable(_outcome(error).detail) from error
        if skipped:
            log.warning("foreign_effects_not_read", rail=self.name, count=skipped)

    def test(self) -> Connection:
        try:
            return Connection(works=True, account=self._touch())
        except _NO_ANSWER as error:
            found = _outcome(error)
            trouble = found.trouble or Trouble.RAIL_DOWN
            return Connection(False, trouble=trouble, detail=found.detail or "")

    def _target(self, request: PayoutRequest) -> str | None:
        details = request.destination.details if request.destination else {}
        target = details.get(self.detail, "")
        return target if self.target_form.fullmatch(target) else None

    def _readable(self, thing: Mapping[str, Any]) -> Effect | None:
        """None for what carries no payout and cannot be read."""
        try:
            return self._read(thing)
        except (AttributeError, KeyError, TypeError, ValueError):
            if _mark(thing) is not None:
                raise
            return None

    def _effect(self, thing: stripe.StripeObject) -> Effect:
        return self._read(thing.to_dict())

    def _account_name(self) -> str:
        """Whose key it is, for people; empty where the key may not ask that."""
        try:
            account = self.client.v1.accounts.retrieve_current().to_dict()
        except stripe.PermissionError:
            return ""
        dashboard = (account.get("settings") or {}).get("dashboard") or {}
        return str(dashboard.get("display_name") or account["id"])


class ShutRail:
    """A rail whose settings may not be used: it asks nobody and says why."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self.why = why

    def submit(self, request: PayoutRequest) -> Outcome:
        return Outcome(RailVerdict.CONFIG, detail=self.why, trouble=Trouble.ACCESS_REFUSED)

    def find(self, request: PayoutRequest) -> Outcome | None:
        return self.look(request, "")

    def look(self, request: PayoutRequest, provider_ref: str) -> Outcome:
        return Outcome(RailVerdict.UNKNOWN, detail=self.why, trouble=Trouble.ACCESS_REFUSED)

    def listed(self, since: dt.datetime, until: dt.datetime) -> Iterator[Listed]:
        raise RailUnreachable(self.why)

    def test(self) -> Connection:
        return Connection(False, trouble=Trouble.ACCESS_REFUSED, detail=self.why)


@dataclass(slots=True)
class StripeMaker:
    """What the registry holds for one of the rails. `address` is where Stripe stands in tests and
    on a developer's machine; None is the real one."""

    rail: type[StripeRail]
    key_lives: dt.timedelta | None
    fields: tuple[Field, ...] = (KEY, WEBHOOK_SECRET)
    address: str | None = None
    timeout_s: tuple[float, float] = TIMEOUT_S
    by_run: bool = False
    name: str = ""

    def __post_init__(self) -> None:
        self.name = self.rail.name

    def open(self, account: RailAccount | None) -> Rail:
        """Never a live key at another address, nor a key of the other mode: such settings make a
        rail that is shut."""
        if account is None:
            return ShutRail(self.name, "no settings")
        key = account.secrets.get("key", "")
        why = refused_key(key, live=account.live, address=self.address)
        if why is not None:
            return ShutRail(self.name, why)
        return self.rail(_client(key, self.address, self.timeout_s), account)


def refused_key(key: str, *, live: bool, address: str | None) -> str | None:
    """Why a key may not be used in that mode at that address (None: the real Stripe), or None where
    it may. Pure, so that every combination can be tried."""
    form = _KEY.fullmatch(key)
    if form is None:
        return "not a key"
    if (form[1] == "live") is not live:
        return "key of the other mode"
    if address is None:
        return None
    if form[1] == "live":
        return "live key at a test address"
    return None if _is_here(address) else "address is not on this machine"


def _is_here(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def seconds(instant: dt.datetime) -> int:
    """For API v1, which counts whole seconds; a span from there holds the whole of the first."""
    return int(instant.timestamp())


def _client(key: str, address: str | None, timeout_s: tuple[float, float]) -> stripe.StripeClient:
    """Its connections serve all threads. It never tries again by itself: that is our rule's to
    decide. Passwords from a file of the machine's user never take the key's place."""
    session = requests.Session()
    session.mount("https://", NotedAdapter(pool_maxsize=_AT_ONCE))
    session.mount("http://", NotedAdapter(pool_maxsize=_AT_ONCE))
    session.auth = _as_it_is
    session.max_redirects = 0
    session.trust_env = address is None
    rate = PER_SECOND if address is None else math.inf
    return stripe.StripeClient(
        key,
        base_addresses={} if address is None else {"api": address},
        max_network_retries=0,
        http_client=PacedClient(
            timeout=timeout_s, session=session, rate=rate, longest_s=sum(timeout_s)
        ),
    )


def _as_it_is(asked: requests.PreparedRequest) -> requests.PreparedRequest:
    return asked


def _outcome(error: Exception) -> Outcome:
    if isinstance(error, stripe.StripeError):
        return outcome_of(error)
    return Outcome(RailVerdict.UNKNOWN, detail="odd answer", trouble=Trouble.RAIL_DOWN)


def _nothing_sent(outcome: Outcome) -> Outcome:
    """Of a question that came before: whatever became of it, nothing was done, and it says nothing
    of the key, under which an earlier try may still come through."""
    if outcome.verdict is RailVerdict.UNKNOWN:
        return replace(outcome, verdict=RailVerdict.RETRY, key_spent=False)
    return replace(outcome, key_spent=False)


def _not_seen(outcome: Outcome) -> Outcome:
    """A look that failed has proven nothing. Where the target is not there at all, the account may
    be another one than the one that was asked at first: a person looks."""
    if outcome.verdict is RailVerdict.REJECTED:
        return replace(outcome, verdict=RailVerdict.MISMATCH, key_spent=False)
    return replace(outcome, verdict=RailVerdict.UNKNOWN, key_spent=False)


def _is_of(thing: Mapping[str, Any], request: PayoutRequest) -> bool:
    """Only what carries our payout is read: others may have put things there that we cannot. What
    has not even an id is no answer (KeyError)."""
    return bool(_mark(thing) == str(request.payout_id))


def _mark(thing: Mapping[str, Any]) -> Any:
    metadata = thing.get("metadata") or {}
    return metadata.get("payout_id") if thing["id"] is not None else None


def _judged(effect: Effect, request: PayoutRequest, target: str) -> Outcome:
    if not effect.is_as_asked(request, target):
        other = _mismatch(effect, "another amount, currency or target")
        return replace(other, seen=effect.other_money(request))
    return Outcome(effect.verdict, provider_ref=effect.ref, trouble=effect.trouble)


def _mismatch(effect: Effect, detail: str) -> Outcome:
    return Outcome(RailVerdict.MISMATCH, effect.ref, detail, Trouble.OTHER_EFFECT)


def rejected(detail: str, trouble: Trouble) -> Outcome:
    return Outcome(RailVerdict.REJECTED, detail=detail, trouble=trouble)


def _with_answer(outcome: Outcome, made: stripe.StripeObject) -> Outcome:
    """What the attempt's row tells of the answer itself."""
    answer = made.last_response
    headers = answer.headers if answer else {}
    return replace(
        outcome,
        http_status=answer.code if answer else None,
        request_id=headers.get("request-id"),
        replayed=headers.get("Idempotent-Replayed", "").lower() == "true",
    )


def _as_listed(one: Effect) -> Listed:
    return Listed(
        one.ref,
        _payout_id(one.payout_id),
        one.amount_minor,
        one.currency.upper(),
        one.verdict,
        one.created_at,
    )


def _payout_id(text: str | None) -> uuid.UUID | None:
    try:
        return None if text is None else uuid.UUID(text)
    except ValueError:
        return None
