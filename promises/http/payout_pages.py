"""What the customer's page and the desk share to choose how money comes."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promises.desk.views import TicketView
from promises.flows.choose_payout import Given
from promises.http.forms import Form, Line
from promises.http.i18n import gettext, locale
from promises.kernel.errors import Refused
from promises.kernel.money import Money
from promises.kernel.text import N_, format_datetime
from promises.payouts.bank_accounts import LONGEST_NAME, checked_account
from promises.payouts.choices import Ways
from promises.payouts.rail_models import Proof
from promises.payouts.rails.names import SEPA


class AccountForm(Form):
    """Where a bank transfer goes."""

    iban = Line(N_("Account number (IBAN)"), longest=50)
    holder = Line(N_("Name of the account's holder"), longest=LONGEST_NAME)

    def validate(self, extra_validators: Mapping[str, Any] | None = None) -> bool:
        """A mistyped number is named at once, also where the holder is missing."""
        if super().validate(extra_validators=extra_validators):
            return True
        said = {name for name, field in self._fields.items() if field.errors}
        try:
            checked_account(self.iban.data or "", self.holder.data or "")
        except Refused as refusal:
            left = [problem for problem in refusal.problems if problem.field not in said]
            if left:
                self.refuse(Refused(left))
        return False


@dataclass(frozen=True, slots=True)
class ChoicePage:
    """What can be chosen for a ticket, and what is chosen."""

    ticket: TicketView
    ways: Ways
    now: dt.datetime

    @property
    def amount(self) -> Money | None:
        """What the choice is about; None where it is in several currencies."""
        sums = [Money(debt.amount_minor, debt.currency) for debt in self.ways.debts if debt.open]
        if len({one.currency for one in sums}) != 1:
            return None
        return Money(sum(one.amount_minor for one in sums), sums[0].currency)

    @property
    def touches(self) -> tuple[str, ...]:
        """Ways that need one touch."""
        return tuple(rail for rail in self.ways.rails if rail != SEPA)

    @property
    def by_bank(self) -> bool:
        return SEPA in self.ways.rails

    @property
    def standing(self) -> str | None:
        """The rail of the present choice; without one, that by which the money goes now."""
        chosen = self.ways.chosen
        if chosen is not None:
            return None if chosen.failed else chosen.rail
        return next((debt.rail for debt in self.ways.debts if debt.open and debt.rail), None)


def said_of(given: Given, zone: str) -> str:
    """What happens next with bank details."""
    if given.proof is Proof.CONTACT:
        return gettext("We sent you a link. Open it and confirm that this is your account.")
    if given.usable_at is None:
        return gettext("Thank you. Somebody here looks at the details before the money goes out.")
    at = format_datetime(locale(), given.usable_at, zone)
    return gettext("Thank you. For your safety the money goes out after %(time)s.", time=at)
