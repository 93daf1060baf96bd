"""A document of general terms, opened: its format, its currency, and whose the other keys are."""

from promises.kernel.documents import Section
from promises.kernel.errors import FieldProblem
from promises.kernel.money import is_currency
from promises.kernel.text import N_
from promises.rules.guarantee.reading_terms import OPTIONAL, REQUIRED

FORMAT = 2
ORGANISATION = ("scope", "caps", "approval_threshold_minor", "budget_month_minor")
"""What the organisation sets around a guarantee; `rules.terms` reads it, as in format 1."""


def open_document(document: object, problems: list[FieldProblem]) -> Section:
    """The top of a document of format 2, its keys checked; problems are added to those given."""
    top = Section(
        document,
        problems,
        required=("format", "currency", *REQUIRED),
        optional=(*ORGANISATION, *OPTIONAL),
    )
    top.fixed("format", FORMAT)
    check_currency(top)
    return top


def check_currency(top: Section) -> None:
    if top.has("currency") and not is_currency(top.get("currency")):
        top.refuse("currency", N_("This must be a currency by its three letters, such as EUR."))
