"""A duty of the round: answers become nobody's, and are shown where they are five or more."""

from promises.db.session import UnitOfWork
from promises.feedback.answers import settle_answers
from promises.feedback.blocks import form_blocks
from promises.identity.queries import organisation_row
from promises.kernel.zones import local_date


def settle_feedback(uow: UnitOfWork) -> int:
    """Returns how many answers are shown newly."""
    settle_answers(uow.session, organisation_id=uow.organisation_id, now=uow.now)
    zone = organisation_row(uow.session, organisation_id=uow.organisation_id).time_zone
    month_on = local_date(uow.now, zone).replace(day=1)
    return form_blocks(uow.session, organisation_id=uow.organisation_id, month_on=month_on)
