"""Taking a recorded breach back: asked by one, decided by another, the breach itself stays."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.errors import (
    AlreadyAsked,
    AnnulmentReasonMissing,
    NoSuchBreach,
    NothingAsked,
    SecondPersonNeeded,
)
from promises.db.sql import execute, one_or_none, rows
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.ids import new_id
from promises.rules.verdicts import State

_FIND = """
SELECT b.id, b.commitment_id, b.ticket_id, c.state
FROM breaches b
JOIN commitments c ON c.organisation_id = b.organisation_id AND c.id = b.commitment_id
WHERE b.organisation_id = %(organisation_id)s AND b.id = %(breach_id)s
"""

_ASK = """
INSERT INTO annulments (organisation_id, id, breach_id, state, reason, asked_by, asked_at)
SELECT %(organisation_id)s, a.id, b.id, 'asked', %(reason)s, %(asked_by)s, %(now)s
FROM unnest(%(ids)s::uuid[], %(commitment_ids)s::uuid[]) AS a (id, commitment_id)
JOIN breaches b ON b.organisation_id = %(organisation_id)s AND b.commitment_id = a.commitment_id
WHERE NOT EXISTS (SELECT 1 FROM annulments x
    WHERE x.organisation_id = %(organisation_id)s AND x.breach_id = b.id
      AND (x.state IN ('asked', 'confirmed') OR %(asked_by)s::uuid IS NULL))
ON CONFLICT DO NOTHING
RETURNING breach_id
"""

_ASKED = """
SELECT a.id, a.asked_by, a.reason, b.id AS breach_id, b.commitment_id, b.ticket_id
FROM annulments a
JOIN breaches b ON b.organisation_id = a.organisation_id AND b.id = a.breach_id
WHERE a.organisation_id = %(organisation_id)s AND a.breach_id = %(breach_id)s
  AND a.state = 'asked'
FOR UPDATE OF a
"""

# Whoever made evidence on the ticket cannot say whether it is true.
_TOOK_PART = """
SELECT 1 FROM service_events e
WHERE e.organisation_id = %(organisation_id)s AND e.ticket_id = %(ticket_id)s
  AND e.actor_kind = 'member' AND e.actor_id = %(member_id)s
LIMIT 1
"""

_DECIDE = """
UPDATE annulments SET state = %(state)s, decided_by = %(decided_by)s, decided_at = %(now)s,
    decision_reason = %(reason)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND state = 'asked'
"""

_EXCLUDE = """
UPDATE commitments SET state = %(state)s, reason = %(reason)s, decided_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(commitment_id)s AND state = 'broken'
"""

CONTRADICTING_EVIDENCE = "contradicting_evidence"
"""The reason that an annulment carries where late evidence asked for it, not a person."""


def ask_for_commitments(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    commitment_ids: Sequence[uuid.UUID],
) -> list[uuid.UUID]:
    """Late evidence speaks against these breaches: ask, in nobody's name.

    Asked once a breach: what a person has rejected is not asked again by the same evidence."""
    return _ask(session, organisation_id, now, None, CONTRADICTING_EVIDENCE, commitment_ids)


def ask_annulment(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    breach_id: uuid.UUID,
    reason: str,
) -> uuid.UUID:
    """A person asks. Returns the ticket. Raises NoSuchBreach, AlreadyAsked."""
    if not reason.strip():
        raise AnnulmentReasonMissing
    found = one_or_none(
        session, _FIND, {"organisation_id": organisation_id, "breach_id": breach_id}
    )
    if found is None:
        raise NoSuchBreach
    asked = _ask(session, organisation_id, now, actor.id, reason.strip(), [found.commitment_id])
    if not asked:
        raise AlreadyAsked
    ticket_id: uuid.UUID = found.ticket_id
    return ticket_id


def decide_annulment(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    breach_id: uuid.UUID,
    confirm: bool,
    reason: str,
    verdict_state: State | None = None,
) -> uuid.UUID:
    """A second person decides. Returns the ticket.

    Confirmed, the commitment becomes what the facts now say (`verdict_state`), or excluded where
    the facts still say broken. Raises NothingAsked, SecondPersonNeeded.
    """
    found: Any | None = one_or_none(
        session, _ASKED, {"organisation_id": organisation_id, "breach_id": breach_id}
    )
    if found is None:
        raise NothingAsked
    if not _is_second_person(session, organisation_id, actor, found):
        raise SecondPersonNeeded
    if not reason.strip():
        raise AnnulmentReasonMissing
    execute(
        session,
        _DECIDE,
        {
            "organisation_id": organisation_id,
            "id": found.id,
            "state": "confirmed" if confirm else "rejected",
            "decided_by": actor.id,
            "now": now,
            "reason": reason.strip(),
        },
    )
    if confirm:
        _take_back(session, organisation_id, now, found.commitment_id, verdict_state)
    ticket_id: uuid.UUID = found.ticket_id
    return ticket_id


def _take_back(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    commitment_id: uuid.UUID,
    verdict_state: State | None,
) -> None:
    kept = verdict_state is State.KEPT
    params = {
        "organisation_id": organisation_id,
        "commitment_id": commitment_id,
        "state": "kept" if kept else "excluded",
        "reason": "in_time" if kept else "annulled",
        "now": now,
    }
    execute(session, _EXCLUDE, params)


def _is_second_person(
    session: Session, organisation_id: uuid.UUID, actor: Actor, asked: Any
) -> bool:
    if actor.kind is not ActorKind.MEMBER or asked.asked_by == actor.id:
        return False
    params = {
        "organisation_id": organisation_id,
        "ticket_id": asked.ticket_id,
        "member_id": actor.id,
    }
    return not rows(session, _TOOK_PART, params)


def _ask(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    asked_by: uuid.UUID | None,
    reason: str,
    commitment_ids: Sequence[uuid.UUID],
) -> list[uuid.UUID]:
    if not commitment_ids:
        return []
    asked = rows(
        session,
        _ASK,
        {
            "organisation_id": organisation_id,
            "now": now,
            "asked_by": asked_by,
            "reason": reason,
            "ids": [new_id() for _ in commitment_ids],
            "commitment_ids": list(commitment_ids),
        },
    )
    return [row.breach_id for row in asked]
