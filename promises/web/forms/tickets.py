"""Finding tickets."""

from wtforms import DateField, SelectField
from wtforms.validators import Optional

from promises.http.forms import Form, Line, one_id
from promises.kernel.text import N_


class SearchForm(Form):
    """Sent by GET; what it cannot read it leaves out, so that a list is shown anyway."""

    text = Line(N_("Number or code"), required=False)
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[Optional()])
    day_on = DateField(N_("Day"), validators=[Optional()])
    state = SelectField(N_("State"), validators=[Optional()])
