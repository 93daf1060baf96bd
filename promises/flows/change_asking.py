"""Management says what is asked of customers and staff; audited."""

from promises.audit.actions import record
from promises.db.session import UnitOfWork
from promises.feedback.settings import Asking, change_asking


def change(uow: UnitOfWork, *, asking: Asking) -> None:
    """Raises Refused."""
    change_asking(uow.session, organisation_id=uow.organisation_id, now=uow.now, asking=asking)
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="asking_changed",
        object_kind="organisation",
        object_id=uow.organisation_id,
        details={
            "questions": [one.value for one in asking.questions],
            "survey_days": asking.survey_days,
            "recurring_breaches": asking.recurring_breaches,
            "recurring_days": asking.recurring_days,
        },
    )
