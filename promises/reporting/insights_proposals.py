"""Whether proposals move: how many are where, how old they are, how long decisions take."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.models import ProposalState
from promises.db.sql import one, rows

_STATES = """
SELECT q.state, count(*) AS n FROM proposals q
WHERE q.organisation_id = %(organisation_id)s AND q.created_at >= %(since)s
GROUP BY 1
"""

_TIMES = """
SELECT
    (SELECT count(*) FROM proposals q
     WHERE q.organisation_id = %(organisation_id)s AND q.state IN ('open', 'asked')) AS waiting,
    (SELECT min(q.created_at) FROM proposals q
     WHERE q.organisation_id = %(organisation_id)s AND q.state IN ('open', 'asked')) AS oldest_at,
    d.n AS decided, d.half
FROM (
    SELECT count(*) AS n, percentile_disc(0.5) WITHIN GROUP (ORDER BY x.took) AS half
    FROM (
        SELECT min(h.changed_at) - q.created_at AS took
        FROM proposals q
        JOIN proposal_changes h ON h.organisation_id = q.organisation_id AND h.proposal_id = q.id
            AND h.to_state IN ('shadow', 'published', 'declined', 'merged')
        WHERE q.organisation_id = %(organisation_id)s AND q.created_at >= %(since)s
        GROUP BY q.id, q.created_at
    ) x
) d
"""


@dataclass(frozen=True, slots=True)
class Funnel:
    """Of the proposals since a day: how many there are, got an answer, were tried or published, and
    are promises now. `waiting` and `oldest_at` are of all that wait for a decision; `half`: half of
    the `decided` ones were decided within."""

    states: Mapping[ProposalState, int]
    waiting: int
    oldest_at: dt.datetime | None
    decided: int
    half: dt.timedelta | None

    @property
    def proposed(self) -> int:
        return sum(self.states.values())

    @property
    def answered(self) -> int:
        return self.proposed - self._of(ProposalState.OPEN) - self._of(ProposalState.ASKED)

    @property
    def tried(self) -> int:
        """On trial, or published."""
        return self._of(ProposalState.SHADOW) + self._of(ProposalState.PUBLISHED)

    @property
    def published(self) -> int:
        return self._of(ProposalState.PUBLISHED)

    def _of(self, state: ProposalState) -> int:
        return self.states.get(state, 0)


def proposal_funnel(session: Session, *, organisation_id: uuid.UUID, since: dt.datetime) -> Funnel:
    params = {"organisation_id": organisation_id, "since": since}
    states = {ProposalState(row.state): row.n for row in rows(session, _STATES, params)}
    times = one(session, _TIMES, params)
    return Funnel(states, times.waiting, times.oldest_at, times.decided, times.half)
