"""What an organisation assumes of customers who come back."""

from wtforms.validators import InputRequired, NumberRange

from promises.http.forms import Form, Line, WholeNumber
from promises.improvement.returns import LONGEST_REASON, MOST_DAYS
from promises.kernel.text import N_
from promises.web.forms.terms import Amount


class AssumptionForm(Form):
    value = Amount(N_("What one customer who comes back is worth"), [InputRequired()])
    days = WholeNumber(
        N_("Within how many days one comes back"), [InputRequired(), NumberRange(1, MOST_DAYS)]
    )
    reason = Line(N_("Where the numbers come from"), longest=LONGEST_REASON)

    def offer(self, currency: str) -> None:
        self.value.currency = currency
