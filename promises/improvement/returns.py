"""The assumptions behind what promises return: said by a person, kept with every earlier word."""

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.audit.actions import record
from promises.db.sql import rows
from promises.improvement.causes import person
from promises.improvement.returns_models import ReturnAssumption
from promises.kernel.actors import Actor
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.ids import new_id
from promises.kernel.text import N_

DAYS = 90
"""How soon a customer has to come back, until somebody says otherwise."""
MOST_DAYS = 365
MOST_VALUE_MINOR = 100_000_000
LONGEST_REASON = 200
LATEST = 10

_ASSUMED = """
SELECT a.value_minor, a.currency, a.days, a.reason, m.name AS set_by, a.set_at
FROM return_assumptions a
LEFT JOIN members m ON m.organisation_id = a.organisation_id AND m.id = a.set_by
WHERE a.organisation_id = %(organisation_id)s
ORDER BY a.set_at DESC, a.id DESC
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Assumption:
    value_minor: int
    currency: str
    days: int
    reason: str
    set_by: str | None
    set_at: dt.datetime


def assumptions(session: Session, *, organisation_id: uuid.UUID) -> list[Assumption]:
    """Newest first: the first one stands. Empty until somebody has said one."""
    params = {"organisation_id": organisation_id, "limit": LATEST}
    return [Assumption(*row) for row in rows(session, _ASSUMED, params)]


def assume(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    value_minor: int,
    currency: str,
    days: int,
    reason: str,
) -> None:
    """From now on figures are counted with these. Raises Refused."""
    by = person(actor)
    text = " ".join(reason.split())
    problems = []
    if not 0 <= value_minor <= MOST_VALUE_MINOR:
        problems.append(FieldProblem("value", N_("Give an amount of at most a million."), {}))
    if not 1 <= days <= MOST_DAYS:
        words = N_("Choose from 1 to %(most)s days.")
        problems.append(FieldProblem("days", words, {"most": MOST_DAYS}))
    if not text or len(text) > LONGEST_REASON:
        words = N_("Say it in at most %(most)s characters.")
        problems.append(FieldProblem("reason", words, {"most": LONGEST_REASON}))
    if problems:
        raise Refused(problems)
    row = ReturnAssumption(
        organisation_id=organisation_id,
        id=new_id(),
        value_minor=value_minor,
        currency=currency,
        days=days,
        reason=text,
        set_by=by,
        set_at=now,
    )
    session.add(row)
    session.flush()
    record(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        action="return_assumption_set",
        object_kind="organisation",
        object_id=organisation_id,
        details={"value_minor": value_minor, "currency": currency, "days": days, "reason": text},
    )
