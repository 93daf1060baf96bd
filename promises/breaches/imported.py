"""Judging imported tickets: the engine's judgement compiled to one statement a version."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from promises.breaches.commitments import NewBreach, Opening
from promises.breaches.models import Evidence
from promises.catalogue.queries import PAUSED_THEN, VersionSpan
from promises.db.sql import rows
from promises.rules.compile_sql import compile_judgement, compile_scope
from promises.rules.terms import WaitTerms

_PAUSED = PAUSED_THEN.format(
    organisation_id="k.organisation_id",
    promise_id=":promise_id",
    at="k.arrived_at",
    branch_id="k.branch_id",
)

# ended_by follows from the reason; a commitment knows its end by the event that made it.
_JUDGE = f"""
INSERT INTO commitments (organisation_id, id, promise_id, version_id, ticket_id, branch_id,
    occurrence, day_on, started_at, due_at, state, reason, evidence, decided_at, ended_at,
    ended_by, by_duration)
SELECT :organisation_id, gen_random_uuid(), :promise_id, :version_id, j.ticket_id, j.branch_id, 1,
    j.day_on, j.arrived_at, j.due_at, j.state, CASE WHEN j.state <> 'open' THEN j.reason END,
    'imported', CASE WHEN j.state <> 'open' THEN CAST(:now AS timestamptz) END, j.ended_at,
    CASE j.reason WHEN 'in_time' THEN CAST(:until AS text) WHEN 'too_late' THEN CAST(:until AS text)
        WHEN 'left_before_limit' THEN 'left' WHEN 'left_after_limit' THEN 'left'
        WHEN 'closed_before_limit' THEN 'closed' WHEN 'closed_after_limit' THEN 'closed'
        WHEN 'no_show' THEN 'called' WHEN 'no_show_after_limit' THEN 'called' END,
    j.ended_at IS NOT NULL AND j.measured_wait_us IS NOT NULL
FROM (
    SELECT t.ticket_id, t.branch_id, t.day_on, t.arrived_at, t.measured_wait_us, {{judgement}}
    FROM (
        SELECT k.id AS ticket_id, k.branch_id, k.service_kind_id, k.kind AS ticket_kind, k.day_on,
            k.arrived_at, k.called_at, k.service_started_at, k.waited_us AS measured_wait_us,
            CASE WHEN k.state = 'left' THEN k.ended_at END AS left_at,
            CASE WHEN k.state = 'no_show' THEN k.ended_at END AS no_show_at,
            CASE WHEN k.state = 'closed' THEN k.ended_at END AS closed_at
        FROM tickets k
        WHERE k.organisation_id = :organisation_id AND k.import_id IS NOT NULL
          AND (CAST(:import_id AS uuid) IS NULL OR k.import_id = :import_id)
          AND k.state <> 'withdrawn' AND k.arrived_at >= :valid_from
          AND (CAST(:valid_to AS timestamptz) IS NULL OR k.arrived_at < :valid_to)
          AND NOT EXISTS ({_PAUSED})
    ) t
    WHERE {{scope}}
) j
WHERE j.state <> 'not_applicable'
ON CONFLICT (organisation_id, promise_id, ticket_id, occurrence) DO NOTHING
"""

_UNJUDGED = f"""
SELECT t.id, t.branch_id, t.day_on, t.arrived_at
FROM (
    SELECT k.*, k.kind AS ticket_kind FROM tickets k WHERE NOT EXISTS ({_PAUSED})
) t
WHERE t.organisation_id = :organisation_id AND t.import_id IS NOT NULL
  AND (CAST(:import_id AS uuid) IS NULL OR t.import_id = :import_id)
  AND t.state <> 'withdrawn' AND t.arrived_at >= :valid_from
  AND (CAST(:valid_to AS timestamptz) IS NULL OR t.arrived_at < :valid_to)
  AND (CAST(:after AS uuid) IS NULL OR t.id > :after)
  AND {{scope}}
  AND NOT EXISTS (SELECT 1 FROM commitments c
      WHERE c.organisation_id = t.organisation_id AND c.ticket_id = t.id
        AND c.promise_id = :promise_id)
