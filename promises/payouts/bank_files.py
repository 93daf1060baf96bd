"""What banks' files said: kept once a file and once a line, and added up beside the runs."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.ids import new_id, new_ids
from promises.payouts.rails.answers import AnswerFile, Line
from promises.payouts.run_models import BankFileState

_STORE = """
INSERT INTO bank_files (organisation_id, id, rail, kind, message_id, content_hash, state, run_id,
    lines, moved, uploaded_by, uploaded_at)
VALUES (%(organisation_id)s, %(id)s, %(rail)s, %(kind)s, %(message_id)s, %(content_hash)s,
    %(state)s, %(run_id)s, 0, 0, %(uploaded_by)s, %(now)s)
ON CONFLICT (organisation_id, rail, message_id, content_hash) DO NOTHING
"""

_COUNT = """
UPDATE bank_files SET lines = %(lines)s, moved = %(moved)s
WHERE organisation_id = %(organisation_id)s AND id = %(file_id)s
"""

# Rows of older releases hold the bank's reference alone, without the end that tells kind and
# payment: what such a row of the same message tells was told before.
_ENTER = """
INSERT INTO bank_entries (organisation_id, id, file_id, run_id, payout_id, rail, message_id, ref,
    source, kind, reason, amount_minor, currency, recorded_at)
SELECT %(organisation_id)s, e.id, %(file_id)s, e.run_id, e.payout_id, %(rail)s, %(message_id)s,
    e.ref, %(source)s, e.kind, e.reason, e.amount_minor, e.currency, %(now)s
FROM unnest(%(ids)b::uuid[], %(run_ids)b::uuid[], %(payout_ids)b::uuid[], %(refs)b::text[],
    %(kinds)b::text[], %(reasons)b::text[], %(amounts)s::bigint[], %(currencies)b::text[],
    %(ends)b::text[])
    AS e (id, run_id, payout_id, ref, kind, reason, amount_minor, currency, its_end)
WHERE NOT EXISTS (SELECT 1 FROM bank_entries o
    WHERE o.organisation_id = %(organisation_id)s AND o.rail = %(rail)s
      AND o.message_id = %(message_id)s AND o.payout_id = e.payout_id AND o.kind = e.kind
      AND right(o.ref, length(e.its_end)) <> e.its_end)
ON CONFLICT (organisation_id, rail, message_id, ref) DO NOTHING
RETURNING ref
"""

_BOOKED = """
SELECT payout_id, ref FROM bank_entries
WHERE organisation_id = %(organisation_id)s AND payout_id = ANY(%(payout_ids)s)
  AND source = 'camt.053' AND kind = 'booked'
"""

# What has to leave the account for a run, and what statements say has left: each payout once,
# however many statements tell of it.
_SUMS = """
SELECT r.id, r.message_id, r.currency,
    sum(p.amount_minor) FILTER (WHERE p.state <> 'failed')::bigint AS due_minor,
    coalesce(sum(p.amount_minor) FILTER (WHERE b.payout_id IS NOT NULL), 0)::bigint
        AS booked_minor
FROM payout_runs r
JOIN payout_run_items i
    ON i.organisation_id = r.organisation_id AND i.run_id = r.id AND i.dropped_at IS NULL
JOIN payouts p ON p.organisation_id = i.organisation_id AND p.id = i.payout_id
LEFT JOIN (SELECT DISTINCT payout_id FROM bank_entries
    WHERE organisation_id = %(organisation_id)s AND run_id = ANY(%(run_ids)s)
      AND source = 'camt.053' AND kind = 'booked') b ON b.payout_id = p.id
WHERE r.organisation_id = %(organisation_id)s AND r.id = ANY(%(run_ids)s)
GROUP BY r.organisation_id, r.id, r.message_id, r.currency
ORDER BY r.id
"""

_CLOSE_REVIEWS = """
UPDATE money_incidents SET closed_at = %(now)s, closing_note = %(note)s
WHERE organisation_id = %(organisation_id)s AND kind = 'needs_review' AND ref = ANY(%(refs)s)
  AND closed_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class NewFile:
    """`run_id`: the run that it answers as a whole."""

    rail: str
    file: AnswerFile
    content_hash: bytes
    state: BankFileState
    run_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class RunSums:
    run_id: uuid.UUID
    message_id: str
    currency: str
    due_minor: int
    booked_minor: int


