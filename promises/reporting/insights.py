"""When promises break and how long people wait: set-based, over the days of one selection.

Whoever asks gives both ends of the days; nothing here looks at all of an organisation's history.
"""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.kernel.zones import utc_offset
from promises.reporting.rates import KeptRate
from promises.reporting.scorecard import Selection

_DAY = dt.timedelta(days=1)
_STEP = dt.timedelta(minutes=1)

# The offset of the clocks is looked up once a stretch, never a row.
_HOURS = """
SELECT c.day_on,
    ((date_part('epoch', c.started_at)::bigint
      + (%(ahead)s::bigint[])[width_bucket(c.started_at, %(starts)s::timestamptz[])])
     %% 86400 / 3600)::int AS hour,
    count(*) FILTER (WHERE c.state = 'kept') AS kept,
    count(*) FILTER (WHERE c.state = 'broken') AS broken
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s
  AND c.promise_id = ANY (coalesce(%(promise_ids)s::uuid[], ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  )))
  AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
  AND c.state IN ('kept', 'broken')
  AND (%(branch_ids)s::uuid[] IS NULL OR c.branch_id = ANY (%(branch_ids)s))
GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True)
class HourOfWeek:
    """Arrivals in one hour of the week by the clock of their branch; `weekday` 1 is Monday."""

    weekday: int
    hour: int
    kept: int
    broken: int

    @property
    def rate(self) -> KeptRate:
        return KeptRate(self.kept, self.broken)


def hours_of_week(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    selection: Selection,
    zones: Mapping[uuid.UUID, str],
) -> list[HourOfWeek]:
    """Only hours in which somebody came. `zones`: the time zone of each branch."""
    if selection.from_on is None or selection.to_on is None:
        raise ValueError("the hours of a week need a first and a last day")
    first = dt.datetime.combine(selection.from_on, dt.time(), dt.UTC) - dt.timedelta(days=2)
    last = dt.datetime.combine(selection.to_on, dt.time(), dt.UTC) + dt.timedelta(days=3)
    wanted = {
        branch_id: zone
        for branch_id, zone in zones.items()
        if selection.branch_id in (None, branch_id)
    }
    counted: dict[tuple[int, int], list[int]] = {}
    for zone in sorted(set(wanted.values())):
        here = [branch_id for branch_id, one in wanted.items() if one == zone]
        spans = clock_spans(zone, first, last)
        params = selection.params(organisation_id) | {
            "branch_ids": None if len(here) == len(zones) else here,
            "starts": [start for start, _ in spans],
            "ahead": [ahead for _, ahead in spans],
        }
        for row in rows(session, _HOURS, params):
            cell = counted.setdefault((row.day_on.isoweekday(), row.hour), [0, 0])
            cell[0] += row.kept
            cell[1] += row.broken
    return [HourOfWeek(*place, *counts) for place, counts in sorted(counted.items())]


def clock_spans(zone: str, first: dt.datetime, last: dt.datetime) -> list[tuple[dt.datetime, int]]:
    """From when on the clocks of a zone stand how many seconds ahead of UTC, to the minute."""
    ahead = utc_offset(first, zone)
    found = [(first, int(ahead.total_seconds()))]
    at = first
    while at < last:
        if utc_offset(at + _DAY, zone) == ahead:
            at += _DAY
            continue
        while utc_offset(at, zone) == ahead:
            at += _STEP
        ahead = utc_offset(at, zone)
        found.append((at, int(ahead.total_seconds())))
    return found
