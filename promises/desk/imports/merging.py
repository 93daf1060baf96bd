"""From the stage to tickets and events: a few statements for all rows at once."""

import json
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.session import UnitOfWork
from promises.db.sql import execute, one, plan_anew, rows
from promises.desk.imports.local_times import instant_of
from promises.desk.imports.staging import MOST_PROBLEMS, RowProblem
from promises.identity.customers import known_customers

_CHUNK = 10_000

_SET_ASIDE_REPEATED = """
WITH many AS (
    SELECT reference, min(line) AS first_line FROM import_stage
    GROUP BY reference HAVING count(*) > 1
), gone AS (
    DELETE FROM import_stage s USING many m JOIN import_stage f ON f.line = m.first_line
    WHERE s.reference = m.reference AND s.line > m.first_line
    RETURNING s.line, m.first_line, s.content_hash = f.content_hash AS same
)
INSERT INTO import_set_aside SELECT line, first_line, same FROM gone
"""

_SET_ASIDE_KNOWN = """
WITH gone AS (
    DELETE FROM import_stage s USING tickets t
    WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = %(branch_id)s
      AND t.external_ref = s.reference AND t.state <> 'withdrawn'
    RETURNING s.line, t.content_hash = s.content_hash AS same
)
INSERT INTO import_set_aside SELECT line, NULL, same FROM gone
"""

_TAKE_TURNS = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"

_COUNT = """
SELECT (SELECT count(*) FROM import_stage)::int AS new,
       count(*) FILTER (WHERE a.same)::int AS known,
       count(*) FILTER (WHERE NOT a.same)::int AS conflicting
FROM import_set_aside a
"""

_NEW_CUSTOMERS = """
SELECT DISTINCT decode(s.customer, 'hex') AS reference_index FROM import_stage s
WHERE s.customer IS NOT NULL
"""

# Ids are of version 7: this moment, a number of this import, and the place in the file.
_TICKETS = """
INSERT INTO tickets (organisation_id, id, kind, state, source, branch_id, service_kind_id,
    customer_id, day_on, public_code, arrived_at, queued_at, called_at, service_started_at,
    ended_at, waited_us, version, flags, import_id, external_ref, content_hash)
SELECT %(organisation_id)s, encode(int8send(%(id_high)s::bigint)
        || int8send(%(id_low)s::bigint + s.line::bigint * 8), 'hex')::uuid,
    %(kind)s, s.meaning, 'import', %(branch_id)s, s.service_kind_id, c.id,
    date '1970-01-01' + s.day,
    translate(encode(uuid_send(gen_random_uuid())
        || substr(uuid_send(gen_random_uuid()), 1, 5), 'base64'), '+/', '-_'),
    a.arrived_at, a.arrived_at,
    timestamptz 'epoch' + s.called * interval '1 microsecond',
    timestamptz 'epoch' + s.started * interval '1 microsecond',
    timestamptz 'epoch' + coalesce(s.served, s.gone) * interval '1 microsecond',
    s.waited, 1, s.flags, %(import_id)s, s.reference, s.content_hash
FROM import_stage s
CROSS JOIN LATERAL (
    SELECT timestamptz 'epoch' + s.arrived * interval '1 microsecond' AS arrived_at
) a
LEFT JOIN customers c ON c.organisation_id = %(organisation_id)s
    AND c.reference_index = decode(s.customer, 'hex')
"""

_EVENTS = """
INSERT INTO service_events (organisation_id, id, ticket_id, kind, source, occurred_at, recorded_at,
    verified, actor_kind, actor_id)
SELECT %(organisation_id)s,
    encode(i.high || int8send(%(id_low)s::bigint + s.line::bigint * 8 + e.place), 'hex')::uuid,
    encode(i.high || int8send(%(id_low)s::bigint + s.line::bigint * 8), 'hex')::uuid,
    e.kind, 'import', timestamptz 'epoch' + e.at * interval '1 microsecond', %(now)s, true,
    %(actor_kind)s, %(actor_id)s
FROM (SELECT int8send(%(id_high)s::bigint) AS high) i
CROSS JOIN import_stage s
CROSS JOIN LATERAL (VALUES (1, 'arrived', s.arrived), (2, 'called', s.called),
    (3, 'service_started', s.started), (4, 'served', s.served), (5, s.meaning, s.gone)
) AS e (place, kind, at)
WHERE e.at IS NOT NULL
"""

