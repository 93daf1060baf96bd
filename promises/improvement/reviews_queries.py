"""Reading reviews."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.improvement.reviews import Quarter
from promises.improvement.reviews_models import ReviewVerdict


@dataclass(frozen=True, slots=True)
class Review:
    """A review that was made. `figures` are frozen."""

    review_id: uuid.UUID
    promise_id: uuid.UUID
    slug: str
    titles: Mapping[str, str]
    quarter: Quarter
    figures: Mapping[str, Any]
    verdict: ReviewVerdict
    sentence: str
    public_texts: Mapping[str, str]
    reviewed_by: uuid.UUID
    reviewed_at: dt.datetime

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))

    def public_text(self, locale: str) -> str | None:
        """In that language, else in any that there is; None where nothing is public."""
        return self.public_texts.get(locale) or next(iter(self.public_texts.values()), None)


_REVIEWS = """
SELECT r.id, r.promise_id, p.slug, p.titles, r.quarter_from, r.quarter_to, r.figures, r.verdict,
    r.sentence, r.public_texts, r.reviewed_by, r.reviewed_at
FROM promise_reviews r
JOIN promises p ON p.organisation_id = r.organisation_id AND p.id = r.promise_id
WHERE r.organisation_id = %(organisation_id)s
  AND (%(promise_id)s::uuid IS NULL OR r.promise_id = %(promise_id)s)
ORDER BY r.quarter_from DESC, r.reviewed_at DESC, r.id DESC
LIMIT %(limit)s
"""


def list_reviews(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID | None = None,
    limit: int = 100,
) -> list[Review]:
    """Of one promise or of all, the latest quarter first."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id, "limit": limit}
    return [
        Review(
            review_id=row.id,
            promise_id=row.promise_id,
            slug=row.slug,
            titles=row.titles,
            quarter=Quarter(row.quarter_from, row.quarter_to),
            figures=row.figures,
            verdict=ReviewVerdict(row.verdict),
            sentence=row.sentence,
            public_texts=row.public_texts,
            reviewed_by=row.reviewed_by,
            reviewed_at=row.reviewed_at,
        )
        for row in rows(session, _REVIEWS, params)
    ]
