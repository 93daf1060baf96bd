"""Writing the trail: every record is chained to the one before it."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from promises.audit.chain import Link, first_hash, link_hash
from promises.db.sql import execute, one, one_or_none
from promises.kernel.actors import Actor

_LOCK_HEAD = """
SELECT number, hash FROM audit_heads WHERE organisation_id = %(organisation_id)s FOR UPDATE
"""

_MAKE_HEAD = """
INSERT INTO audit_heads (organisation_id, number, hash)
VALUES (%(organisation_id)s, 0, %(hash)s)
ON CONFLICT (organisation_id) DO NOTHING
"""

_APPEND = """
WITH added AS (
    INSERT INTO audit_records (
        organisation_id, number, recorded_at, actor_kind, actor_id, action, object_kind, object_id,
        details, hash
    )
    SELECT %(organisation_id)s, r.number, %(now)s, %(actor_kind)s, %(actor_id)s, r.action,
           r.object_kind, r.object_id, r.details::jsonb, r.hash
    FROM unnest(
        %(numbers)s::bigint[], %(actions)s::text[], %(object_kinds)s::text[],
        %(object_ids)s::uuid[], %(details)s::text[], %(hashes)s::bytea[]
    ) AS r(number, action, object_kind, object_id, details, hash)
)
UPDATE audit_heads SET number = %(last_number)s, hash = %(last_hash)s
WHERE organisation_id = %(organisation_id)s
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was done, on what. `details` holds strings, whole numbers, booleans, null, lists and
    objects of these; no personal data and no secrets, because a record can never be erased."""

    action: str
    object_kind: str
    object_id: uuid.UUID | None
    details: Mapping[str, Any] = field(default_factory=dict)


def record(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    action: str,
    object_kind: str,
    object_id: uuid.UUID | None,
    details: Mapping[str, Any] | None = None,
) -> int:
    """Append one record; its number in the organisation's chain.

    The end of the chain stays locked until the transaction ends, so call this after every other
    lock was taken. For `details` see Entry.
    """
    entry = Entry(action, object_kind, object_id, details or {})
    return record_all(
        session, organisation_id=organisation_id, actor=actor, now=now, entries=(entry,)
    )


def record_all(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    entries: Sequence[Entry],
) -> int:
    """Append several records in this order, in three statements; the number of the last one."""
    number, previous = _lock_head(session, organisation_id)
    if not entries:
        return number
    numbers, texts, hashes = [], [], []
    for entry in entries:
        number += 1
        link = Link(organisation_id, number, now, actor.kind, actor.id, *_what(entry))
        previous = link_hash(previous, link)
        numbers.append(number)
        hashes.append(previous)
        texts.append(json.dumps(entry.details, ensure_ascii=False))
    execute(
        session,
        _APPEND,
        {
            "organisation_id": organisation_id,
            "now": now,
            "actor_kind": actor.kind.value,
            "actor_id": actor.id,
            "numbers": numbers,
            "actions": [entry.action for entry in entries],
            "object_kinds": [entry.object_kind for entry in entries],
            "object_ids": [entry.object_id for entry in entries],
            "details": texts,
            "hashes": hashes,
            "last_number": number,
            "last_hash": previous,
        },
    )
    return number


def _what(entry: Entry) -> tuple[str, str, uuid.UUID | None, Mapping[str, Any]]:
    return entry.action, entry.object_kind, entry.object_id, entry.details


def _lock_head(session: Session, organisation_id: uuid.UUID) -> tuple[int, bytes]:
    params: dict[str, Any] = {"organisation_id": organisation_id}
    head = one_or_none(session, _LOCK_HEAD, params)
    if head is None:
        execute(session, _MAKE_HEAD, params | {"hash": first_hash(organisation_id)})
        head = one(session, _LOCK_HEAD, params)
    return head.number, bytes(head.hash)
