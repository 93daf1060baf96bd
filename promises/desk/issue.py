"""Taking a number, and serving somebody who took none."""

import datetime as dt
import uuid
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from promises.db.sql import one, one_or_none
from promises.desk import errors
from promises.desk.attributes import check_attributes
from promises.desk.claims import Claim, claimed_time
from promises.desk.hours import opening_after
from promises.desk.models import EventKind, EventSource, TicketKind, TicketState
from promises.desk.values import IssuedTicket, NewTicket, label_of
from promises.identity.models import BranchState
from promises.kernel.actors import Actor
from promises.kernel.errors import NotFound
from promises.kernel.ids import new_id, new_token
from promises.kernel.zones import local_date

_ONLY_WHILE_OPEN = frozenset({EventSource.KIOSK, EventSource.CUSTOMER})

BRANCH = """
SELECT b.id AS branch_id, b.time_zone, b.calendar_id, b.state, s.letter,
       s.closed_at IS NULL AND o.service_kind_id IS NOT NULL AS offered
FROM branches b
LEFT JOIN service_kinds s
  ON s.organisation_id = b.organisation_id AND s.id = %(service_kind_id)s
LEFT JOIN branch_services o ON o.organisation_id = b.organisation_id AND o.branch_id = b.id
  AND o.service_kind_id = s.id
WHERE b.organisation_id = %(organisation_id)s AND b.id = %(branch_id)s
"""

_COUNTER = """
SELECT b.id AS branch_id, b.time_zone, b.calendar_id, b.state, s.letter,
       s.closed_at IS NULL AND o.service_kind_id IS NOT NULL AS offered,
       c.closed_at AS counter_closed_at
FROM counters c
JOIN branches b ON b.organisation_id = c.organisation_id AND b.id = c.branch_id
LEFT JOIN service_kinds s
  ON s.organisation_id = b.organisation_id AND s.id = %(service_kind_id)s
LEFT JOIN branch_services o ON o.organisation_id = b.organisation_id AND o.branch_id = b.id
  AND o.service_kind_id = s.id
WHERE c.organisation_id = %(organisation_id)s AND c.id = %(counter_id)s
"""

# The row of the day is locked from here to the end of the transaction, so numbers are handed out
# one after another and a number whose transaction rolls back goes to the next.
_ISSUE = """
WITH numbered AS (
    INSERT INTO branch_days AS d (organisation_id, branch_id, day_on, last_number)
    VALUES (%(organisation_id)s, %(branch_id)s, %(day_on)s, 1)
    ON CONFLICT (organisation_id, branch_id, day_on)
    DO UPDATE SET last_number = d.last_number + 1
    RETURNING last_number
), issued AS (
    INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id,
        counter_id, customer_id, contact_id, device_id, day_on, number, letter, public_code, locale,
        arrived_at, queued_at, service_started_at, next_due_at, version, flags, attributes)
    SELECT %(organisation_id)s, %(ticket_id)s, %(kind)s, %(state)s, %(source)s, %(branch_id)s,
        %(service_kind_id)s, %(counter_id)s, %(customer_id)s, %(contact_id)s, %(device_id)s,
        %(day_on)s, last_number, %(letter)s, %(public_code)s, %(locale)s,
        %(arrived_at)s, %(occurred_at)s, %(service_started_at)s, %(next_due_at)s, 1, '{}',
        %(attributes)s
    FROM numbered
    RETURNING number
), logged AS (
    INSERT INTO service_events (organisation_id, id, ticket_id, kind, source, occurred_at,
        recorded_at, verified, actor_kind, actor_id, counter_id, service_kind_id, ticket_version)
    SELECT %(organisation_id)s, %(event_id)s, %(ticket_id)s, %(event_kind)s, %(source)s,
        %(occurred_at)s, %(now)s, %(verified)s, %(actor_kind)s, %(actor_id)s, %(counter_id)s,
        %(service_kind_id)s, 1
    FROM issued
)
SELECT number FROM issued
"""


