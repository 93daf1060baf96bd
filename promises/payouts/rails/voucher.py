"""The voucher rail: the organisation's own paper, so there is no provider to ask.

Accepting is all that `submit` does; the voucher itself is written in the transaction that records
the outcome, and is unique for its payout. A lost answer can therefore always be tried again.
"""

from promises.payouts.rails.base import Outcome, PayoutRequest, RailVerdict

VOUCHER = "voucher"


class VoucherRail:
    name = VOUCHER

    def submit(self, request: PayoutRequest) -> Outcome:
        return Outcome(RailVerdict.ACCEPTED, provider_ref=str(request.payout_id))

    def find(self, request: PayoutRequest) -> Outcome | None:
        """Nothing outlives the database: what it has not recorded did not happen."""
        return None
