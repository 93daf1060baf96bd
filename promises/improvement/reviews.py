"""Reviews of promises: one a quarter, with a verdict that stays as it was given."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from promises.improvement.causes import person
from promises.improvement.errors import AlreadyReviewed
from promises.improvement.reviews_models import PromiseReview, ReviewVerdict
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import LOCALES, N_

LONGEST_SENTENCE = 1000
LONGEST_PUBLIC = 300
REVIEW_WITHIN = dt.timedelta(days=14)
"""How long after its end a quarter is to be reviewed."""

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Quarter:
    """A quarter of the calendar year; both days belong to it."""

    from_on: dt.date
    to_on: dt.date

    @property
    def due_on(self) -> dt.date:
        return self.to_on + REVIEW_WITHIN

    @property
    def name(self) -> str:
        """`2026-3`, as it stands in addresses."""
        return f"{self.from_on.year}-{(self.from_on.month + 2) // 3}"

    @property
    def round(self) -> str:
        """`2026Q3`, as the rounds of the question to staff are kept."""
        return f"{self.from_on.year:04}Q{(self.from_on.month + 2) // 3}"


def quarter_of(day: dt.date) -> Quarter:
    """The one in which the day lies."""
    first = dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    beyond = first + dt.timedelta(days=100)  # in the next one, whatever the months
    return Quarter(first, beyond.replace(month=3 * ((beyond.month - 1) // 3) + 1, day=1) - _DAY)


def quarter_before(day: dt.date) -> Quarter:
    """The last one that is over on that day."""
    return quarter_of(quarter_of(day).from_on - _DAY)


def quarter_named(name: str) -> Quarter | None:
    """The way back from its name; None where it names none."""
    year, _, number = name.partition("-")
    if len(year) != 4 or not (year.isascii() and year.isdigit()) or number not in list("1234"):
        return None
    return quarter_of(dt.date(int(year), 3 * int(number), 1)) if int(year) else None


@dataclass(frozen=True, slots=True)
class NewReview:
    """`figures` are what the reviewer saw; `public_texts` by language, may be empty."""

    promise_id: uuid.UUID
    version_id: uuid.UUID
    quarter: Quarter
    figures: Mapping[str, Any]
    verdict: ReviewVerdict
    sentence: str
    public_texts: Mapping[str, str]


def store_review(
    session: Session, *, organisation_id: uuid.UUID, actor: Actor, now: dt.datetime, new: NewReview
) -> uuid.UUID:
    """Of two who review at once the first one counts. Raises AlreadyReviewed, Refused."""
    by = person(actor)
    sentence = new.sentence.strip()
    public = {code: text.strip() for code, text in new.public_texts.items() if text.strip()}
    _check(sentence, public)
    made = session.execute(
        insert(PromiseReview)
        .values(
            organisation_id=organisation_id,
            id=new_id(),
            promise_id=new.promise_id,
            version_id=new.version_id,
            quarter_from=new.quarter.from_on,
            quarter_to=new.quarter.to_on,
            figures=dict(new.figures),
            verdict=new.verdict.value,
            sentence=sentence,
            public_texts=public,
            reviewed_by=by,
            reviewed_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=[
                PromiseReview.organisation_id,
                PromiseReview.promise_id,
                PromiseReview.quarter_from,
            ]
        )
        .returning(PromiseReview.id)
    ).one_or_none()
    if made is None:
        raise AlreadyReviewed
    review_id: uuid.UUID = made.id
    return review_id


def _check(sentence: str, public: Mapping[str, str]) -> None:
    problems = []
    if not sentence:
        problems.append(FieldProblem("sentence", N_("This is missing."), {}))
    elif len(sentence) > LONGEST_SENTENCE:
        too_long = N_("Keep this to %(most)s characters.")
        problems.append(FieldProblem("sentence", too_long, {"most": LONGEST_SENTENCE}))
    for code, text in public.items():
        if code not in LOCALES or len(text) > LONGEST_PUBLIC:
            words = N_("Keep this to %(most)s characters.")
            problems.append(FieldProblem(f"public_{code}", words, {"most": LONGEST_PUBLIC}))
    if problems:
        raise Refused(problems)
