"""Management says above which sums a person approves what goes out."""

from promises.audit.actions import record
from promises.compensation.thresholds import Thresholds, thresholds_of
from promises.compensation.thresholds import set_thresholds as store
from promises.db.session import UnitOfWork


def set_thresholds(uow: UnitOfWork, *, wanted: Thresholds) -> int:
    """For what is released from now on; what went out before counts in the sums. Raises RuleMoved,
    LimitsNotFit."""
    before = thresholds_of(uow.session, organisation_id=uow.organisation_id)
    version = store(uow.session, organisation_id=uow.organisation_id, now=uow.now, wanted=wanted)
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="approval_rule_set",
        object_kind="organisation",
        object_id=uow.organisation_id,
        details={
            "before": {"window_days": before.window_days, **before.limits()},
            "after": {"window_days": wanted.window_days, **wanted.limits()},
        },
    )
    return version
