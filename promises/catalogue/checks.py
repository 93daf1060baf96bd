"""Checking what people wrote, so that all problems come back at once and nothing is stored."""

import unicodedata
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from promises.catalogue.errors import DraftRefused
from promises.identity.calendars import BRANCH, calendar_names
from promises.identity.models import Branch, Organisation, ServiceKind
from promises.kernel.errors import FieldProblem
from promises.kernel.text import LOCALES, N_
from promises.rules.terms import GuaranteeTerms, Terms

LONGEST_TITLE = 160
LONGEST_TEXT = 4000
LONGEST_REASON = 300
_LINES = "\n\t"


def tidy(text: str) -> str:
    """One kind of line end, no blanks around."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _printable(text: str) -> bool:
    return not any(unicodedata.category(c) in ("Cc", "Cs") and c not in _LINES for c in text)


@dataclass(slots=True)
class Check:
    """Collects problems by field; `done` raises DraftRefused where there are any."""

    problems: list[FieldProblem] = field(default_factory=list)

    def refuse(self, name: str, message: str, **params: object) -> None:
        self.problems.append(FieldProblem(name, message, params))

    def text(
        self, name: str, value: str, *, longest: int = LONGEST_TEXT, needed: bool = True
    ) -> None:
        if needed and not value:
            self.refuse(name, N_("This is missing."))
        elif len(value) > longest:
            self.refuse(name, N_("Keep this to %(most)s characters."), most=longest)
        elif not _printable(value):
            self.refuse(name, N_("This holds characters that cannot be printed."))

    def titles(self, titles: Mapping[str, str]) -> None:
        if not titles:
            self.refuse("titles", N_("This is missing."))
        for locale, title in titles.items():
            if locale not in LOCALES:
                self.refuse("titles", N_("There is no field of this name."))
            self.text(f"titles.{locale}", title, longest=LONGEST_TITLE)

    def reasons(self, name: str, reasons: Mapping[str, str]) -> None:
        """Public reasons by language, in at least one."""
        if not reasons:
            self.refuse(name, N_("This is missing."))
        for locale, text in reasons.items():
            if locale not in LOCALES:
                self.refuse(name, N_("There is no field of this name."))
            self.text(f"{name}.{locale}", text, longest=LONGEST_REASON)

    def done(self) -> None:
        if self.problems:
            raise DraftRefused(self.problems)


def calendars_of(terms: Terms) -> frozenset[str]:
    """The names of the calendars by which the terms count."""
    return terms.guarantee.calendars if isinstance(terms, GuaranteeTerms) else frozenset()


def check_terms(session: Session, organisation_id: uuid.UUID, terms: Terms, check: Check) -> None:
    """The terms pay in the organisation's currency, to branches and services that it has, and
    count by calendars that it keeps."""
    organisation = session.get(Organisation, organisation_id)
    if organisation is None or organisation.currency != terms.currency:
        check.refuse("currency", N_("A promise pays in the currency of its organisation."))
    for name, model, ids in (
        ("branches", Branch, terms.scope.branches),
        ("service_kinds", ServiceKind, terms.scope.service_kinds),
    ):
        if ids is not None and not _all_known(session, organisation_id, model, ids):
            check.refuse(name, N_("Some of these do not exist."))
    wanted = calendars_of(terms) - {BRANCH}
    if wanted:
        known = {one.slug for one in calendar_names(session, organisation_id)}
        for one in sorted(wanted - known):
            check.refuse("calendars", N_("You keep no calendar called %(calendar)s."), calendar=one)


def _all_known(
    session: Session,
    organisation_id: uuid.UUID,
    model: type[Branch] | type[ServiceKind],
    wanted: Collection[uuid.UUID],
) -> bool:
    known = select(func.count()).where(
        model.organisation_id == organisation_id, model.id.in_(wanted)
    )
    return session.scalar(known) == len(wanted)
