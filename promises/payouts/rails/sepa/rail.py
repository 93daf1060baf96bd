"""The rail by bank file, as the organisations set it up."""

import datetime as dt
import re
from collections.abc import Callable, Sequence

from promises.kernel.money import Money
from promises.payouts.rails.answers import AnswerFile
from promises.payouts.rails.base import Connection, Field, RailAccount, Trouble
from promises.payouts.rails.run_files import RunHead, RunItem, RunRail
from promises.payouts.rails.sepa.iban import TEST_IBAN, iban_is_right, plain_iban
from promises.payouts.rails.sepa.reading import read_bank_file
from promises.payouts.rails.sepa.reasons import trouble_of
from promises.payouts.rails.sepa.writing import VERSIONS, Payment, PaymentFile, write_payments

SEPA = "sepa"
CURRENCY = "EUR"
_BIC = re.compile("[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


class SepaMaker:
    """Settings: `version` 09 or 03, `silent_days` as digits. In test mode files are drawn on an
    account that no bank has, whatever account is entered."""

    name = SEPA
    by_run = True
    key_lives: dt.timedelta | None = None
    fields: tuple[Field, ...] = (
        Field("debtor_name"),
        Field("iban", secret=True),
        Field("bic", required=False),
        Field("bank_service_id", required=False),
        Field("version", required=False),
        Field("silent_days", required=False),
    )
    ending = "xml"
    media_type = "application/xml"
    currency: str | None = CURRENCY

    def open(self, account: RailAccount | None) -> "SepaRail":
        return SepaRail(account)

    def account_name(self, account: RailAccount) -> str:
        return plain_iban(account.secrets.get("iban", "")) if account.live else TEST_IBAN

    def write(self, account: RailAccount, head: RunHead, items: Sequence[RunItem]) -> bytes:
        file = PaymentFile(
            message_id=head.message_id,
            created_at=head.created_at,
            execute_on=head.execute_on,
            debtor_name=account.settings["debtor_name"],
            debtor_iban=self.account_name(account),
            debtor_bic=plain_iban(account.settings.get("bic", "")),
            service_id=account.settings.get("bank_service_id", ""),
            version=account.settings.get("version") or VERSIONS[0],
        )
        return write_payments(file, [_payment(one) for one in items])

    def read(
        self, account: RailAccount, content: bytes, is_ours: Callable[[str], bool]
    ) -> AnswerFile:
        return read_bank_file(content, is_ours)

    def trouble(self, reason: str | None) -> Trouble:
        return trouble_of(reason)


class SepaRail(RunRail):
    def __init__(self, account: RailAccount | None) -> None:
        super().__init__(SEPA)
        self._account = account

    def test(self) -> Connection:
        """Nothing can be asked of a bank by file: the details are looked at."""
        account = self._account
        if account is None:
            return Connection(works=False, trouble=Trouble.ACCESS_REFUSED, detail="not set up")
        iban = plain_iban(account.secrets.get("iban", ""))
        if not iban_is_right(iban):
            return Connection(works=False, trouble=Trouble.DETAILS_WRONG, detail="iban")
        bic = plain_iban(account.settings.get("bic", ""))
        if bic and not _BIC.fullmatch(bic):
            return Connection(works=False, trouble=Trouble.DETAILS_WRONG, detail="bic")
        if (account.settings.get("version") or VERSIONS[0]) not in VERSIONS:
            return Connection(works=False, trouble=Trouble.DETAILS_WRONG, detail="version")
        if not (account.settings.get("silent_days") or "1").isdigit():
            return Connection(works=False, trouble=Trouble.DETAILS_WRONG, detail="silent_days")
        return Connection(
            works=True, account=f"{account.settings.get('debtor_name', '')} …{iban[-4:]}"
        )


def _payment(item: RunItem) -> Payment:
    request = item.request
    details = {} if request.destination is None else request.destination.details
    return Payment(
        item.mark,
        item.tracking_id,
        Money(request.amount_minor, request.currency),
        plain_iban(details["iban"]),
        details["name"],
        request.description,
    )
