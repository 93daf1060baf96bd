"""The accountant's desk: numbers of the bank's own chart, what the money of the promise is to the
tax authority, and every month closed that is over."""

import datetime as dt

from promises.catalogue.queries import list_promises
from promises.flows.compensate import time_zone
from promises.flows.keep_books import close_books, name_account, set_vat
from promises.kernel.actors import Role
from promises.kernel.zones import local_date
from promises.ledger.accounts import Account
from promises.ledger.chart import chart
from promises.ledger.closing import next_to_close
from promises.ledger.months import last_of
from promises.ledger.vat import TaxTreatment, Vat
from promises.ledger.vat_choices import vat_history
from promises.simulation.acts import Acts
from promises.simulation.bank import Bank
from promises.simulation.promises import MAIN_SLUG

NAMES = {
    Account.COMPENSATION_EXPENSE: ("4905", "Asiakaslupausten hyvitykset"),
    Account.COMPENSATION_OWED: ("2885", "Hyvitysvelat asiakkaille"),
    Account.VOUCHERS_ISSUED: ("2886", "Arvosetelivelat"),
    Account.DESK_SETTLEMENT: ("1905", "Tiskikassat"),
}


def tell_of_books(acts: Acts, bank: Bank, now: dt.datetime) -> None:
    with acts.at(now).work(bank.member(Role.ACCOUNTANT)) as uow:
        tenant = uow.organisation_id
        today = local_date(uow.now, time_zone(uow))
        known = chart(uow.session, organisation_id=tenant).entries
        for account, (number, name) in NAMES.items():
            if account not in known:
                name_account(uow, account_code=account.value, number=number, name=name)
        promises = list_promises(uow.session, organisation_id=tenant, at=uow.now)
        main = next(one.promise_id for one in promises if one.slug == MAIN_SLUG)
        history = vat_history(uow.session, organisation_id=tenant, promise_ids=[main])
        if main not in history.chosen:
            set_vat(uow, promise_id=main, vat=Vat(TaxTreatment.DAMAGES), valid_from=today)
        month_on = next_to_close(uow.session, organisation_id=tenant)
        while month_on is not None and last_of(month_on) < today:
            close_books(uow, month_on=month_on)
            month_on = next_to_close(uow.session, organisation_id=tenant)
