"""The life of a payout as a pure table: what may follow what, and nothing else."""

from collections.abc import Mapping

from promises.payouts.models import PayoutState as S
from promises.payouts.rails.base import RailVerdict

ALLOWED: Mapping[S, frozenset[S]] = {
    S.READY: frozenset({S.SUBMITTING, S.CANCELLED}),
    S.SUBMITTING: frozenset({S.SUBMITTED, S.FAILED, S.UNKNOWN}),
    S.UNKNOWN: frozenset({S.SUBMITTING, S.SUBMITTED, S.PAID, S.FAILED}),
    S.SUBMITTED: frozenset({S.PAID, S.FAILED, S.RETURNED}),
    S.PAID: frozenset({S.RETURNED}),
    S.FAILED: frozenset(),
    S.RETURNED: frozenset(),
    S.CANCELLED: frozenset(),
}

AFTER: Mapping[RailVerdict, S] = {
    RailVerdict.ACCEPTED: S.SUBMITTED,
    RailVerdict.REJECTED: S.FAILED,
    RailVerdict.UNKNOWN: S.UNKNOWN,
}


def came_from(after: S) -> list[S]:
    """The states from which `after` may be reached: the condition of the statement that goes
    there, so that the database refuses what the table does not allow."""
    return [before for before, following in ALLOWED.items() if after in following]
