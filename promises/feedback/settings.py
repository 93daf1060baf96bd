"""What an organisation asks, and from when on a cause of breaches counts as a problem."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from promises.feedback.models import FeedbackSettings, Question
from promises.feedback.questions import ASKABLE
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_


@dataclass(frozen=True, slots=True)
class Asking:
    """`questions` take turns after a case; none: customers are not asked. `survey_days`: how long
    the question to staff is open in each quarter; 0: it is not asked. A cause that was tagged on
    `recurring_breaches` breaches within `recurring_days` becomes a problem."""

    questions: tuple[Question, ...] = ASKABLE
    survey_days: int = 14
    recurring_breaches: int = 5
    recurring_days: int = 30


def asking_of(session: Session, *, organisation_id: uuid.UUID) -> Asking:
    row = session.get(FeedbackSettings, organisation_id)
    if row is None:
        return Asking()
    return Asking(
        tuple(Question(one) for one in row.questions),
        row.survey_days,
        row.recurring_breaches,
        row.recurring_days,
    )


def change_asking(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, asking: Asking
) -> None:
    """Raises Refused."""
    _check(asking)
    values = {
        "questions": [one.value for one in ASKABLE if one in asking.questions],
        "survey_days": asking.survey_days,
        "recurring_breaches": asking.recurring_breaches,
        "recurring_days": asking.recurring_days,
        "changed_at": now,
    }
    made = insert(FeedbackSettings).values(organisation_id=organisation_id, **values)
    session.execute(
        made.on_conflict_do_update(index_elements=["organisation_id"], set_=values),
        execution_options={"populate_existing": True},
    )
    session.expire_all()


def _check(asking: Asking) -> None:
    limits: Sequence[tuple[str, int, int, int]] = (
        ("survey_days", asking.survey_days, 0, 60),
        ("recurring_breaches", asking.recurring_breaches, 2, 1000),
        ("recurring_days", asking.recurring_days, 1, 366),
    )
    message = N_("Give a number between %(least)s and %(most)s.")
    problems = [
        FieldProblem(name, message, {"least": least, "most": most})
        for name, value, least, most in limits
        if not least <= value <= most
    ]
    if problems:
        raise Refused(problems)
