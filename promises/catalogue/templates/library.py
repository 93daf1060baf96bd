"""The twenty templates: each a real guarantee, with its source and the blanks that a manager fills.

A template is a JSON file beside this module. Its `terms` are whole and parse as they stand; a blank
names the places in them that one answer is written to. Words that a manager or a customer reads as
they are stand in all languages.
"""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from promises.catalogue.templates.places import NoSuchPlace, put, value_at
from promises.kernel.money import Money, minor_digits
from promises.kernel.text import format_count, format_money

FILES = Path(__file__).parent / "library"
_AMOUNT = "/amount/amount_minor"
_OWN = (
    "currency", "time_zone", "scope", "caps", "approval_threshold_minor", "budget_month_minor",
    "labels",
)  # fmt: skip
_WRITTEN_DIGITS = 2
"""Amounts in the files have cents; another currency may have fewer or more."""


class BlankKind(StrEnum):
    NUMBER = "number"
    MONEY = "money"
    CHOICE = "choice"
    CALENDAR = "calendar"
    CLOCK = "clock"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to a choice: what stands where when it is chosen; None takes the place out."""

    name: str
    sets: Mapping[str, Any]

    def holds(self, terms: Mapping[str, Any]) -> bool:
        return all(value_at(terms, place) == value for place, value in self.sets.items())


@dataclass(frozen=True, slots=True)
class Blank:
    """`label` names the question in words. `main`: among the few that matter most. A number with
    `decimals` stands in the terms as text."""

    name: str
    kind: BlankKind
    label: str
    main: bool
    places: tuple[str, ...]
    unit: str = ""
    least: str = "1"
    most: str = "1"
    decimals: int = 0
    options: tuple[Option, ...] = ()

    def read(self, terms: Mapping[str, Any]) -> Any:
        """The answer that the terms give, of a choice the option's name. None where an expert has
        changed them so that no option holds. Raises NoSuchPlace where the place is gone."""
        if self.kind is BlankKind.CHOICE:
            return next((one.name for one in self.options if one.holds(terms)), None)
        return value_at(terms, self.places[0])

    def write(self, terms: dict[str, Any], answer: Any) -> None:
        if self.kind is BlankKind.CHOICE:
            for one in self.options:
                if one.name == answer:
                    for place, value in one.sets.items():
                        put(terms, place, deepcopy(value))
            return
        for place in self.places:
            put(terms, place, answer)

    def fits(self, terms: Mapping[str, Any]) -> bool:
        """Whether the places of the blank are still there, and one answer for all of them."""
        try:
            if self.kind is BlankKind.CHOICE:
                return self.read(terms) is not None
            found = [value_at(terms, place) for place in self.places]
            return all(one == found[0] for one in found) and self._fillable(found[0])
        except NoSuchPlace:
            return False

    def _fillable(self, value: Any) -> bool:
        """Whether a field can show it; an expert may have put a whole rule there."""
        if self.kind is BlankKind.DAYS:
            return isinstance(value, list | None)
        if self.kind in (BlankKind.CALENDAR, BlankKind.CLOCK):
            return isinstance(value, str | None)
        return type(value) is int or (isinstance(value, str) and self.decimals > 0)


@dataclass(frozen=True, slots=True)
class Source:
    """Who makes this promise, and where. `note`: `told` and `pledge` where no text of the scheme
    is published."""

    name: str
    publisher: str
    where: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """`titles` may hold the names of blanks in braces, for their answers. `stated` names the
    questions that this promise answers by itself."""

    slug: str
    order: int
    titles: Mapping[str, str]
    answers: Mapping[str, str]
    way_of_working: Mapping[str, str]
    source: Source
    blanks: tuple[Blank, ...]
    stated: tuple[str, ...]
    terms: Mapping[str, Any]

    def start(self, currency: str, zone: str) -> dict[str, Any]:
        """Terms of an organisation's own to change, in its currency and on its clocks."""
        terms: dict[str, Any] = deepcopy(dict(self.terms))
        terms["currency"] = currency
        if "time_zone" in terms:
            terms["time_zone"] = zone
        for place in self._money_places():
            put(terms, place, _in_minor_units(value_at(terms, place), currency))
        return terms

    def speaks_for(self, terms: Mapping[str, Any]) -> bool:
        """Whether the terms differ from the template in answers alone; else what it states of
        itself may no longer be true."""
        mine: dict[str, Any] = deepcopy(dict(self.terms))
        if mine["format"] == 1 or terms["format"] == 1:
            return bool(mine["format"] == terms["format"])
        if not all(blank.fits(terms) for blank in self.blanks):
            return False
        for blank in self.blanks:
            blank.write(mine, blank.read(terms))
        return _without_own(mine) == _without_own(terms)

    def suggested(self, terms: Mapping[str, Any]) -> dict[str, str]:
        """The titles in all languages, as these terms fill them."""
        return {
            locale: title.format_map(_Answers(self, terms, locale))
            for locale, title in self.titles.items()
        }

    def answer(self, name: str, terms: Mapping[str, Any]) -> Any:
        """What the terms say in that blank: a number, or Money. None where it is gone."""
        if self.terms["format"] == 1:
            seconds, amount = value_at(terms, "/limit/seconds"), value_at(terms, _AMOUNT)
            if name == "limit":
                return Decimal(seconds) / 60
            return Money(amount, terms["currency"])
        blank = next((one for one in self.blanks if one.name == name and one.fits(terms)), None)
        if blank is None:
            return None
        value = blank.read(terms)
        return Money(value, terms["currency"]) if blank.kind is BlankKind.MONEY else Decimal(value)

    def _money_places(self) -> list[str]:
        if self.terms["format"] == 1:
            return [_AMOUNT]
        return [p for one in self.blanks if one.kind is BlankKind.MONEY for p in one.places]

    def matches(self, words: str, locale: str) -> bool:
        """Whether all words stand in what a reader sees of it."""
        title = self.suggested(self.terms)[locale]
        seen = (title, self.answers[locale], self.source.name, self.source.publisher)
        text = " ".join((*seen, self.source.where)).casefold()
        return all(word in text for word in words.casefold().split())


