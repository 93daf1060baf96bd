"""What the promises of a matter ask for, as forms: which facts, what is known, who said so."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from promises.breaches.models import CommitmentState
from promises.db.session import UnitOfWork
from promises.desk.attributes import OWN_NAMES
from promises.desk.facts import load_cases
from promises.desk.matters import Statement
from promises.desk.views import TicketView, TimelineEvent
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, may
from promises.kernel.text import format_datetime
from promises.reporting.ticket_panels import TicketPanel
from promises.rules.guarantee.clauses import FactSpec, Guarantee
from promises.rules.guarantee.naming import name_step, shown_name
from promises.rules.guarantee.vocabulary import FactType
from promises.rules.guarantee.wordlists import listed_words
from promises.rules.terms import GuaranteeTerms
from promises.web.forms.matter_facts import Asked, FactsForm, facts_form, filled
from promises.web.ticket_timeline import SOURCES

_OF_OCCURRENCES = frozenset({"period_start", "word_at"})
_OTHER = "other"
_STANDING = frozenset({CommitmentState.OPEN, CommitmentState.BROKEN})


@dataclass(frozen=True, slots=True)
class SaidSoFar:
    """The events of a matter, what they say by event, and the names of who may be named."""

    events: Sequence[TimelineEvent]
    said: Mapping[uuid.UUID, Statement]
    names: Mapping[uuid.UUID, str]


@dataclass(frozen=True, slots=True)
class Asking:
    """The form of one promise. `elsewhere`: the facts, in words, that are too long to type.
    `settled`: nothing is open any more, so that only a correction is left."""

    version_id: uuid.UUID
    form: FactsForm
    elsewhere: tuple[str, ...]
    settled: bool


def asking_forms(
    uow: UnitOfWork,
    ticket: TicketView,
    panels: Sequence[TicketPanel],
    so_far: SaidSoFar,
    wrong: tuple[uuid.UUID, FactsForm] | None = None,
) -> dict[uuid.UUID, Asking]:
    """By version, in the order of the page; `wrong` takes the place of its version's form."""
    general = [one for one in panels if isinstance(one.terms, GuaranteeTerms)]
    if not general or not may(Permission.DESK):
        return {}
    known = known_facts(uow, ticket, so_far)
    found: dict[uuid.UUID, Asking] = {}
    for panel in general:
        if panel.reason == "annulled" or not isinstance(panel.terms, GuaranteeTerms):
            continue
        asked = asked_by(panel.terms, known)
        before = found.get(panel.version_id)
        settled = panel.state not in _STANDING and (before is None or before.settled)
        if not asked:
            continue
        form = empty_form(panel.version_id, panel.terms, asked, ticket.time_zone)
        if wrong is not None and wrong[0] == panel.version_id:
            form, settled = wrong[1], False
        elsewhere = tuple(one.label for one in asked if not one.typed)
        found[panel.version_id] = Asking(panel.version_id, form, elsewhere, settled)
    return found


Known = Mapping[str, tuple[object, str]]
"""What is known by name: the value, as JSON, and when and by whom it was said, in words."""


def asked_by(terms: GuaranteeTerms, known: Known) -> list[Asked]:
    """The facts that the terms declare and that no event of the chain says."""
    guarantee = terms.guarantee
    return [
        _asked(guarantee, name, spec, known.get(name, (None, "")))
        for name, spec in guarantee.facts.items()
        if name not in OWN_NAMES
        and not (guarantee.recurrence is not None and name in _OF_OCCURRENCES)
    ]


def _asked(terms: Guarantee, name: str, spec: FactSpec, known: tuple[object, str]) -> Asked:
    value, said = known
    return Asked(
        name=name,
        label=_words(terms, name),
        type=spec.type,
        words=tuple(_choices(terms, name, spec, value)),
        money=spec.type is FactType.NUMBER and name.endswith("_minor"),
        missing=spec.when_missing,
        value=value,
        said=said if value is not None else None,
    )


def _words(terms: Guarantee, name: str) -> str:
    shown = shown_name(locale(), name_step(terms, name))
    return shown[:1].upper() + shown[1:]


def _choices(
    terms: Guarantee, name: str, spec: FactSpec, value: object
) -> Iterator[tuple[str, str]]:
    """The words that the terms list, what was said besides, and that it is none of them."""
    listed = listed_words(terms, name)
    if spec.type not in (FactType.TEXT, FactType.INTERVALS) or not listed:
        return
    yield from ((word, _words(terms, word)) for word in listed)
    said = _said_words(spec.type, value) - {*listed, _OTHER}
    yield from ((word, word) for word in sorted(said))
    if _OTHER not in listed:
        yield _OTHER, gettext("None of these")


def _said_words(kind: FactType, value: object) -> set[str]:
    if kind is FactType.TEXT:
        return {value} if isinstance(value, str) else set()
    rows = value if isinstance(value, list) else []
    return {one[2] for one in rows if isinstance(one, list) and len(one) == 3 and one[2]}


def empty_form(
    version_id: uuid.UUID, terms: GuaranteeTerms, asked: Sequence[Asked], zone: str
) -> FactsForm:
    """The form as it stands before anybody types."""
    made = facts_form(asked, zone, terms.currency)
    form = made(formdata=None, prefix=prefix_of(version_id), data=filled(made))
    form.prepare()
    return form


def prefix_of(version_id: uuid.UUID) -> str:
    """Several promises ask on one page: each has fields of its own."""
    return f"p{version_id.hex[-12:]}"


def known_facts(uow: UnitOfWork, ticket: TicketView, so_far: SaidSoFar) -> Known:
    """With the matter first, then by its events, of each fact the last that stands."""
    cases: Any = load_cases(
        uow.session, organisation_id=uow.organisation_id, ticket_ids=[ticket.ticket_id]
    )
    given = cases[ticket.ticket_id].attributes or {}
    first = gettext("Known since it came in.")
    found: dict[str, tuple[object, str]] = {name: (value, first) for name, value in given.items()}
    for event in so_far.events:
        said = so_far.said.get(event.event_id)
        if said is None or not said.attributes or event.undone:
            continue
        by = so_far.names.get(event.actor_id) if event.actor_id else None
        words = gettext(
            "Said %(time)s · %(who)s",
            time=format_datetime(locale(), event.recorded_at, ticket.time_zone),
            who=by or gettext(SOURCES[event.source]),
        )
        found |= {name: (value, words) for name, value in said.attributes.items()}
    return found
