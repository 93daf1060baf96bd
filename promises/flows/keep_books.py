"""What the accountant does in the books: close a month, say what VAT is in a promise's money, give
accounts the organisation's own numbers, book a fee. Each leaves a line in the audit trail."""

import datetime as dt
import uuid
from collections.abc import Mapping

from promises.audit.actions import record
from promises.catalogue.queries import promise_by_id
from promises.db.session import UnitOfWork
from promises.flows.compensate import time_zone
from promises.kernel.errors import NotFound
from promises.kernel.zones import local_date
from promises.ledger.actions import Posting, PostingKind, post
from promises.ledger.chart import set_account, used_codes
from promises.ledger.closing import Closing, close_month
from promises.ledger.vat import Vat
from promises.ledger.vat_choices import choose_vat
from promises.reporting.payout_trace import payout_of


def close_books(uow: UnitOfWork, *, month_on: dt.date) -> Closing:
    """Nothing is posted into the month from now on. Raises NothingToClose, MonthNotOver,
    MonthNotNext."""
    closed = close_month(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        closed_by=uow.actor.id,
        month_on=month_on,
        today=local_date(uow.now, time_zone(uow)),
    )
    details = {
        "month": month_on.isoformat(),
        "transactions": closed.transactions,
        "digest": closed.digest,
    }
    _note(uow, "month_closed", "organisation", uow.organisation_id, details)
    return closed


def set_vat(uow: UnitOfWork, *, promise_id: uuid.UUID, vat: Vat, valid_from: dt.date) -> None:
    """For what is owed for breaches from a day on. Raises NotFound, VatInThePast,
    RateWithoutPrice."""
    promise_by_id(
        uow.session, organisation_id=uow.organisation_id, promise_id=promise_id, at=uow.now
    )
    choose_vat(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        set_by=uow.actor.id,
        promise_id=promise_id,
        vat=vat,
        valid_from=valid_from,
        today=local_date(uow.now, time_zone(uow)),
    )
    details = {
        "treatment": vat.treatment.value,
        "rate_bp": vat.rate_bp,
        "valid_from": valid_from.isoformat(),
    }
    _note(uow, "vat_set", "promise", promise_id, details)


def name_account(uow: UnitOfWork, *, account_code: str, number: str, name: str) -> None:
    """The organisation's own number and name. Raises NotFound."""
    if account_code not in used_codes(uow.session, organisation_id=uow.organisation_id):
        raise NotFound(account_code=account_code)
    set_account(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        set_by=uow.actor.id,
        account_code=account_code,
        number=number,
        name=name,
    )
    details = {"account": account_code, "number": number, "name": name}
    _note(uow, "account_named", "organisation", uow.organisation_id, details)


def book_fee(uow: UnitOfWork, *, payout_id: uuid.UUID, amount_minor: int) -> bool:
    """What the bank or provider charged for one payout, once; whether it is new. Raises
    NotFound."""
    payout = payout_of(uow.session, organisation_id=uow.organisation_id, payout_id=payout_id)
    booked = post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(
                PostingKind.FEE_CHARGED,
                payout_id,
                amount_minor,
                payout.currency,
                payout.rail,
                payout.debt_id,
            )
        ],
    )
    if booked:
        _note(uow, "fee_booked", "payout", payout_id, {"amount_minor": amount_minor})
    return bool(booked)


def _note(
    uow: UnitOfWork,
    action: str,
    object_kind: str,
    object_id: uuid.UUID,
    details: Mapping[str, object],
) -> None:
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action=action,
        object_kind=object_kind,
        object_id=object_id,
        details=details,
    )
