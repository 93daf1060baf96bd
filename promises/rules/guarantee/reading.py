"""Reading parts from JSON: each problem is named by its place and in words, none guessed away.

Every part is an object with one operator, a number or a name. What may stand under each operator is
in the tables of `reading_numbers`, `reading_instants` and `reading_conditions`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, time
from difflib import get_close_matches
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from promises.kernel.documents import Section, pointer_to
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_
from promises.rules.guarantee.clauses import FactSpec
from promises.rules.guarantee.conditions import Always
from promises.rules.guarantee.facts import Unreadable, read_date, read_number
from promises.rules.guarantee.instants import Now
from promises.rules.guarantee.numbers import Literal
from promises.rules.guarantee.vocabulary import Condition, FactType, Instant, Number

DEEPEST = 40
MOST_PARTS = 3000
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
CALENDAR = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_OF_DEADLINES = frozenset({"from", "add", "unit"})
RESERVED = frozenset({"now"})
INTERVAL_FIELDS = frozenset({"start", "end", "reason", "seconds", "minutes", "hours"})
"""What an interval is asked for, where it is looked at as a record."""

Choice = TypeVar("Choice", bound=StrEnum)
Read = Callable[["Reader", Any, str], Any]

_NO_NUMBER: Number = Literal(Fraction(0))
_NO_INSTANT: Instant = Now()
_NO_CONDITION: Condition = Always(False)


@dataclass
class Names:
    """What the document declares, so that every name in it can be looked up."""

    facts: dict[str, FactSpec] = field(default_factory=dict)
    values: frozenset[str] = frozenset()
    deadlines: frozenset[str] = frozenset()
    measures: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()


class Reader:
    """Reads parts; problems gather in `problems`, calendars that are named in `calendars`."""

    def __init__(
        self,
        names: Names,
        numbers: Mapping[str, Read],
        instants: Mapping[str, Read],
        conditions: Mapping[str, Read],
    ) -> None:
        self.names = names
        self.problems: list[FieldProblem] = []
        self.calendars: set[str] = set()
        self.in_record = False
        self.fields: frozenset[str] | None = None
        self._numbers, self._instants, self._conditions = numbers, instants, conditions
        self._parts = 0
        self._depth = 0

    def refuse(self, pointer: str, message: str, **params: object) -> None:
        self.problems.append(FieldProblem(pointer, message, params))

    # --- the three kinds of parts ----------------------------------------------------------

    def number(self, value: object, pointer: str) -> Number:
        """A whole number, a decimal as text, or an object with one operator."""
        if isinstance(value, Mapping):
            found: Number | None = self._operator(value, pointer, self._numbers)
            return _NO_NUMBER if found is None else found
        try:
            return Literal(read_number(value))
        except Unreadable:
            self._no_number(value, pointer)
            return _NO_NUMBER

    def _no_number(self, value: object, pointer: str) -> None:
        if isinstance(value, float):
            self.refuse(pointer, N_('Write a decimal as text, such as "12.5".'))
        elif isinstance(value, str) and value in self.names.facts:
            text = N_('A fact is written as {"fact": "%(name)s"} here.')
            self.refuse(pointer, text, name=value)
        elif isinstance(value, str) and value in self.names.measures:
            text = N_('A measure is written as {"measure": "%(name)s"}.')
            self.refuse(pointer, text, name=value)
        else:
            self.refuse(pointer, N_("This must be a number, or an object with one operator."))

    def instant(self, value: object, pointer: str) -> Instant:
        """The name of a fact or a deadline, `now`, or an object with one operator."""
        if isinstance(value, str):
            found = self._instants["fact"](self, value, pointer)
        elif isinstance(value, Mapping) and not value.keys().isdisjoint(_OF_DEADLINES):
            found = self._instants["deadline"](self, value, pointer)
        else:
            found = self._operator(value, pointer, self._instants)
        return found if isinstance(found, Instant) else _NO_INSTANT

    def condition(self, value: object, pointer: str) -> Condition:
        if isinstance(value, bool):
            return Always(value)
        if isinstance(value, str) and value in self.names.facts:
            text = N_('A boolean fact is written as {"true": "%(name)s"} here.')
            self.refuse(pointer, text, name=value)
            return _NO_CONDITION
        found: Condition | None = self._operator(value, pointer, self._conditions)
        return _NO_CONDITION if found is None else found

    def _operator(self, value: object, pointer: str, known: Mapping[str, Read]) -> Any:
        self._parts += 1
        if self._parts > MOST_PARTS or self._depth > DEEPEST:
            self.refuse(pointer, N_("These terms have more parts than anybody can read."))
            return None
        if isinstance(value, Mapping) and len(value) > 1:
            text = N_("Only one operator belongs in an object; these are several: %(names)s.")
            self.refuse(pointer, text, names=", ".join(map(str, value)))
            return None
        if not isinstance(value, Mapping) or not value:
            self.refuse(pointer, N_("This must be an object with one operator."))
            return None
        operator, body = next(iter(value.items()))
        read = known.get(operator) if isinstance(operator, str) else None
        if read is None:
            self._no_operator(operator, pointer_to(pointer, operator), sorted(known))
            return None
        self._depth += 1
        try:
            return read(self, body, pointer_to(pointer, operator))
        finally:
            self._depth -= 1

    def _no_operator(self, operator: object, pointer: str, known: list[str]) -> None:
        near = nearest(operator, known)
        if near is not None:
            text = N_("There is no operator of this name here. Do you mean %(nearest)s?")
            self.refuse(pointer, text, nearest=near)
            return
        text = N_("There is no operator of this name here. There are: %(allowed)s.")
        self.refuse(pointer, text, allowed=", ".join(known))

    def unknown(self, message: str, value: object, pointer: str, known: Iterable[str]) -> None:
        """A name that nothing has: said with the nearest one that there is."""
        near = nearest(value, known)
        if near is None:
            self.refuse(pointer, message)
        else:
            text = N_("There is nothing of this name. Do you mean %(nearest)s?")
            self.refuse(pointer, text, nearest=near)

    # --- what operators are made of ---------------------------------------------------------

    def section(
        self,
        value: object,
        pointer: str,
        required: tuple[str, ...] = (),
        optional: tuple[str, ...] = (),
    ) -> Section:
        return Section(value, self.problems, required=required, optional=optional, pointer=pointer)

    def entries(self, value: object, pointer: str, least: int = 1) -> Iterator[tuple[Any, str]]:
        """The entries of a list with their places; a problem where it is none, or too short."""
        if not isinstance(value, list | tuple):
            self.refuse(pointer, N_("This must be a list."))
            return
        if len(value) < least:
            self.refuse(pointer, N_("This list must have at least %(least)s entries."), least=least)
        for index, entry in enumerate(value):
            yield entry, pointer_to(pointer, index)

    def numbers(self, value: object, pointer: str, least: int = 2) -> tuple[Number, ...]:
        return tuple(self.number(one, place) for one, place in self.entries(value, pointer, least))

    def literal(self, value: object, pointer: str) -> Fraction:
        try:
            return read_number(value)
        except Unreadable as error:
            self.refuse(pointer, str(error))
            return Fraction(0)

    def whole(self, value: object, pointer: str, least: int = 0, most: int = 100_000) -> int:
        if type(value) is not int or not least <= value <= most:
            text = N_("This must be a whole number from %(least)s to %(most)s.")
            self.refuse(pointer, text, least=least, most=most)
            return least
        return value

    def pick(self, section: Section, key: str, choices: type[Choice], default: Choice) -> Choice:
        """One of the words; the default where the key is left out."""
        return section.choice(key, choices) if section.get(key) is not None else default

    def fact(self, value: object, pointer: str, *types: FactType) -> str:
        """The name of a declared fact of one of these types. Inside a list of records any name is
        a field of the record."""
        if not isinstance(value, str):
            self.refuse(pointer, N_("This must be the name of a fact."))
            return ""
        spec = self.names.facts.get(value)
        if spec is None and self.in_record:
            self.field(value, pointer)
        elif spec is None:
            text = N_("There is no fact of this name among `facts`.")
            self.unknown(text, value, pointer, self.names.facts)
        elif types and spec.type not in types:
            allowed = ", ".join(types)
            text = N_("The fact %(fact)s is of another type; this must be one of: %(allowed)s.")
            self.refuse(pointer, text, fact=value, allowed=allowed)
        return value

    def optional_fact(self, section: Section, key: str, *types: FactType) -> str | None:
        value = section.get(key)
        return None if value is None else self.fact(value, pointer_to(section.pointer, key), *types)

    def calendar(self, section: Section, key: str = "calendar") -> str | None:
        value = section.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not CALENDAR.fullmatch(value):
            section.refuse(key, N_("This must be the name of a calendar."))
            return None
        self.calendars.add(value)
        return value

    def clock(self, value: object, pointer: str, *, end: bool = False) -> time:
        """A time of day. Where something ends, 24:00 is the midnight at the end of the day."""
        if end and value == "24:00":
            return time()
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            self.refuse(pointer, N_("This must be a time of day such as 16:00."))
            return time()
        return time(int(match[1]), int(match[2]))

    def yes(self, section: Section, key: str, default: bool) -> bool:
        value = section.get(key)
        if value is None:
            return default
        if type(value) is not bool:
            section.refuse(key, N_("This must be true or false."))
        return value is True

    @contextmanager
    def record(self, fact: str) -> Iterator[None]:
        """Inside, names may be fields of the entries of that list."""
        before, self.in_record = self.in_record, True
        outer, self.fields = self.fields, self._fields_of(fact)
        yield
        self.in_record, self.fields = before, outer

    def _fields_of(self, fact: str) -> frozenset[str] | None:
        """None where an entry may have any field."""
        spec = self.names.facts.get(fact)
        if spec is None or spec.type is FactType.RECORDS:
            return None if spec is None or spec.fields is None else frozenset(spec.fields)
        return INTERVAL_FIELDS if spec.type is FactType.INTERVALS else frozenset({"value"})

    def field(self, value: object, pointer: str) -> str:
        """The name of a field of the entry that is looked at."""
        if not self.in_record or not isinstance(value, str):
            self.refuse(pointer, N_("A field belongs inside `count` or `total` of a list."))
            return ""
        if not NAME.fullmatch(value) or (self.fields is not None and value not in self.fields):
            allowed = ", ".join(sorted(self.fields or ()))
            text = N_(
                "The entries of this list have no field of this name. They have: %(allowed)s."
            )
            self.refuse(pointer, text, allowed=allowed)
        return value


def nearest(value: object, known: Iterable[str]) -> str | None:
    """The name that somebody who wrote this most likely meant."""
    found = get_close_matches(value, list(known), 1) if isinstance(value, str) else []
    return found[0] if found else None


def below(section: Section, key: str) -> str:
    """The place of a key of a section."""
    return pointer_to(section.pointer, key)


def names_of(value: object) -> frozenset[str]:
    """The keys of an object, as far as they can be names."""
    if not isinstance(value, Mapping):
        return frozenset()
    return frozenset(key for key in value if isinstance(key, str))


def texts(reader: Reader, value: object, pointer: str) -> Sequence[str]:
    found = []
    for entry, place in reader.entries(value, pointer):
        if isinstance(entry, str):
            found.append(entry)
        else:
            reader.refuse(place, N_("This must be a text."))
    return found


def read_day_of(section: Section, key: str) -> date | None:
    """A local date, or None where the side is open."""
    value = section.get(key)
    if value is None:
        return None
    try:
        return read_date(value)
    except Unreadable as error:
        section.refuse(key, str(error))
        return None


def follows(last: date | None, first: date | None) -> bool:
    """Whether a row that begins then comes after one that ends then."""
    return last is not None and first is not None and first > last
