"""The way of a proposal so far, as everybody on staff reads it."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.models import ProposalState
from promises.db import sql

LONGEST = 100

_CHANGES = """
SELECT c.from_state, c.to_state, c.reason, c.changed_at, c.in_time, m.name
FROM proposal_changes c
LEFT JOIN members m ON m.organisation_id = c.organisation_id AND m.id = c.changed_by
WHERE c.organisation_id = %(organisation_id)s AND c.proposal_id = %(proposal_id)s
ORDER BY c.id LIMIT %(limit)s
"""

_CREDITED = """
SELECT q.id, q.title, m.name
FROM decisions d
JOIN proposals q ON q.organisation_id = d.organisation_id AND q.id = d.proposal_id
LEFT JOIN members m ON m.organisation_id = q.organisation_id AND m.id = q.created_by AND q.credit
WHERE d.organisation_id = %(organisation_id)s AND d.promise_id = %(promise_id)s
ORDER BY d.id LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One step; `name` is who took it. `in_time` is None where no deadline was answered."""

    before: ProposalState
    after: ProposalState
    reason: str
    name: str
    changed_at: dt.datetime
    in_time: bool | None


def list_changes(
    session: Session, *, organisation_id: uuid.UUID, proposal_id: uuid.UUID
) -> list[ChangeRow]:
    """The first step first."""
    params = {"organisation_id": organisation_id, "proposal_id": proposal_id, "limit": LONGEST}
    return [
        ChangeRow(
            ProposalState(row.from_state),
            ProposalState(row.to_state),
            row.reason,
            row.name or "",
            row.changed_at,
            row.in_time,
        )
        for row in sql.rows(session, _CHANGES, params)
    ]


@dataclass(frozen=True, slots=True)
class Origin:
    """The proposal that a promise came from; `proposer` only where they agreed to be named."""

    proposal_id: uuid.UUID
    title: str
    proposer: str | None


def origin_of(
    session: Session, *, organisation_id: uuid.UUID, promise_id: uuid.UUID
) -> Origin | None:
    """None for a promise that nobody proposed here."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id}
    row = sql.one_or_none(session, _CREDITED, params)
    return None if row is None else Origin(row.id, row.title, row.name)
