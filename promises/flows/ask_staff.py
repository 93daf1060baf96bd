"""The quarterly question to staff: a duty opens its round, a member answers."""

import datetime as dt
import uuid
from typing import Any

from promises.db.session import UnitOfWork
from promises.feedback.settings import asking_of
from promises.feedback.surveys import answer_survey, is_held, open_survey
from promises.identity.queries import list_branches, member_by_id, organisation_row
from promises.improvement.reviews import quarter_of
from promises.kernel.errors import Forbidden
from promises.kernel.zones import local_date, resolve_local


def ask_staff(uow: UnitOfWork) -> bool:
    """Open the round of this quarter, unless it was held, is switched off or would not end in it.
    The round ends with a local day."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    zone = organisation_row(uow.session, **tenant).time_zone
    today = local_date(uow.now, zone)
    quarter = quarter_of(today)
    if is_held(uow.session, quarter=quarter.round, **tenant):
        return False
    days = asking_of(uow.session, **tenant).survey_days
    last = today + dt.timedelta(days=days)
    if not days or last > quarter.to_on:
        return False
    branches = list_branches(uow.session, **tenant)
    return open_survey(
        uow.session,
        now=uow.now,
        quarter=quarter.round,
        closes_at=resolve_local(dt.datetime.combine(last, dt.time()), zone).instant,
        branch_ids=[one.id for one in branches],
        **tenant,
    )


def answer_staff_question(
    uow: UnitOfWork, *, survey_id: uuid.UUID, score: int | None, text: str
) -> None:
    """Raises NoSuchSurvey, SurveyClosed, SurveyAnswered, Refused."""
    if uow.actor.id is None:
        raise Forbidden()
    member = member_by_id(uow.session, organisation_id=uow.organisation_id, member_id=uow.actor.id)
    answer_survey(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        survey_id=survey_id,
        branch_id=member.branch_id,
        score=score,
        text=text,
    )
