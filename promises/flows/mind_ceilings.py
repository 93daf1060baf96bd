"""What follows from a ceiling: managers learn that it is full, and what it had sent to them comes
back when it is raised. Duties of each round."""

import datetime as dt
import uuid
from typing import Any

from promises.catalogue.queries import list_promises
from promises.compensation.ceiling_marks import (
    let_wait_again,
    not_asked_any_more,
    raised,
    sent_to_managers,
    take_untold,
    went_on,
)
from promises.compensation.ceilings import span_of
from promises.compensation.control_models import CeilingPeriod
from promises.compensation.models import Hold
from promises.compensation.queries import tickets_of
from promises.compensation.releasing import record_decisions
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.compensate import let_go, time_zone
from promises.flows.tell_alerts import recipients
from promises.identity.queries import list_branches, managers, organisation_info
from promises.kernel.zones import local_date
from promises.notify.actions import NewMessage, enqueue
from promises.notify.models import Channel, MessageKind

CEILING_RAISED = "ceiling_raised"
AT_ONCE = 200


def tell_full_ceilings(uow: UnitOfWork) -> int:
    """One letter for each ceiling that holds something back, and person, in a period. How many."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    full = take_untold(uow.session, today_on=local_date(uow.now, time_zone(uow)), **tenant)
    if not full:
        return 0
    people = managers(uow.session, **tenant)
    organisation = organisation_info(uow.session, **tenant)
    branches = {one.id: one.name for one in list_branches(uow.session, closed=True, **tenant)}
    promises = {one.promise_id: one for one in list_promises(uow.session, at=uow.now, **tenant)}
    messages = []
    for row in full:
        following = span_of(CeilingPeriod(row.period), row.filled_on)[1] + dt.timedelta(days=1)
        for person in recipients(people, row.branch_id):
            where = branches.get(row.branch_id, "")
            if row.promise_id is not None:
                where = promises[row.promise_id].title(person.locale)
            messages.append(
                NewMessage(
                    kind=MessageKind.CEILING_FULL,
                    channel=Channel.EMAIL,
                    locale=person.locale,
                    member_id=person.id,
                    params={
                        "where": where,
                        "period": row.period,
                        "reaction": row.reaction,
                        "waiting_minor": row.waiting_minor,
                        "currency": organisation.currency,
                        "next_on": following.isoformat(),
                    },
                    secret=f"/o/{organisation.slug}/staff/ceilings/{row.id}",
                    dedupe_key=f"ceiling_full:{row.id}:{row.filled_on.isoformat()}:{person.id}",
                )
            )
    return enqueue(uow.session, now=uow.now, messages=messages, **tenant)


def try_after_raise(uow: UnitOfWork) -> int:
    """Debts that wait for a person only because of a ceiling that was raised or lifted are looked
    at as if they had never been sent there: they go, wait, or come before a person again. Returns
    how many are with nobody any more."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    ceilings = raised(uow.session, **tenant)
    if not ceilings:
        return 0
    sent = sent_to_managers(uow.session, ceilings=ceilings, limit=AT_ONCE, **tenant)
    back = _try(uow, sent) if sent else []
    went_on(uow.session, ceilings=ceilings, to=sent[-1] if len(sent) == AT_ONCE else None, **tenant)
    return len(back)


def _try(uow: UnitOfWork, sent: list[uuid.UUID]) -> list[uuid.UUID]:
    """Tickets are locked before debts, and debts before what ceilings are measured on."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    tickets = tickets_of(uow.session, compensation_ids=sent, **tenant)
    touch_tickets(uow.session, ticket_ids=tickets, **tenant)
    waiting = let_wait_again(uow.session, compensation_ids=sent, **tenant)
    let_go(uow, waiting)
    back = not_asked_any_more(uow.session, compensation_ids=waiting, **tenant)
    record_decisions(
        uow.session,
        now=uow.now,
        actor=uow.actor,
        compensation_ids=back,
        kind="lifted",
        holds=[Hold.APPROVAL],
        reason=CEILING_RAISED,
        **tenant,
    )
    return back