ORDER BY t.id
LIMIT :limit
"""

_RECORD = """
WITH fresh AS (
    SELECT c.id, c.promise_id, c.version_id, c.ticket_id, c.branch_id, c.day_on, c.due_at,
        c.reason
    FROM commitments c
    WHERE c.organisation_id = %(organisation_id)s AND c.state = 'broken'
      AND c.evidence = 'imported' AND c.version_id = ANY(%(version_ids)s)
      AND NOT EXISTS (SELECT 1 FROM breaches b
          WHERE b.organisation_id = c.organisation_id AND b.commitment_id = c.id)
    ORDER BY c.due_at, c.id
    LIMIT %(limit)s
), recorded AS (
    INSERT INTO breaches (organisation_id, id, commitment_id, promise_id, version_id, ticket_id,
        branch_id, day_on, breached_at, detected_at, found_by, evidence)
    SELECT %(organisation_id)s, gen_random_uuid(), f.id, f.promise_id, f.version_id, f.ticket_id,
        f.branch_id, f.day_on, f.due_at, %(now)s, 'import', 'imported'
    FROM fresh f
    ON CONFLICT (organisation_id, commitment_id) DO NOTHING
    RETURNING id, commitment_id
)
SELECT r.id AS breach_id, f.*, t.customer_id, t.device_id
FROM recorded r
JOIN fresh f ON f.id = r.commitment_id
JOIN tickets t ON t.organisation_id = %(organisation_id)s AND t.id = f.ticket_id
ORDER BY f.due_at, f.id
"""

_COUNTS = """
SELECT c.state, c.reason, count(*)::int AS n
FROM commitments c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
WHERE c.organisation_id = %(organisation_id)s AND t.import_id = %(import_id)s
GROUP BY c.state, c.reason
"""

_EXCLUDE = """
UPDATE commitments c SET state = 'excluded', reason = 'import_taken_back', decided_at = %(now)s
FROM tickets t
WHERE c.organisation_id = %(organisation_id)s AND t.organisation_id = c.organisation_id
  AND t.id = c.ticket_id AND t.import_id = %(import_id)s
RETURNING c.id
"""


@dataclass(frozen=True, slots=True)
class ImportedBreach:
    """A breach in imported history, with what its ticket says about its customer."""

    breach: NewBreach
    customer_id: uuid.UUID | None
    device_id: uuid.UUID | None


def judge_imported(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    span: VersionSpan,
    terms: WaitTerms,
    import_id: uuid.UUID | None,
) -> int:
    """Open and judge the commitments of imported tickets that arrived while the version, of these
    `terms`, was in force and not paused: of one import, or of all of them. Returns how many are
    new; repeating adds nothing."""
    judgement = compile_judgement(terms)
    scope = compile_scope(terms)
    result = session.execute(
        text(_JUDGE.format(judgement=judgement.sql, scope=scope.sql)),
        {
            **judgement.params,
            **scope.params,
            "organisation_id": organisation_id,
            "promise_id": span.promise_id,
            "version_id": span.version_id,
            "import_id": import_id,
            "valid_from": span.valid_from,
            "valid_to": span.valid_to,
            "until": terms.rule.until.value,
            "now": now,
        },
    )
    return int(getattr(result, "rowcount", 0))


def unjudged_imports(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    span: VersionSpan,
    import_id: uuid.UUID | None,
    after: uuid.UUID | None,
    limit: int,
) -> list[Opening]:
    """Imported tickets in the scope of a version that have no commitment to its promise and did
    not come while it was paused, in order of their ids; `after` is the last one seen."""
    scope = compile_scope(span.terms)
    params = {
        **scope.params,
        "organisation_id": organisation_id,
        "promise_id": span.promise_id,
        "import_id": import_id,
        "valid_from": span.valid_from,
        "valid_to": span.valid_to,
        "after": after,
        "limit": limit,
    }
    found = session.execute(text(_UNJUDGED.format(scope=scope.sql)), params)
    return [Opening(row.id, row.branch_id, row.day_on, row.arrived_at, True) for row in found]


def record_imported_breaches(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    version_ids: Sequence[uuid.UUID],
    limit: int,
) -> list[ImportedBreach]:
    """Record a batch of the breaches that judging history has found; call until it is empty."""
    found = rows(
        session,
        _RECORD,
        {
            "organisation_id": organisation_id,
            "now": now,
            "version_ids": list(version_ids),
            "limit": limit,
        },
    )
    return [
        ImportedBreach(
            breach=NewBreach(
                breach_id=row.breach_id,
                commitment_id=row.id,
                promise_id=row.promise_id,
                version_id=row.version_id,
                ticket_id=row.ticket_id,
                branch_id=row.branch_id,
                day_on=row.day_on,
                breached_at=row.due_at,
                evidence=Evidence.IMPORTED,
                left_after_limit=row.reason in ("left_after_limit", "no_show_after_limit"),
            ),
            customer_id=row.customer_id,
            device_id=row.device_id,
        )
        for row in found
    ]


def count_import(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID
) -> dict[tuple[str, str | None], int]:
    """Commitments of an import by state and reason."""
    found = rows(session, _COUNTS, {"organisation_id": organisation_id, "import_id": import_id})
    return {(row.state, row.reason): row.n for row in found}


def exclude_import(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, import_id: uuid.UUID
) -> int:
    """Exclude every commitment of an import that is taken back."""
    return len(
        rows(
            session,
            _EXCLUDE,
            {"organisation_id": organisation_id, "import_id": import_id, "now": now},
        )
    )
