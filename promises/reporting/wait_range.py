"""How long the wait may still be, said honestly: a range from what the branch did just now."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows

LOOK_BACK = dt.timedelta(hours=2)
CALLS = 30
FEWEST_GAPS = 5
"""With fewer gaps between calls nothing is said: a guess would be worse than none."""

_CALLS = """
SELECT t.called_at FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = %(branch_id)s
  AND t.day_on BETWEEN %(since_on)s AND %(until_on)s AND t.called_at > %(since)s
  AND t.import_id IS NULL
ORDER BY t.called_at DESC
LIMIT %(calls)s
"""


@dataclass(frozen=True, slots=True)
class WaitRange:
    """From `shortest` to `longest`, both in whole minutes, `longest` at least `shortest`."""

    shortest: int
    longest: int


def wait_range(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    now: dt.datetime,
    ahead: int,
) -> WaitRange | None:
    """For somebody with `ahead` people before them; None while too little is known."""
    found = rows(
        session,
        _CALLS,
        {
            "organisation_id": organisation_id,
            "branch_id": branch_id,
            "since": now - LOOK_BACK,
            "since_on": (now - dt.timedelta(days=1)).date(),
            "until_on": (now + dt.timedelta(days=1)).date(),
            "calls": CALLS,
        },
    )
    return estimate([row.called_at for row in found], now=now, ahead=ahead)


def estimate(called_at: Sequence[dt.datetime], *, now: dt.datetime, ahead: int) -> WaitRange | None:
    """From the times of the latest calls. A call is as likely as not to come sooner or later than
    the middle half of the gaps; the time since the last call counts as one more gap, so that a
    queue that stands still does not promise to move."""
    times = sorted(called_at)
    gaps = sorted(
        (later - earlier).total_seconds()
        for earlier, later in zip(times, [*times[1:], now], strict=False)
    )
    if len(gaps) < FEWEST_GAPS:
        return None
    quarter = gaps[len(gaps) // 4]
    three_quarters = gaps[min(len(gaps) * 3 // 4, len(gaps) - 1)]
    turns = ahead + 1
    shortest = int(quarter * turns // 60)
    longest = int(-(-three_quarters * turns // 60))
    return WaitRange(shortest, max(longest, shortest + 1))
