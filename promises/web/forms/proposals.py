"""Proposing a promise and talking about it."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, SelectField
from wtforms.validators import Optional

from promises.catalogue.proposal_queries import ProblemRow
from promises.catalogue.proposal_talk import LONGEST_COMMENT
from promises.catalogue.templates.library import Template, template_of
from promises.catalogue.templates.places import put
from promises.http.context import current
from promises.http.forms import Form, Line, Text, one_id, options
from promises.http.i18n import gettext
from promises.kernel.errors import DomainError, FieldProblem, Refused
from promises.kernel.text import N_
from promises.rules.terms import Terms, parse_terms
from promises.web.forms.terms import UNITS, BlanksForm, Scopes, ticks

SENTENCES = (
    "served-15-minutes",
    "teller-5-minutes",
    "complaint-2-business-days",
    "weekly-word",
    "written-answer-10-working-days",
)
"""Templates whose sentence has two blanks, a limit and an amount, and whose facts every desk
collects."""

LONGEST_SHOWN_PROBLEM = 90
_BLANK = "__"
_MORE = ("title", "unit", "services", "branches", "further_problems", "needs", "credit")


class ProposalForm(BlanksForm):
    """A sentence with two blanks, and how to keep it; everything else may be left."""

    matter = None
    until = None
    problem_id = SelectField(
        N_("Which customer problem does it answer?"), coerce=one_id, validators=[Optional()]
    )
    problem_text = Text(N_("The problem in your words"), longest=1000, required=False)
    sentence = RadioField(N_("What do we promise?"), default=SENTENCES[0])
    title = Line(N_("The promise in your own words"), longest=160, required=False)
    way_of_working = Text(N_("The way of working that keeps it"))
    further_problems = ticks(N_("Which other problems does it answer?"))
    needs = Text(N_("What you need to keep it"), required=False)
    credit = BooleanField(N_("My name may stand beside the promise, for our staff"))
    similar_seen = HiddenField()

    def offer_all(self, scopes: Scopes, problems: Iterable[ProblemRow]) -> None:
        """The choices; without the script the similar ones are shown once."""
        self.services.choices = options(scopes.services.items())
        self.branches.choices = options(scopes.branches.items())
        self.unit.choices = options((size, gettext(text)) for size, text in UNITS.items())
        self.sentence.choices = options((slug, blanked(slug)) for slug in SENTENCES)
        known = [(one.problem_id, _short(one.text)) for one in problems]
        self.problem_id.choices = options([("", gettext("A new problem")), *known])
        self.further_problems.choices = options(known)

    @property
    def template(self) -> Template:
        found = template_of(self.sentence.data)
        assert found is not None  # noqa: S101 -- one of the choices
        return found

    def more_open(self) -> bool:
        """Whether something stands or is wrong among what may be left."""
        filled = [name for name in _MORE if name not in ("unit", "branches") and self[name].data]
        return bool(filled) or self.unit.data != 60 or any(self[name].errors for name in _MORE)

    def document(self, currency: str) -> dict[str, Any]:
        terms = self.template.start(currency, current().organisation.time_zone)
        terms["scope"] = terms["scope"] | {
            "service_kinds": [str(one) for one in self.services.data] or None,
            "branches": [str(one) for one in self.branches.data] or None,
        }
        if terms["format"] == 1:
            terms["limit"]["seconds"] = self.limit.data * self.unit.data
            terms["amount"]["amount_minor"] = self.amount.data
            return terms
        answers = {"limit": self.limit.data, "amount": self.amount.data}
        for blank in self.template.blanks:
            if blank.name in answers:
                for place in blank.places:
                    put(terms, place, answers[blank.name])
        return terms

    def any_terms(self, currency: str) -> Terms:
        """Raises TermsRefused."""
        return parse_terms(self.document(currency))

    def sentence_of(self, terms: Terms) -> str:
        """The author's own words, or those of the template with the blanks filled in."""
        own: str = self.title.data or ""
        return own or self.template.suggested(self.document(terms.currency))[current().locale]

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        blank = next((one for one in self.template_blanks() if one.name == "limit"), None)
        if (
            fine
            and blank is not None
            and not int(blank.least) <= (self.limit.data or 0) <= int(blank.most)
        ):
            words = N_("Give a number between %(min)s and %(max)s.")
            self.limit.errors = [gettext(words, min=blank.least, max=blank.most)]
            fine = False
        return fine

    def template_blanks(self) -> tuple[Any, ...]:
        found = template_of(self.sentence.data)
        return found.blanks if found is not None else ()

    def refuse(self, error: DomainError) -> None:
        """What general terms refuse by its place stands at the blank that wrote it there."""
        if isinstance(error, Refused):
            names = {
                place: blank.name
                for blank in self.template_blanks()
                for place in blank.places
                if blank.name in ("limit", "amount")
            }
            error.problems = tuple(
                dataclasses.replace(one, field=names.get(one.field, one.field))
                if isinstance(one, FieldProblem)
                else one
                for one in error.problems
            )
        super().refuse(error)


def blanked(slug: str) -> str:
    """The sentence of a template with its blanks open, in the reader's language."""
    found = template_of(slug)
    assert found is not None  # noqa: S101 -- one of SENTENCES
    currency = current().organisation.currency
    title = found.titles[current().locale]
    said = title.format_map({"limit": _BLANK, "amount": f"{_BLANK} {currency}"})
    if "{amount}" not in title:
        said = gettext("%(sentence)s, or %(amount)s", sentence=said, amount=f"{_BLANK} {currency}")
    return said


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_SHOWN_PROBLEM else f"{line[:LONGEST_SHOWN_PROBLEM]}…"


class CommentForm(Form):
    text = Text(N_("Your comment"), longest=LONGEST_COMMENT)


class AnswerForm(Form):
    answer = Text(N_("Your answer"), longest=2000)

    def refuse(self, error: DomainError) -> None:
        if isinstance(error, Refused):
            error.problems = tuple(
                dataclasses.replace(one, field="answer") for one in error.problems
            )
        super().refuse(error)


class BoardForm(Form):
    """How the board is narrowed and sorted; in the address."""

    words = Line(N_("Search"), longest=100, required=False)
    order = SelectField(N_("Sorted by"), default="newest")

    def offer(self) -> None:
        self.order.choices = options((key, gettext(text)) for key, text in ORDERS.items())


ORDERS = {
    "newest": N_("Newest first"),
    "supported": N_("Most supported first"),
    "waiting": N_("Decision due first"),
}
