"""Payouts that wait for a file or a hand: those who look after payouts are told when nobody comes.

By hand and by file there is no provider to compare with: a receipt is entered with its payout in
one transaction, and a bank's or core system's answer has days of its own, see mind_runs.
"""

import datetime as dt

from promises.db.session import UnitOfWork
from promises.identity.queries import organisation_info
from promises.kernel.zones import local_date, resolve_local
from promises.payouts.bank_days import bank_days_before
from promises.payouts.incidents import Incident, open_incident
from promises.payouts.rail_models import IncidentKind
from promises.payouts.waiting_hands import close_others, late_hands, told_since

LATE_DAYS = 5
TELL_AGAIN = dt.timedelta(days=31)
"""What somebody has looked into is not raised again before."""


def watch_hands(uow: UnitOfWork) -> int:
    """Hourly: one open incident a rail, closed by itself when nothing is late any more; how many
    are new. Safe to repeat."""
    zone = organisation_info(uow.session, organisation_id=uow.organisation_id).time_zone
    day = bank_days_before(local_date(uow.now, zone), LATE_DAYS)
    before = resolve_local(dt.datetime.combine(day, dt.time()), zone).instant
    late = late_hands(uow.session, organisation_id=uow.organisation_id, before=before)
    close_others(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        refs=[one.ref for one in late],
    )
    if not late:
        return 0
    told = told_since(uow.session, organisation_id=uow.organisation_id, since=uow.now - TELL_AGAIN)
    return sum(
        open_incident(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            incident=Incident(
                IncidentKind.HANDS_LATE,
                one.rail,
                one.ref,
                None,
                one.amount_minor,
                one.currency,
                {"count": one.count},
            ),
        )
        for one in late
        if (one.rail, one.currency) not in told
    )
