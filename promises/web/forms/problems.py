"""Writing a problem down, and keeping the board in order."""

import uuid
from collections.abc import Iterable, Mapping

from wtforms import RadioField, SelectField
from wtforms.validators import Optional

from promises.catalogue.models import ProblemSource
from promises.catalogue.problem_queries import SimilarProblem
from promises.catalogue.problems import LONGEST_PROBLEM, LONGEST_SEGMENT
from promises.http.forms import Form, Line, Text, one_id, options
from promises.http.i18n import gettext
from promises.kernel.text import N_

SOURCES = {
    ProblemSource.STAFF: N_("Written down by staff"),
    ProblemSource.TICKET: N_("From a ticket"),
    ProblemSource.FEEDBACK: N_("From customers' answers"),
    ProblemSource.BREACHES: N_("A cause of breaches that keeps coming back"),
}


class PlaceFields(Form):
    """Where it hurts, whom, and in which service; all of it may stay open."""

    branch_id = SelectField(N_("Branch"), [Optional()], coerce=one_id)
    service_kind_id = SelectField(N_("Service"), [Optional()], coerce=one_id)

    def offer(self, branches: Mapping[uuid.UUID, str], kinds: Mapping[uuid.UUID, str]) -> None:
        self.branch_id.choices = options([("", gettext("All branches")), *branches.items()])
        self.service_kind_id.choices = options([("", gettext("All services")), *kinds.items()])


class ProblemForm(PlaceFields):
    text = Text(N_("What hurts the customer? One sentence is enough."), longest=LONGEST_PROBLEM)
    segment = Line(N_("Which customers"), longest=LONGEST_SEGMENT, required=False)


class HeardForm(PlaceFields):
    note = Line(N_("What you heard"), longest=LONGEST_PROBLEM, required=False)


class BoardForm(PlaceFields):
    """The filters of the board, in its address."""

    source = SelectField(N_("Where it comes from"), [Optional()])

    def offer(self, branches: Mapping[uuid.UUID, str], kinds: Mapping[uuid.UUID, str]) -> None:
        super().offer(branches, kinds)
        words = [(one.value, gettext(text)) for one, text in SOURCES.items()]
        self.source.choices = options([("", gettext("Everywhere")), *words])


class CloseForm(Form):
    reason = Text(N_("Why it is closed"), longest=LONGEST_PROBLEM)


class LinkForm(Form):
    """A known problem, or a new one in a sentence."""

    problem_id = RadioField(N_("Which problem is it?"), [Optional()], coerce=one_id)
    text = Text(N_("The problem in your words"), longest=LONGEST_PROBLEM, required=False)

    def offer(self, known: Iterable[tuple[uuid.UUID, str]]) -> None:
        self.problem_id.choices = options([*known, ("", gettext("A new problem"))])


def named(similar: Iterable[SimilarProblem]) -> list[tuple[uuid.UUID, str]]:
    return [(one.problem_id, one.text) for one in similar]
