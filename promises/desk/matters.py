"""Reading one matter: what only a matter has, and what was said about it."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.desk.models import EventKind

_MATTER = """
SELECT m.ticket_id, m.owner_id, o.name AS owner_name, m.partner_id, p.name AS partner_name,
       x.body AS subject, x.erased_at AS subject_erased_at, m.opened_at, m.promised_at,
       m.next_due_at, m.late_since, m.ended_at
FROM matters m
LEFT JOIN matter_texts x ON x.organisation_id = m.organisation_id AND x.id = m.subject_id
LEFT JOIN members o ON o.organisation_id = m.organisation_id AND o.id = m.owner_id
LEFT JOIN partners p ON p.organisation_id = m.organisation_id AND p.id = m.partner_id
WHERE m.organisation_id = %(organisation_id)s AND m.ticket_id = %(ticket_id)s
"""

_SAID = """
SELECT e.id AS event_id, e.kind, e.occurred_at, e.promised_at, p.name AS partner_name,
       x.body AS text, x.erased_at, e.attributes,
       EXISTS (SELECT 1 FROM service_events u
               WHERE u.organisation_id = e.organisation_id AND u.corrects_id = e.id) AS undone
FROM service_events e
LEFT JOIN partners p ON p.organisation_id = e.organisation_id AND p.id = e.partner_id
LEFT JOIN matter_texts x ON x.organisation_id = e.organisation_id AND x.id = e.text_id
WHERE e.organisation_id = %(organisation_id)s AND e.ticket_id = %(ticket_id)s
  AND (e.promised_at IS NOT NULL OR e.partner_id IS NOT NULL OR e.text_id IS NOT NULL
       OR e.attributes IS NOT NULL)
ORDER BY e.ticket_version, e.id
"""

_PARTNERS = """
SELECT id AS partner_id, slug, name, closed_at FROM partners
WHERE organisation_id = %(organisation_id)s ORDER BY closed_at IS NOT NULL, name, id
"""


_APPLICATIONS = """
SELECT ticket_id, branch_id FROM matters
WHERE organisation_id = %(organisation_id)s AND ticket_id = ANY(%(ticket_ids)s)
  AND kind = 'application'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterView:
    """What only a matter has. `subject` is None where nobody wrote one, or it was erased."""

    ticket_id: uuid.UUID
    owner_id: uuid.UUID | None
    owner_name: str | None
    partner_id: uuid.UUID | None
    partner_name: str | None
    subject: str | None
    subject_erased_at: dt.datetime | None
    opened_at: dt.datetime
    promised_at: dt.datetime | None
    next_due_at: dt.datetime | None
    late_since: dt.datetime | None
    ended_at: dt.datetime | None

    @property
    def due_at(self) -> dt.datetime | None:
        known = [at for at in (self.next_due_at, self.promised_at) if at is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What an event said besides its time. `text` is None where there was none, or it was erased
    (`erased_at`); `attributes` are facts by name."""

    event_id: uuid.UUID
    kind: EventKind
    occurred_at: dt.datetime
    promised_at: dt.datetime | None
    partner_name: str | None
    text: str | None
    erased_at: dt.datetime | None
    attributes: Mapping[str, object] | None
    undone: bool


@dataclass(frozen=True, slots=True)
class PartnerView:
    partner_id: uuid.UUID
    slug: str
    name: str
    closed_at: dt.datetime | None


def matter_view(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> MatterView | None:
    """None for a visit and for a ticket that is not there."""
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    row = one_or_none(session, _MATTER, params)
    return None if row is None else MatterView(**row._asdict())


def statements(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> list[Statement]:
    """In the order in which they were recorded, those taken back too."""
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    return [
        Statement(**row._asdict() | {"kind": EventKind(row.kind)})
        for row in rows(session, _SAID, params)
    ]


def list_partners(session: Session, *, organisation_id: uuid.UUID) -> list[PartnerView]:
    """Open ones first, by name."""
    found = rows(session, _PARTNERS, {"organisation_id": organisation_id})
    return [PartnerView(**row._asdict()) for row in found]


def applications_of(
    session: Session, *, organisation_id: uuid.UUID, ticket_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, uuid.UUID]:
    """The branch of each of these that is an application; others are left out."""
    params = {"organisation_id": organisation_id, "ticket_ids": list(ticket_ids)}
    return {row.ticket_id: row.branch_id for row in rows(session, _APPLICATIONS, params)}
