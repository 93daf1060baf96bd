"""The registers of an organisation, in pages: what a program reads of tickets, promises and money.

Every register goes from the newest row to the oldest by its id, whose order is that of time; the
id of the last row seen continues it, and rows that arrive meanwhile shift nothing. A filter stands
in the statement only where it is asked for, so each statement has the plan that it deserves.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows

BRANCH = "branch_id"


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """`select` ends with the condition on the organisation; `filters` are further conditions, each
    with a parameter of its own name. The filter `branch_id` also says what a branch may see."""

    select: str
    id: str
    filters: Mapping[str, str]
    rising: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    rows: tuple[Any, ...]
    next: uuid.UUID | None


TICKETS = Register(
    """
SELECT t.id, t.kind, t.state, t.source, t.branch_id, t.service_kind_id, t.counter_id, t.day_on,
       t.letter, t.number, t.arrived_at, t.called_at, t.service_started_at, t.ended_at,
       t.next_due_at, t.disputed_at IS NOT NULL AS disputed
FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.state <> 'withdrawn'
""",
    "t.id",
    {
        BRANCH: "t.branch_id = %(branch_id)s",
        "day_on": "t.day_on = %(day_on)s",
        "state": "t.state = %(state)s",
    },
)

EVENTS = Register(
    """
SELECT e.id, e.ticket_id, e.kind, e.source, e.occurred_at, e.recorded_at, e.verified, e.counter_id,
       e.service_kind_id, e.corrects_id, e.ticket_version,
       EXISTS (SELECT 1 FROM service_events u
               WHERE u.organisation_id = e.organisation_id AND u.corrects_id = e.id) AS undone
FROM service_events e
WHERE e.organisation_id = %(organisation_id)s
""",
    "e.id",
    {"ticket_id": "e.ticket_id = %(ticket_id)s"},
    rising=True,
)

COMMITMENTS = Register(
    """
SELECT c.id, c.promise_id, c.version_id, c.ticket_id, c.branch_id, c.occurrence, c.day_on,
       c.started_at, c.due_at, c.state, c.reason, c.evidence, c.decided_at, c.ended_at, c.detail
FROM commitments c
WHERE c.organisation_id = %(organisation_id)s
""",
    "c.id",
    {
        BRANCH: "c.branch_id = %(branch_id)s",
        "promise_id": "c.promise_id = %(promise_id)s",
        "ticket_id": "c.ticket_id = %(ticket_id)s",
        "state": "c.state = %(state)s",
        "from_on": "c.day_on >= %(from_on)s",
        "to_on": "c.day_on <= %(to_on)s",
    },
)

BREACHES = Register(
    """
SELECT b.id, b.commitment_id, b.promise_id, b.version_id, b.ticket_id, b.branch_id, b.day_on,
       b.breached_at, b.detected_at, b.found_by, b.evidence, a.state AS annulment
FROM breaches b
LEFT JOIN annulments a ON a.organisation_id = b.organisation_id AND a.breach_id = b.id
  AND a.state IN ('asked', 'confirmed')
WHERE b.organisation_id = %(organisation_id)s
""",
    "b.id",
    {
        BRANCH: "b.branch_id = %(branch_id)s",
        "promise_id": "b.promise_id = %(promise_id)s",
        "commitment_id": "b.commitment_id = %(commitment_id)s",
        "from_at": "b.breached_at >= %(from_at)s",
        "before_at": "b.breached_at < %(before_at)s",
    },
)

COMPENSATIONS = Register(
    """
SELECT c.id, c.breach_id, c.instalment, c.promise_id, c.version_id, c.ticket_id, c.branch_id,
       c.amount_minor, c.currency, c.outcome, c.remedy, c.state, c.holds, c.pay_before,
       c.claim_before, c.created_at, c.released_at, c.closed_at, y.rail AS payout_rail,
       y.state AS payout_state
FROM compensations c
LEFT JOIN payouts y ON y.organisation_id = c.organisation_id AND y.compensation_id = c.id
    AND y.state NOT IN ('failed', 'cancelled', 'returned')
WHERE c.organisation_id = %(organisation_id)s
""",
    "c.id",
    {
        BRANCH: "c.branch_id = %(branch_id)s",
        "breach_id": "c.breach_id = %(breach_id)s",
        "ticket_id": "c.ticket_id = %(ticket_id)s",
        "promise_id": "c.promise_id = %(promise_id)s",
        "state": "c.state = %(state)s",
    },
)

PAYOUTS = Register(
    """
SELECT p.id, p.compensation_id, p.gift_id, p.rail, p.amount_minor, p.currency, p.state,
       p.trouble, p.created_at, p.changed_at
FROM payouts p
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
WHERE p.organisation_id = %(organisation_id)s
""",
    "p.id",
    {
        BRANCH: "coalesce(c.branch_id, g.branch_id) = %(branch_id)s",
        "compensation_id": "p.compensation_id = %(compensation_id)s",
        "state": "p.state = %(state)s",
    },
)

VOUCHERS = Register(
    """
