"""Choosing what is done when a budget is used up, and noting that it was done."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb
from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.improvement.errors import NoSuchReaction, ReactionMoved
from promises.improvement.reactions_models import Reaction, Trigger
from promises.kernel.actors import Actor
from promises.kernel.ids import new_id

_CHOICES = """
SELECT DISTINCT ON (c.promise_id) c.promise_id, c.id AS choice_id, c.number, c.reactions,
    c.chosen_by, c.chosen_at
FROM reaction_choices c
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY (%(promise_ids)s)
ORDER BY c.promise_id, c.number DESC
"""

# Of two at once one number is taken: the later one is refused and looks at the page again.
_CHOOSE = """
INSERT INTO reaction_choices (organisation_id, id, promise_id, number, reactions, chosen_by,
    chosen_at)
SELECT %(organisation_id)s, %(id)s, %(promise_id)s, %(seen)s + 1, %(reactions)s, %(member_id)s,
    %(now)s
WHERE %(seen)s = (SELECT coalesce(max(x.number), 0) FROM reaction_choices x
    WHERE x.organisation_id = %(organisation_id)s AND x.promise_id = %(promise_id)s)
ON CONFLICT DO NOTHING
RETURNING id
"""

_RUN = """
INSERT INTO reaction_runs (organisation_id, id, promise_id, month_on, trigger, reaction, choice_id,
    outcome, done_at)
VALUES (%(organisation_id)s, %(id)s, %(promise_id)s, %(month_on)s, %(trigger)s, %(reaction)s,
    %(choice_id)s, 'done', %(now)s)
ON CONFLICT DO NOTHING
RETURNING id
"""

_OUTCOME = """
UPDATE reaction_runs SET outcome = %(outcome)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s
"""

_RUNS = """
SELECT r.id AS run_id, r.promise_id, r.month_on, r.trigger, r.reaction, r.outcome, r.done_at,
    r.lifted_by, r.lifted_at
FROM reaction_runs r
WHERE r.organisation_id = %(organisation_id)s AND r.month_on = %(month_on)s
ORDER BY r.done_at DESC, r.id DESC
"""

_APPROVING = """
SELECT DISTINCT r.promise_id FROM reaction_runs r
WHERE r.organisation_id = %(organisation_id)s AND r.month_on = %(month_on)s
  AND r.promise_id = ANY (%(promise_ids)s) AND r.reaction = 'approve' AND r.lifted_at IS NULL
"""

_LIFT = """
UPDATE reaction_runs SET lifted_by = %(member_id)s, lifted_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND reaction = 'approve'
  AND lifted_at IS NULL
RETURNING promise_id
"""

_KNOWN = """
SELECT id FROM reaction_runs WHERE organisation_id = %(organisation_id)s AND id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class Choice:
    """`number` 0: nobody chose anything, and managers are only told."""

    choice_id: uuid.UUID | None
    number: int
    reactions: Mapping[Trigger, Reaction]
    chosen_by: uuid.UUID | None
    chosen_at: dt.datetime | None

    def of(self, trigger: Trigger) -> Reaction:
        return self.reactions.get(trigger, Reaction.TELL)


NO_CHOICE = Choice(None, 0, {}, None, None)


@dataclass(frozen=True, slots=True)
class Run:
    """A reaction that was done this month."""

    run_id: uuid.UUID
    promise_id: uuid.UUID
    month_on: dt.date
    trigger: Trigger
    reaction: Reaction
    outcome: str
    done_at: dt.datetime
    lifted_by: uuid.UUID | None
    lifted_at: dt.datetime | None

    @property
    def asks_for_approval(self) -> bool:
        return self.reaction is Reaction.APPROVE and self.lifted_at is None


def choices(
    session: Session, *, organisation_id: uuid.UUID, promise_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, Choice]:
    """What holds now, of the promises for which something was chosen."""
    params = {"organisation_id": organisation_id, "promise_ids": list(promise_ids)}
    return {
        row.promise_id: Choice(
            row.choice_id,
            row.number,
            {Trigger(name): Reaction(word) for name, word in row.reactions.items()},
            row.chosen_by,
            row.chosen_at,
        )
        for row in rows(session, _CHOICES, params)
    }


def choose(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    promise_id: uuid.UUID,
    reactions: Mapping[Trigger, Reaction],
    seen: int,
) -> None:
    """A new choice in place of the one with the number `seen`; ReactionMoved when somebody else
    was first."""
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "promise_id": promise_id,
        "reactions": Jsonb({trigger.value: one.value for trigger, one in reactions.items()}),
        "member_id": actor.id,
        "now": now,
        "seen": seen,
    }
    if not rows(session, _CHOOSE, params):
        raise ReactionMoved()


def begin_run(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    promise_id: uuid.UUID,
    month_on: dt.date,
    trigger: Trigger,
    choice: Choice,
) -> uuid.UUID | None:
    """None where it was done this month already, by whatever choice."""
    found = one_or_none(
        session,
        _RUN,
        {
            "organisation_id": organisation_id,
            "id": new_id(),
            "promise_id": promise_id,
            "month_on": month_on,
            "trigger": trigger.value,
            "reaction": choice.of(trigger).value,
            "choice_id": choice.choice_id,
            "now": now,
        },
    )
    return None if found is None else found.id


def note_outcome(
    session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID, outcome: str
) -> None:
    rows(session, _OUTCOME, {"organisation_id": organisation_id, "id": run_id, "outcome": outcome})


def runs_of_month(session: Session, *, organisation_id: uuid.UUID, month_on: dt.date) -> list[Run]:
    params = {"organisation_id": organisation_id, "month_on": month_on}
    return [_run(row) for row in rows(session, _RUNS, params)]


def _run(row: Any) -> Run:
    return Run(
        row.run_id,
        row.promise_id,
        row.month_on,
        Trigger(row.trigger),
        Reaction(row.reaction),
        row.outcome,
        row.done_at,
        row.lifted_by,
        row.lifted_at,
    )


def asking_for_approval(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    month_on: dt.date,
    promise_ids: Sequence[uuid.UUID],
) -> set[uuid.UUID]:
    """The promises whose new debts a manager approves this month."""
    params = {
        "organisation_id": organisation_id,
        "month_on": month_on,
        "promise_ids": list(promise_ids),
    }
    return {row.promise_id for row in rows(session, _APPROVING, params)}


def lift(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    run_id: uuid.UUID,
) -> uuid.UUID:
    """New debts go by themselves again; the id of the promise. What waits already still waits for
    its approval. Raises NoSuchReaction, ReactionMoved."""
    params = {"organisation_id": organisation_id, "id": run_id, "member_id": actor.id, "now": now}
    found = one_or_none(session, _LIFT, params)
    if found is not None:
        return uuid.UUID(str(found.promise_id))
    if one_or_none(session, _KNOWN, params) is None:
        raise NoSuchReaction()
    raise ReactionMoved()
