"""Once a minute: the count of cases by day, for the public page. Today and yesterday are left out;
who reads counts those."""

import datetime as dt

from promises.breaches.day_counts import count_days as count
from promises.db.session import UnitOfWork
from promises.identity.queries import organisation_info
from promises.kernel.zones import local_date


def count_days(uow: UnitOfWork) -> int:
    """How many days were counted again; none where nothing of them changed."""
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    return count(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        before=local_date(uow.now, zone) - dt.timedelta(days=1),
    )
