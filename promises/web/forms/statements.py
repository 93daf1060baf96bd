"""Which days a statement is about."""

from wtforms import DateField
from wtforms.validators import Optional

from promises.http.forms import Form
from promises.kernel.text import N_


class SpanForm(Form):
    from_on = DateField(N_("From"), [Optional()])
    to_on = DateField(N_("To"), [Optional()])
