"""What customers wrote, for staff to read: only words whose answers are in a block, without their
score, and with no more said of them than their whole block has in common."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db import sql
from promises.feedback.errors import NoSuchText, TextTaken
from promises.feedback.models import TextState

PAGE = 20

_TEXTS = """
SELECT a.id, a.body, a.text_state AS state, b.last_on AS month_on, b.branch_id, b.service_kind_id,
       b.segment
FROM feedback_answers a
JOIN feedback_blocks b ON b.organisation_id = a.organisation_id AND b.id = a.block_id
WHERE a.organisation_id = %(organisation_id)s AND a.body IS NOT NULL AND a.block_id IS NOT NULL
"""

_PAGE = f"""{_TEXTS} AND a.text_state = %(state)s
  AND (%(branch_id)s::uuid IS NULL OR b.branch_id = %(branch_id)s OR b.branch_id IS NULL)
ORDER BY a.month_on DESC, a.id LIMIT %(limit)s OFFSET %(skip)s
"""

_ONE = f"{_TEXTS} AND a.id = %(id)s"

_COUNT = f"""
SELECT t.state, count(*) AS n FROM ({_TEXTS}) t
WHERE %(branch_id)s::uuid IS NULL OR t.branch_id = %(branch_id)s OR t.branch_id IS NULL
GROUP BY 1
"""

_TAKE = """
UPDATE feedback_answers SET text_state = %(to)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND text_state = %(from)s
  AND block_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class WrittenText:
    answer_id: uuid.UUID
    body: str
    state: TextState
    month_on: dt.date
    branch_id: uuid.UUID | None
    service_kind_id: uuid.UUID | None
    segment: str | None


def list_texts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    state: TextState,
    branch_id: uuid.UUID | None = None,
    skip: int = 0,
    limit: int = PAGE,
) -> list[WrittenText]:
    """Of the newest month first, in an order that tells nothing. With a branch: its texts, and
    those that cannot be said to be of one."""
    params = {
        "organisation_id": organisation_id,
        "state": state.value,
        "branch_id": branch_id,
        "limit": limit,
        "skip": skip,
    }
    return [_text(row) for row in sql.rows(session, _PAGE, params)]


def get_text(session: Session, *, organisation_id: uuid.UUID, answer_id: uuid.UUID) -> WrittenText:
    """Raises NoSuchText, also for words that cannot be shown yet."""
    row = sql.one_or_none(session, _ONE, {"organisation_id": organisation_id, "id": answer_id})
    if row is None:
        raise NoSuchText()
    return _text(row)


def count_texts(
    session: Session, *, organisation_id: uuid.UUID, branch_id: uuid.UUID | None = None
) -> dict[TextState, int]:
    """How many `list_texts` has in each state."""
    params = {"organisation_id": organisation_id, "branch_id": branch_id}
    found = sql.rows(session, _COUNT, params)
    return dict.fromkeys(TextState, 0) | {TextState(row.state): row.n for row in found}


def mark_text(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    answer_id: uuid.UUID,
    to: TextState,
    before: TextState = TextState.NEW,
) -> None:
    """Deal with a text. Of two at once one succeeds, the other gets TextTaken."""
    params = {
        "organisation_id": organisation_id,
        "id": answer_id,
        "to": to.value,
        "from": before.value,
    }
    if not sql.execute(session, _TAKE, params):
        raise TextTaken()


def _text(row: Any) -> WrittenText:
    return WrittenText(
        row.id,
        row.body,
        TextState(row.state),
        row.month_on,
        row.branch_id,
        row.service_kind_id,
        row.segment,
    )
