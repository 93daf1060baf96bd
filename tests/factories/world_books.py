"""The accountant's books in the full organisation: an own chart, VAT decided, payouts to follow."""

from promises.flows.keep_books import name_account, set_vat
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.ledger.vat import TaxTreatment, Vat


def fill(world):
    with world.work(Role.ACCOUNTANT) as uow:
        name_account(
            uow, account_code="compensation_expense", number="4711", name="Broken promises"
        )
        set_vat(
            uow,
            promise_id=world.published.promise_id,
            vat=Vat(TaxTreatment.PRICE_REDUCTION, 2550),
            valid_from=local_date(uow.now, "Europe/Helsinki"),
        )
    redeemed = world.one(
        "SELECT y.id FROM payouts y JOIN compensations k ON k.id = y.compensation_id"
        " WHERE y.state = 'paid' ORDER BY y.id LIMIT 1"
    )
    return {"payout_id": redeemed.id, "account_code": "compensation_expense"}
