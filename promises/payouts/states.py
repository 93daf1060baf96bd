"""The life of a payout as a pure table: what may follow what, and nothing else."""

from collections.abc import Mapping

from promises.payouts.models import PayoutState as S
from promises.payouts.rails.base import RailVerdict

ALLOWED: Mapping[S, frozenset[S]] = {
    S.READY: frozenset({S.SUBMITTING, S.CANCELLED}),
    S.SUBMITTING: frozenset(
        {S.READY, S.SUBMITTED, S.PAID, S.FAILED, S.UNKNOWN, S.NEEDS_REVIEW, S.RETURNED}
    ),
    S.UNKNOWN: frozenset(
        {S.READY, S.SUBMITTING, S.SUBMITTED, S.PAID, S.FAILED, S.NEEDS_REVIEW, S.RETURNED}
    ),
    S.SUBMITTED: frozenset({S.PAID, S.FAILED, S.RETURNED, S.NEEDS_REVIEW}),
    S.PAID: frozenset({S.RETURNED}),
    S.NEEDS_REVIEW: frozenset({S.SUBMITTED, S.PAID, S.FAILED, S.RETURNED}),
    S.FAILED: frozenset(),
    S.RETURNED: frozenset(),
    S.CANCELLED: frozenset(),
}

AFTER: Mapping[RailVerdict, S] = {
    RailVerdict.ACCEPTED: S.SUBMITTED,
    RailVerdict.PAID: S.PAID,
    RailVerdict.REJECTED: S.FAILED,
    RailVerdict.RETRY: S.READY,
    RailVerdict.WAIT_FUNDS: S.READY,
    RailVerdict.CONFIG: S.READY,
    RailVerdict.UNKNOWN: S.UNKNOWN,
    RailVerdict.MISMATCH: S.NEEDS_REVIEW,
    RailVerdict.RETURNED: S.RETURNED,
}

NO_EFFECT = frozenset({RailVerdict.RETRY, RailVerdict.WAIT_FUNDS, RailVerdict.CONFIG})
"""After these it is proven that the try had no effect, and another may follow."""


def came_from(after: S) -> list[S]:
    """The states from which `after` may be reached: the condition of the statement that goes
    there, so that the database refuses what the table does not allow."""
    return [before for before, following in ALLOWED.items() if after in following]
