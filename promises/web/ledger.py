"""The books for the accountant: balances and journal."""

from flask import Blueprint, render_template, request

from promises.http.context import work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.text import N_
from promises.ledger.accounts import Account
from promises.ledger.actions import PostingKind
from promises.ledger.queries import balances, journal
from promises.web.cursors import read_cursor, write_cursor

blueprint = Blueprint("ledger", __name__)

TRANSACTIONS = 50

ACCOUNT_NAMES = {
    Account.COMPENSATION_EXPENSE: N_("Cost of broken promises"),
    Account.COMPENSATION_OWED: N_("Owed to customers"),
    Account.VOUCHERS_ISSUED: N_("Vouchers in customers' hands"),
    Account.GOODWILL_EXPENSE: N_("Goodwill given by clerks"),
    Account.GOODWILL_OWED: N_("Goodwill not yet issued"),
    Account.DESK_SETTLEMENT: N_("Given out at the desks"),
}
KIND_NAMES = {
    PostingKind.OWED: N_("Compensation owed"),
    PostingKind.CANCELLED: N_("Compensation cancelled"),
    PostingKind.VOUCHER_ISSUED: N_("Voucher issued"),
    PostingKind.VOUCHER_REDEEMED: N_("Voucher redeemed"),
    PostingKind.VOUCHER_EXPIRED: N_("Voucher expired"),
    PostingKind.GIFT_OWED: N_("Goodwill given"),
    PostingKind.GIFT_CANCELLED: N_("Goodwill taken back"),
    PostingKind.GIFT_ISSUED: N_("Voucher of goodwill issued"),
    PostingKind.GIFT_EXPIRED: N_("Voucher of goodwill expired"),
}


@blueprint.get("/staff/ledger")
@staff(Permission.LEDGER_READ)
def page() -> str:
    with work() as uow:
        totals = balances(uow.session, organisation_id=uow.organisation_id)
        entries = journal(
            uow.session,
            organisation_id=uow.organisation_id,
            limit=2 * TRANSACTIONS,
            before=read_cursor(request.args.get("after")),
        )
    last = entries[-1] if len(entries) == 2 * TRANSACTIONS else None
    return render_template(
        "ledger/page.html",
        balances=totals,
        entries=entries,
        accounts={one.value: gettext(name) for one, name in ACCOUNT_NAMES.items()},
        kinds={one.value: gettext(name) for one, name in KIND_NAMES.items()},
        following=write_cursor(last.recorded_at, last.id) if last else None,
    )
