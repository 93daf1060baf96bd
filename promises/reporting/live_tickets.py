"""Whether a span of the past holds anything but imported tickets."""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.db.sql import one
from promises.rules.terms import Scope

# The local day lies within a day of the instant, whatever the zone; so the index on days serves.
_LIVE_IN_SCOPE = """
SELECT EXISTS (
    SELECT FROM tickets t
    WHERE t.organisation_id = %(organisation_id)s
      AND t.branch_id = ANY (coalesce(%(branch_ids)s::uuid[], ARRAY(
          SELECT b.id FROM branches b WHERE b.organisation_id = %(organisation_id)s
      )))
      AND t.day_on BETWEEN %(first_on)s AND %(last_on)s
      AND t.import_id IS NULL AND t.state <> 'withdrawn'
      AND t.kind = ANY (%(kinds)s)
      AND (%(service_kind_ids)s::uuid[] IS NULL OR t.service_kind_id = ANY (%(service_kind_ids)s))
      AND coalesce(t.arrived_at, t.queued_at) >= %(since)s
      AND coalesce(t.arrived_at, t.queued_at) < %(until)s
) AS found
"""

_DAY = dt.timedelta(days=1)


def live_ticket_in_scope(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    scope: Scope,
    since: dt.datetime,
    until: dt.datetime,
) -> bool:
    """Whether a ticket that the scope covers was taken live in [since, until)."""
    params = {
        "organisation_id": organisation_id,
        "branch_ids": None if scope.branches is None else sorted(scope.branches),
        "service_kind_ids": None if scope.service_kinds is None else sorted(scope.service_kinds),
        "kinds": [kind.value for kind in scope.ticket_kinds],
        "since": since,
        "until": until,
        "first_on": (since - _DAY).date(),
        "last_on": (until + _DAY).date(),
    }
    return bool(one(session, _LIVE_IN_SCOPE, params).found)
