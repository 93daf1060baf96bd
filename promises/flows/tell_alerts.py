"""Writing to the people whom an alert is for: the branch's managers, else those of the whole."""

import uuid
from typing import Any

from promises.catalogue.queries import PromiseInfo, list_promises
from promises.db.session import UnitOfWork
from promises.identity.queries import list_branches, managers, organisation_info
from promises.improvement import alerts
from promises.improvement.alerts import Alert
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind


def tell_alerts(uow: UnitOfWork) -> int:
    """Put the letters that are due into the outbox, one for each alert and person; how many. None
    before the branch opens."""
    live = alerts.live_alerts(uow.session, organisation_id=uow.organisation_id)
    due = [one for one in live if one.tell_at is not None and one.tell_at <= uow.now]
    if not due:
        return 0
    people = managers(uow.session, organisation_id=uow.organisation_id)
    slug = organisation_info(uow.session, organisation_id=uow.organisation_id).slug
    promises = {
        one.promise_id: one
        for one in list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
    }
    branches = {
        one.id: one.name
        for one in list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    }
    messages = [
        _message(one, promises[one.promise_id], branches, (slug, person))
        for one in due
        for person in recipients(people, one.branch_id)
    ]
    told = enqueue(uow.session, organisation_id=uow.organisation_id, now=uow.now, messages=messages)
    alerts.mark_told(
        uow.session, organisation_id=uow.organisation_id, ids=[one.alert_id for one in due]
    )
    return told


def recipients(people: list[Any], branch_id: uuid.UUID | None) -> list[Any]:
    """Those of the branch; where it has none those of no branch; where there are none all."""
    here = [one for one in people if branch_id is not None and one.branch_id == branch_id]
    return here or [one for one in people if one.branch_id is None] or people


def _message(
    alert: Alert, info: PromiseInfo, branches: dict[uuid.UUID, str], to: tuple[str, Any]
) -> NewMessage:
    slug, person = to
    return NewMessage(
        kind=MessageKind.PROMISE_ALERT,
        channel=Channel.EMAIL,
        locale=person.locale,
        member_id=person.id,
        params={
            "alert": alert.kind.value,
            "level": alert.level.value,
            "promise": info.title(person.locale),
            "branch": branches.get(alert.branch_id, "") if alert.branch_id else "",
            "currency": info.version.terms.currency,
            **alert.seen,
        },
        secret=f"/o/{slug}/staff/promises/{info.slug}",
        dedupe_key=f"alert:{alert.alert_id}:{person.id}",
    )
