"""Incidents about money: opened once a matter, closed by a person with a note."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one, one_or_none, rows
from promises.kernel.ids import new_id
from promises.payouts.rail_models import IncidentKind

_OPEN = """
INSERT INTO money_incidents (organisation_id, id, kind, rail, ref, payout_id, amount_minor,
    currency, details, opened_at)
VALUES (%(organisation_id)s, %(id)s, %(kind)s, %(rail)s, %(ref)s, %(payout_id)s,
    %(amount_minor)s, %(currency)s, %(details)s::jsonb, %(now)s)
ON CONFLICT (organisation_id, kind, ref) WHERE closed_at IS NULL DO NOTHING
"""

_CLOSE = """
UPDATE money_incidents SET closed_at = %(now)s, closed_by = %(closed_by)s, closing_note = %(note)s
WHERE organisation_id = %(organisation_id)s AND kind = %(kind)s AND ref = %(ref)s
  AND closed_at IS NULL
"""

_COLUMNS = """id, kind, rail, ref, payout_id, amount_minor, currency, details, opened_at, closed_at,
    closed_by, closing_note"""

_LIST = f"""
SELECT {_COLUMNS} FROM money_incidents
WHERE organisation_id = %(organisation_id)s AND (closed_at IS NULL) = %(open)s
  AND (%(at)s::timestamptz IS NULL OR (opened_at, id) < (%(at)s, %(after_id)s::uuid))
ORDER BY opened_at DESC, id DESC LIMIT %(limit)s
"""

_ONE = f"""
SELECT {_COLUMNS} FROM money_incidents
WHERE organisation_id = %(organisation_id)s AND id = %(incident_id)s
"""

_COUNT = """
SELECT count(*)::int AS n FROM money_incidents
WHERE organisation_id = %(organisation_id)s AND closed_at IS NULL
"""

_OTHER_AMOUNT = """
SELECT 1 AS found FROM money_incidents
WHERE organisation_id = %(organisation_id)s AND kind = 'other_amount'
  AND payout_id = %(payout_id)s AND closed_at IS NULL
LIMIT 1
"""

_CLOSE_ONE = """
UPDATE money_incidents SET closed_at = %(now)s, closed_by = %(closed_by)s, closing_note = %(note)s
WHERE organisation_id = %(organisation_id)s AND id = %(incident_id)s AND closed_at IS NULL
"""

_UNTOLD = """
UPDATE money_incidents SET told_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND closed_at IS NULL AND told_at IS NULL
RETURNING id, kind
"""


@dataclass(frozen=True, slots=True)
class Incident:
    """`ref` names the matter, so that it is opened once: a payout's id, a provider's reference, a
    run. `details` hold codes and sums, no personal data."""

    kind: IncidentKind
    rail: str
    ref: str
    payout_id: uuid.UUID | None = None
    amount_minor: int | None = None
    currency: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def open_incident(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, incident: Incident
) -> bool:
    """Whether it is new: an open incident of the same matter is not opened again."""
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "kind": incident.kind.value,
        "rail": incident.rail,
        "ref": incident.ref,
        "payout_id": incident.payout_id,
        "amount_minor": incident.amount_minor,
        "currency": incident.currency,
        "details": json.dumps(incident.details, sort_keys=True),
        "now": now,
    }
    return execute(session, _OPEN, params) == 1


def close_incident(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    kind: IncidentKind,
    ref: str,
    closed_by: uuid.UUID | None,
    note: str,
) -> bool:
    """Whether there was one to close. `closed_by` None: by rule, as its cause is gone."""
    params = {
        "organisation_id": organisation_id,
        "kind": kind.value,
        "ref": ref,
        "now": now,
        "closed_by": closed_by,
        "note": note,
    }
    return execute(session, _CLOSE, params) == 1


@dataclass(frozen=True, slots=True)
class KnownIncident:
    """An incident as it stands in the list."""

    id: uuid.UUID
    kind: IncidentKind
    rail: str
    ref: str
    payout_id: uuid.UUID | None
    amount_minor: int | None
    currency: str | None
    details: dict[str, Any]
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    closed_by: uuid.UUID | None
    closing_note: str | None


def list_incidents(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    still_open: bool,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[KnownIncident]:
    """The newest first."""
    at, after_id = before or (None, None)
    params = {"organisation_id": organisation_id, "open": still_open, "limit": limit}
    return [_known(row) for row in rows(session, _LIST, params | {"at": at, "after_id": after_id})]


def incident_by_id(
    session: Session, *, organisation_id: uuid.UUID, incident_id: uuid.UUID
) -> KnownIncident | None:
    params = {"organisation_id": organisation_id, "incident_id": incident_id}
    row = one_or_none(session, _ONE, params)
    return None if row is None else _known(row)


def has_other_amount(session: Session, *, organisation_id: uuid.UUID, payout_id: uuid.UUID) -> bool:
    """Whether another amount was found, and nobody has settled the difference yet."""
    params = {"organisation_id": organisation_id, "payout_id": payout_id}
    return one_or_none(session, _OTHER_AMOUNT, params) is not None


def count_open(session: Session, *, organisation_id: uuid.UUID) -> int:
    return int(one(session, _COUNT, {"organisation_id": organisation_id}).n)


def close_one(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    incident_id: uuid.UUID,
    closed_by: uuid.UUID | None,
    note: str,
) -> bool:
    """Whether it was open."""
    params = {"organisation_id": organisation_id, "incident_id": incident_id, "now": now}
    return execute(session, _CLOSE_ONE, params | {"closed_by": closed_by, "note": note}) == 1


def take_untold(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> dict[IncidentKind, uuid.UUID]:
    """Mark open incidents that nobody was written about as told; of each kind one."""
    params = {"organisation_id": organisation_id, "now": now}
    found = sorted(rows(session, _UNTOLD, params), key=lambda row: str(row.id), reverse=True)
    return {IncidentKind(row.kind): row.id for row in found}


def _known(row: Any) -> KnownIncident:
    return KnownIncident(row[0], IncidentKind(row[1]), *row[2:])
