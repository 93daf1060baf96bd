"""Opening matters that take no number, one or many in one statement."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import records, rows
from promises.desk import errors
from promises.desk.attributes import check_attributes
from promises.desk.claims import claimed_time
from promises.desk.issue import BRANCH, check_branch
from promises.desk.matter_events import REMIND_AT
from promises.desk.models import EventKind, TicketKind, TicketState
from promises.desk.steps import check_promised
from promises.desk.values import NewMatter, OpenedMatter
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem, NotFound, Refused
from promises.kernel.ids import new_id, new_token
from promises.kernel.text import N_
from promises.kernel.zones import local_date

MOST_AT_ONCE = 1000
LONGEST_SUBJECT = 200

_OPEN = f"""
WITH given AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%(matters)s::jsonb)
        AS m (id uuid, kind text, source text, branch_id uuid, service_kind_id uuid,
              customer_id uuid, contact_id uuid, owner_id uuid, day_on date, letter text,
              public_code text, locale text, arrived_at timestamptz, verified boolean,
              promised_at timestamptz, next_due_at timestamptz, subject_id uuid, subject text,
              external_ref text, content_hash text, attributes jsonb)
), opened AS (
    INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id,
        customer_id, contact_id, day_on, letter, public_code, locale, arrived_at, queued_at,
        presence_shown_at, next_due_at, version, flags, external_ref, content_hash, attributes)
    SELECT %(organisation_id)s, id, kind, '{TicketState.OPEN}', source, branch_id,
        service_kind_id, customer_id, contact_id, day_on, letter, public_code, locale, arrived_at,
        arrived_at, arrived_at, next_due_at, 1, '{{}}', external_ref,
        decode(content_hash, 'hex'), attributes
    FROM given
    ON CONFLICT DO NOTHING
    RETURNING id
), kept AS (
    SELECT given.* FROM given JOIN opened USING (id)
), texts AS (
    INSERT INTO matter_texts (organisation_id, id, ticket_id, body, created_at)
    SELECT %(organisation_id)s, subject_id, id, subject, %(now)s
    FROM kept WHERE subject_id IS NOT NULL
), placed AS (
    INSERT INTO matters (organisation_id, ticket_id, branch_id, kind, owner_id, subject_id,
        opened_at, promised_at, next_due_at, remind_at)
    SELECT %(organisation_id)s, id, branch_id, kind, owner_id, subject_id, arrived_at,
        promised_at, next_due_at,
        {REMIND_AT.format(due="least(promised_at, next_due_at)", since="arrived_at")}
    FROM kept
), logged AS (
    INSERT INTO service_events (organisation_id, id, ticket_id, kind, source, occurred_at,
        recorded_at, verified, actor_kind, actor_id, service_kind_id, ticket_version, promised_at)
    SELECT %(organisation_id)s, e.id, e.ticket_id, e.kind, k.source, e.occurred_at, %(now)s,
        e.verified, %(actor_kind)s, %(actor_id)s, e.service_kind_id, 1, e.promised_at
    FROM jsonb_to_recordset(%(events)s::jsonb)
        AS e (id uuid, ticket_id uuid, kind text, occurred_at timestamptz, verified boolean,
              service_kind_id uuid, promised_at timestamptz)
    JOIN kept k ON k.id = e.ticket_id
)
SELECT id FROM kept
"""


def open_matters(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    requests: Sequence[NewMatter],
    next_due: Sequence[dt.datetime | None],
) -> list[OpenedMatter | None]:
    """Write the matters and their arrivals, in the order of the requests; None for one whose
    `external_ref` is known at the branch already (also from the same batch).

    `next_due`: the earliest deadline of each, from the promises that the caller opens for it.
    Raises BranchClosedForGood, ServiceNotOffered, NotFound, TooManyAtOnce, PromisedInPast, Refused
    and what `claimed_time` raises; then nothing was written.
    """
    if len(requests) > MOST_AT_ONCE:
        raise errors.TooManyAtOnce(most=MOST_AT_ONCE)
    branches: dict[tuple[uuid.UUID, uuid.UUID], Any] = {}
    for request in requests:
        key = (request.branch_id, request.service_kind_id)
        if key not in branches:
            branches[key] = _branch(session, organisation_id, *key)
    prepared = [
        _prepare(request, branches[request.branch_id, request.service_kind_id], now)
        for request in requests
    ]
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "matters": records(
            _matter(request, one, branches[request.branch_id, request.service_kind_id].letter, due)
            for request, one, due in zip(requests, prepared, next_due, strict=True)
        ),
        "events": records(event for one in prepared for event in _events(one)),
    }
    written = {row.id for row in rows(session, _OPEN, params)} if requests else set()
    return [one if one.ticket_id in written else None for one in prepared]


def _branch(
    session: Session, organisation_id: uuid.UUID, branch_id: uuid.UUID, kind_id: uuid.UUID
) -> Any:
    params = {
        "organisation_id": organisation_id,
        "branch_id": branch_id,
        "service_kind_id": kind_id,
    }
    found = rows(session, BRANCH, params)
    if not found:
        raise NotFound(branch_id=str(branch_id))
    check_branch(found[0])
    return found[0]


def _prepare(request: NewMatter, branch: Any, now: dt.datetime) -> OpenedMatter:
    if request.kind is TicketKind.VISIT:
        raise errors.NotOfThisKind
    if request.subject is not None and len(request.subject) > LONGEST_SUBJECT:
        words = N_("Keep this to %(most)s characters.")
        raise Refused([FieldProblem("/subject", words, {"most": LONGEST_SUBJECT})])
    check_attributes(request.attributes)
    if request.promised_at is not None:
        check_promised(request.promised_at, now)
    claim = claimed_time(request.occurred_at, now)
    return OpenedMatter(
        ticket_id=new_id(),
        event_id=new_id(),
        public_code=new_token(128),
        day_on=local_date(claim.occurred_at, branch.time_zone),
        arrived_at=claim.occurred_at,
        verified=claim.verified,
        branch_id=request.branch_id,
        service_kind_id=request.service_kind_id,
        kind=TicketKind(request.kind),
        promised_at=request.promised_at,
        promise_event_id=None if request.promised_at is None else new_id(),
        owner_id=request.owner_id,
        contact_id=request.contact_id,
    )


def _matter(
    request: NewMatter, opened: OpenedMatter, letter: str, due: dt.datetime | None
) -> Mapping[str, object]:
    return {
        "id": opened.ticket_id,
        "kind": opened.kind.value,
        "source": request.source.value,
        "branch_id": request.branch_id,
        "service_kind_id": request.service_kind_id,
        "customer_id": request.customer_id,
        "contact_id": request.contact_id,
        "owner_id": request.owner_id,
        "day_on": opened.day_on,
        "letter": letter,
        "public_code": opened.public_code,
        "locale": request.locale,
        "arrived_at": opened.arrived_at,
        "verified": opened.verified,
        "promised_at": request.promised_at,
        "next_due_at": due,
        "subject_id": new_id() if request.subject else None,
        "subject": request.subject,
        "external_ref": request.external_ref,
        "content_hash": _content_hash(request, opened),
        "attributes": dict(request.attributes) or None,
    }


def _content_hash(request: NewMatter, opened: OpenedMatter) -> str | None:
    """What was said under the reference, so that a file read again can be compared."""
    if request.external_ref is None:
        return None
    said = [opened.kind.value, opened.arrived_at, dict(request.attributes)]
    return hashlib.sha256(json.dumps(said, default=str, sort_keys=True).encode()).hexdigest()


def _events(opened: OpenedMatter) -> list[dict[str, object]]:
    arrival: dict[str, object] = {
        "id": opened.event_id,
        "ticket_id": opened.ticket_id,
        "kind": EventKind.ARRIVED.value,
        "occurred_at": opened.arrived_at,
        "verified": opened.verified,
        "service_kind_id": opened.service_kind_id,
    }
    if opened.promised_at is None:
        return [arrival]
    promise = arrival | {
        "id": opened.promise_event_id,
        "kind": EventKind.PROMISED.value,
        "service_kind_id": None,
        "promised_at": opened.promised_at,
    }
    return [arrival, promise]
