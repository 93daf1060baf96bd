"""Causes of breaches, actions against them, notes on charts."""

import datetime as dt
import uuid
from collections.abc import Iterable

from wtforms import DateField, RadioField, SelectField
from wtforms.validators import InputRequired, Optional

from promises.http.forms import Form, Line, one_id, options
from promises.http.i18n import gettext
from promises.improvement.actions import LONGEST_PUBLIC, LONGEST_REASON, LONGEST_WHAT
from promises.improvement.actions_models import Outcome
from promises.improvement.annotations import LONGEST_NOTE
from promises.improvement.causes import LONGEST_NAME
from promises.kernel.text import N_

Pairs = Iterable[tuple[uuid.UUID, str]]

OUTCOMES = {
    Outcome.HELPED: N_("It helped"),
    Outcome.NO_DIFFERENCE: N_("It made no difference"),
    Outcome.WORSE: N_("It got worse"),
    Outcome.TOO_EARLY: N_("Too early to tell"),
}


class CauseForm(Form):
    """One name is enough: the other languages show it until they have one of their own."""

    fi = Line("Suomi", longest=LONGEST_NAME, required=False)
    sv = Line("Svenska", longest=LONGEST_NAME, required=False)
    en = Line("English", longest=LONGEST_NAME, required=False)

    def names(self) -> dict[str, str]:
        return {one: getattr(self, one).data or "" for one in ("fi", "sv", "en")}


class TogetherForm(Form):
    """One cause for all breaches of a list that have none."""

    cause_id = SelectField(N_("Cause"), coerce=one_id, validators=[InputRequired()])

    def offer(self, causes: Pairs) -> None:
        self.cause_id.choices = options(causes)


class ActionForm(Form):
    promise_id = SelectField(N_("Promise"), coerce=one_id, validators=[InputRequired()])
    cause_id = SelectField(N_("Against which cause?"), coerce=one_id, validators=[Optional()])
    branch_id = SelectField(N_("Branch"), coerce=one_id, validators=[Optional()])
    what = Line(N_("What will be done?"), longest=LONGEST_WHAT)
    owner_id = SelectField(N_("Who sees to it?"), coerce=one_id, validators=[InputRequired()])
    due_on = DateField(N_("By when?"), [InputRequired()])

    def offer(self, promises: Pairs, causes: Pairs, branches: Pairs, members: Pairs) -> None:
        self.promise_id.choices = options(promises)
        self.cause_id.choices = options([("", gettext("No cause in particular")), *causes])
        self.branch_id.choices = options([("", gettext("All branches")), *branches])
        self.owner_id.choices = options(members)


class MoveActionForm(Form):
    owner_id = SelectField(N_("Who sees to it?"), coerce=one_id, validators=[InputRequired()])
    due_on = DateField(N_("By when?"), [InputRequired()])

    def offer(self, members: Pairs) -> None:
        self.owner_id.choices = options(members)


class FinishActionForm(Form):
    done_on = DateField(N_("In force since"), [InputRequired()])

    def begin(self, today: dt.date) -> None:
        if self.done_on.data is None and not self.is_submitted():
            self.done_on.data = today


class CheckActionForm(Form):
    outcome = RadioField(N_("What do the figures say?"), validators=[InputRequired()])

    def offer(self) -> None:
        self.outcome.choices = options((one.value, gettext(word)) for one, word in OUTCOMES.items())


class DropActionForm(Form):
    reason = Line(N_("Why not?"), longest=LONGEST_REASON)


class PublicTextForm(Form):
    """What customers read; one language is enough."""

    fi = Line("Suomi", longest=LONGEST_PUBLIC, required=False)
    sv = Line("Svenska", longest=LONGEST_PUBLIC, required=False)
    en = Line("English", longest=LONGEST_PUBLIC, required=False)

    def texts(self) -> dict[str, str]:
        return {one: getattr(self, one).data or "" for one in ("fi", "sv", "en")}


class NoteForm(Form):
    day_on = DateField(N_("Day"), [InputRequired()])
    text = Line(N_("What happened?"), longest=LONGEST_NOTE)
