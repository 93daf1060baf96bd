"""Reminding staff before a deadline of a matter, once a commitment.

A quarter of the time of a deadline, at most three days, is left when the reminder comes. It goes to
whoever is responsible; where nobody is, to the clerks of the branch.
"""

import uuid
from typing import Any

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.flows.tell_matters import as_read
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

_DUE = """
SELECT m.ticket_id, m.branch_id, m.kind, m.owner_id, m.promised_at, m.next_due_at,
    least(m.next_due_at, m.promised_at) AS due_at, c.id AS commitment_id
FROM matters m
LEFT JOIN LATERAL (
    SELECT c.id FROM commitments c
    WHERE c.organisation_id = m.organisation_id AND c.ticket_id = m.ticket_id
        AND c.state = 'open' AND c.due_at = m.next_due_at
    ORDER BY c.id LIMIT 1
) c ON m.next_due_at <= coalesce(m.promised_at, m.next_due_at)
WHERE m.organisation_id = %(organisation_id)s AND m.ended_at IS NULL
    AND m.remind_at <= %(now)s
ORDER BY m.remind_at
LIMIT %(limit)s
FOR NO KEY UPDATE OF m SKIP LOCKED
"""

_PEOPLE = """
SELECT id, locale, branch_id, role = 'clerk' AS clerk FROM members
WHERE organisation_id = %(organisation_id)s AND state = 'active'
"""

_DONE = """
UPDATE matters SET remind_at = NULL
WHERE organisation_id = %(organisation_id)s AND ticket_id = ANY(%(ticket_ids)s)
"""


def remind(uow: UnitOfWork, *, limit: int = 200) -> int:
    """Put the reminders that are due into the outbox; returns how many matters were looked at. A
    deadline that has passed is not reminded of any more. Several may run at once."""
    found = sql.rows(
        uow.session,
        _DUE,
        {"organisation_id": uow.organisation_id, "now": uow.now, "limit": limit},
    )
    if not found:
        return 0
    people = sql.rows(uow.session, _PEOPLE, {"organisation_id": uow.organisation_id})
    messages = [
        _message(row, person)
        for row in found
        if row.due_at is not None and row.due_at > uow.now
        for person in _responsible(row, people)
    ]
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
    params = {"ticket_ids": [row.ticket_id for row in found]}
    sql.execute(uow.session, _DONE, {"organisation_id": uow.organisation_id} | params)
    return len(found)


def _responsible(matter: Any, people: list[Any]) -> list[Any]:
    owner = [person for person in people if person.id == matter.owner_id]
    if owner:
        return owner
    clerks = [person for person in people if person.clerk]
    here = [person for person in clerks if person.branch_id == matter.branch_id]
    return here or [person for person in clerks if person.branch_id is None]


def _message(matter: Any, person: Any) -> NewMessage:
    promised = matter.due_at == matter.promised_at
    shown = matter.due_at if promised else as_read(matter.due_at)
    return NewMessage(
        kind=MessageKind.MATTER_DUE,
        channel=Channel.EMAIL,
        locale=person.locale,
        member_id=person.id,
        ticket_id=matter.ticket_id,
        params={"matter": matter.kind, "due_at": shown.isoformat()},
        dedupe_key=_key(matter, person.id),
        expires_at=matter.due_at,
    )


def _key(matter: Any, member_id: uuid.UUID) -> str:
    """One for a commitment and a person; a promised date that is moved is another one."""
    if matter.commitment_id is not None:
        return f"due:{matter.commitment_id}:{member_id}"
    return f"due:{matter.ticket_id}:{matter.due_at.isoformat()}:{member_id}"
