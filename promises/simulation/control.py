"""Control over money at the bank: limits on sums, and one debt that somebody looks into."""

import datetime as dt

from promises.compensation.thresholds import Thresholds, thresholds_of
from promises.db import sql
from promises.flows import decide_compensation
from promises.flows.set_thresholds import set_thresholds
from promises.kernel.actors import Role
from promises.simulation.acts import Acts
from promises.simulation.bank import Bank

LIMITS = Thresholds(window_days=30, customer_minor=5_000, clerk_minor=20_000, branch_minor=100_000)
WHY = "Oliko vuoronumeroautomaatin kello oikeassa?"

_WAITING = """
SELECT id FROM compensations
WHERE organisation_id = %(organisation_id)s AND state = 'owed' AND holds && '{approval,evidence}'
ORDER BY created_at DESC, id LIMIT 1
"""


def tell_of_control(acts: Acts, bank: Bank, _now: dt.datetime) -> None:
    """Once; the limits, which are set last, say that it was told."""
    with acts.work(bank.member(Role.MANAGER, 1)) as uow:
        tenant = {"organisation_id": uow.organisation_id}
        if thresholds_of(uow.session, organisation_id=uow.organisation_id).version:
            return
        for row in sql.rows(uow.session, _WAITING, tenant):
            decide_compensation.hold(uow, compensation_ids=[row.id], reason=WHY)
        set_thresholds(uow, wanted=LIMITS)
