"""The sweep by hand: the same rows written, in one statement or row by row."""

import datetime as dt
import uuid
from typing import Any

import psycopg

# What our sweep writes for a breach of a customer who is not there yet: the commitment, the breach,
# the debt, a balanced ledger transaction, the ticket, the branch's version.
STATEMENT = """
WITH due AS (
    SELECT id FROM commitments
    WHERE organisation_id = %(org)s AND state = 'open' AND due_at <= %(now)s
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE commitments c SET state = 'broken', reason = 'deadline_passed', decided_at = %(now)s
    FROM due WHERE c.organisation_id = %(org)s AND c.id = due.id
    RETURNING c.*
), broken AS (
    INSERT INTO breaches (organisation_id, id, commitment_id, promise_id, version_id, ticket_id,
        branch_id, day_on, breached_at, detected_at, found_by, evidence)
    SELECT organisation_id, gen_random_uuid(), id, promise_id, version_id, ticket_id, branch_id,
        day_on, due_at, %(now)s, 'clock', evidence FROM marked
    RETURNING *
), owed AS (
    INSERT INTO compensations (organisation_id, id, breach_id, instalment, promise_id, version_id,
        ticket_id, branch_id, amount_minor, currency, outcome, state, holds, closing_reason,
        created_at)
    SELECT organisation_id, gen_random_uuid(), id, 1, promise_id, version_id, ticket_id, branch_id,
        1000, 'EUR', 'full', 'owed', '{presence}', '', %(now)s FROM broken
    RETURNING *
), booked AS (
    INSERT INTO ledger_transactions (organisation_id, id, key, kind, reference_id, recorded_at)
    SELECT organisation_id, gen_random_uuid(), 'owed:' || id, 'owed', id, %(now)s FROM owed
    RETURNING *
), entries AS (
    INSERT INTO ledger_entries (organisation_id, transaction_id, account_code, currency,
        amount_minor)
    SELECT b.organisation_id, b.id, s.code, 'EUR', s.amount
    FROM booked b, (VALUES ('compensation_expense', 1000), ('compensation_owed', -1000))
        AS s (code, amount)
), touched AS (
    UPDATE tickets t SET next_due_at = NULL, version = version + 1
    FROM marked m WHERE t.organisation_id = %(org)s AND t.id = m.ticket_id
), branch AS (
    UPDATE branch_states SET version = version + 1
    WHERE organisation_id = %(org)s AND branch_id IN (SELECT branch_id FROM marked)
)
SELECT count(*) FROM marked
"""


def sweep(connection: "psycopg.Connection[Any]", org: uuid.UUID, limit: int) -> int:
    """All that is due, a batch a transaction; how many."""
    total = 0
    while True:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL app.organisation_id = '{org}'")
            cursor.execute("SELECT clock_timestamp()")
            now: dt.datetime = cursor.fetchone()[0]  # type: ignore[index]
            cursor.execute(STATEMENT, {"org": org, "now": now, "limit": limit})
            count = cursor.fetchone()[0]  # type: ignore[index]
        if not count:
            return total
        total += count


def row_by_row(connection: "psycopg.Connection[Any]", org: uuid.UUID, most: int) -> int:
    """The same, one breach a transaction, at most `most`."""
    total = 0
    while total < most:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL app.organisation_id = '{org}'")
            cursor.execute("SELECT clock_timestamp()")
            now: dt.datetime = cursor.fetchone()[0]  # type: ignore[index]
            cursor.execute(STATEMENT, {"org": org, "now": now, "limit": 1})
            if not cursor.fetchone()[0]:  # type: ignore[index]
                return total
        total += 1
    return total
