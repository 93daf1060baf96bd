"""Proposing a promise, deciding on it, publishing a version, ending a promise."""

import datetime as dt
import uuid
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from wtforms import (
    DateField,
    DecimalField,
    FieldList,
    FormField,
    RadioField,
    SelectField,
    TimeField,
)
from wtforms.validators import NumberRange, Optional, ValidationError
from wtforms.widgets import TextInput

from promises.catalogue.targets import TargetStep
from promises.http.forms import Form, Line, Text, one_id, options
from promises.http.i18n import gettext
from promises.kernel.text import LOCALES, N_
from promises.kernel.zones import resolve_local
from promises.web.forms.terms import FullTermsForm

TARGET_ROWS = 3


class DeclineForm(Form):
    reason = Text(N_("Why not"), longest=2000)


class Start(StrEnum):
    NOW = "now"
    LATER = "later"
    PAST = "past"


STARTS = {
    Start.NOW: N_("At once, when you publish it"),
    Start.LATER: N_("From a later time"),
    Start.PAST: N_("From a time in the past, applied to imported history"),
}


def _local_instant(form: Any, day: str, time: str, zone: str) -> dt.datetime:
    """What the two fields say on the clocks of the zone; marks a time that the clocks skip."""
    wall = dt.datetime.combine(form[day].data, form[time].data or dt.time())
    found = resolve_local(wall, zone)
    if found.problem == "nonexistent":
        form[time].errors = [gettext("The clocks skip this time on that day. Choose another.")]
        raise ValidationError
    return found.instant


_IN_THE_PAST = N_("Choose a time in the past.")


class Percent(DecimalField):
    """97, 97.5 and 97,5: a field of text, as browsers take only one of the marks for a number."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata([text.strip().replace(",", ".") for text in valuelist])


class TargetRow(Form):
    from_on = DateField(N_("From"), [Optional()])
    share = Percent(
        N_("At least this many per cent kept"), [Optional(), NumberRange(0, 100)], places=None
    )


class VersionForm(FullTermsForm):
    """A version as a manager edits it before it is published."""

    title_fi = Line(N_("Title in Finnish"), longest=160, required=False)
    title_sv = Line(N_("Title in Swedish"), longest=160, required=False)
    title_en = Line(N_("Title in English"), longest=160, required=False)
    way_of_working = Text(N_("The way of working that keeps it"))
    team_reward = Text(N_("The team's reward when the target is reached"), required=False)
    closing_gesture = Line(N_("A kind gesture at the end"), longest=160, required=False)
    targets = FieldList(FormField(TargetRow), min_entries=TARGET_ROWS, max_entries=12)
    starts = RadioField(N_("Since when does it hold?"), coerce=Start, default=Start.NOW)
    starts_on = DateField(N_("Day"), [Optional()])
    starts_at = TimeField(N_("Time of day"), [Optional()])
    reason = Text(N_("What you want to tell the proposer"), longest=2000, required=False)

    def offer_starts(self, *, first: bool) -> None:
        """Only the first version of a promise may reach into the past."""
        self.starts.choices = options(
            (key, gettext(text)) for key, text in STARTS.items() if first or key is not Start.PAST
        )

    def titles(self) -> dict[str, str]:
        given = {code: self[f"title_{code}"].data for code in LOCALES}
        return {code: title for code, title in given.items() if title}

    def target_path(self) -> tuple[TargetStep, ...]:
        """The rows that are filled in; per cent become shares."""
        return tuple(
            TargetStep(row.from_on.data, row.share.data / Decimal(100))
            for row in self.targets
            if row.from_on.data is not None and row.share.data is not None
        )

    def valid_from(self, now: dt.datetime, zone: str) -> dt.datetime:
        """Raises ValidationError, told at the field, for a time that does not fit the choice."""
        if self.starts.data is Start.NOW:
            return now
        found = _local_instant(self, "starts_on", "starts_at", zone)
        if (found < now) != (self.starts.data is Start.PAST):
            later = self.starts.data is Start.LATER
            words = N_("Choose a time that is still to come.") if later else _IN_THE_PAST
            self.starts_on.errors = [gettext(words)]
            raise ValidationError
        return found

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        if not self.titles():
            self.title_fi.errors = [gettext("Give the title in at least one language.")]
            fine = False
        if self.starts.data is not Start.NOW and self.starts_on.data is None:
            self.starts_on.errors = [gettext("Give the day.")]
            fine = False
        for row in self.targets:
            if (row.from_on.data is None) != (row.share.data is None):
                row.share.errors = [gettext("Give both the day and the level, or neither.")]
                fine = False
        return fine


def percent_of(share: Decimal) -> Decimal:
    """0.97 → 97, 0.995 → 99.5."""
    return (share * 100).normalize() + 0


class PeriodForm(Form):
    """Which cases a list or a page of figures is about; in the address, so it can be shared."""

    promise = SelectField(N_("Promise"), coerce=one_id, validators=[Optional()])
    branch = SelectField(N_("Branch"), coerce=one_id, validators=[Optional()])
    from_on = DateField(N_("From"), [Optional()])
    to_on = DateField(N_("To"), [Optional()])

    def offer(
        self, promises: Iterable[tuple[uuid.UUID, str]], branches: Iterable[tuple[uuid.UUID, str]]
    ) -> None:
        self.promise.choices = options([("", gettext("All promises")), *promises])
        self.branch.choices = options([("", gettext("All branches")), *branches])
