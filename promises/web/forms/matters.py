"""Opening matters, and what is said about them."""

import datetime as dt
from collections.abc import Iterable

from wtforms import DateField, RadioField, SelectField, TimeField
from wtforms.validators import InputRequired, Optional

from promises.desk.matters import PartnerView
from promises.desk.models import TicketKind
from promises.desk.opening import LONGEST_SUBJECT
from promises.http.forms import Form, Line, Text, one_id, options
from promises.http.i18n import gettext
from promises.identity.models import Branch, Member, ServiceKind
from promises.identity.queries import service_name
from promises.kernel.text import LOCALES, N_
from promises.kernel.zones import resolve_local

KINDS = {
    TicketKind.COMPLAINT: N_("Complaint"),
    TicketKind.CALLBACK: N_("Call back"),
    TicketKind.REQUEST: N_("Request"),
    TicketKind.APPLICATION: N_("Application"),
}
LANGUAGES = {"fi": "suomi", "sv": "svenska", "en": "English"}
END_OF_DAY = dt.time(23, 59)
LONGEST_REASON = 1000


def chosen_time(day_on: dt.date | None, at: dt.time | None, zone: str) -> dt.datetime | None:
    """The instant of a day and a time at the branch; without a time the end of that day."""
    if day_on is None:
        return None
    return resolve_local(dt.datetime.combine(day_on, at or END_OF_DAY), zone).instant


class NewMatterForm(Form):
    """Everything but the kind, the service and the branch may be left out."""

    kind = RadioField(N_("What is it?"), coerce=TicketKind, validators=[InputRequired()])
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[InputRequired()])
    service_kind_id = SelectField(N_("Service"), coerce=one_id, validators=[InputRequired()])
    subject = Line(N_("What it is about"), longest=LONGEST_SUBJECT, required=False)
    customer_reference = Line(N_("Customer number"), required=False)
    address = Line(N_("E-mail address or phone number"), longest=254, required=False)
    language = SelectField(N_("Language of the customer"))
    promised_on = DateField(N_("We promise an answer by"), [Optional()])
    promised_time = TimeField(N_("Time of day"), [Optional()])
    received_on = DateField(N_("Day on which it came"), [Optional()])
    received_time = TimeField(N_("Time at which it came"), [Optional()])

    def offer(self, branches: Iterable[Branch], kinds: Iterable[ServiceKind], locale: str) -> None:
        self.kind.choices = options((kind.value, gettext(word)) for kind, word in KINDS.items())
        self.branch_id.choices = options((branch.id, branch.name) for branch in branches)
        self.service_kind_id.choices = options(
            (kind.id, service_name(kind, locale)) for kind in kinds
        )
        self.language.choices = options((code, LANGUAGES[code]) for code in LOCALES)
        if self.language.data is None:
            self.language.data = locale


class PromiseForm(Form):
    promised_on = DateField(N_("You hear from us by"), [InputRequired()])
    promised_time = TimeField(N_("Time of day"), [Optional()])


class SayForm(Form):
    """What the customer reads on their page with the step."""

    text = Text(N_("What we say to the customer"), longest=LONGEST_REASON, required=False)


class HandOverForm(Form):
    partner_id = SelectField(N_("Partner"), coerce=one_id, validators=[InputRequired()])

    def offer(self, partners: Iterable[PartnerView]) -> None:
        self.partner_id.choices = options(
            (partner.partner_id, partner.name) for partner in partners if partner.closed_at is None
        )


class OwnerForm(Form):
    owner_id = SelectField(N_("Responsible"), coerce=one_id, validators=[Optional()])

    def offer(self, members: Iterable[Member]) -> None:
        self.owner_id.choices = options(
            [("", gettext("Nobody yet")), *((member.id, member.name) for member in members)]
        )


class WorkForm(Form):
    """Sent by GET; what it cannot read it leaves out."""

    whose = SelectField(N_("Whose"), validators=[Optional()])
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[Optional()])
    kind = SelectField(N_("Kind"), validators=[Optional()])
    show = SelectField(N_("Show"), validators=[Optional()])

    def offer(self, branches: Iterable[Branch]) -> None:
        self.whose.choices = options([("", gettext("Everybody's")), ("mine", gettext("Mine"))])
        every = [("", gettext("All"))]
        self.branch_id.choices = options(
            [*every, *((branch.id, branch.name) for branch in branches)]
        )
        self.kind.choices = options(
            [*every, *((kind.value, gettext(word)) for kind, word in KINDS.items())]
        )
        self.show.choices = options([*every, ("late", gettext("Only what is late"))])


class PartnerForm(Form):
    name = Line(N_("Name of the partner"), longest=120)
