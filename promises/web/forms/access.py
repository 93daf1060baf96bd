"""API keys and devices."""

from collections.abc import Iterable

from wtforms import DateField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from promises.http.forms import Form, Line, one_id, options
from promises.http.i18n import gettext
from promises.identity.models import Branch, DeviceKind, Scope
from promises.kernel.text import N_

SCOPES = {
    Scope.READ: N_("Read branches, services, promises and what became of tickets"),
    Scope.TICKETS_WRITE: N_("Give out numbers"),
    Scope.EVENTS_WRITE: N_("Log what happens on tickets"),
    Scope.MONEY_READ: N_("Read compensations, payouts and vouchers"),
    Scope.VOUCHERS_REDEEM: N_("Redeem vouchers"),
}
DEVICE_KINDS = {
    DeviceKind.KIOSK: N_("Kiosk: customers take their number"),
    DeviceKind.DISPLAY: N_("Display: the hall sees who is called"),
}


class KeyForm(Form):
    name = Line(N_("What the key is for"), longest=80)
    scopes = SelectMultipleField(
        N_("What it may do"),
        coerce=Scope,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validators=[InputRequired()],
    )
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[Optional()])
    expires_on = DateField(N_("Last day"), [Optional()])

    def offer(self, branches: Iterable[Branch]) -> None:
        self.scopes.choices = options((scope, gettext(text)) for scope, text in SCOPES.items())
        every = ("", gettext("All branches"))
        self.branch_id.choices = options([every, *((b.id, b.name) for b in branches)])


class DeviceForm(Form):
    kind = RadioField(N_("What it is"), coerce=DeviceKind)
    name = Line(N_("Name"), longest=80)
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[InputRequired()])

    def offer(self, branches: Iterable[Branch]) -> None:
        self.kind.choices = options((kind, gettext(text)) for kind, text in DEVICE_KINDS.items())
        self.branch_id.choices = options((branch.id, branch.name) for branch in branches)


class EnrolForm(Form):
    code = Line(N_("Code of the device"), longest=40)
