"""How promises were kept over long spans, from the kept count by day: no case is read again but
those of the last days and of days that have changed."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from promises.reporting.public_counts import card_of, day_counts, earlier_days, in_span, joined
from promises.reporting.scorecard import Scorecard

_DAY = dt.timedelta(days=1)


def period_cards(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_ids: Sequence[uuid.UUID] | None,
    days: tuple[dt.date, dt.date],
    today: dt.date,
) -> dict[uuid.UUID, Scorecard]:
    """By promise with a case that arrived on these days, both included; None: of all promises.
    Equal to `scorecards_by_promise` of the same days."""
    asked: dict[str, Any] = {"organisation_id": organisation_id, "promise_ids": promise_ids}
    from_on, to_on = days
    cut = today - _DAY
    found = earlier_days(session, **asked, before=min(cut, to_on + _DAY))
    if to_on >= cut:
        found = joined(found, day_counts(session, **asked, from_on=cut, to_on=to_on))
    spans = {promise_id: in_span(of, from_on, to_on) for promise_id, of in found.items()}
    return {promise_id: card_of(of) for promise_id, of in spans.items() if of}
