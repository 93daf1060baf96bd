"""Within how long management decides on what staff propose."""

import datetime as dt
import uuid

from sqlalchemy.orm import Session

from promises.identity import checks, queries
from promises.identity.calendars import calendar_names
from promises.identity.changes import apply, note
from promises.identity.models import Organisation
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_

MOST_DAYS = 60


def change_decision_time(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    days: int,
    calendar: str | None,
) -> Organisation:
    """So many working days of the calendar with that slug; None for the weekdays that are no public
    holiday. What was proposed before keeps its deadline. Raises Refused."""
    problems = checks.within("days", days, 1, MOST_DAYS)
    known = {one.slug for one in calendar_names(session, organisation_id)}
    if calendar is not None and calendar not in known:
        problems.append(FieldProblem("calendar", N_("Choose one of these.")))
    checks.refuse(problems)
    row = queries.organisation_row(session, organisation_id=organisation_id)
    changed = apply(row, {"decide_within_days": days, "decision_calendar": calendar})
    if changed:
        note(session, row, actor, now, "decision_time_changed", changed)
    return row
