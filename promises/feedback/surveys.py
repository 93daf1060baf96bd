"""The quarterly question to staff: would you recommend your workplace? Of nobody, for nobody."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from promises.db import sql
from promises.feedback.errors import NoSuchSurvey, SurveyAnswered, SurveyClosed
from promises.feedback.models import LEAST_SHOWN, Question
from promises.feedback.questions import HIGHEST, Tally, on_scale, tally
from promises.kernel.actors import Actor, ActorKind
from promises.kernel.errors import FieldProblem, Forbidden, Refused
from promises.kernel.ids import new_id, new_ids
from promises.kernel.masking import mask_personal
from promises.kernel.text import N_

Key = TypeVar("Key")

LONGEST_TEXT = 500

_OPEN = """
WITH made AS (
    INSERT INTO staff_surveys (organisation_id, id, quarter, opens_at, closes_at)
    VALUES (%(organisation_id)s, %(id)s, %(quarter)s, %(now)s, %(closes_at)s)
    ON CONFLICT (organisation_id, quarter) DO NOTHING RETURNING id
)
INSERT INTO staff_survey_counts (organisation_id, id, survey_id, branch_id, score, answers)
SELECT %(organisation_id)s, c.id, made.id, c.branch_id, c.score, 0
FROM made, jsonb_to_recordset(%(cells)s::jsonb) AS c(id uuid, branch_id uuid, score int)
"""

_LOCK = """
SELECT id, closes_at FROM staff_surveys
WHERE organisation_id = %(organisation_id)s AND id = %(survey_id)s FOR UPDATE
"""

_RECEIVE = """
INSERT INTO staff_survey_receipts (organisation_id, survey_id, member_id)
VALUES (%(organisation_id)s, %(survey_id)s, %(member_id)s) ON CONFLICT DO NOTHING
"""

# Every cell is written, also where nothing is added: the row versions tell nothing.
_COUNT = """
UPDATE staff_survey_counts SET answers = answers
    + (score = %(score)s AND branch_id IS NOT DISTINCT FROM (
        SELECT min(known.branch_id::text)::uuid FROM staff_survey_counts known
        WHERE known.organisation_id = %(organisation_id)s AND known.survey_id = %(survey_id)s
          AND known.branch_id = %(branch_id)s))::int
WHERE organisation_id = %(organisation_id)s AND survey_id = %(survey_id)s
"""

# All texts of the round are written anew, in an order drawn by lot.
_SHUFFLE = """
WITH gone AS (
    DELETE FROM staff_survey_texts
    WHERE organisation_id = %(organisation_id)s AND survey_id = %(survey_id)s RETURNING body
), said AS (
    SELECT body FROM gone UNION ALL SELECT %(body)s::text WHERE %(body)s::text IS NOT NULL
)
INSERT INTO staff_survey_texts (organisation_id, id, survey_id, body)
SELECT %(organisation_id)s, gen_random_uuid(), %(survey_id)s, body FROM said ORDER BY random()
"""

_MINE = """
SELECT s.id, s.quarter, s.closes_at, r.member_id IS NOT NULL AS answered
FROM staff_surveys s
LEFT JOIN staff_survey_receipts r ON r.organisation_id = s.organisation_id
    AND r.survey_id = s.id AND r.member_id = %(member_id)s
