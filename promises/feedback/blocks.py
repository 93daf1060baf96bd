"""Putting answers into blocks of five or more, for ever.

First those who have everything in common, so that each figure gets as much as it can; what is left
over shares less, down to the question alone. The present month is put into blocks only where all
is shared, so that a branch that is slow to fill has its own figure when the month is over.
"""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.db import sql
from promises.feedback.models import LEAST_SHOWN
from promises.feedback.questions import HIGHEST
from promises.kernel.ids import new_token

COLUMNS = {
    "branch": "branch_id",
    "service": "service_kind_id",
    "outcome": "outcome",
    "segment": "segment",
}
_TYPES = {"branch_id": "uuid", "service_kind_id": "uuid", "outcome": "text", "segment": "text"}
_AT_ONCE = (("branch", "service", "outcome", "segment"), ("branch", "service", "outcome"))
_WHEN_OVER = (("branch", "outcome"), ("outcome",), ("branch",), ())

_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended(%(key)s, 0)) AS mine"
_WAIT = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"

_SCOPES = {
    "live": "",
    "over": "AND month_on < %(month_on)s",
    "import": """AND (question, month_on) IN (
        SELECT question, month_on FROM feedback_answers
        WHERE organisation_id = %(organisation_id)s AND import_id = %(import_id)s)""",
}


def _statement(shared: tuple[str, ...], scope: str, *, by_month: bool = True) -> str:
    """One pass: every group of five or more that shares these things becomes a block."""
    keys = ["question", *(["month_on"] if by_month else []), *(COLUMNS[one] for one in shared)]
    counts = ", ".join(
        f"count(*) FILTER (WHERE score = {score})::int" for score in range(HIGHEST + 1)
    )
    kept = [COLUMNS[one] for one in shared]
    into = "".join(f", {column}" for column in kept)
    names = ", ".join(f"'{one}'" for one in shared)
    first = "".join(f", min({key}::text)::{_TYPES[key]} AS {key}" for key in kept)
    return f"""
WITH ready AS (
    SELECT id, question, month_on, branch_id, service_kind_id, outcome, segment, score,
           count(*) OVER together AS size, first_value(id) OVER together AS leader
    FROM feedback_answers
    WHERE organisation_id = %(organisation_id)s AND block_id IS NULL AND settles_at IS NULL
      {_SCOPES[scope]}
    WINDOW together AS (PARTITION BY {", ".join(keys)})
), chosen AS MATERIALIZED (
    SELECT *, md5(leader::text || %(salt)s)::uuid AS block_id FROM ready
    WHERE size >= {LEAST_SHOWN}
), made AS (
    INSERT INTO feedback_blocks (organisation_id, id, question, first_on, last_on, shared, answers,
        counts{into})
    SELECT %(organisation_id)s, block_id, question, first_on, last_on, ARRAY[{names}]::text[],
           answers, counts{into}
    FROM (
        SELECT block_id, min(question) AS question, min(month_on) AS first_on,
               max(month_on) AS last_on, count(*)::int AS answers, ARRAY[{counts}] AS counts{first}
        FROM chosen GROUP BY block_id
    ) AS blocks
)
UPDATE feedback_answers a SET block_id = c.block_id FROM chosen c
WHERE a.organisation_id = %(organisation_id)s AND a.id = c.id
"""


_LIVE = tuple(_statement(shared, "live") for shared in _AT_ONCE)
_OVER = (
    *(_statement(shared, "over") for shared in _WHEN_OVER),
    _statement((), "over", by_month=False),
)
_IMPORTED = (
    *(_statement(shared, "import") for shared in (*_AT_ONCE, *_WHEN_OVER)),
    _statement((), "import", by_month=False),
)


def form_blocks(session: Session, *, organisation_id: uuid.UUID, month_on: dt.date) -> int:
    """Show what can be shown; `month_on` is the first day of the present month. Returns how many
    answers are shown newly. Does nothing while another transaction is at it."""
    if not sql.one(session, _TURN, _key(organisation_id)).mine:
        return 0
    params = {"organisation_id": organisation_id, "month_on": month_on, "salt": new_token()}
    return sum(sql.execute(session, one, params) for one in (*_LIVE, *_OVER))


def form_blocks_of_import(
    session: Session, *, organisation_id: uuid.UUID, import_id: uuid.UUID
) -> int:
    """Show the answers of a file at once, with what waits for the same questions and months; fewer
    than five go on waiting. Waits for its turn."""
    sql.execute(session, _WAIT, _key(organisation_id))
    params = {"organisation_id": organisation_id, "import_id": import_id, "salt": new_token()}
    return sum(sql.execute(session, one, params) for one in _IMPORTED)


def _key(organisation_id: uuid.UUID) -> dict[str, str]:
    return {"key": f"feedback blocks of {organisation_id}"}
