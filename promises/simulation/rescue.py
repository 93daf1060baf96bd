"""Rescue and goodwill at the bank: calls for help that were answered or not, a call back that took
the place of a wait, a purse and what was given out of it."""

import datetime as dt
from typing import Any

from promises.compensation.goodwill_models import GoodwillReason, VatTreatment
from promises.compensation.goodwill_rule import Rule
from promises.db import sql
from promises.desk.models import EventKind, EventSource
from promises.desk.rescue_models import HelpReason
from promises.desk.values import EventClaim, NewTicket
from promises.flows import give_goodwill, rescue
from promises.flows.record_event import record_event
from promises.kernel.actors import Role
from promises.simulation.acts import ANYBODY, Acts
from promises.simulation.bank import DAILY, Bank

PURSE = Rule(
    switched_on=True, purse_minor=6_000, most_gift_minor=500, most_customer_minor=1_000,
    vat_treatment=VatTreatment.OUTSIDE_SCOPE,
)  # fmt: skip
GIFTS = (
    (500, GoodwillReason.CAME_TWICE, "Jouduit tulemaan uudestaan, koska lomake oli väärä."),
    (500, GoodwillReason.TOLD_US, "Kiitos, että kerroit rikkinäisestä ovesta."),
    (900, GoodwillReason.OUR_MISTAKE, "Korttisi tilattiin väärään osoitteeseen."),
)
HELP = (
    (4, HelpReason.QUEUE, True),
    (3, HelpReason.AT_RISK, True),
    (2, HelpReason.SKILL, False),
    (1, HelpReason.AT_RISK, True),
)
"""Days ago, why, and whether a colleague came."""
PHONE = "+358401234567"

_TOLD = """
SELECT EXISTS (SELECT FROM goodwill_rules WHERE organisation_id = %(organisation_id)s) AS told
"""
_SERVED = """
SELECT id FROM tickets
WHERE organisation_id = %(organisation_id)s AND branch_id = %(branch_id)s AND kind = 'visit'
  AND state = 'served' AND import_id IS NULL AND service_started_at IS NOT NULL
ORDER BY queued_at DESC, id LIMIT %(limit)s
"""


def tell_of_rescue(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    """Once; the purse, which is set last, says that it was told."""
    with acts.work(ANYBODY) as uow:
        if sql.one(uow.session, _TOLD, {"organisation_id": uow.organisation_id}).told:
            return
    for days, reason, taken in HELP:
        _help(acts, bank, now - dt.timedelta(days=days, hours=2), reason, taken)
    _call_back(acts, bank, now - dt.timedelta(hours=26))
    _goodwill(acts, bank)


def _help(acts: Acts, bank: Bank, instant: dt.datetime, reason: HelpReason, taken: bool) -> None:
    branch = bank.live
    with acts.at(instant).work(branch.clerk(0)) as uow:
        help_id = rescue.ask_help(
            uow, branch_id=branch.id, counter_id=branch.counter_ids["1"], reason=reason
        )
    if taken:
        with acts.at(instant + dt.timedelta(seconds=70)).work(branch.clerk(1)) as uow:
            rescue.take_help(uow, help_id=help_id, counter_id=branch.counter_ids["2"])
        return
    with acts.at(instant + dt.timedelta(minutes=11)).work(branch.clerk(0)) as uow:
        rescue.tidy_rescue(uow)


def _call_back(acts: Acts, bank: Bank, instant: dt.datetime) -> None:
    """A visit of the live branch whose customer went home and was called."""
    branch, clerk = bank.live, bank.live.clerk(0)
    request = NewTicket(
        branch_id=branch.id, service_kind_id=bank.service_ids[DAILY], source=EventSource.KIOSK,
        device_id=bank.kiosk_id, locale="fi",
    )  # fmt: skip
    ticket = acts.at(instant).take(bank.kiosk, request)
    with acts.at(instant + dt.timedelta(minutes=13)).work(clerk) as uow:
        rescue.offer_callback(uow, ticket_id=ticket.ticket_id)
    with acts.at(instant + dt.timedelta(minutes=14)).work(ANYBODY) as uow:
        matter = rescue.accept_callback(uow, ticket_id=ticket.ticket_id, place=0, phone=PHONE)
    acts.at(instant + dt.timedelta(minutes=15, microseconds=1)).sweep()
    with acts.at(instant + dt.timedelta(minutes=75)).work(clerk) as uow:
        claim = EventClaim(
            ticket_id=matter.ticket_id, kind=EventKind.CALLED_BACK, source=EventSource.DESK
        )
        record_event(uow, claim=claim)
    acts.at(instant + dt.timedelta(minutes=75)).settle()


def _goodwill(acts: Acts, bank: Bank) -> None:
    """Two small gifts of a clerk, and one that waits for a manager."""
    branch = bank.live
    with acts.work(bank.member(Role.MANAGER)) as uow:
        give_goodwill.set_rule(uow, rule=PURSE)
        params: dict[str, Any] = {
            "organisation_id": uow.organisation_id, "branch_id": branch.id, "limit": len(GIFTS),
        }  # fmt: skip
        served = [row.id for row in sql.rows(uow.session, _SERVED, params)]
    for ticket_id, (amount_minor, reason, words) in zip(served, GIFTS, strict=False):
        with acts.work(branch.clerk(2)) as uow:
            give_goodwill.give(
                uow, ticket_id=ticket_id, amount_minor=amount_minor, reason=reason, words=words
            )
