"""Releasing a file of payouts, uploading what the bank said, and paying by hand."""

from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, RadioField, SelectField
from wtforms.validators import InputRequired

from promises.flows.pay_by_hand import LONGEST_PROOF, LONGEST_RECEIPT, CameBack
from promises.http.forms import Form, Line, options
from promises.http.i18n import gettext
from promises.kernel.text import N_


class PrepareForm(Form):
    """Only its token counts."""


class ReleaseForm(Form):
    typed = Line(N_("First eight characters of the check sum"), longest=20)


class BankFileForm(Form):
    file = FileField(N_("File"), [FileRequired(N_("Choose a file."))])
    rail = SelectField(N_("It comes from"), [InputRequired()])


class ReceiptForm(Form):
    receipt = Line(N_("Receipt"), longest=LONGEST_RECEIPT)


CAME_BACK = {
    CameBack.WRONG: N_("The account or the address was wrong, or belongs to another name"),
    CameBack.CLOSED: N_("The account is closed"),
    CameBack.SENT_BACK: N_("The cheque or the envelope was sent back"),
}


class ReturnForm(Form):
    returned_on = DateField(N_("Day on which it came back"), [InputRequired()])
    why = RadioField(N_("Why it came back"), coerce=CameBack, validators=[InputRequired()])
    proof = Line(N_("What shows it"), longest=LONGEST_PROOF)

    def offer(self) -> None:
        self.why.choices = options((one.value, gettext(said)) for one, said in CAME_BACK.items())
