"""What every rail offers, so that the flow that settles payouts knows none of them."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class RailVerdict(enum.StrEnum):
    """What a try at a rail came to."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"  # proven that nothing happened
    UNKNOWN = "unknown"  # it may have happened: look before trying again


@dataclass(frozen=True, slots=True)
class PayoutRequest:
    """What is asked of a rail: frozen, stored and hashed before the first try."""

    payout_id: UUID
    organisation_id: UUID
    amount_minor: int
    currency: str
    key: str


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: RailVerdict
    provider_ref: str | None = None
    detail: str | None = None


class Rail(Protocol):
    """`submit` is the only call with an effect. It raises nothing: what is not known is UNKNOWN.
    `find` looks by our own id, so that a try whose answer was lost is not tried twice."""

    name: str

    def submit(self, request: PayoutRequest) -> Outcome: ...

    def find(self, request: PayoutRequest) -> Outcome | None: ...


Rails = Mapping[str, Rail]
"""The registry that app.py hands to the flow."""
