"""Releasing a file of payouts, uploading what the bank said, and paying by hand."""

from flask_wtf.file import FileField, FileRequired
from wtforms import SelectField
from wtforms.validators import InputRequired

from promises.flows.pay_by_hand import LONGEST_RECEIPT
from promises.http.forms import Form, Line
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
