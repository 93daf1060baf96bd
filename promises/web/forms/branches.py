"""A branch, its counters, its services."""

import zoneinfo
from collections.abc import Iterable

from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from promises.http.forms import Form, Line, WholeNumber, one_id, options
from promises.http.i18n import gettext, locale
from promises.identity.models import ServiceKind, ServiceStart
from promises.identity.queries import service_name
from promises.kernel.text import LOCALES, N_

STARTS = {
    ServiceStart.TAP: N_("When the clerk marks that the customer has come"),
    ServiceStart.CALL: N_("At the call of the number"),
}


def time_zones() -> list[str]:
    """Zones of places; the technical ones are left out."""
    return sorted(
        name
        for name in zoneinfo.available_timezones()
        if "/" in name and not name.startswith(("Etc/", "posix/", "right/", "SystemV/"))
    )


class BranchForm(Form):
    name = Line(N_("Name"), longest=120)
    time_zone = SelectField(N_("Time zone"))
    service_start = RadioField(N_("When does the service start?"), coerce=ServiceStart)
    no_show_after_s = WholeNumber(
        N_("How long a called customer is waited for"),
        [InputRequired(), NumberRange(0, 3600)],
    )

    def offer(self) -> None:
        self.time_zone.choices = options((name, name) for name in time_zones())
        self.service_start.choices = options((key, gettext(text)) for key, text in STARTS.items())


class NewBranchForm(BranchForm):
    slug = Line(N_("Name in the address"), longest=63, required=False)


class CounterForm(Form):
    counter = Line(N_("Name or number"), longest=40)


class BranchServicesForm(Form):
    kinds = SelectMultipleField(
        N_("Kinds of service here"),
        coerce=one_id,
        validators=[Optional()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def offer(self, kinds: Iterable[ServiceKind]) -> None:
        self.kinds.choices = options(
            (kind.id, f"{kind.letter} – {service_name(kind, locale())}") for kind in kinds
        )


class ServiceNamesForm(Form):
    name_fi = Line(N_("Name in Finnish"), longest=80, required=False)
    name_sv = Line(N_("Name in Swedish"), longest=80, required=False)
    name_en = Line(N_("Name in English"), longest=80, required=False)

    def names(self) -> dict[str, str]:
        given = {code: self[f"name_{code}"].data for code in LOCALES}
        return {code: name for code, name in given.items() if name}


class NewServiceForm(ServiceNamesForm):
    letter = Line(N_("Letter"), longest=2)
