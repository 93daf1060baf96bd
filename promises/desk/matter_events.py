"""Writing what happened to matters: their events, texts and places in the work list."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, records, rows
from promises.desk.states import LIVE
from promises.desk.steps import Held, Past
from promises.kernel.ids import new_id

# Half the rule for reminders; the other half is in `upkeep`: both must move `remind_at`.
REMIND_AT = """
    {due} - least(({due} - {since}) / 4, interval '72 hours')
"""

_WRITE = f"""
WITH moved AS (
    UPDATE tickets t
    SET state = m.state, service_started_at = m.service_started_at, ended_at = m.ended_at,
        presence_shown_at = m.presence_shown_at, disputed_at = m.disputed_at, version = m.version
    FROM jsonb_to_recordset(%(tickets)s::jsonb)
        AS m (id uuid, state text, service_started_at timestamptz, ended_at timestamptz,
              presence_shown_at timestamptz, disputed_at timestamptz, version bigint)
    WHERE t.organisation_id = %(organisation_id)s AND t.id = m.id
), placed AS (
    UPDATE matters t
    SET promised_at = m.promised_at, partner_id = m.partner_id,
        ended_at = CASE WHEN m.open THEN NULL ELSE m.ended_at END,
        remind_at = CASE WHEN m.promised_at IS DISTINCT FROM t.promised_at
            THEN {REMIND_AT.format(due="least(m.promised_at, t.next_due_at)", since="%(now)s")}
            ELSE t.remind_at END
    FROM jsonb_to_recordset(%(tickets)s::jsonb)
        AS m (id uuid, promised_at timestamptz, partner_id uuid, ended_at timestamptz,
              open boolean)
    WHERE t.organisation_id = %(organisation_id)s AND t.ticket_id = m.id
), said AS (
    INSERT INTO matter_texts (organisation_id, id, ticket_id, body, created_at)
    SELECT %(organisation_id)s, x.id, x.ticket_id, x.body, %(now)s
    FROM jsonb_to_recordset(%(texts)s::jsonb) AS x (id uuid, ticket_id uuid, body text)
)
INSERT INTO service_events (organisation_id, id, ticket_id, kind, source, occurred_at, recorded_at,
    verified, actor_kind, actor_id, corrects_id, service_kind_id, ticket_version, promised_at,
    partner_id, text_id, attributes)
SELECT %(organisation_id)s, e.id, e.ticket_id, e.kind, e.source, e.occurred_at, %(now)s,
    e.verified, %(actor_kind)s, %(actor_id)s, e.corrects_id, e.service_kind_id, e.ticket_version,
    e.promised_at, e.partner_id, e.text_id, e.attributes
FROM jsonb_to_recordset(%(events)s::jsonb)
    AS e (id uuid, ticket_id uuid, kind text, source text, occurred_at timestamptz,
          verified boolean, corrects_id uuid, service_kind_id uuid, ticket_version bigint,
          promised_at timestamptz, partner_id uuid, text_id uuid, attributes jsonb)
"""

_PARTNERS = """
SELECT id FROM partners WHERE organisation_id = %(organisation_id)s AND closed_at IS NULL
"""


def open_partners(session: Session, *, organisation_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """Those that matters may be handed to."""
    found = rows(session, _PARTNERS, {"organisation_id": organisation_id})
    return frozenset(row.id for row in found)


def write_matters(session: Session, common: dict[str, Any], held: Iterable[Held]) -> None:
    """Store what the steps added to matters, in one statement. `common` as `events.write` has it:
    organisation, now and actor."""
    group = list(held)
    texts: list[dict[str, object]] = []
    events = [_event(ticket, past, texts) for ticket in group for past in ticket.added]
    values = {
        "tickets": records(_place(ticket) for ticket in group),
        "events": records(events),
        "texts": records(texts),
    }
    execute(session, _WRITE, common | values)


def _place(held: Held) -> dict[str, object]:
    after = held.fold
    return {
        "id": held.row.id,
        "state": after.state.value,
        "service_started_at": after.service_started_at,
        "ended_at": after.ended_at,
        "presence_shown_at": after.presence_shown_at,
        "disputed_at": after.disputed_at,
        "version": held.version,
        "promised_at": after.promised_at,
        "partner_id": after.partner_id,
        "open": after.state in LIVE,
    }


def _event(held: Held, past: Past, texts: list[dict[str, object]]) -> dict[str, object]:
    """The event's row; its text, if it has one, is added to `texts`."""
    row: dict[str, object] = {
        "id": past.event_id,
        "ticket_id": held.row.id,
        "kind": past.kind.value,
        "source": past.source.value,
        "occurred_at": past.occurred_at,
        "verified": past.verified,
        "corrects_id": past.corrects_id,
        "service_kind_id": past.service_kind_id,
        "ticket_version": past.ticket_version,
    }
    said = past.said
    if said is None:
        return row
    if said.text:
        row["text_id"] = new_id()
        texts.append({"id": row["text_id"], "ticket_id": held.row.id, "body": said.text})
    return row | {
        "promised_at": said.promised_at,
        "partner_id": said.partner_id,
        "attributes": dict(said.attributes) or None,
    }


_ERASE = """
UPDATE matter_texts x SET body = NULL, erased_at = %(now)s
WHERE x.organisation_id = %(organisation_id)s AND x.ticket_id = ANY(%(ticket_ids)s)
  AND x.body IS NOT NULL
"""


def erase_texts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    ticket_ids: Sequence[uuid.UUID],
) -> int:
    """Wipe what was written about these matters; the events stay. Safe to repeat. Returns how many
    texts went."""
    params = {"organisation_id": organisation_id, "now": now, "ticket_ids": list(ticket_ids)}
    return execute(session, _ERASE, params)
