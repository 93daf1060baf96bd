"""How far a claimed time is believed. Pure."""

import datetime as dt
from typing import NamedTuple

from promises.desk import errors
from promises.kernel.zones import require_utc

TOLERANCE = dt.timedelta(seconds=60)
AHEAD = dt.timedelta(seconds=2)
OLDEST = dt.timedelta(days=31)
UNDO_SPAN = dt.timedelta(seconds=10)


class Claim(NamedTuple):
    occurred_at: dt.datetime
    verified: bool


def claimed_time(occurred_at: dt.datetime | None, now: dt.datetime) -> Claim:
    """When it happened, in UTC, and whether we vouch for that.

    A live source may claim up to 60 s back; older is taken and marked unverified. A clock up to
    2 s ahead counts as now. Raises TimeWithoutZone, TimeInFuture, TimeTooOld.
    """
    if occurred_at is None:
        return Claim(now, True)
    try:
        at = require_utc(occurred_at)
    except ValueError as error:
        raise errors.TimeWithoutZone from error
    if at > now + AHEAD:
        raise errors.TimeInFuture
    if now - at > OLDEST:
        raise errors.TimeTooOld(days=OLDEST.days)
    return Claim(min(at, now), now - at <= TOLERANCE)
