"""Pausing and ending a promise: where, from when until when, and why."""

import datetime as dt
import uuid
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from wtforms import DateField, RadioField, SelectField, TimeField
from wtforms.validators import InputRequired, Optional

from promises.catalogue.checks import LONGEST_REASON
from promises.http.forms import Form, Text, one_id, options
from promises.http.i18n import gettext
from promises.kernel.text import LOCALES, N_
from promises.web.forms.moments import chosen_instant


class Begins(StrEnum):
    NOW = "now"
    LATER = "later"


class Until(StrEnum):
    OPEN = "open"
    DAY = "day"


BEGINS = {Begins.NOW: N_("At once"), Begins.LATER: N_("At a later time")}
UNTIL = {Until.OPEN: N_("Until somebody ends it"), Until.DAY: N_("At a time that is known")}


class ReasonsForm(Form):
    """A public reason, in the languages that somebody wrote it in."""

    reason_fi = Text(N_("The reason in Finnish"), longest=LONGEST_REASON, required=False)
    reason_sv = Text(N_("The reason in Swedish"), longest=LONGEST_REASON, required=False)
    reason_en = Text(N_("The reason in English"), longest=LONGEST_REASON, required=False)

    def reasons(self) -> dict[str, str]:
        given = {code: self[f"reason_{code}"].data for code in LOCALES}
        return {code: text for code, text in given.items() if text}

    def require_reason(self) -> bool:
        """Whether there is one; else the first field says that it is missing."""
        if not self.reasons():
            self.reason_fi.errors = [gettext("Give the reason in at least one language.")]
        return bool(self.reasons())


class PauseForm(ReasonsForm):
    branch_id = SelectField(N_("Where"), coerce=one_id, validators=[Optional()])
    begins = RadioField(N_("When does it begin?"), coerce=Begins, default=Begins.NOW)
    begins_on = DateField(N_("First day"), [Optional()])
    begins_at = TimeField(N_("From what time"), [Optional()])
    until = RadioField(N_("When does it end?"), coerce=Until, default=Until.OPEN)
    until_on = DateField(N_("First day on which it holds again"), [Optional()])
    until_at = TimeField(N_("From what time"), [Optional()])

    def offer(self, branches: Iterable[tuple[uuid.UUID, str]]) -> None:
        self.branch_id.choices = options([("", gettext("At all branches")), *branches])
        self.begins.choices = options((key, gettext(text)) for key, text in BEGINS.items())
        self.until.choices = options((key, gettext(text)) for key, text in UNTIL.items())

    def span(self, now: dt.datetime, zone: str) -> tuple[dt.datetime, dt.datetime | None]:
        """Raises ValidationError, told at the field."""
        starts_at = now
        if self.begins.data is Begins.LATER:
            starts_at = chosen_instant(self, "begins_on", "begins_at", zone)
        if self.until.data is Until.OPEN:
            return starts_at, None
        return starts_at, chosen_instant(self, "until_on", "until_at", zone)

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        return self.require_reason() and fine


class EndForm(ReasonsForm):
    ends_on = DateField(N_("First day without it"), [InputRequired()])
    ends_at = TimeField(N_("From what time"), [Optional()])

    def instant(self, zone: str) -> dt.datetime:
        """Raises ValidationError, told at the field."""
        return chosen_instant(self, "ends_on", "ends_at", zone)

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        return self.require_reason() and fine