_PROBLEMS = """
INSERT INTO import_problems (organisation_id, import_id, line, code, column_name, params)
SELECT %(organisation_id)s, %(import_id)s, p.line, p.code, p.column_name, p.params::jsonb
FROM unnest(%(lines)s::int[], %(codes)s::text[], %(columns)s::text[], %(params)s::text[])
    AS p (line, code, column_name, params)
"""

_CONFLICTS = """
INSERT INTO import_problems (organisation_id, import_id, line, code, column_name, params)
SELECT %(organisation_id)s, %(import_id)s, a.line,
    CASE WHEN a.first_line IS NULL THEN 'conflict' ELSE 'repeated' END, NULL,
    CASE WHEN a.first_line IS NULL THEN '{}'::jsonb
         ELSE jsonb_build_object('first_line', a.first_line) END
FROM import_set_aside a
WHERE NOT a.same
ORDER BY a.line
LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Classes:
    """What became of the rows that could be read. Known rows say what is here already; a
    conflicting one says something else of a ticket that is here, or of a row before it."""

    new: int
    known: int
    conflicting: int


def take_turns(session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID) -> None:
    """Two imports of one branch go one after the other from here on, until their transactions
    end: what is new to both becomes known to the second."""
    execute(session, _TAKE_TURNS, {"key": f"import {organisation_id} {branch_id}"})


def classify(session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID) -> Classes:
    """Set aside what the stage holds twice and what is here already; new rows stay in it."""
    place = {"organisation_id": organisation_id, "branch_id": branch_id}
    execute(session, _SET_ASIDE_REPEATED)
    execute(session, _SET_ASIDE_KNOWN, place)
    return Classes(*one(session, _COUNT))


@dataclass(frozen=True, slots=True)
class Merge:
    """Where the new rows go, and as whose."""

    import_id: uuid.UUID
    branch_id: uuid.UUID
    kind: str


def merge(uow: UnitOfWork, merge: Merge) -> int:
    """Write the stage's new rows as tickets with their events. Returns how many tickets."""
    _make_customers(uow)
    high, low = _id_range(instant_of(uow.now) // 1000)
    params = {
        "organisation_id": uow.organisation_id,
        "import_id": merge.import_id,
        "branch_id": merge.branch_id,
        "kind": merge.kind,
        "now": uow.now,
        "actor_kind": uow.actor.kind.value,
        "actor_id": uow.actor.id,
        "id_high": high,
        "id_low": low,
    }
    added = execute(uow.session, _TICKETS, params)
    plan_anew(uow.session)
    execute(uow.session, _EVENTS, params)
    return added


def _make_customers(uow: UnitOfWork) -> None:
    found = [bytes(row.reference_index) for row in rows(uow.session, _NEW_CUSTOMERS)]
    for start in range(0, len(found), _CHUNK):
        known_customers(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            indexes=found[start : start + _CHUNK],
        )


def _id_range(milliseconds: int) -> tuple[int, int]:
    """The two halves of the first id of version 7, as signed 64-bit numbers: 39 random bits keep
    two imports of one millisecond apart, the last 35 count lines and events."""
    high = milliseconds << 16 | 0x7 << 12 | secrets.randbits(12)
    low = 0b10 << 62 | secrets.randbits(27) << 35
    return high, low - (1 << 64)


def write_problems(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    import_id: uuid.UUID,
    problems: Sequence[RowProblem],
) -> None:
    """Keep the refused rows and the conflicts of this transaction's stage for the list."""
    place = {"organisation_id": organisation_id, "import_id": import_id}
    for start in range(0, len(problems), _CHUNK):
        chunk = problems[start : start + _CHUNK]
        params = {
            "lines": [one.line for one in chunk],
            "codes": [one.code.value for one in chunk],
            "columns": [one.column for one in chunk],
            "params": [json.dumps(one.params) for one in chunk],
        }
        execute(session, _PROBLEMS, place | params)
    execute(session, _CONFLICTS, place | {"most": max(MOST_PROBLEMS - len(problems), 0)})
