"""The forms of one decision: publish, try in shadow, ask, merge."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from wtforms import BooleanField, DateField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from promises.http.forms import Form, Text, one_id, options
from promises.http.i18n import gettext
from promises.kernel.errors import DomainError, FieldProblem, Refused
from promises.kernel.text import N_
from promises.kernel.zones import resolve_local
from promises.rules.terms import Terms
from promises.web.forms.editor import GuaranteeForm, WaitForm, data_of, form_of

LONGEST_TITLE = 160


def _at_field(error: DomainError, place: str, name: str) -> None:
    """A problem stands at the field of the page that it is about."""
    if isinstance(error, Refused):
        error.problems = tuple(
            FieldProblem(name, one.message, one.params) if one.field == place else one
            for one in error.problems
        )


class AskForm(Form):
    question = Text(N_("What do you want to know?"), longest=2000)


class RefusalForm(Form):
    decline_reason = Text(N_("Why not"), longest=2000)

    def refuse(self, error: DomainError) -> None:
        _at_field(error, "reason", "decline_reason")
        super().refuse(error)


class MergeForm(Form):
    into = SelectField(N_("Into which proposal"), coerce=one_id, validators=[InputRequired()])
    merge_reason = Text(N_("Why they belong together"), longest=2000)

    def offer(self, others: Iterable[tuple[uuid.UUID, str]]) -> None:
        self.into.choices = options([("", gettext("Choose a proposal")), *others])


class ShadowForm(Form):
    shadow_branches = SelectMultipleField(
        N_("Where it runs"),
        coerce=one_id,
        validators=[InputRequired()],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    ends_on = DateField(N_("Last day"), [InputRequired()])

    def refuse(self, error: DomainError) -> None:
        _at_field(error, "branches", "shadow_branches")
        super().refuse(error)

    def offer(self, branches: Mapping[uuid.UUID, str]) -> None:
        self.shadow_branches.choices = options(branches.items())

    def ends_at(self, zone: str) -> dt.datetime:
        """The midnight after the last day."""
        return end_of(self.ends_on.data, zone)


class ProlongForm(Form):
    ends_on = DateField(N_("New last day"), [InputRequired()])

    def ends_at(self, zone: str) -> dt.datetime:
        return end_of(self.ends_on.data, zone)


def end_of(day: dt.date, zone: str) -> dt.datetime:
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
    return resolve_local(midnight, zone).instant


def publish_form(
    terms: Terms, way_of_working: str, sentences: Mapping[str, str], **options_: Any
) -> WaitForm | GuaranteeForm:
    """Everything that management sets, filled with what the proposal says. A level without its day
    holds from the first."""
    kind = form_of(terms, None)
    whole = type("PublishForm", (kind,), {
        "notice": Text(N_("A word to the staff who keep it"), longest=2000, required=False),
        "tell_staff": BooleanField(N_("Send it to the staff of these branches"), [Optional()]),
    })  # fmt: skip
    data = data_of(terms, kind) | {
        f"title_{code}": text for code, text in sentences.items() if len(text) <= LONGEST_TITLE
    }
    data |= {"way_of_working": way_of_working, "tell_staff": True}
    form: WaitForm | GuaranteeForm = whole(data=data, **options_)
    return form


def date_first_level(form: WaitForm | GuaranteeForm, today: dt.date) -> None:
    """A level that was typed without a day holds from today on."""
    first = form.targets[0].form
    if first.share.data is not None and first.from_on.data is None and not first.share.errors:
        first.from_on.data = today
