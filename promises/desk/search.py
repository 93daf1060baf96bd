"""Finding tickets: the list of a day, a number, a code."""

import datetime as dt
import re
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.desk.models import TicketKind, TicketState
from promises.desk.values import label_of
from promises.desk.views import TicketRow

PAGE = 50
LONGEST_TEXT = 200

_NUMBER = re.compile(r"([A-Za-zÅÄÖåäö]{0,2})[ -]?0*([0-9]{1,9})")
_CODE = re.compile(r"[A-Za-z0-9_-]{16,64}")

_ROW = """
SELECT t.id, t.letter, t.number, t.external_ref, t.kind, t.state, s.names,
       c.name AS counter_name, t.queued_at, t.waited_us, t.arrived_at, t.service_started_at,
       t.disputed_at IS NOT NULL AS disputed
FROM tickets t
JOIN service_kinds s ON s.organisation_id = t.organisation_id AND s.id = t.service_kind_id
LEFT JOIN counters c ON c.organisation_id = t.organisation_id AND c.id = t.counter_id
WHERE t.organisation_id = %(organisation_id)s AND t.state <> 'withdrawn'
"""

_OF_DAY = f"""{_ROW}
  AND t.branch_id = %(branch_id)s AND t.day_on = %(day_on)s
  AND (%(state)s::text IS NULL OR t.state = %(state)s)
  AND (%(number)s::int IS NULL OR t.number = %(number)s)
  AND (%(letter)s::text IS NULL OR t.letter = %(letter)s)
  AND (%(after_at)s::timestamptz IS NULL
       OR (t.queued_at, t.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid))
ORDER BY t.queued_at DESC, t.id DESC
LIMIT %(limit)s
"""

_BY_CODE = f"{_ROW} AND t.public_code = %(text)s"

_BY_REFERENCE = f"""{_ROW}
  AND t.branch_id = %(branch_id)s AND t.external_ref = %(text)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketSearch:
    """`text` is a number of that day (`42`, `A042`), or a code, a page's address or a reference
    of any day. `after` is `queued_at` and id of the last row seen."""

    branch_id: uuid.UUID
    day_on: dt.date
    state: TicketState | None = None
    text: str = ""
    after: tuple[dt.datetime, uuid.UUID] | None = None


@dataclass(frozen=True, slots=True)
class TicketPage:
    """`more`: whether there are rows after these."""

    rows: tuple[TicketRow, ...]
    more: bool


def find_tickets(
    session: Session, *, organisation_id: uuid.UUID, search: TicketSearch, limit: int = PAGE
) -> TicketPage:
    """One page, latest arrival first. A text that nothing fits gives an empty page."""
    text = search.text.strip()[:LONGEST_TEXT].replace("\0", "")
    params: dict[str, Any] = {
        "organisation_id": organisation_id,
        "branch_id": search.branch_id,
        "text": text.rstrip("/").rsplit("/", 1)[-1],
    }
    number = _NUMBER.fullmatch(text)
    if text and number is None:
        found = rows(session, _BY_CODE, params) if _CODE.fullmatch(params["text"]) else []
        found = found or rows(session, _BY_REFERENCE, params | {"text": text})
        return TicketPage(tuple(_row(one) for one in found), more=False)
    after = search.after
    found = rows(
        session,
        _OF_DAY,
        params
        | {
            "day_on": search.day_on,
            "state": search.state and search.state.value,
            "number": min(int(number[2]), 2**31 - 1) if number else None,
            "letter": (number[1].upper() or None) if number else None,
            "after_at": after and after[0],
            "after_id": after and after[1],
            "limit": limit + 1,
        },
    )
    if not found and text:
        found = rows(session, _BY_REFERENCE, params | {"text": text})
    return TicketPage(tuple(_row(one) for one in found[:limit]), more=len(found) > limit)


def _row(row: Any) -> TicketRow:
    waited = None
    if row.waited_us is not None:
        waited = dt.timedelta(microseconds=row.waited_us)
    elif row.arrived_at is not None and row.service_started_at is not None:
        waited = row.service_started_at - row.arrived_at
    return TicketRow(
        ticket_id=row.id,
        label=label_of(row.letter, row.number),
        external_ref=row.external_ref,
        kind=TicketKind(row.kind),
        state=TicketState(row.state),
        service_names=row.names,
        counter_name=row.counter_name,
        queued_at=row.queued_at,
        waited=waited,
        disputed=row.disputed,
    )
