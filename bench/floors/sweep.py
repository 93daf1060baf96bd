"""The sweep by hand: the same rows written, in one statement or row by row."""

import uuid
from typing import Any

import psycopg
from psycopg.rows import dict_row

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
            ((now,),) = cursor.fetchall()
            cursor.execute(STATEMENT, {"org": org, "now": now, "limit": limit})
            ((count,),) = cursor.fetchall()
        if not count:
            return total
        total += count


# The same rows, table by table, as a loop over what is due would write them.
ROW = (
    """UPDATE commitments SET state = 'broken', reason = 'deadline_passed', decided_at = %(now)s
    WHERE organisation_id = %(org)s AND id = %(commitment_id)s""",
    """INSERT INTO breaches (organisation_id, id, commitment_id, promise_id, version_id, ticket_id,
        branch_id, day_on, breached_at, detected_at, found_by, evidence)
    VALUES (%(org)s, %(breach_id)s, %(commitment_id)s, %(promise_id)s, %(version_id)s,
        %(ticket_id)s, %(branch_id)s, %(day_on)s, %(due_at)s, %(now)s, 'clock', %(evidence)s)""",
    """INSERT INTO compensations (organisation_id, id, breach_id, instalment, promise_id,
        version_id, ticket_id, branch_id, amount_minor, currency, outcome, state, holds,
        closing_reason, created_at)
    VALUES (%(org)s, %(owed_id)s, %(breach_id)s, 1, %(promise_id)s, %(version_id)s, %(ticket_id)s,
        %(branch_id)s, 1000, 'EUR', 'full', 'owed', '{presence}', '', %(now)s)""",
    """INSERT INTO ledger_transactions (organisation_id, id, key, kind, reference_id, recorded_at)
    VALUES (%(org)s, %(booking_id)s, %(key)s, 'owed', %(owed_id)s, %(now)s)""",
    """INSERT INTO ledger_entries (organisation_id, transaction_id, account_code, currency,
        amount_minor)
    VALUES (%(org)s, %(booking_id)s, 'compensation_expense', 'EUR', 1000),
        (%(org)s, %(booking_id)s, 'compensation_owed', 'EUR', -1000)""",
    """UPDATE tickets SET next_due_at = NULL, version = version + 1
    WHERE organisation_id = %(org)s AND id = %(ticket_id)s""",
    """UPDATE branch_states SET version = version + 1
    WHERE organisation_id = %(org)s AND branch_id = %(branch_id)s""",
)
NEXT = """
SELECT id AS commitment_id, promise_id, version_id, ticket_id, branch_id, day_on, due_at, evidence
FROM commitments
WHERE organisation_id = %(org)s AND state = 'open' AND due_at <= clock_timestamp()
ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
"""


def row_by_row(connection: "psycopg.Connection[Any]", org: uuid.UUID, most: int) -> int:
    """The same, one breach a transaction and one statement a table, at most `most`."""
    total = 0
    while total < most:
        with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(f"SET LOCAL app.organisation_id = '{org}'")
            cursor.execute("SELECT clock_timestamp() AS now")
            now = cursor.fetchone()
            due = cursor.execute(NEXT, {"org": org}).fetchone()
            if due is None or now is None:
                return total
            fresh = {name: uuid.uuid4() for name in ("breach_id", "owed_id", "booking_id")}
            params = {"org": org, **now, **due, **fresh, "key": f"owed:{fresh['owed_id']}"}
            for statement in ROW:
                cursor.execute(statement, params)
        total += 1
    return total
