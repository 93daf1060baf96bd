"""What one document of terms says differently from another: by place, in words where there are."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from promises.catalogue.draft_queries import template_of_version
from promises.catalogue.queries import Version
from promises.catalogue.templates.library import Blank, BlankKind, Template, template_of
from promises.db.session import UnitOfWork
from promises.http.context import current
from promises.http.i18n import gettext
from promises.kernel.documents import pointer_to
from promises.kernel.money import Money
from promises.kernel.text import N_, format_duration, format_money
from promises.rules.terms import dump_terms
from promises.web.forms.editor_words import LABELS, OPTIONS, UNITS
from promises.web.forms.terms import AFTER, BEFORE, BOUNDARIES, ENDS, MATTERS, PERIODS

NOTHING = N_("nothing")

_PLACES: dict[str, tuple[str, Any]] = {
    "/scope/ticket_kinds": (N_("For which matters"), MATTERS),
    "/scope/service_kinds": (N_("For which services"), None),
    "/scope/branches": (N_("In which branches"), None),
    "/measure/to": (N_("From the arrival until when"), ENDS),
    "/limit/seconds": (N_("Within how long"), "duration"),
    "/limit/boundary": (N_("The limit itself"), BOUNDARIES),
    "/leavers/before_limit": (N_("If the customer leaves before the limit"), BEFORE),
    "/leavers/after_limit": (N_("If the customer leaves after the limit"), AFTER),
    "/amount/amount_minor": (N_("What we pay if we break it"), "money"),
    "/caps/per_case_minor": (N_("At most for one case"), "money"),
    "/caps/per_customer/count": (N_("At most this many for one known customer"), None),
    "/caps/per_customer/period": (N_("That number is for"), PERIODS),
    "/caps/per_device_day": (N_("At most this many a day for one device"), None),
    "/caps/per_branch_day_anonymous": (
        N_("At most this many a day in a branch for customers not known to us"),
        None,
    ),
    "/approval_threshold_minor": (N_("A person approves amounts above"), "money"),
    "/budget_month_minor": (N_("Budget for a month"), "money"),
    "/currency": (N_("Currency"), None),
    "/time_zone": (N_("Time zone"), None),
}
_WHOLE = ("/scope/ticket_kinds", "/scope/service_kinds", "/scope/branches")


@dataclass(frozen=True, slots=True)
class Change:
    """`place` is the JSON pointer; `label` its name in words, the pointer where it has none."""

    place: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What is needed to say values in words."""

    locale: str
    currency: str
    template: Template | None
    names: Mapping[Any, str]


def changes(before: Mapping[str, Any], after: Mapping[str, Any], reading: Reading) -> list[Change]:
    """In the order of places. Blanks of the template with several places count once."""
    found: list[Change] = []
    blanks = _blanks(reading.template)
    told: set[str] = set()
    for place, old, new in differences(before, after):
        blank = blanks.get(place)
        if blank is not None and blank.name in told:
            continue
        if blank is not None and blank.kind is BlankKind.CHOICE:
            told.add(blank.name)
            old, new = blank.read(before) or old, blank.read(after) or new
        elif blank is not None:
            told.add(blank.name)
        label = gettext(LABELS[blank.label]) if blank else _label(place)
        words = [_words(place, blank, value, reading) for value in (old, new)]
        found.append(Change(place, label, *words))
    return found


def changes_of_versions(
    uow: UnitOfWork, versions: Sequence[Version], names: Mapping[Any, str]
) -> dict[uuid.UUID, list[Change]]:
    """By version what it says differently from the one before it; the first is missing."""
    ordered = sorted(versions, key=lambda one: one.number)
    found = {}
    for before, after in pairwise(ordered):
        slug = template_of_version(
            uow.session, organisation_id=uow.organisation_id, version_id=after.version_id
        )
        locale = current().locale
        reading = Reading(locale, after.terms.currency, template_of(slug), names)
        found[after.version_id] = changes(
            dump_terms(before.terms), dump_terms(after.terms), reading
        )
    return found


def differences(before: Any, after: Any, place: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(place, before, after) of each smallest part that differs; None stands for nothing there."""
    if before == after and type(before) is type(after):
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and place not in _WHOLE:
        for key in sorted({*before, *after}):
            inner = pointer_to(place, key)
            yield from differences(before.get(key), after.get(key), inner)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        if place in _WHOLE:
            yield place, before, after
            return
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, pointer_to(place, index))
    else:
        yield place, before, after


def _blanks(template: Template | None) -> dict[str, Blank]:
    found: dict[str, Blank] = {}
    for blank in template.blanks if template else ():
        places = [place for one in blank.options for place in one.sets]
        found |= dict.fromkeys((*blank.places, *places), blank)
    return found


def _label(place: str) -> str:
    known = _PLACES.get(place)
    return gettext(known[0]) if known else place


def _words(place: str, blank: Blank | None, value: Any, reading: Reading) -> str:
    if value is None:
        return gettext(NOTHING)
    if blank is not None:
        return _answer(blank, value, reading)
    kind = _PLACES.get(place, ("", None))[1]
    if kind == "money":
        return _money(value, reading)
    if kind == "duration":
        return format_duration(reading.locale, value)
    if isinstance(kind, Mapping):
        listed = value if isinstance(value, list) else [value]
        return ", ".join(gettext(kind[one]) if one in kind else str(one) for one in listed)
    return _plain(value, reading)


def _answer(blank: Blank, value: Any, reading: Reading) -> str:
    if blank.kind is BlankKind.MONEY and type(value) is int:
        return _money(value, reading)
    if blank.kind is BlankKind.CHOICE:
        return gettext(OPTIONS[value]) if value in OPTIONS else _plain(value, reading)
    words = _plain(value, reading)
    return f"{words} {gettext(UNITS[blank.unit])}" if blank.unit in UNITS else words


def _money(amount_minor: int, reading: Reading) -> str:
    return format_money(reading.locale, Money(amount_minor, reading.currency), trim=True)


def _plain(value: Any, reading: Reading) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(one, reading) for one in value)
    if isinstance(value, Mapping):
        return str(dict(value))
    names = {str(key): name for key, name in reading.names.items()}
    return names.get(str(value), str(value))
