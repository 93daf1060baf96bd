"""Actions against breaches, as lists."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.improvement.actions_models import ActionState, Outcome
from promises.improvement.errors import NoSuchAction

_SELECT = """
SELECT a.id, a.promise_id, p.slug, p.titles, a.branch_id, b.name AS branch, a.cause_id,
    c.names AS cause_names, a.what, a.owner_id, o.name AS owner, a.due_on, a.state, a.created_at,
    a.done_on, a.outcome, a.result, a.checked_at, a.dropped_reason, a.public_texts, a.published_at
FROM improvement_actions a
JOIN promises p ON p.organisation_id = a.organisation_id AND p.id = a.promise_id
LEFT JOIN branches b ON b.organisation_id = a.organisation_id AND b.id = a.branch_id
LEFT JOIN causes c ON c.organisation_id = a.organisation_id AND c.id = a.cause_id
LEFT JOIN members o ON o.organisation_id = a.organisation_id AND o.id = a.owner_id
WHERE a.organisation_id = %(organisation_id)s
"""

_LIST = f"""{_SELECT}
  AND (%(promise_id)s::uuid IS NULL OR a.promise_id = %(promise_id)s)
  AND (%(branch_id)s::uuid IS NULL OR a.branch_id IS NULL OR a.branch_id = %(branch_id)s)
ORDER BY (a.state <> 'open'), (CASE WHEN a.state = 'open' THEN a.due_on END), a.id DESC
LIMIT %(limit)s
"""

_ONE = f"{_SELECT} AND a.id = %(action_id)s"


@dataclass(frozen=True, slots=True)
class ActionRow:
    """`branch` None: all branches. `cause_names` None: no cause in particular."""

    action_id: uuid.UUID
    promise_id: uuid.UUID
    slug: str
    titles: dict[str, str]
    branch_id: uuid.UUID | None
    branch: str | None
    cause_id: uuid.UUID | None
    cause_names: dict[str, str] | None
    what: str
    owner_id: uuid.UUID
    owner: str | None
    due_on: dt.date
    state: ActionState
    created_at: dt.datetime
    done_on: dt.date | None
    outcome: Outcome | None
    result: dict[str, Any] | None
    checked_at: dt.datetime | None
    dropped_reason: str | None
    public_texts: dict[str, str] | None
    published_at: dt.datetime | None

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))

    def cause(self, locale: str) -> str | None:
        names = self.cause_names
        return None if not names else names.get(locale) or next(iter(names.values()))

    def is_late(self, today: dt.date) -> bool:
        return self.state is ActionState.OPEN and self.due_on < today


def list_actions(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID | None = None,
    branch_id: uuid.UUID | None = None,
    limit: int = 100,
) -> list[ActionRow]:
    """What is to be done first, by its day; then the others, the newest first. With `branch_id`
    those of that branch and of all branches."""
    params = {
        "organisation_id": organisation_id,
        "promise_id": promise_id,
        "branch_id": branch_id,
        "limit": limit,
    }
    return [_row(row) for row in rows(session, _LIST, params)]


def get_action(session: Session, *, organisation_id: uuid.UUID, action_id: uuid.UUID) -> ActionRow:
    """Raises NoSuchAction."""
    params = {"organisation_id": organisation_id, "action_id": action_id}
    found = one_or_none(session, _ONE, params)
    if found is None:
        raise NoSuchAction(action_id=str(action_id))
    return _row(found)


def _row(row: Any) -> ActionRow:
    values = row._asdict()
    values["action_id"] = values.pop("id")
    values["state"] = ActionState(values["state"])
    values["outcome"] = None if values["outcome"] is None else Outcome(values["outcome"])
    return ActionRow(**values)
