"""Answers of customers about their cases: once a ticket, changeable for an hour, of nobody."""

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db import sql
from promises.feedback.errors import AnswerSettled
from promises.feedback.models import AnswerSource, Outcome, Question, TextState
from promises.feedback.questions import on_scale
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.masking import mask_personal
from promises.kernel.text import N_

LONGEST_BODY = 1000
CHANGEABLE = dt.timedelta(hours=1)
_SETTLES_AFTER = dt.timedelta(hours=3)
"""Counted from the full hour, so that no exact time is kept; long after the last change."""

_RECEIVE = """
INSERT INTO feedback_receipts (organisation_id, ticket_id, question, answered_at)
VALUES (%(organisation_id)s, %(ticket_id)s, %(question)s, %(now)s)
ON CONFLICT (organisation_id, ticket_id) DO NOTHING
"""

_RECEIPT = """
SELECT question, answered_at FROM feedback_receipts
WHERE organisation_id = %(organisation_id)s AND ticket_id = %(ticket_id)s
"""

_STORE = """
INSERT INTO feedback_answers (
    organisation_id, id, question, score, body, month_on, branch_id, service_kind_id, outcome,
    source, settles_at, text_state
) VALUES (
    %(organisation_id)s, %(id)s, %(question)s, %(score)s, %(body)s, %(month_on)s, %(branch_id)s,
    %(service_kind_id)s, %(outcome)s, %(source)s, %(settles_at)s, %(text_state)s
)
ON CONFLICT (organisation_id, id) DO UPDATE SET score = excluded.score, body = excluded.body,
    outcome = excluded.outcome, text_state = excluded.text_state
"""

_GIVEN = """
SELECT score, body FROM feedback_answers
WHERE organisation_id = %(organisation_id)s AND id = %(id)s AND settles_at IS NOT NULL
"""

_SETTLE = """
UPDATE feedback_answers SET id = gen_random_uuid(), settles_at = NULL
WHERE organisation_id = %(organisation_id)s AND settles_at <= %(now)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnswer:
    """`month_on` is the first day of the month at the branch; what else is known of the case comes
    from its ticket, and nothing of the customer."""

    ticket_id: uuid.UUID
    question: Question
    score: int | None
    body: str
    month_on: dt.date
    branch_id: uuid.UUID
    service_kind_id: uuid.UUID
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Given:
    """What the customer answered; the words and the score only while they can be changed."""

    question: Question
    changeable_until: dt.datetime
    changeable: bool
    score: int | None
    body: str


def give_answer(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, answer: CaseAnswer
) -> None:
    """Store it, or put it in place of the one given before. The question is the one that was
    answered first. Raises AnswerSettled after an hour, Refused."""
    key = {"organisation_id": organisation_id, "ticket_id": answer.ticket_id}
    question = answer.question
    if not sql.execute(session, _RECEIVE, key | {"question": question.value, "now": now}):
        receipt = sql.one(session, _RECEIPT, key)
        if now >= receipt.answered_at + CHANGEABLE:
            raise AnswerSettled()
        question = Question(receipt.question)
    score, body = checked(question, answer.score, answer.body)
    hour = now.replace(minute=0, second=0, microsecond=0)
    params = {
        "organisation_id": organisation_id,
        "id": _passing_id(organisation_id, answer.ticket_id),
        "question": question.value,
        "score": score,
        "body": body,
        "month_on": answer.month_on,
        "branch_id": answer.branch_id,
        "service_kind_id": answer.service_kind_id,
        "outcome": answer.outcome.value,
        "source": AnswerSource.CASE.value,
        "settles_at": hour + _SETTLES_AFTER,
        "text_state": TextState.NEW.value if body else None,
    }
    sql.execute(session, _STORE, params)


def checked(question: Question, score: int | None, body: str) -> tuple[int | None, str | None]:
    """The score and the masked words, as they may be stored. Raises Refused."""
    words = mask_personal(" ".join(body.split()))
    if len(words) > LONGEST_BODY:
        message = N_("Keep this to %(most)s characters.")
        raise Refused([FieldProblem("body", message, {"most": LONGEST_BODY})])
    if question is Question.WORDS:
        if not words:
            raise Refused([FieldProblem("body", N_("This is missing."))])
        return None, words
    if score is None or not on_scale(question, score):
        raise Refused([FieldProblem("score", N_("Choose one of these."))])
    return score, words or None


def given_answer(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, ticket_id: uuid.UUID
) -> Given | None:
    """What was answered about a ticket; None where nothing was."""
    key = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    receipt = sql.one_or_none(session, _RECEIPT, key)
    if receipt is None:
        return None
    until = receipt.answered_at + CHANGEABLE
    row = None
    if now < until:
        own = {"organisation_id": organisation_id, "id": _passing_id(organisation_id, ticket_id)}
        row = sql.one_or_none(session, _GIVEN, own)
    question = Question(receipt.question)
    if row is None:
        return Given(question, until, False, None, "")
    return Given(question, until, True, row.score, row.body or "")


def settle_answers(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> int:
    """Give answers that can no longer change a new, random id: from now on nothing leads from a
    ticket to its answer."""
    return sql.execute(session, _SETTLE, {"organisation_id": organisation_id, "now": now})


def _passing_id(organisation_id: uuid.UUID, ticket_id: uuid.UUID) -> uuid.UUID:
    digest = hashlib.sha256(organisation_id.bytes + ticket_id.bytes).digest()
    return uuid.UUID(bytes=digest[:16], version=4)
