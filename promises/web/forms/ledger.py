"""What the accountant fills in: VAT of a promise, an account's own number, a fee, a month to
close."""

from decimal import Decimal, InvalidOperation

from wtforms import DateField, HiddenField, RadioField, StringField
from wtforms.validators import InputRequired, Optional

from promises.http.forms import Form, Line, options
from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.ledger.vat import MOST_RATE_BP, TaxTreatment
from promises.web.forms.terms import Amount
from promises.web.ledger_words import TREATMENTS

LONGEST_NUMBER, LONGEST_NAME = 20, 100


class Percent(StringField):
    """A rate in per cent; `data` is whole basis points, None where empty."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{Decimal(self.data) / 100:f}".rstrip("0").rstrip(".")

    def process_formdata(self, valuelist: list[str]) -> None:
        text = "".join(valuelist[0].split()).replace(",", ".").rstrip("%") if valuelist else ""
        self.data = None
        if text:
            try:
                self.data = _basis_points(text)
            except (InvalidOperation, ValueError):
                raise ValueError(
                    gettext(N_("Give a rate between 0 and 50, such as 25.5."))
                ) from None


def _basis_points(text: str) -> int:
    if not text.isascii() or len(text) > 8 or not text.replace(".", "", 1).isdigit():
        raise ValueError(text)
    points = Decimal(text) * 100
    if points != points.to_integral_value() or points > MOST_RATE_BP:
        raise ValueError(text)
    return int(points)


class VatForm(Form):
    treatment = RadioField(
        N_("What is this money to the tax authority?"),
        coerce=TaxTreatment,
        validators=[InputRequired()],
    )
    rate = Percent(N_("VAT rate"), validators=[Optional()])
    valid_from = DateField(N_("From"), validators=[InputRequired()])

    def offer(self) -> None:
        self.treatment.choices = options(
            (one.value, gettext(words)) for one, words in TREATMENTS.items()
        )


class AccountForm(Form):
    number = Line(N_("Your number of the account"), longest=LONGEST_NUMBER)
    name = Line(N_("Your name of the account"), longest=LONGEST_NAME, required=False)


class CloseForm(Form):
    month = HiddenField(validators=[InputRequired()])


class FeeForm(Form):
    amount = Amount(N_("What was charged"), [InputRequired()])
