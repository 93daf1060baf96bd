"""What every rail offers, so that the flow that settles payouts knows none of them."""

import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID


class RailVerdict(enum.StrEnum):
    """What a try at a rail came to. After REJECTED, RETRY, WAIT_FUNDS and CONFIG it is proven that
    no money moved; after UNKNOWN nobody knows."""

    ACCEPTED = "accepted"  # the provider has it; whether it arrives shows later
    PAID = "paid"  # it arrived
    REJECTED = "rejected"  # nothing happened, and nothing will by this rail
    RETRY = "retry"  # nothing happened: the same again after a while
    WAIT_FUNDS = "wait_funds"  # nothing happened: the organisation's account is empty
    CONFIG = "config"  # nothing happened: the provider does not let the organisation in
    UNKNOWN = "unknown"  # it may have happened: look before trying again
    MISMATCH = "mismatch"  # something happened that is not what was asked for: a person looks
    RETURNED = "returned"  # it was on its way, or there, and came back


class Trouble(enum.StrEnum):
    """Why a payout did not go through, in words that clerk, manager and customer can be told."""

    RAIL_DOWN = "rail_down"
    ACCESS_REFUSED = "access_refused"  # key revoked or lacking a permission
    NO_FUNDS = "no_funds"  # the organisation's balance does not reach
    ACCOUNT_CLOSED = "account_closed"
    DETAILS_WRONG = "details_wrong"  # no such account, or the name is not the holder's
    CARD_GONE = "card_gone"  # lost, stolen, expired: the refund has nowhere to go
    NOTHING_TO_REFUND = "nothing_to_refund"  # refunded already, or more than was paid
    DISPUTED = "disputed"  # the payment is under a charge-back
    BLOCKED = "blocked"  # the provider or the bank forbids it
    OTHER_EFFECT = "other_effect"  # what was found is not what was asked for
    TOO_OLD = "too_old"  # unknown for so long that trying again would not be safe
    SILENT = "silent"  # no answer from the bank within its days
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where the money goes. `details` are opened for the call only and never logged or stored with
    the request; `fingerprint` (hex) tells whether they are still the ones that were asked for.

    By rail: stripe_refund {payment: pi_… or ch_…}, stripe_credit {customer: cus_…},
    stripe_outbound {recipient, method}, account_call and account_file {account: customer number},
    sepa {iban, name}, manual and voucher {}.
    """

    id: UUID
    fingerprint: str
    details: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class PayoutRequest:
    """What is asked of a rail: frozen, stored and hashed before the first try. `generation` rises
    where the provider would replay an old answer under the old key for ever."""

    payout_id: UUID
    organisation_id: UUID
    amount_minor: int
    currency: str
    key: str
    generation: int = 1
    destination: Destination | None = None
    description: str = ""

    @property
    def provider_key(self) -> str:
        """The idempotency key of this generation."""
        return self.key if self.generation == 1 else f"{self.key}-g{self.generation}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`key_spent`: under this key the provider will answer so for ever. `detail` is for the
    attempt's row: a code or a short technical text without personal data. `seen`: amount and
    currency of what is there, where they are not what was asked for. `fact_on`: the day on which it
    happened, where the provider says so."""

    verdict: RailVerdict
    provider_ref: str | None = None
    detail: str | None = None
    trouble: Trouble | None = None
    http_status: int | None = None
    request_id: str | None = None
    replayed: bool = False
    key_spent: bool = False
    seen: tuple[int, str] | None = None
    fact_on: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One effect as the provider lists it. `payout_id` is ours where it carries one."""

    provider_ref: str
    payout_id: UUID | None
    amount_minor: int
    currency: str
    verdict: RailVerdict
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Connection:
    """What a test of the settings found. `account` names whose account it is, for people."""

    works: bool
    account: str = ""
    trouble: Trouble | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that an organisation enters to use a rail. The settings page is built of these: a
    `secret` is sealed and never shown again; what is not `required` may stay empty."""

    name: str
    secret: bool = False
    required: bool = True


@dataclass(frozen=True, slots=True)
class RailAccount:
    """How one organisation reaches a provider. `live` is real money. `secrets` never leave the
    process: keys by name, such as {key, webhook_secret}."""

    organisation_id: UUID
    live: bool
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


class Rail(Protocol):
    """A rail as one organisation uses it. Nothing here raises what a provider or a network did:
    what is not known is UNKNOWN. `submit` is the only call with an effect. A rail is used by
    several threads at once."""

    name: str

    def submit(self, request: PayoutRequest) -> Outcome: ...

    def find(self, request: PayoutRequest) -> Outcome | None:
        """By our own payout id, so that a try whose answer was lost is not tried twice. None means
        proven absent; UNKNOWN that the look itself failed; MISMATCH another amount, currency or
        target than the request's."""
        ...

    def look(self, request: PayoutRequest, provider_ref: str) -> Outcome:
        """The present state of what was submitted, whatever a message said of it."""
        ...

    def listed(self, since: dt.datetime, until: dt.datetime) -> Iterator[Listed]:
        """All effects that the provider knows of in a span, oldest or newest first. May raise
        RailUnreachable."""
        ...

    def test(self) -> Connection:
        """Whether the settings work, without any effect."""
        ...


class RailUnreachable(Exception):
    """A list could not be read to its end."""


class CannotList(RailUnreachable):
    """This provider has no list of everything: only what is known can be looked at."""


class RailMaker(Protocol):
    """What the composition root registers. `by_run`: payouts wait for a file that people release
    and are never submitted one by one. `key_lives`: how long a key protects against a second
    effect; None where the effect is ours. `fields`: what an organisation enters to use it."""

    name: str
    by_run: bool
    key_lives: dt.timedelta | None
    fields: tuple[Field, ...]

    def open(self, account: RailAccount | None) -> Rail: ...


Rails = Mapping[str, RailMaker]
"""The registry that app.py hands to the flow."""
