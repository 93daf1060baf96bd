"""Reminding the owners of actions: on the day they are due, and each week until they are done."""

from promises.db import sql
from promises.db.session import UnitOfWork
from promises.improvement.actions import REMIND_AGAIN
from promises.kernel.zones import local_date
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

# Nowhere on earth is it a later day than a day after UTC's: the index leaves nothing to do mostly.
_DUE = """
SELECT a.id, a.due_on, a.remind_on, m.id AS member_id, m.locale, m.state, o.slug, o.time_zone
FROM improvement_actions a
JOIN members m ON m.organisation_id = a.organisation_id AND m.id = a.owner_id
JOIN organisations o ON o.organisation_id = a.organisation_id
WHERE a.organisation_id = %(organisation_id)s AND a.remind_on <= %(latest_on)s
ORDER BY a.remind_on, a.id
LIMIT 200
FOR NO KEY UPDATE OF a SKIP LOCKED
"""

_NEXT = """
UPDATE improvement_actions a SET remind_on = n.remind_on
FROM unnest(%(ids)s::uuid[], %(days)s::date[]) AS n (id, remind_on)
WHERE a.organisation_id = %(organisation_id)s AND a.id = n.id
"""


def remind_actions(uow: UnitOfWork) -> int:
    """Put reminders into the outbox; how many actions were due. Several may run at once."""
    latest = (uow.now + REMIND_AGAIN / 7).date()
    tenant = {"organisation_id": uow.organisation_id}
    found = [
        row
        for row in sql.rows(uow.session, _DUE, tenant | {"latest_on": latest})
        if row.remind_on <= local_date(uow.now, row.time_zone)
    ]
    if not found:
        return 0
    messages = [
        NewMessage(
            kind=MessageKind.ACTION_DUE,
            channel=Channel.EMAIL,
            locale=row.locale,
            dedupe_key=f"action_due:{row.id}:{row.remind_on}:{row.member_id}",
            member_id=row.member_id,
            params={
                "due_on": row.due_on.isoformat(),
                "late": row.due_on < local_date(uow.now, row.time_zone),
            },
            secret=f"/o/{row.slug}/staff/improvements/{row.id}",
        )
        for row in found
        if row.state == "active"
    ]
    enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
    days = [local_date(uow.now, row.time_zone) + REMIND_AGAIN for row in found]
    sql.execute(uow.session, _NEXT, tenant | {"ids": [row.id for row in found], "days": days})
    return len(found)
