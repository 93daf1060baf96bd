"""Reading what is owed and how it is paid; redeeming vouchers."""

import uuid
from typing import Any

from promises.api.operations import Asked, Operation, Tries, operation
from promises.api.reading import as_it_is, page, row
from promises.api.schemas import money as schemas
from promises.api.schemas.pages import OTHER_ID, page_example
from promises.flows.redeem_voucher import look_up, redeem
from promises.identity.models import Scope
from promises.kernel.errors import NotFound
from promises.payouts.errors import NoSuchVoucher
from promises.reporting.registers import COMPENSATIONS, COUNTERS, PAYOUTS, VOUCHERS, find

TAG = "Money"
TRIES = Tries("api_voucher", limit=120, window_s=60)
"""Two redemptions a second are more than tills do; a code has 80 bits."""


@operation(
    "/compensations",
    Operation(
        name="listCompensations",
        tag=TAG,
        summary="List compensations",
        description="What is owed for breaches, what holds it back, and what became of it.",
        scope=Scope.MONEY_READ,
        query=schemas.CompensationsQuery,
        answer=schemas.CompensationPage,
        example=page_example(schemas.COMPENSATION),
        errors=(404,),
    ),
)
def list_compensations(asked: Asked) -> dict[str, Any]:
    return page(asked, COMPENSATIONS)


@operation(
    "/compensations/<uuid:compensation_id>",
    Operation(
        name="readCompensation",
        tag=TAG,
        summary="Read a compensation",
        description="With what holds it back, if anything does.",
        scope=Scope.MONEY_READ,
        answer=schemas.CompensationSchema,
        example=schemas.COMPENSATION,
        errors=(404,),
    ),
)
def read_compensation(asked: Asked, compensation_id: uuid.UUID) -> dict[str, Any]:
    return dict(as_it_is(row(asked, COMPENSATIONS, compensation_id)))


@operation(
    "/payouts",
    Operation(
        name="listPayouts",
        tag=TAG,
        summary="List payouts",
        description="Every instruction to move money, by any rail.",
        scope=Scope.MONEY_READ,
        query=schemas.PayoutsQuery,
        answer=schemas.PayoutPage,
        example=page_example(schemas.PAYOUT),
        errors=(404,),
    ),
)
def list_payouts(asked: Asked) -> dict[str, Any]:
    return page(asked, PAYOUTS)


@operation(
    "/payouts/<uuid:payout_id>",
    Operation(
        name="readPayout",
        tag=TAG,
        summary="Read a payout",
        description="Its rail and its state.",
        scope=Scope.MONEY_READ,
        answer=schemas.PayoutSchema,
        example=schemas.PAYOUT,
        errors=(404,),
    ),
)
def read_payout(asked: Asked, payout_id: uuid.UUID) -> dict[str, Any]:
    return dict(as_it_is(row(asked, PAYOUTS, payout_id)))


@operation(
    "/vouchers",
    Operation(
        name="listVouchers",
        tag=TAG,
        summary="List vouchers",
        description="Without their codes.",
        scope=Scope.MONEY_READ,
        query=schemas.VouchersQuery,
        answer=schemas.VoucherPage,
        example=page_example(schemas.VOUCHER),
        errors=(404,),
    ),
)
def list_vouchers(asked: Asked) -> dict[str, Any]:
    return page(asked, VOUCHERS)


@operation(
    "/vouchers/<uuid:voucher_id>",
    Operation(
        name="readVoucher",
        tag=TAG,
        summary="Read a voucher",
        description="Its value and its state, without its code.",
        scope=Scope.MONEY_READ,
        answer=schemas.VoucherSchema,
        example=schemas.VOUCHER,
        errors=(404,),
    ),
)
def read_voucher(asked: Asked, voucher_id: uuid.UUID) -> dict[str, Any]:
    return dict(as_it_is(row(asked, VOUCHERS, voucher_id)))


@operation(
    "/vouchers/redeem",
    Operation(
        name="redeemVoucher",
        tag=TAG,
        summary="Redeem a voucher by its code",
        description="The whole value, once for ever: of any number of tills at once, one succeeds. "
        "Hand over the value only after this answer. At most 120 tries a minute and key.",
        scope=Scope.VOUCHERS_REDEEM,
        body=schemas.RedeemBody,
        body_example={"code": "ABCD-EFGH-JKMN-7QX2", "counter_id": OTHER_ID},
        answer=schemas.RedeemedSchema,
        example=schemas.REDEEMED,
        errors=(404, 410),
        tries=TRIES,
    ),
)
def redeem_code(asked: Asked) -> dict[str, Any]:
    code, counter_id = asked.data["code"], asked.data["counter_id"]
    _check_counter(asked, counter_id)
    _check_branch(asked, code)
    done = redeem(asked.uow, code=code, counter_id=counter_id)
    return {
        "voucher_id": done.voucher_id,
        "amount_minor": done.value.amount_minor,
        "currency": done.value.currency,
        "use": done.use,
        "redeemed_at": asked.uow.now,
    }


def _check_counter(asked: Asked, counter_id: uuid.UUID | None) -> None:
    if counter_id is None:
        return
    known = find(
        asked.uow.session,
        COUNTERS,
        organisation_id=asked.uow.organisation_id,
        id=counter_id,
        branch_id=asked.branch_id,
    )
    if known is None:
        raise NotFound(counter_id=str(counter_id))


def _check_branch(asked: Asked, code: str) -> None:
    """For a key of one branch the vouchers of others are not there."""
    if asked.branch_id is None:
        return
    voucher = look_up(asked.uow, code=code)
    if voucher is None:
        raise NoSuchVoucher
    own = find(
        asked.uow.session,
        VOUCHERS,
        organisation_id=asked.uow.organisation_id,
        id=voucher.id,
        branch_id=asked.branch_id,
    )
    if own is None:
        raise NoSuchVoucher
