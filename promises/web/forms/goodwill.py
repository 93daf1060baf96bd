"""Giving goodwill, and what rules it."""

from wtforms import BooleanField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange

from promises.compensation.goodwill_models import GoodwillReason, VatTreatment
from promises.http.forms import Form, Line, WholeNumber, options
from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.web.forms.terms import Amount

REASONS = {
    GoodwillReason.OUR_MISTAKE: N_("We made a mistake"),
    GoodwillReason.CAME_TWICE: N_("The customer had to come twice"),
    GoodwillReason.HARD_DAY: N_("The customer has a hard day"),
    GoodwillReason.TOLD_US: N_("The customer told us what we can do better"),
    GoodwillReason.OTHER: N_("Something else"),
}
VAT = {
    VatTreatment.OUTSIDE_SCOPE: N_("Outside the scope of VAT: nothing is given in return"),
    VatTreatment.PRICE_REDUCTION: N_("A reduction of a price that was paid"),
}
LONGEST_WORDS = 300


class GiveForm(Form):
    amount = Amount(N_("How much"), [InputRequired()])
    reason = RadioField(N_("Why"), coerce=GoodwillReason, validators=[InputRequired()])
    words = Line(N_("In your own words"), longest=LONGEST_WORDS)

    def offer(self, currency: str) -> None:
        self.amount.currency = currency
        self.reason.choices = options((key.value, gettext(text)) for key, text in REASONS.items())


class RuleForm(Form):
    switched_on = BooleanField(N_("Clerks may give goodwill"))
    purse = Amount(N_("Purse of a branch and month"), [InputRequired()])
    most_gift = Amount(N_("Most that a clerk gives at once"), [InputRequired()])
    most_customer = Amount(N_("Most that one customer gets in a month"), [InputRequired()])
    most_unknown_day = WholeNumber(
        N_("Gifts to unknown customers that a clerk gives in a day"),
        [InputRequired(), NumberRange(0, 100)],
    )
    vat_treatment = SelectField(N_("VAT"), coerce=VatTreatment, validators=[InputRequired()])

    def offer(self, currency: str) -> None:
        for field in (self.purse, self.most_gift, self.most_customer):
            field.currency = currency
        self.vat_treatment.choices = options(
            (key.value, gettext(text)) for key, text in VAT.items()
        )
