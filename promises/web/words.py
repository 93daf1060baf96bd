"""Promises in the reader's words, for the pages of the staff."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from promises.catalogue.queries import PromiseInfo, scope_names
from promises.db.session import UnitOfWork
from promises.http.context import current
from promises.identity.queries import list_branches, list_service_kinds, service_name
from promises.kernel.money import Money
from promises.rules.explain import promise_details, promise_sentence
from promises.rules.terms import Terms
from promises.web.forms.terms import Scopes


@dataclass(frozen=True, slots=True)
class Told:
    """The sentence of the terms, what a customer may also want to know, and the inner rules."""

    sentence: str
    details: list[str]
    threshold: Money | None
    budget: Money | None


def tell(terms: Terms, names: Mapping[UUID, str], locale: str | None = None) -> Told:
    language = locale or current().locale
    return Told(
        promise_sentence(terms, language, names),
        promise_details(terms, language),
        _money(terms.approval_threshold_minor, terms.currency),
        _money(terms.budget_month_minor, terms.currency),
    )


def _money(amount_minor: int | None, currency: str) -> Money | None:
    return None if amount_minor is None else Money(amount_minor, currency)


def names_of(uow: UnitOfWork) -> dict[UUID, str]:
    return scope_names(uow.session, organisation_id=uow.organisation_id, locale=current().locale)


def scopes_of(uow: UnitOfWork) -> Scopes:
    """The open services and branches that a promise may name."""
    found = current()
    kinds = list_service_kinds(uow.session, organisation_id=uow.organisation_id)
    branches = list_branches(uow.session, organisation_id=uow.organisation_id)
    return Scopes(
        {kind.id: service_name(kind, found.locale) for kind in kinds},
        {branch.id: branch.name for branch in branches},
        found.organisation.currency,
    )


def title_of(info: PromiseInfo) -> str:
    return info.title(current().locale)