@dataclass(frozen=True, slots=True)
class Named:
    """A line of a bank's file, and the payout and run that its mark names."""

    line: Line
    run_id: uuid.UUID
    payout_id: uuid.UUID


def store_file(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, by: uuid.UUID, new: NewFile
) -> uuid.UUID | None:
    """Its id; None where the same file was there before."""
    file_id = new_id()
    params = {
        "organisation_id": organisation_id,
        "id": file_id,
        "rail": new.rail,
        "kind": new.file.kind.value,
        "message_id": new.file.message_id,
        "content_hash": new.content_hash,
        "state": new.state.value,
        "run_id": new.run_id,
        "uploaded_by": by,
        "now": now,
    }
    return file_id if execute(session, _STORE, params) else None


def count_file(
    session: Session, *, organisation_id: uuid.UUID, file_id: uuid.UUID, lines: int, moved: int
) -> None:
    params = {"organisation_id": organisation_id, "file_id": file_id}
    execute(session, _COUNT, params | {"lines": lines, "moved": moved})


def enter_lines(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    file_id: uuid.UUID,
    new: NewFile,
    named: Sequence[Named],
) -> list[Named]:
    """Keep what the file says of our payouts; those lines that are new."""
    params: dict[str, Any] = {
        "organisation_id": organisation_id,
        "file_id": file_id,
        "rail": new.rail,
        "message_id": new.file.message_id,
        "source": new.file.kind.value,
        "now": now,
        "ids": new_ids(len(named)),
        "run_ids": [one.run_id for one in named],
        "payout_ids": [one.payout_id for one in named],
        "refs": [line_key(one.line) for one in named],
        "ends": [_end_of(one.line) for one in named],
        "kinds": [one.line.kind.value for one in named],
        "reasons": [one.line.reason for one in named],
        "amounts": [one.line.amount_minor for one in named],
        "currencies": [one.line.currency for one in named],
    }
    fresh = {row.ref for row in rows(session, _ENTER, params)}
    kept = {line_key(one.line): one for one in named}
    return [one for key, one in kept.items() if key in fresh]


def line_key(line: Line) -> str:
    """What tells a line from every other of its message, also where the bank gives several payments
    one reference, or several files one id."""
    return line.ref + _end_of(line)


def booked_before(
    session: Session, *, organisation_id: uuid.UUID, payout_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, set[str]]:
    """Of each payout the bookings that statements have told so far, by their keys."""
    params = {"organisation_id": organisation_id, "payout_ids": list(payout_ids)}
    found: dict[uuid.UUID, set[str]] = {}
    for row in rows(session, _BOOKED, params):
        found.setdefault(row.payout_id, set()).add(row.ref)
    return found


def run_sums(
    session: Session, *, organisation_id: uuid.UUID, run_ids: Sequence[uuid.UUID]
) -> list[RunSums]:
    """Of each run what is due to leave the account, and what statements say has left."""
    params = {"organisation_id": organisation_id, "run_ids": list(run_ids)}
    return [
        RunSums(row.id, row.message_id, row.currency, row.due_minor or 0, row.booked_minor)
        for row in rows(session, _SUMS, params)
    ]


def close_reviews(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    payout_ids: Sequence[uuid.UUID],
    note: str,
) -> int:
    """Close what asked a person to look at these payouts: the bank has settled it. How many."""
    params = {
        "organisation_id": organisation_id,
        "now": now,
        "refs": [str(one) for one in payout_ids],
        "note": note,
    }
    return execute(session, _CLOSE_REVIEWS, params)


def _end_of(line: Line) -> str:
    return f"/{line.kind.value}/{line.mark}"
