"""When a payout is tried or looked at again: a pure schedule, by what the last try came to."""

import datetime as dt

from promises.payouts.models import PayoutState
from promises.payouts.rails.base import RailVerdict, Trouble

LEASE = dt.timedelta(seconds=60)
"""Longer than all calls of one claim may take; then somebody else may look what became of it."""

AGED = dt.timedelta(hours=1)
"""A payout that first goes out later than this is looked up before, as if it had been tried."""

UNCLEAR_FOR = dt.timedelta(hours=24)
"""What is still unknown so long after its first try is for a person."""

SILENT_FOR = dt.timedelta(days=7)
"""What a provider took and has not carried out by then, or could not be asked about for so long, is
for a person."""

MAY_SETTLE = (Trouble.SILENT, Trouble.TOO_OLD)
"""Troubles under review after which the provider may still tell what became of it."""

_FIRST_AND_LONGEST = {
    RailVerdict.UNKNOWN: (dt.timedelta(seconds=5), dt.timedelta(minutes=30)),
    RailVerdict.RETRY: (dt.timedelta(seconds=2), dt.timedelta(minutes=5)),
    RailVerdict.WAIT_FUNDS: (dt.timedelta(minutes=15), dt.timedelta(hours=6)),
    RailVerdict.CONFIG: (dt.timedelta(hours=6), dt.timedelta(hours=6)),
}
_MOST_DOUBLINGS = 12

_LOOKS = (
    dt.timedelta(minutes=10),
    dt.timedelta(hours=1),
    dt.timedelta(hours=6),
    dt.timedelta(days=1),
)
_LATE_FAILURE = (dt.timedelta(days=1), dt.timedelta(days=5), dt.timedelta(days=30))
"""A refund may fail weeks after it succeeded: messages tell of it, and so do these looks."""
_MOST_LOOKS = 14
"""At a paid payout, where the later ones failed."""


def pause_after(verdict: RailVerdict, tries: int) -> dt.timedelta | None:
    """How long a payout is left alone after its `tries`-th try; None where it is not tried again.
    Doubles up to a longest pause."""
    schedule = _FIRST_AND_LONGEST.get(verdict)
    if schedule is None:
        return None
    first, longest = schedule
    doubled: dt.timedelta = first * (1 << min(tries - 1, _MOST_DOUBLINGS))
    return min(doubled, longest)


def given_up(
    state: PayoutState, verdict: RailVerdict, waited: dt.timedelta, *, asked: bool = True
) -> Trouble | None:
    """Why a person has to look at a payout, `waited` after its first try, when its last try or look
    in `state` told `verdict`; None: it may still settle by itself. `asked`: the provider was; while
    its rail is paused there was nobody to ask, and whoever opens the rail again lets it be."""
    if state is PayoutState.SUBMITTING and verdict is RailVerdict.UNKNOWN:
        return Trouble.TOO_OLD if waited >= (UNCLEAR_FOR if asked else SILENT_FOR) else None
    if state is PayoutState.SUBMITTED and verdict in (RailVerdict.UNKNOWN, RailVerdict.ACCEPTED):
        return Trouble.SILENT if waited >= SILENT_FOR else None
    return None


def next_look(state: PayoutState, looks: int, *, failed: bool = False) -> dt.timedelta | None:
    """How long after its `looks`-th look a payout is looked at again; None: no more. `failed`: that
    look saw nothing. Under review is what may still settle by itself."""
    if state is PayoutState.SUBMITTED:
        return _LOOKS[min(looks, len(_LOOKS) - 1)]
    if state is PayoutState.NEEDS_REVIEW:
        return _LOOKS[-1]
    if state is not PayoutState.PAID:
        return None
    if looks < len(_LATE_FAILURE):
        return _LATE_FAILURE[looks]
    return _LATE_FAILURE[0] if failed and looks < _MOST_LOOKS else None