def _without_own(terms: Mapping[str, Any]) -> dict[str, Any]:
    """The terms without what is the organisation's."""
    return {key: value for key, value in terms.items() if key not in _OWN}


class _Answers(dict[str, str]):
    """The answers of a template's blanks in words, by name."""

    def __init__(self, template: Template, terms: Mapping[str, Any], locale: str) -> None:
        super().__init__()
        self._template, self._terms, self._locale = template, terms, locale

    def __missing__(self, name: str) -> str:
        answer = self._template.answer(name, self._terms)
        if isinstance(answer, Money):
            return format_money(self._locale, answer, trim=True)
        return "…" if answer is None else format_count(self._locale, answer)


def _in_minor_units(cents: int, currency: str) -> int:
    digits = minor_digits(currency) - _WRITTEN_DIGITS
    scale: int = 10 ** abs(digits)
    return cents * scale if digits >= 0 else max(cents // scale, 1)


@cache
def templates() -> tuple[Template, ...]:
    """All of them, in the order in which they are shown."""
    found = [_read(path) for path in FILES.glob("*.json")]
    return tuple(sorted(found, key=lambda one: one.order))


def template_of(slug: str | None) -> Template | None:
    return next((one for one in templates() if one.slug == slug), None)


def _read(path: Path) -> Template:
    given = json.loads(path.read_text(encoding="utf-8"))
    return Template(
        slug=path.stem,
        order=given["order"],
        titles=given["titles"],
        answers=given["answers"],
        way_of_working=given["way"],
        source=Source(**given["source"]),
        blanks=tuple(_blank(one) for one in given["blanks"]),
        stated=tuple(given["stated"]),
        terms=given["terms"],
    )


def _blank(given: Mapping[str, Any]) -> Blank:
    return Blank(
        name=given["name"],
        kind=BlankKind(given["kind"]),
        label=given.get("label", given["name"]),
        main=given["main"],
        places=tuple(given.get("at", ())),
        unit=given.get("unit", ""),
        least=str(given.get("least", 1)),
        most=str(given.get("most", 1)),
        decimals=given.get("decimals", 0),
        options=tuple(Option(one["name"], one["set"]) for one in given.get("options", ())),
    )
