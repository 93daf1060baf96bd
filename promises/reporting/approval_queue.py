"""Debts that wait for a decision, a screenful at a time, with what the decision rests on."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.control_models import SumScope
from promises.compensation.guards import Part, own_parts
from promises.compensation.holding import DETAILS_COLUMN, mark_of
from promises.compensation.rolling import KEY_COLUMNS, peek_sums
from promises.db.sql import rows
from promises.kernel.actors import Actor
from promises.reporting.approvals import HOLD_REASON, bank_details

# The order of the partial index on what is owed: the oldest first.
_QUEUE = """
SELECT c.id FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.state = 'owed'
  AND c.holds && '{approval,evidence,history,mass_breach}' AND NOT 'dispute' = ANY (c.holds)
  AND (%(ids)s::uuid[] IS NULL OR c.id = ANY(%(ids)s))
  AND (%(after_at)s::timestamptz IS NULL OR (c.created_at, c.id) > (%(after_at)s, %(after_id)s))
ORDER BY c.created_at, c.id
LIMIT %(limit)s
"""

_ROWS = f"""
SELECT {KEY_COLUMNS}, {DETAILS_COLUMN},
    c.id, c.ticket_id, c.amount_minor, c.currency, c.holds, c.created_at, c.held_until,
    c.pay_before, c.is_penalty, c.remedy, e.breached_at, e.evidence, t.number, t.external_ref,
    k.letter, b.name AS branch_name, b.time_zone, p.titles, m.started_at,
    (v.terms ->> 'approval_threshold_minor')::bigint AS threshold_minor, {HOLD_REASON}
FROM compensations c
JOIN breaches e ON e.organisation_id = c.organisation_id AND e.id = c.breach_id
JOIN commitments m ON m.organisation_id = e.organisation_id AND m.id = e.commitment_id
JOIN promise_versions v ON v.organisation_id = c.organisation_id AND v.id = c.version_id
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN service_kinds k ON k.organisation_id = t.organisation_id AND k.id = t.service_kind_id
JOIN branches b ON b.organisation_id = c.organisation_id AND b.id = c.branch_id
JOIN promises p ON p.organisation_id = c.organisation_id AND p.id = c.promise_id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
ORDER BY c.created_at, c.id
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """`row` as it was read; `mark` is what a decision on it rests on. `part`: why the reader may
    not decide. `customer_minor` is what the customer got within the window, None for nobody known;
    `over` are the sums that this debt would lift above their limits; `bank` the accounts that
    wait for the same decision."""

    row: Any
    mark: str
    part: Part | None
    customer_minor: int | None
    over: tuple[str, ...]
    overdue: bool
    bank: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the queue begins: after this one; `ids` leaves only those."""

    after: tuple[dt.datetime, uuid.UUID] | None = None
    ids: tuple[uuid.UUID, ...] | None = None


def approval_queue(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    today_on: dt.date,
    limit: int,
    place: Place = Place(),
) -> list[Waiting]:
    """Oldest first."""
    after_at, after_id = place.after or (None, None)
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    asked = {"after_at": after_at, "after_id": after_id, "limit": limit}
    found = rows(
        session, _QUEUE, tenant | asked | {"ids": None if place.ids is None else list(place.ids)}
    )
    ids = [row.id for row in found]
    if not ids:
        return []
    parts = own_parts(session, actor=actor, compensation_ids=ids, **tenant)
    debts = rows(session, _ROWS, tenant | {"ids": ids})
    bank = bank_details(session, ids=ids, **tenant)
    sums = peek_sums(session, today_on=today_on, debts=debts, **tenant)
    return [
        Waiting(
            row,
            mark_of(row.amount_minor, row.holds, row.details),
            parts.get(row.id),
            sums.released_to(row.id, SumScope.CUSTOMER),
            tuple(sums.exceeded(row.id, row.amount_minor, row.threshold_minor)),
            row.held_until is not None and row.held_until <= now,
            tuple(bank.get(row.id, ())),
        )
        for row in debts
    ]


def total_minor(waiting: Sequence[Waiting]) -> int:
    return sum(one.row.amount_minor for one in waiting)
