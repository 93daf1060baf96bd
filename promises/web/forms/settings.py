"""What holds for the whole organisation."""

from wtforms import RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange

from promises.http.forms import Form, Line, WholeNumber, options
from promises.http.i18n import gettext
from promises.identity.models import VoucherUse
from promises.identity.organisations import NOTICE_HOURS
from promises.kernel.text import N_
from promises.web.forms.account import LANGUAGES

USES = {
    VoucherUse.CASH: N_("For cash at the desk"),
    VoucherUse.FEE: N_("For a fee that the customer owes"),
    VoucherUse.GOODS: N_("For goods or services"),
}


class SettingsForm(Form):
    name = Line(N_("Name of the organisation"), longest=120)
    locale = SelectField(N_("Language"), choices=options(LANGUAGES))
    voucher_use = RadioField(N_("What a voucher is good for"), coerce=VoucherUse)
    voucher_valid_years = WholeNumber(
        N_("How long a voucher is good"), [InputRequired(), NumberRange(1, 10)]
    )
    notice_hours = WholeNumber(
        N_("How long before it holds you announce what gives customers less"),
        [InputRequired(), NumberRange(*NOTICE_HOURS)],
    )

    def offer(self) -> None:
        self.voucher_use.choices = options((use, gettext(text)) for use, text in USES.items())
