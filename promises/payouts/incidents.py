"""Incidents about money: opened once a matter, closed by a person with a note."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute
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
