"""Limits on sums, and why a debt is refused or held."""

from wtforms import DateField, HiddenField
from wtforms.validators import InputRequired, NumberRange, Optional

from promises.http.forms import Form, Line, WholeNumber
from promises.kernel.text import N_
from promises.web.forms.terms import Amount

LONGEST_REASON = 500


class LimitsForm(Form):
    """Empty: no limit."""

    window_days = WholeNumber(N_("Over how many days"), [InputRequired(), NumberRange(1, 366)])
    customer = Amount(N_("One customer"), [Optional()])
    device = Amount(N_("Numbers from one device"), [Optional()])
    clerk = Amount(N_("Tickets that one member of staff had part in"), [Optional()])
    branch = Amount(N_("One branch"), [Optional()])
    version = HiddenField()

    def offer(self, currency: str) -> None:
        for field in (self.customer, self.device, self.clerk, self.branch):
            field.currency = currency


class RefuseForm(Form):
    reason = Line(N_("Why do you refuse? The customer reads it."), longest=LONGEST_REASON)


class HoldForm(Form):
    reason = Line(N_("What has to be found out?"), longest=LONGEST_REASON)
    until_on = DateField(N_("By when somebody has looked"), [InputRequired()])
