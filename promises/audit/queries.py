"""Reading the trail, and proving that nobody rewrote it."""

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.audit.chain import Link, first_hash, link_hash
from promises.db.sql import one_or_none, rows

_PAGE = 2000

_RECORDS = """
SELECT number, recorded_at, actor_kind, actor_id, action, object_kind, object_id, details, hash
FROM audit_records
WHERE organisation_id = %(organisation_id)s AND number > %(after)s
ORDER BY number LIMIT %(page)s
"""

_HEAD = "SELECT number, hash FROM audit_heads WHERE organisation_id = %(organisation_id)s"

_HISTORY = """
SELECT number, recorded_at, actor_kind, actor_id, action, details
FROM audit_records
WHERE organisation_id = %(organisation_id)s
  AND object_kind = %(object_kind)s AND object_id = %(object_id)s
ORDER BY number DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Verification:
    """`broken_at` is the number of the first record that does not fit the chain: changed, moved,
    put in, or missing. None when all `checked` records fit and the head agrees."""

    checked: int
    broken_at: int | None
    head: bytes

    @property
    def intact(self) -> bool:
        return self.broken_at is None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    number: int
    recorded_at: dt.datetime
    actor_kind: str
    actor_id: uuid.UUID | None
    action: str
    details: dict[str, Any]


_WAS_DONE = """
SELECT 1 FROM audit_records
WHERE organisation_id = %(organisation_id)s AND object_kind = %(object_kind)s
  AND object_id = %(object_id)s AND action = %(action)s
LIMIT 1
"""


def was_done(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    action: str,
    object_kind: str,
    object_id: uuid.UUID,
) -> bool:
    """Whether this was ever done to the object."""
    params = {
        "organisation_id": organisation_id,
        "action": action,
        "object_kind": object_kind,
        "object_id": object_id,
    }
    return one_or_none(session, _WAS_DONE, params) is not None


def verify(session: Session, *, organisation_id: uuid.UUID) -> Verification:
    """Walk the whole chain of an organisation.

    A tail cut off together with its head shows only against a copy of the head kept elsewhere:
    keep `head` and compare.
    """
    expected, previous = 0, first_hash(organisation_id)
    for row in _all(session, organisation_id):
        expected += 1
        if row.number != expected or _hash(organisation_id, previous, row) != bytes(row.hash):
            return Verification(expected - 1, expected, previous)
        previous = bytes(row.hash)
    head = one_or_none(session, _HEAD, {"organisation_id": organisation_id})
    if head is None:
        return Verification(expected, None if expected == 0 else 1, previous)
    agrees = (head.number, bytes(head.hash)) == (expected, previous)
    return Verification(expected, None if agrees else expected + 1, bytes(head.hash))


def history(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    object_kind: str,
    object_id: uuid.UUID,
    limit: int = 100,
) -> list[HistoryRow]:
    """What was done to one thing, newest first."""
    found = rows(
        session,
        _HISTORY,
        {
            "organisation_id": organisation_id,
            "object_kind": object_kind,
            "object_id": object_id,
            "limit": limit,
        },
    )
    return [HistoryRow(*row) for row in found]


def _all(session: Session, organisation_id: uuid.UUID) -> Iterator[Any]:
    after = 0
    while True:
        params = {"organisation_id": organisation_id, "after": after, "page": _PAGE}
        page = rows(session, _RECORDS, params)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].number


def _hash(organisation_id: uuid.UUID, previous: bytes, row: Any) -> bytes:
    link = Link(
        organisation_id,
        row.number,
        row.recorded_at,
        row.actor_kind,
        row.actor_id,
        row.action,
        row.object_kind,
        row.object_id,
        row.details,
    )
    return link_hash(previous, link)
