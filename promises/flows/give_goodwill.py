"""A clerk gives a little out of the branch's purse, with a reason; what is beyond the limits waits
for a manager. It is paid by a voucher, and never instead of a compensation."""

import datetime as dt
import uuid
from typing import Any

from promises.audit.actions import record
from promises.compensation import goodwill
from promises.compensation.budgets import month_of
from promises.compensation.goodwill import Gift, NewGift
from promises.compensation.goodwill_errors import GiftToOneself, NobodyThere, TooLateToTakeBack
from promises.compensation.goodwill_models import GiftState, GoodwillReason
from promises.compensation.goodwill_rule import Rule
from promises.compensation.goodwill_rule import set_rule as store_rule
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.desk.models import TicketKind
from promises.desk.queries import ticket_by_id
from promises.desk.views import TicketView
from promises.flows.compensate import time_zone
from promises.identity.own_contacts import is_own_contact
from promises.identity.queries import organisation_info
from promises.kernel.errors import NotFound
from promises.ledger.actions import Posting, PostingKind, post
from promises.payouts.gifts import prepare_gift, stop_gift
from promises.payouts.rails.voucher import VOUCHER

UNDO_SPAN = dt.timedelta(seconds=10)


def give(
    uow: UnitOfWork,
    *,
    ticket_id: uuid.UUID,
    amount_minor: int,
    reason: GoodwillReason,
    words: str = "",
) -> Gift:
    """Give on a ticket whose customer is known to have been there. A voucher goes out after ten
    seconds, or a manager is asked: the gift's state says which.

    Raises NotFound, NobodyThere, GiftToOneself, GoodwillOff, GiftTooLarge, PurseEmpty.
    """
    ticket = _ticket(uow, ticket_id)
    if not _was_there(ticket):
        raise NobodyThere
    _refuse_oneself(uow, ticket)
    organisation = organisation_info(uow.session, organisation_id=uow.organisation_id)
    gift = goodwill.give(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        gift=NewGift(
            ticket_id=ticket_id,
            branch_id=ticket.branch_id,
            customer_id=ticket.customer_id,
            amount_minor=amount_minor,
            currency=organisation.currency,
            reason=reason,
            words=words,
            month_on=month_of(uow.now, time_zone(uow)),
        ),
    )
    if gift.state is GiftState.GIVEN:
        _let_go(uow, gift, uow.now + UNDO_SPAN)
    _note(uow, gift, f"goodwill_{gift.state}", {"reason": reason.value})
    return gift


def decide(uow: UnitOfWork, *, gift_id: uuid.UUID, approve: bool, reason: str = "") -> Gift:
    """A manager lets a waiting gift go, where gifts are still switched on, or says no. Raises
    GiftDecided, OwnGift, GiftToOneself, GoodwillOff, PurseEmpty, ReasonMissing."""
    tickets = goodwill.tickets_of_gifts(
        uow.session, organisation_id=uow.organisation_id, gift_ids=[gift_id]
    )
    for ticket_id in tickets:
        _refuse_oneself(uow, _ticket(uow, ticket_id))
    gift = goodwill.decide_gift(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        gift_id=gift_id,
        month_on=month_of(uow.now, time_zone(uow)),
        reason=reason,
        approve=approve,
    )
    if approve:
        _let_go(uow, gift, uow.now)
    _note(uow, gift, "goodwill_approved" if approve else "goodwill_refused", {})
    return gift


def take_back(uow: UnitOfWork, *, gift_id: uuid.UUID) -> Gift:
    """The giver's quick undo, before the voucher goes out. Raises GiftDecided, TooLateToTakeBack;
    then nothing changed."""
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    for ticket_id in goodwill.tickets_of_gifts(uow.session, gift_ids=[gift_id], **tenant):
        _ticket(uow, ticket_id)
    gift = goodwill.take_back_gift(uow.session, gift_id=gift_id, actor=uow.actor, **tenant)
    if not stop_gift(uow.session, now=uow.now, gift_id=gift_id, **tenant):
        raise TooLateToTakeBack
    _book(uow, PostingKind.GIFT_CANCELLED, gift)
    _note(uow, gift, "goodwill_taken_back", {})
    return gift


def set_rule(uow: UnitOfWork, *, rule: Rule) -> None:
    """What clerks may give from now on; gifts that were given stay. Raises GiftTooLarge."""
    store_rule(uow.session, organisation_id=uow.organisation_id, now=uow.now, rule=rule)
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="goodwill_rule_set",
        object_kind="organisation",
        object_id=uow.organisation_id,
        details={
            "switched_on": rule.switched_on,
            "purse_minor": rule.purse_minor,
            "most_gift_minor": rule.most_gift_minor,
            "most_customer_minor": rule.most_customer_minor,
            "most_unknown_day": rule.most_unknown_day,
            "vat_treatment": rule.vat_treatment.value,
        },
    )


def _ticket(uow: UnitOfWork, ticket_id: uuid.UUID) -> TicketView:
    """The ticket, its row locked before any money is, and its pages changed."""
    touch_tickets(uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id])
    ticket = ticket_by_id(uow.session, organisation_id=uow.organisation_id, ticket_id=ticket_id)
    if ticket is None:
        raise NotFound(ticket_id=str(ticket_id))
    return ticket


def _was_there(ticket: TicketView) -> bool:
    if ticket.import_id is not None:
        return False
    shown = ticket.presence_shown_at is not None or ticket.service_started_at is not None
    return shown or ticket.kind is not TicketKind.VISIT


def _refuse_oneself(uow: UnitOfWork, ticket: TicketView) -> None:
    if is_own_contact(
        uow.session,
        organisation_id=uow.organisation_id,
        member_id=uow.actor.id,
        contact_id=ticket.contact_id,
        customer_id=ticket.customer_id,
    ):
        raise GiftToOneself


def _let_go(uow: UnitOfWork, gift: Gift, not_before: dt.datetime) -> None:
    _book(uow, PostingKind.GIFT_OWED, gift)
    prepare_gift(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        rail=VOUCHER,
        gift=(gift.gift_id, gift.amount_minor, gift.currency),
        not_before=not_before,
    )


def _book(uow: UnitOfWork, kind: PostingKind, gift: Gift) -> None:
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[Posting(kind, gift.gift_id, gift.amount_minor, gift.currency)],
    )


def _note(uow: UnitOfWork, gift: Gift, action: str, more: dict[str, object]) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind="gift",
        object_id=gift.gift_id,
        details={"amount_minor": gift.amount_minor, **more},
    )
