"""Management says how much goes out at most in a day, week or month."""

import uuid

from promises.audit.actions import record
from promises.compensation.ceilings import CeilingRule, ceiling_at
from promises.compensation.ceilings import set_ceiling as store
from promises.db.session import UnitOfWork
from promises.flows.compensate import time_zone
from promises.kernel.zones import local_date


def set_ceiling(uow: UnitOfWork, *, wanted: CeilingRule) -> uuid.UUID:
    """For what is released from now on; what went out in the period before counts. The id of the
    ceiling. Raises CeilingMoved, CeilingNotFit."""
    before = ceiling_at(
        uow.session,
        organisation_id=uow.organisation_id,
        branch_id=wanted.branch_id,
        promise_id=wanted.promise_id,
        period=wanted.period,
    )
    ceiling_id = store(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        today_on=local_date(uow.now, time_zone(uow)),
        wanted=wanted,
    )
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="ceiling_set",
        object_kind="ceiling",
        object_id=ceiling_id,
        details={
            "branch": None if wanted.branch_id is None else str(wanted.branch_id),
            "promise": None if wanted.promise_id is None else str(wanted.promise_id),
            "period": wanted.period.value,
            "before": _said(before),
            "after": _said(wanted),
        },
    )
    return ceiling_id


def _said(rule: CeilingRule) -> dict[str, object]:
    return {"limit_minor": rule.limit_minor, "reaction": rule.reaction.value}