WHERE s.organisation_id = %(organisation_id)s AND s.closes_at > %(now)s
ORDER BY s.opens_at DESC LIMIT 1
"""

_CLOSED = """
SELECT s.id, s.quarter, s.closes_at, c.branch_id, c.score, c.answers
FROM staff_surveys s
JOIN staff_survey_counts c ON c.organisation_id = s.organisation_id AND c.survey_id = s.id
WHERE s.organisation_id = %(organisation_id)s AND s.closes_at <= %(now)s
ORDER BY s.quarter DESC, c.branch_id, c.score
"""

_TEXTS = """
SELECT survey_id, body FROM staff_survey_texts
WHERE organisation_id = %(organisation_id)s AND survey_id = ANY (%(survey_ids)s)
ORDER BY id
"""

_KNOWN = """
SELECT 1 FROM staff_surveys WHERE organisation_id = %(organisation_id)s AND quarter = %(quarter)s
"""


@dataclass(frozen=True, slots=True)
class OpenSurvey:
    survey_id: uuid.UUID
    quarter: str
    closes_at: dt.datetime
    answered: bool


@dataclass(frozen=True, slots=True)
class SurveyResult:
    """A round that is closed. `total` is None where fewer than five answered; then there are no
    branches and no texts either. `branches` are those that can be shown; `apart` are the answers of
    all the others, together."""

    quarter: str
    closes_at: dt.datetime
    total: Tally | None
    branches: tuple[tuple[uuid.UUID | None, Tally], ...]
    apart: Tally | None
    texts: tuple[str, ...]


def is_held(session: Session, *, organisation_id: uuid.UUID, quarter: str) -> bool:
    params = {"organisation_id": organisation_id, "quarter": quarter}
    return bool(sql.rows(session, _KNOWN, params))


def open_survey(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    quarter: str,
    closes_at: dt.datetime,
    branch_ids: Collection[uuid.UUID],
) -> bool:
    """Once a quarter, with a cell for each branch and score. False where it is there already."""
    places = [None, *branch_ids]
    ids = iter(new_ids(len(places) * (HIGHEST + 1)))
    cells = [
        {"id": next(ids), "branch_id": branch, "score": score}
        for branch in places
        for score in range(HIGHEST + 1)
    ]
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "quarter": quarter,
        "now": now,
        "closes_at": closes_at,
        "cells": sql.records(cells),
    }
    return sql.execute(session, _OPEN, params) > 0


def answer_survey(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    survey_id: uuid.UUID,
    branch_id: uuid.UUID | None,
    score: int | None,
    text: str,
) -> None:
    """Count an answer, once a member. `branch_id`: the branch that the member is bound to.

    Raises NoSuchSurvey, SurveyClosed, SurveyAnswered, Refused.
    """
    if actor.kind is not ActorKind.MEMBER:
        raise Forbidden()
    key = {"organisation_id": organisation_id, "survey_id": survey_id}
    survey = sql.one_or_none(session, _LOCK, key)
    if survey is None:
        raise NoSuchSurvey()
    if now >= survey.closes_at:
        raise SurveyClosed()
    body = mask_personal(" ".join(text.split()))
    if score is None or not on_scale(Question.RECOMMENDATION, score):
        raise Refused([FieldProblem("score", N_("Choose one of these."))])
    if len(body) > LONGEST_TEXT:
        message = N_("Keep this to %(most)s characters.")
        raise Refused([FieldProblem("text", message, {"most": LONGEST_TEXT})])
    if not sql.execute(session, _RECEIVE, key | {"member_id": actor.id}):
        raise SurveyAnswered()
    sql.execute(session, _COUNT, key | {"branch_id": branch_id, "score": score})
    sql.execute(session, _SHUFFLE, key | {"body": body or None})


def open_survey_of(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, member_id: uuid.UUID
) -> OpenSurvey | None:
    """The round that runs, and whether the member has answered."""
    params = {"organisation_id": organisation_id, "now": now, "member_id": member_id}
    row = sql.one_or_none(session, _MINE, params)
    return None if row is None else OpenSurvey(row.id, row.quarter, row.closes_at, row.answered)


def survey_results(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime
) -> list[SurveyResult]:
    """Of closed rounds, the newest first: shown once and whole, so that nobody can compare the
    figures of two days and see who came between."""
    found: dict[uuid.UUID, list[Any]] = {}
    params = {"organisation_id": organisation_id, "now": now}
    for row in sql.rows(session, _CLOSED, params):
        found.setdefault(row.id, []).append(row)
    said: dict[uuid.UUID, list[str]] = {}
    ids = {"organisation_id": organisation_id, "survey_ids": list(found)}
    for row in sql.rows(session, _TEXTS, ids):
        said.setdefault(row.survey_id, []).append(row.body)
    return [_result(rows, said.get(survey_id, [])) for survey_id, rows in found.items()]


def _result(rows: list[Any], texts: list[str]) -> SurveyResult:
    cells: dict[uuid.UUID | None, list[int]] = {}
    for row in rows:
        cells.setdefault(row.branch_id, [0] * (HIGHEST + 1))[row.score] = row.answers
    sizes = {branch: sum(counts) for branch, counts in cells.items()}
    shown = groups_to_show(sizes)
    first = rows[0]
    if sum(sizes.values()) < LEAST_SHOWN:
        return SurveyResult(first.quarter, first.closes_at, None, (), None, ())
    rest = [(sizes[one], cells[one]) for one in cells if one not in shown]
    apart = tally(rest)
    return SurveyResult(
        quarter=first.quarter,
        closes_at=first.closes_at,
        total=tally([(sizes[one], counts) for one, counts in cells.items()]),
        branches=tuple((one, tally([(sizes[one], cells[one])])) for one in cells if one in shown),
        apart=apart if apart.answers else None,
        texts=tuple(texts) if len(texts) >= LEAST_SHOWN else (),
    )


def groups_to_show(sizes: Mapping[Key, int]) -> set[Key]:
    """Which groups may stand beside their total: each of five or more, and those left out together
    nobody or five or more, so that taking the shown from the total tells of no small group."""
    shown = {key for key, size in sizes.items() if size >= LEAST_SHOWN}
    while shown:
        left_out = sum(size for key, size in sizes.items() if key not in shown)
        if left_out == 0 or left_out >= LEAST_SHOWN:
            break
        shown.remove(min(shown, key=lambda key: (sizes[key], str(key))))
    return shown
