"""What the ledger refuses."""

from promises.kernel.errors import Conflict, DomainError
from promises.kernel.text import N_


class MonthNotOver(Conflict):
    code = "month_not_over"
    message = N_("This month is not over yet. It can be closed when it is.")


class MonthNotNext(Conflict):
    """Closed already, or one before it is open."""

    code = "month_not_next"
    message = N_("Months are closed one after the other. Look which one is next.")


class NothingToClose(Conflict):
    code = "nothing_to_close"
    message = N_("Nothing has been booked yet, so there is no month to close.")


class VatInThePast(DomainError):
    code = "vat_in_the_past"
    message = N_("Choose today or a later day. What is booked stays as it was booked.")


class RateWithoutPrice(DomainError):
    code = "rate_missing"
    message = N_("A price reduction needs its VAT rate.")
