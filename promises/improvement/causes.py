"""Changing the list of causes, and tagging breaches with them."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping

from sqlalchemy.orm import Session

from promises.audit.actions import record
from promises.db.sql import execute, one_or_none, rows
from promises.improvement.causes_start import START, start_id
from promises.improvement.errors import CauseKnown, CauseRetired, NoSuchCause
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import FieldProblem, Forbidden, Refused
from promises.kernel.ids import new_id, new_ids
from promises.kernel.text import LOCALES, N_

LONGEST_NAME = 60

_START = """
INSERT INTO causes (organisation_id, id, key, names, place, created_at)
SELECT %(organisation_id)s, s.id, s.key, s.names, s.place, %(now)s
FROM jsonb_to_recordset(%(start)s::jsonb) AS s(id uuid, key text, names jsonb, place integer)
WHERE NOT EXISTS (SELECT 1 FROM causes c WHERE c.organisation_id = %(organisation_id)s)
ON CONFLICT DO NOTHING
"""

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"

_ADD = """
INSERT INTO causes (organisation_id, id, names, place, created_by, created_at)
SELECT %(organisation_id)s, %(id)s, %(names)s::jsonb, coalesce(max(c.place), 0) + 1, %(by)s, %(now)s
FROM causes c WHERE c.organisation_id = %(organisation_id)s
"""

_SAME_NAME = """
SELECT 1 FROM causes c, jsonb_each_text(c.names) n
WHERE c.organisation_id = %(organisation_id)s AND lower(n.value) = ANY(%(names)s) LIMIT 1
"""

_RETIRE = """
UPDATE causes SET retired_at = %(now)s, retired_by = %(by)s
WHERE organisation_id = %(organisation_id)s AND id = %(cause_id)s AND retired_at IS NULL
"""

_REVIVE = """
UPDATE causes SET retired_at = NULL, retired_by = NULL
WHERE organisation_id = %(organisation_id)s AND id = %(cause_id)s AND retired_at IS NOT NULL
"""

_FIND = """
SELECT retired_at FROM causes WHERE organisation_id = %(organisation_id)s AND id = %(cause_id)s
"""

# Only what says something new is written: two who tap the same leave one tag.
_TAG = """
INSERT INTO breach_causes (organisation_id, id, breach_id, cause_id, tagged_by, tagged_at)
SELECT %(organisation_id)s, b.id, b.breach_id, %(cause_id)s, %(by)s, %(now)s
FROM unnest(%(ids)s::uuid[], %(breach_ids)s::uuid[]) AS b(id, breach_id)
LEFT JOIN LATERAL (
    SELECT t.cause_id FROM breach_causes t
    WHERE t.organisation_id = %(organisation_id)s AND t.breach_id = b.breach_id
    ORDER BY t.tagged_at DESC, t.id DESC LIMIT 1
) last ON true
WHERE last.cause_id IS DISTINCT FROM %(cause_id)s::uuid
RETURNING breach_id
"""


def ensure_start(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> None:
    """Store the starting list where the organisation has none yet. Safe to repeat."""
    start = [
        {"id": str(start_id(organisation_id, key)), "key": key, "names": names, "place": place}
        for place, (key, names) in enumerate(START.items())
    ]
    params = {"organisation_id": organisation_id, "now": now, "start": json.dumps(start)}
    execute(session, _START, params)


def add_cause(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    names: Mapping[str, str],
) -> uuid.UUID:
    """A new entry at the end of the list; a language without a name shows another one's.

    Raises Refused, CauseKnown.
    """
    by = person(actor)
    said = {one: " ".join(names[one].split()) for one in LOCALES if names.get(one, "").strip()}
    if not said or any(len(name) > LONGEST_NAME for name in said.values()):
        words = N_("Give a name of at most %(most)s characters.")
        raise Refused([FieldProblem("name", words, {"most": LONGEST_NAME})])
    execute(session, _LOCK, {"name": f"causes:{organisation_id}"})
    ensure_start(session, organisation_id=organisation_id, now=now)
    tenant = {"organisation_id": organisation_id}
    if one_or_none(session, _SAME_NAME, tenant | {"names": [n.lower() for n in said.values()]}):
        raise CauseKnown()
    cause_id = new_id()
    params = {"id": cause_id, "names": json.dumps(said), "by": by, "now": now}
    execute(session, _ADD, tenant | params)
    _note(session, organisation_id, actor, now, "cause_added", cause_id)
    return cause_id


def retire_cause(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    cause_id: uuid.UUID,
) -> None:
    """No breach is tagged with it any more; those that are stay so. Safe to repeat.

    Raises NoSuchCause.
    """
    _move(session, organisation_id, actor, now, cause_id, _RETIRE, "cause_retired")


def revive_cause(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    cause_id: uuid.UUID,
) -> None:
    """Back into use. Safe to repeat. Raises NoSuchCause."""
    _move(session, organisation_id, actor, now, cause_id, _REVIVE, "cause_revived")


def _move(
    session: Session,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    cause_id: uuid.UUID,
    statement: str,
    action: str,
) -> None:
    by = person(actor)
    params = {"organisation_id": organisation_id, "cause_id": cause_id, "now": now, "by": by}
    ensure_start(session, organisation_id=organisation_id, now=now)
    if execute(session, statement, params):
        _note(session, organisation_id, actor, now, action, cause_id)
    elif one_or_none(session, _FIND, params) is None:
        raise NoSuchCause(cause_id=str(cause_id))


def tag(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    breach_ids: list[uuid.UUID],
    cause_id: uuid.UUID | None,
) -> list[uuid.UUID]:
    """Say why these breaches happened, None for unknown; the ones for which that is new.

    Raises NoSuchCause, CauseRetired.
    """
    by = person(actor)
    ensure_start(session, organisation_id=organisation_id, now=now)
    params = {"organisation_id": organisation_id, "cause_id": cause_id, "by": by, "now": now}
    if cause_id is not None:
        cause = one_or_none(session, _FIND, params)
        if cause is None:
            raise NoSuchCause(cause_id=str(cause_id))
        if cause.retired_at is not None:
            raise CauseRetired()
    these = {"breach_ids": breach_ids, "ids": new_ids(len(breach_ids))}
    return [row.breach_id for row in rows(session, _TAG, params | these)]


def person(actor: Actor) -> uuid.UUID:
    """What is said about causes and done about them is a person's."""
    if actor.kind is not ActorKind.MEMBER or actor.id is None:
        raise Forbidden()
    return actor.id


def _note(
    session: Session,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action: str,
    cause_id: uuid.UUID,
) -> None:
    record(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        action=action,
        object_kind="cause",
        object_id=cause_id,
    )
