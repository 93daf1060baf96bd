"""The review of a promise after each quarter, and reminding managers of it."""

import uuid
from collections.abc import Mapping
from typing import Any

from promises.audit.actions import record
from promises.db.session import UnitOfWork
from promises.identity.queries import managers, organisation_row
from promises.improvement.errors import NoReviewDue
from promises.improvement.reviews import NewReview, Quarter, store_review
from promises.improvement.reviews_models import ReviewVerdict
from promises.kernel.zones import local_date
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind
from promises.reporting.review_debt import quarter_figures, reviews_due, version_of_quarter


def review_promise(
    uow: UnitOfWork,
    *,
    promise_id: uuid.UUID,
    quarter: Quarter,
    verdict: ReviewVerdict,
    sentence: str,
    public_texts: Mapping[str, str],
) -> uuid.UUID:
    """Give the verdict on a quarter, with its figures as they are now, for good. What the verdict
    asks for (a version, a pause, an end) is done by itself, with its own notice.

    Raises NoReviewDue, AlreadyReviewed, Refused.
    """
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    row = organisation_row(uow.session, **tenant)
    about: dict[str, Any] = {"promise_id": promise_id, "quarter": quarter}
    today = local_date(uow.now, row.time_zone)
    due = reviews_due(uow.session, **tenant, today=today, zone=row.time_zone)
    if not any((one.promise_id, one.quarter) == (promise_id, quarter) for one in due):
        raise NoReviewDue
    new = NewReview(
        promise_id=promise_id,
        version_id=version_of_quarter(uow.session, **tenant, **about, zone=row.time_zone),
        quarter=quarter,
        figures=quarter_figures(
            uow.session, **tenant, **about, today=today, place=(row.time_zone, row.currency)
        ),
        verdict=verdict,
        sentence=sentence,
        public_texts=public_texts,
    )
    review_id = store_review(uow.session, **tenant, actor=uow.actor, now=uow.now, new=new)
    record(
        uow.session,
        **tenant,
        actor=uow.actor,
        now=uow.now,
        action="promise_reviewed",
        object_kind="promise",
        object_id=promise_id,
        details={
            "review_id": str(review_id),
            "quarter": quarter.name,
            "verdict": verdict.value,
        },
    )
    return review_id


def remind_reviews(uow: UnitOfWork) -> int:
    """A duty of each round: managers hear once that reviews are due, and once that they are late.
    How many messages are new. Several may run at once."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    row = organisation_row(uow.session, **tenant)
    today = local_date(uow.now, row.time_zone)
    due = reviews_due(uow.session, **tenant, today=today, zone=row.time_zone)
    if not due:
        return 0
    quarter = due[-1].quarter
    late = today > quarter.due_on
    messages = [
        NewMessage(
            kind=MessageKind.REVIEW_DUE,
            channel=Channel.EMAIL,
            locale=member.locale,
            member_id=member.id,
            params={
                "promises": len({one.promise_id for one in due}),
                "due_on": quarter.due_on.isoformat(),
                "late": late,
            },
            secret=f"/o/{row.slug}/staff/reviews",
            dedupe_key=f"review_due:{quarter.name}:{'late' if late else 'due'}:{member.id}",
        )
        for member in managers(uow.session, **tenant)
    ]
    return enqueue(uow.session, **tenant, now=uow.now, messages=messages)
