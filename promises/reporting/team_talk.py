"""What a team talks about in the morning, on one page: the last open day and one thing to do."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.pause_queries import PausedHere, paused_at_branch
from promises.db.sql import one
from promises.improvement.actions_models import ActionState
from promises.improvement.actions_queries import ActionRow, list_actions
from promises.reporting.insights import HourOfWeek, hours_of_week
from promises.reporting.insights_causes import CauseCount, causes_counted
from promises.reporting.scorecard import (
    CleanDays,
    Scorecard,
    Selection,
    Waits,
    days_without_breach,
    scorecard,
    waits,
)

LOOK_BACK_DAYS = 14
SPAN_DAYS = 30
FEWEST_BREACHES = 3
"""Of one hour of the week; fewer in the span are no pattern."""

_LAST_DAY = """
SELECT max(c.day_on) AS day_on FROM commitments c
WHERE c.organisation_id = %(organisation_id)s AND c.promise_id = ANY (ARRAY(
      SELECT p.id FROM promises p WHERE p.organisation_id = %(organisation_id)s
  ))
  AND c.day_on BETWEEN %(from_on)s AND %(to_on)s AND c.branch_id = %(branch_id)s
"""


class ThingKind(StrEnum):
    ACTION = "action"  # against the cause that broke most
    HOUR = "hour"  # when most breaks
    THANKS = "thanks"


@dataclass(frozen=True, slots=True)
class OneThing:
    """What the team does today. `cause` and `action` of an action, `hour` of an hour."""

    kind: ThingKind
    cause: CauseCount | None = None
    action: ActionRow | None = None
    hour: HourOfWeek | None = None


@dataclass(frozen=True, slots=True)
class TeamTalk:
    """Of one branch. `day_on` is the last day before today on which somebody came, at most two
    weeks ago; `span` the last 30 days up to it. Nobody's own figures are here."""

    day_on: dt.date
    card: Scorecard
    waits: Waits
    clean: CleanDays | None
    span: Selection
    thing: OneThing
    paused: tuple[PausedHere, ...]


def team_talk(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    branch_id: uuid.UUID,
    zones: Mapping[uuid.UUID, str],
    now: dt.datetime,
    today: dt.date,
) -> TeamTalk | None:
    """None where nobody came lately. `zones`: the time zone of each branch; `today` is the
    branch's."""
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    since = {"from_on": today - dt.timedelta(days=LOOK_BACK_DAYS), "to_on": today - _DAY}
    found: dt.date | None = one(
        session, _LAST_DAY, tenant | since | {"branch_id": branch_id}
    ).day_on
    if found is None:
        return None
    of_day = Selection(None, branch_id, found, found)
    span = Selection(None, branch_id, found - dt.timedelta(days=SPAN_DAYS - 1), found)
    clean = days_without_breach(
        session, **tenant, now=now, zone=zones[branch_id], selection=Selection(None, branch_id)
    )
    return TeamTalk(
        day_on=found,
        card=scorecard(session, **tenant, selection=of_day),
        waits=waits(session, **tenant, selection=of_day),
        clean=clean,
        span=span,
        thing=_one_thing(session, organisation_id, span, zones),
        paused=tuple(paused_at_branch(session, **tenant, at=now, branch_id=branch_id)),
    )


_DAY = dt.timedelta(days=1)


def _one_thing(
    session: Session, organisation_id: uuid.UUID, span: Selection, zones: Mapping[uuid.UUID, str]
) -> OneThing:
    """The open action against the cause that broke most; else the hour of the week that broke
    most; else thanks."""
    tenant: dict[str, Any] = {"organisation_id": organisation_id}
    actions = {
        action.cause_id: action
        for action in reversed(list_actions(session, **tenant, branch_id=span.branch_id))
        if action.state is ActionState.OPEN and action.cause_id is not None
    }
    for cause in causes_counted(session, **tenant, selection=span):
        if cause.cause_id in actions:
            return OneThing(ThingKind.ACTION, cause, actions[cause.cause_id])
    hours = hours_of_week(session, **tenant, selection=span, zones=zones)
    worst = max(hours, key=lambda one: (one.broken, -one.kept), default=None)
    if worst is not None and worst.broken >= FEWEST_BREACHES:
        return OneThing(ThingKind.HOUR, hour=worst)
    return OneThing(ThingKind.THANKS)