SELECT v.id, v.payout_id, p.compensation_id, p.gift_id,
       coalesce(c.ticket_id, g.ticket_id) AS ticket_id, v.last4, v.amount_minor, v.currency,
       v.state, v.issued_at, v.expires_at, v.redeemed_at
FROM vouchers v
JOIN payouts p ON p.organisation_id = v.organisation_id AND p.id = v.payout_id
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = p.organisation_id AND g.id = p.gift_id
WHERE v.organisation_id = %(organisation_id)s
""",
    "v.id",
    {
        BRANCH: "coalesce(c.branch_id, g.branch_id) = %(branch_id)s",
        "payout_id": "v.payout_id = %(payout_id)s",
        "state": "v.state = %(state)s",
    },
)

BRANCHES = Register(
    """
SELECT b.id, b.name, b.slug, b.time_zone, b.state, b.service_start
FROM branches b
WHERE b.organisation_id = %(organisation_id)s
""",
    "b.id",
    {BRANCH: "b.id = %(branch_id)s", "state": "b.state = %(state)s"},
)

SERVICES = Register(
    """
SELECT k.id, k.letter, k.names
FROM branch_services o
JOIN service_kinds k ON k.organisation_id = o.organisation_id AND k.id = o.service_kind_id
WHERE o.organisation_id = %(organisation_id)s AND k.closed_at IS NULL
""",
    "k.id",
    {BRANCH: "o.branch_id = %(branch_id)s"},
)

COUNTERS = Register(
    """
SELECT k.id, k.name, k.branch_id
FROM counters k
WHERE k.organisation_id = %(organisation_id)s AND k.closed_at IS NULL
""",
    "k.id",
    {BRANCH: "k.branch_id = %(branch_id)s"},
)


def list_page(
    session: Session,
    register: Register,
    *,
    organisation_id: uuid.UUID,
    filters: Mapping[str, Any],
    limit: int,
    after: uuid.UUID | None = None,
) -> Page:
    """One page; filters that are None do not count."""
    used = {name: value for name, value in filters.items() if value is not None}
    params = {"organisation_id": organisation_id, "limit": limit + 1, "after": after, **used}
    statement = _list_statement(register, frozenset(used), after is not None)
    found = rows(session, statement, params)
    return Page(tuple(found[:limit]), found[limit - 1].id if len(found) > limit else None)


def find(
    session: Session,
    register: Register,
    *,
    organisation_id: uuid.UUID,
    id: uuid.UUID,
    branch_id: uuid.UUID | None = None,
) -> Any | None:
    """The row of that id; None also where it is not of `branch_id`."""
    used = {BRANCH: branch_id} if branch_id is not None else {}
    params = {"organisation_id": organisation_id, "id": id, **used}
    return one_or_none(session, _find_statement(register, frozenset(used)), params)


@cache
def _list_statement(register: Register, used: frozenset[str], onwards: bool) -> str:
    sign, order = (">", "ASC") if register.rising else ("<", "DESC")
    conditions = _conditions(register, used)
    if onwards:
        conditions += f" AND {register.id} {sign} %(after)s"
    return f"{register.select}{conditions} ORDER BY {register.id} {order} LIMIT %(limit)s"


@cache
def _find_statement(register: Register, used: frozenset[str]) -> str:
    return f"{register.select} AND {register.id} = %(id)s{_conditions(register, used)}"


def _conditions(register: Register, used: frozenset[str]) -> str:
    return "".join(f" AND {register.filters[name]}" for name in sorted(used))


_TICKETS_OF_BRANCH = """
SELECT t.id FROM tickets t
WHERE t.organisation_id = %(organisation_id)s AND t.id = ANY(%(ticket_ids)s)
  AND t.branch_id = %(branch_id)s
"""

_VERSIONS_OF_BRANCH = """
SELECT v.id, v.promise_id FROM promise_versions v
WHERE v.organisation_id = %(organisation_id)s
  AND (v.branch_ids IS NULL OR %(branch_id)s = ANY (v.branch_ids))
"""


def tickets_of_branch(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    ticket_ids: list[uuid.UUID],
) -> set[uuid.UUID]:
    """Which of these tickets the branch may touch."""
    params = {
        "organisation_id": organisation_id,
        "branch_id": branch_id,
        "ticket_ids": ticket_ids,
    }
    return {row.id for row in rows(session, _TICKETS_OF_BRANCH, params)}


def versions_of_branch(
    session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID
) -> dict[uuid.UUID, uuid.UUID]:
    """The versions of promises, old ones too, that cover a branch, each with its promise."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id}
    return {row.id: row.promise_id for row in rows(session, _VERSIONS_OF_BRANCH, params)}
