"""Files of answers, words of customers, figures, and what is asked."""

import uuid
from collections.abc import Iterable, Mapping, Sequence

from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from promises.desk.imports.mapping import Encoding
from promises.feedback.models import Outcome, Question
from promises.feedback.questions import ASKABLE, QUESTION_NAMES
from promises.feedback.rows import DateForm, Meaning, RowMapping
from promises.feedback.surveys import LONGEST_TEXT
from promises.http.forms import Form, Line, Text, WholeNumber, one_id, options
from promises.http.i18n import gettext, ngettext
from promises.kernel.text import N_
from promises.web.forms.imports import DELIMITERS, ENCODINGS

OUTCOMES = {
    Outcome.KEPT: N_("Promise kept"),
    Outcome.MADE_GOOD: N_("Promise broken and made good"),
    Outcome.BROKEN: N_("Promise broken and not made good"),
    Outcome.NOTHING: N_("No promise was decided"),
    Outcome.UNKNOWN: N_("Not known"),
}
DATES = {
    DateForm.AUTO: N_("2026-11-03 or 3.11.2026"),
    DateForm.DAY_FIRST: N_("Day first: 3/11/2026"),
    DateForm.MONTH_FIRST: N_("Month first: 11/3/2026"),
}
COLUMN_NAMES = {
    Meaning.DATE: N_("Column with the date"),
    Meaning.SCORE: N_("Column with the score"),
    Meaning.BODY: N_("Column with the words"),
    Meaning.BRANCH: N_("Column with the branch"),
    Meaning.SEGMENT: N_("Column with the customer segment"),
    Meaning.REFERENCE: N_("Column with the number of the answer"),
}


class FileForm(Form):
    file = FileField(N_("File"), [FileRequired(N_("Choose a file."))])
    delimiter = SelectField(N_("Between the columns"))
    encoding = SelectField(N_("Encoding"), coerce=Encoding)

    def offer(self) -> None:
        self.delimiter.choices = options((key, gettext(text)) for key, text in DELIMITERS.items())
        self.encoding.choices = options((key.value, gettext(t)) for key, t in ENCODINGS.items())


def _place(text: object) -> int | None:
    return int(str(text)) if str(text).isdigit() else None


class ColumnsForm(Form):
    """Which column means what; fields are called as the room calls the meanings."""

    question = SelectField(N_("What was asked"), coerce=Question)
    date = SelectField(COLUMN_NAMES[Meaning.DATE], coerce=_place)
    dates = SelectField(N_("How dates are written"), coerce=DateForm)
    score = SelectField(COLUMN_NAMES[Meaning.SCORE], [Optional()], coerce=_place)
    body = SelectField(COLUMN_NAMES[Meaning.BODY], [Optional()], coerce=_place)
    branch = SelectField(COLUMN_NAMES[Meaning.BRANCH], [Optional()], coerce=_place)
    branch_id = SelectField(N_("Branch of rows that name none"), [Optional()], coerce=one_id)
    segment = SelectField(COLUMN_NAMES[Meaning.SEGMENT], [Optional()], coerce=_place)
    reference = SelectField(COLUMN_NAMES[Meaning.REFERENCE], [Optional()], coerce=_place)

    def offer(self, header: Sequence[str], branches: Mapping[uuid.UUID, str]) -> None:
        names = [(place, name or str(place + 1)) for place, name in enumerate(header)]
        for meaning in Meaning:
            self[meaning.value].choices = options([("", "–"), *names])
        self.question.choices = options((q.value, gettext(QUESTION_NAMES[q])) for q in Question)
        self.dates.choices = options((one.value, gettext(text)) for one, text in DATES.items())
        self.branch_id.choices = options([("", "–"), *branches.items()])

    def mapping(self) -> RowMapping:
        chosen = {meaning: self[meaning.value].data for meaning in Meaning}
        return RowMapping(
            self.question.data,
            {meaning: place for meaning, place in chosen.items() if place is not None},
            self.dates.data,
            self.branch_id.data,
        )


class FiguresForm(Form):
    """The filters of the figures, in their address."""

    question = SelectField(N_("Question"), [Optional()])
    months = SelectField(N_("How far back"), [Optional()])
    branch_id = SelectField(N_("Branch"), [Optional()], coerce=one_id)

    def offer(self, branches: Mapping[uuid.UUID, str], spans: Iterable[int]) -> None:
        scored = [one for one in Question if one is not Question.WORDS]
        self.question.choices = options((q.value, gettext(QUESTION_NAMES[q])) for q in scored)
        self.months.choices = options(
            (n, ngettext("%(n)s month", "%(n)s months", n) if n > 1 else gettext("This month"))
            for n in spans
        )
        self.branch_id.choices = options([("", gettext("All branches")), *branches.items()])


class TextForm(Form):
    """What a customer's words become."""

    problem_id = RadioField(N_("Which problem is it?"), [Optional()], coerce=one_id)
    text = Text(N_("The problem in your words"), longest=1000, required=False)

    def offer(self, known: Iterable[tuple[uuid.UUID, str]]) -> None:
        self.problem_id.choices = options([*known, ("", gettext("A new problem"))])


class AskingForm(Form):
    questions = SelectMultipleField(
        N_("Questions to customers after a case"), coerce=Question,
        option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False),
    )  # fmt: skip
    survey_days = WholeNumber(
        N_("How long the question to staff is open"), [InputRequired(), NumberRange(0, 60)]
    )
    recurring_breaches = WholeNumber(
        N_("Breaches of one cause that make it a problem"), [InputRequired(), NumberRange(2, 1000)]
    )
    recurring_days = WholeNumber(
        N_("Counted over so many days"), [InputRequired(), NumberRange(1, 366)]
    )

    def offer(self) -> None:
        self.questions.choices = options((q.value, gettext(QUESTION_NAMES[q])) for q in ASKABLE)


class SurveyForm(Form):
    score = RadioField(N_("From 0, not at all, to 10, very gladly"), [InputRequired()], coerce=int)
    text = Line(N_("Why, in a sentence"), longest=LONGEST_TEXT, required=False)

    def offer(self) -> None:
        self.score.choices = options((n, str(n)) for n in range(11))