def issue_ticket(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    request: NewTicket,
    next_due_at: dt.datetime | None = None,
) -> IssuedTicket:
    """Write the ticket with the next number of the branch's local day, and its arrival.

    `next_due_at`: the earliest deadline of the promises that the caller opens for it.
    Kiosks and customers may take one only while the branch is open. Raises BranchClosed,
    BranchClosedForGood, ServiceNotOffered, NotOfThisKind, Refused, NotFound and what
    `claimed_time` raises.
    """
    if request.kind is not TicketKind.VISIT:
        raise errors.NotOfThisKind
    check_attributes(request.attributes)
    claim = claimed_time(request.occurred_at, now)
    branch = one_or_none(
        session,
        BRANCH,
        {
            "organisation_id": organisation_id,
            "branch_id": request.branch_id,
            "service_kind_id": request.service_kind_id,
        },
    )
    if branch is None:
        raise NotFound(branch_id=str(request.branch_id))
    check_branch(branch)
    if request.source in _ONLY_WHILE_OPEN:
        opens_at = opening_after(
            session,
            organisation_id=organisation_id,
            calendar_id=branch.calendar_id,
            at=claim.occurred_at,
        )
        if opens_at is not None:
            raise errors.BranchClosed(opens_at=opens_at)
    beginning = _arrival(actor, now, claim) | {"next_due_at": next_due_at}
    return _write(session, organisation_id, branch, request, beginning)


def walk_in(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    counter_id: uuid.UUID,
    service_kind_id: uuid.UUID,
) -> IssuedTicket:
    """Serve at once somebody without a number. No arrival is logged, so no promise applies.

    Raises CounterBusy where the counter has a customer, CounterNotHere, ServiceNotOffered,
    BranchClosedForGood, NotFound.
    """
    branch = one_or_none(
        session,
        _COUNTER,
        {
            "organisation_id": organisation_id,
            "counter_id": counter_id,
            "service_kind_id": service_kind_id,
        },
    )
    if branch is None:
        raise NotFound(counter_id=str(counter_id))
    if branch.counter_closed_at is not None:
        raise errors.CounterNotHere
    check_branch(branch)
    request = NewTicket(
        branch_id=branch.branch_id, service_kind_id=service_kind_id, source=EventSource.DESK
    )
    start = _arrival(actor, now, Claim(now, True)) | {
        "state": TicketState.IN_SERVICE.value,
        "event_kind": EventKind.SERVICE_STARTED.value,
        "arrived_at": None,
        "service_started_at": now,
        "counter_id": counter_id,
    }
    try:
        return _write(session, organisation_id, branch, request, start)
    except UniqueViolation as error:
        raise errors.CounterBusy from error


def check_branch(branch: Any) -> None:
    """Of a row of BRANCH: raises BranchClosedForGood, ServiceNotOffered."""
    if branch.state != BranchState.ACTIVE:
        raise errors.BranchClosedForGood
    if not branch.offered:
        raise errors.ServiceNotOffered


def _arrival(actor: Actor, now: dt.datetime, claim: Claim) -> dict[str, Any]:
    """The parameters of `_ISSUE` that say how the ticket begins."""
    return {
        "state": TicketState.WAITING.value,
        "event_kind": EventKind.ARRIVED.value,
        "arrived_at": claim.occurred_at,
        "service_started_at": None,
        "next_due_at": None,
        "counter_id": None,
        "occurred_at": claim.occurred_at,
        "verified": claim.verified,
        "now": now,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
    }


def _write(
    session: Session,
    organisation_id: uuid.UUID,
    branch: Any,
    request: NewTicket,
    beginning: dict[str, Any],
) -> IssuedTicket:
    ticket_id, event_id, public_code = new_id(), new_id(), new_token(128)
    day_on = local_date(beginning["occurred_at"], branch.time_zone)
    row = one(
        session,
        _ISSUE,
        beginning
        | {
            "organisation_id": organisation_id,
            "ticket_id": ticket_id,
            "event_id": event_id,
            "public_code": public_code,
            "day_on": day_on,
            "letter": branch.letter,
            "kind": TicketKind(request.kind).value,
            "source": EventSource(request.source).value,
            "branch_id": branch.branch_id,
            "service_kind_id": request.service_kind_id,
            "customer_id": request.customer_id,
            "contact_id": request.contact_id,
            "device_id": request.device_id,
            "locale": request.locale,
            "attributes": Jsonb(dict(request.attributes)) if request.attributes else None,
        },
    )
    return IssuedTicket(
        ticket_id=ticket_id,
        event_id=event_id,
        number=row.number,
        label=label_of(branch.letter, row.number),
        public_code=public_code,
        day_on=day_on,
        arrived_at=beginning["arrived_at"],
        verified=beginning["verified"],
        branch_id=branch.branch_id,
        service_kind_id=request.service_kind_id,
        kind=TicketKind(request.kind),
        customer_id=request.customer_id,
        contact_id=request.contact_id,
        device_id=request.device_id,
        locale=request.locale,
    )
