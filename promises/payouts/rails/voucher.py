"""The voucher rail: the organisation's own paper, so there is no provider to ask.

Accepting is all that `submit` does; the voucher itself is written in the transaction that records
the outcome, and is unique for its payout. A lost answer can therefore always be tried again.
"""

import datetime as dt
from collections.abc import Iterator

from promises.payouts.rails.base import (
    Connection,
    Field,
    Listed,
    Outcome,
    PayoutRequest,
    RailAccount,
    RailVerdict,
)

VOUCHER = "voucher"


class VoucherRail:
    """Its own maker: every organisation has it, without settings."""

    name = VOUCHER
    by_run = False
    key_lives: dt.timedelta | None = None
    fields: tuple[Field, ...] = ()

    def open(self, account: RailAccount | None) -> "VoucherRail":
        return self

    def submit(self, request: PayoutRequest) -> Outcome:
        return Outcome(RailVerdict.ACCEPTED, provider_ref=str(request.payout_id))

    def find(self, request: PayoutRequest) -> Outcome | None:
        """Nothing outlives the database: what it has not recorded did not happen."""
        return None

    def look(self, request: PayoutRequest, provider_ref: str) -> Outcome:
        """Redeeming moves a voucher on, never a look."""
        return Outcome(RailVerdict.ACCEPTED, provider_ref=provider_ref)

    def listed(self, since: dt.datetime, until: dt.datetime) -> Iterator[Listed]:
        return iter(())

    def test(self) -> Connection:
        return Connection(works=True)
