"""At the desk: a voucher is redeemed, shown or given a new code; vouchers expire by themselves."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from promises.audit.actions import record
from promises.db.session import UnitOfWork
from promises.desk.actions import touch_tickets
from promises.flows.tell_money import tell_ended
from promises.idempotency.actions import Answer, Request, claim, keep
from promises.identity.keys import Purpose, organisation_key
from promises.identity.queries import organisation_info
from promises.kernel.money import Money
from promises.ledger.actions import Posting, PostingKind, post
from promises.payouts import vouchers
from promises.payouts.codes import shown, voucher_code


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What the desk hands over: the value, and as what (cash, fee, goods)."""

    voucher_id: uuid.UUID
    value: Money
    use: str


def redeem(uow: UnitOfWork, *, code: str, counter_id: uuid.UUID | None) -> Redeemed:
    """Redeem the whole value of a voucher, once for ever, as the organisation states.

    Raises NoSuchVoucher, AlreadyRedeemed, VoucherExpired, VoucherNotActive.
    """
    organisation = organisation_info(uow.session, organisation_id=uow.organisation_id)
    voucher = vouchers.redeem_voucher(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        actor=uow.actor,
        key=_key(uow),
        typed=code,
        use=organisation.voucher_use,
        counter_id=counter_id,
    )
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(
                PostingKind.VOUCHER_REDEEMED,
                voucher.voucher_id,
                voucher.amount_minor,
                voucher.currency,
                debt_id=voucher.debt_id,
            )
        ],
    )
    _touch(uow, [voucher.voucher_id])
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="voucher_redeemed",
        object_kind="voucher",
        object_id=voucher.voucher_id,
        details={
            "amount_minor": voucher.amount_minor,
            "use": organisation.voucher_use,
            "shown_before": voucher.shown_before,
        },
    )
    value = Money(voucher.amount_minor, voucher.currency)
    return Redeemed(voucher.voucher_id, value, organisation.voucher_use)


def redeem_at_till(
    uow: UnitOfWork, *, code: str, counter_id: uuid.UUID | None, form: str
) -> Redeemed:
    """As `redeem`, and the same answer again where the same form comes twice: the first answer may
    not have reached the till. `form` names the form that the member was shown.

    Raises what `redeem` raises.
    """
    key = _key(uow)
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    voucher_id = vouchers.lock_by_code(uow.session, key=key, typed=code, **tenant)
    if voucher_id is None or uow.actor.id is None:
        return redeem(uow, code=code, counter_id=counter_id)
    name = f"redeem:{voucher_id}:{form}"
    request = Request(uow.actor.id, name, sha256(name.encode()).digest())
    known = claim(uow.session, now=uow.now, request=request, in_turn=True, **tenant)
    if known is not None:
        return _read(known)
    done = redeem(uow, code=code, counter_id=counter_id)
    keep(uow.session, request=request, answer=_written(done), **tenant)
    return done


def _written(done: Redeemed) -> Answer:
    parts = [str(done.voucher_id), done.value.amount_minor, done.value.currency, done.use]
    return Answer(200, json.dumps(parts).encode())


def _read(answer: Answer) -> Redeemed:
    voucher_id, amount_minor, currency, use = json.loads(answer.body)
    return Redeemed(uuid.UUID(voucher_id), Money(amount_minor, currency), use)


def reissue(uow: UnitOfWork, *, voucher_id: uuid.UUID, reason: str) -> str:
    """A new code for an active voucher; every older one is void from now on."""
    code = vouchers.reissue_voucher(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        actor=uow.actor,
        key=_key(uow),
        voucher_id=voucher_id,
        reason=reason,
    )
    _touch(uow, [voucher_id])
    record(
        uow.session,
        organisation_id=uow.organisation_id,
        actor=uow.actor,
        now=uow.now,
        action="voucher_reissued",
        object_kind="voucher",
        object_id=voucher_id,
        details={},
    )
    return code


def show_code(uow: UnitOfWork, *, voucher_id: uuid.UUID) -> str:
    """The present code of an active voucher, for a customer who has none at hand. Who was shown it
    is on record when this transaction ends: render the code after that.

    Raises NoSuchVoucher, VoucherNotActive, VoucherExpired, AlreadyRedeemed.
    """
    showing = vouchers.show_voucher(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        actor=uow.actor,
        key=_key(uow),
        voucher_id=voucher_id,
    )
    if showing.first:
        record(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            action="voucher_shown",
            object_kind="voucher",
            object_id=voucher_id,
            details={"generation": showing.generation},
        )
    return showing.code


def look_up(uow: UnitOfWork, *, code: str) -> Any | None:
    """What the desk sees of a voucher before it redeems it, or None."""
    return vouchers.find_by_code(
        uow.session, organisation_id=uow.organisation_id, key=_key(uow), typed=code
    )


def codes_of_ticket(uow: UnitOfWork, *, ticket_id: uuid.UUID) -> list[tuple[Any, str]]:
    """Each voucher of a ticket with its present code, for the customer's own page."""
    key = _key(uow)
    return [
        (row, shown(voucher_code(key, row.id, row.generation)))
        for row in vouchers.vouchers_of_tickets(
            uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket_id]
        )
    ]


def expire(uow: UnitOfWork) -> int:
    """Expire vouchers past their date and take them out of the debts. Safe to repeat."""
    expired = vouchers.expire_vouchers(
        uow.session, organisation_id=uow.organisation_id, now=uow.now
    )
    _book(uow, expired)
    ids = [voucher.voucher_id for voucher in expired]
    _touch(uow, ids)
    tell_ended(uow, ids)
    return len(expired)


def _touch(uow: UnitOfWork, voucher_ids: Sequence[uuid.UUID]) -> None:
    """The customers' pages change."""
    touch_tickets(
        uow.session,
        organisation_id=uow.organisation_id,
        ticket_ids=vouchers.tickets_of_vouchers(
            uow.session, organisation_id=uow.organisation_id, voucher_ids=voucher_ids
        ),
    )


def _key(uow: UnitOfWork) -> bytes:
    return organisation_key(
        uow.session, organisation_id=uow.organisation_id, purpose=Purpose.VOUCHER
    )


def _book(uow: UnitOfWork, values: Sequence[vouchers.VoucherValue]) -> None:
    """Vouchers that expired take the split of their debts back as it was posted."""
    post(
        uow.session,
        organisation_id=uow.organisation_id,
        now=uow.now,
        postings=[
            Posting(
                PostingKind.GIFT_EXPIRED if one.of_a_gift else PostingKind.VOUCHER_EXPIRED,
                one.voucher_id,
                one.amount_minor,
                one.currency,
                debt_id=one.debt_id,
            )
            for one in values
        ],
    )
