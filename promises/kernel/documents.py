"""Strict reading of JSON documents: each problem is named by its JSON pointer, none guessed away.

A reader that meets a problem notes it and hands back a harmless value of the right type, so that
one pass finds all problems; the caller raises before it uses anything.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_

_LONGEST_SHOWN_KEY = 60
_LONGEST_LIST = 500
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

Choice = TypeVar("Choice", bound=StrEnum)
Item = TypeVar("Item")


def pointer_to(parent: str, key: object) -> str:
    """The JSON pointer (RFC 6901) of a member; what cannot be printed is shown as \ufffd."""
    shown = "".join("\ufffd" if unicodedata.category(c)[0] == "C" else c for c in str(key))
    if len(shown) > _LONGEST_SHOWN_KEY:
        shown = shown[:_LONGEST_SHOWN_KEY] + "…"
    return f"{parent}/{shown.replace('~', '~0').replace('/', '~1')}"


class Section:
    """One object of a document. Unknown keys, missing ones and wrong types become problems.

    An optional key may be left out; where null is allowed, that means the same.
    """

    def __init__(
        self,
        value: object,
        problems: list[FieldProblem],
        *,
        required: tuple[str, ...],
        optional: tuple[str, ...] = (),
        pointer: str = "",
    ) -> None:
        self.problems = problems
        self.pointer = pointer
        self._values: Mapping[Any, object] = {}
        if not isinstance(value, Mapping):
            problems.append(FieldProblem(pointer, N_("This must be an object with named fields.")))
            return
        self._values = value
        for key in value:
            if key not in required and key not in optional:
                self.refuse(key, N_("There is no field of this name."))
        for key in required:
            if key not in value:
                self.refuse(key, N_("This is missing."))

    def refuse(self, key: object, message: str, **params: object) -> None:
        self.problems.append(FieldProblem(pointer_to(self.pointer, key), message, params))

    def has(self, key: str) -> bool:
        return key in self._values

    def get(self, key: str) -> object:
        """The raw value, or None where it is missing."""
        return self._values.get(key)

    def section(
        self, key: str, *, required: tuple[str, ...] = (), optional: tuple[str, ...] = ()
    ) -> "Section":
        """An inner object. One that is missing reads as empty and adds no more problems."""
        if self.get(key) is None and (key not in self._values or not required):
            return Section({}, self.problems, required=(), pointer=pointer_to(self.pointer, key))
        return Section(
            self.get(key),
            self.problems,
            required=required,
            optional=optional,
            pointer=pointer_to(self.pointer, key),
        )

    def integer(self, key: str, least: int, most: int) -> int:
        if key not in self._values:
            return least
        value = self._values[key]
        if type(value) is not int:
            self.refuse(key, N_("This must be a whole number."))
        elif not least <= value <= most:
            message = N_("This must lie between %(least)s and %(most)s.")
            self.refuse(key, message, least=least, most=most)
        else:
            return value
        return least

    def integer_or_none(self, key: str, least: int, most: int) -> int | None:
        return None if self.get(key) is None else self.integer(key, least, most)

    def choice(self, key: str, choices: type[Choice]) -> Choice:
        members = list(choices)
        if key not in self._values:
            return members[0]
        found = _member(self._values[key], choices)
        if found is None:
            self.refuse(key, _ONE_OF, allowed=", ".join(members))
        return found or members[0]

    def choices(self, key: str, choices: type[Choice]) -> tuple[Choice, ...]:
        """Some of the choices, at least one, none twice; sorted."""
        found = self._items(key, lambda value: _member(value, choices), _ONE_OF, ", ".join(choices))
        return tuple(sorted(found))

    def ids_or_none(self, key: str) -> frozenset[UUID] | None:
        """A list of ids, at least one, none twice; None where it is null or missing."""
        if self.get(key) is None:
            return None
        return frozenset(self._items(key, _uuid, N_("This must be an id (a UUID).")))

    def fixed(self, key: str, expected: str | int) -> None:
        """The only value that this format knows."""
        if key in self._values:
            value = self._values[key]
            if type(value) is not type(expected) or value != expected:
                self.refuse(key, N_("This must be %(expected)s."), expected=str(expected))

    def _items(
        self, key: str, read: Callable[[object], Item | None], message: str, allowed: str = ""
    ) -> list[Item]:
        values = self._values.get(key, ())
        if not isinstance(values, list | tuple):
            self.refuse(key, N_("This must be a list."))
            return []
        if key in self._values and not 1 <= len(values) <= _LONGEST_LIST:
            text = N_("This list must have between %(least)s and %(most)s entries.")
            self.refuse(key, text, least=1, most=_LONGEST_LIST)
            return []
        found: list[Item] = []
        for index, value in enumerate(values):
            place = f"{pointer_to(self.pointer, key)}/{index}"
            item = read(value)
            if item is None:
                params = {"allowed": allowed} if allowed else {}
                self.problems.append(FieldProblem(place, message, params))
            elif item in found:
                self.problems.append(FieldProblem(place, N_("This is in the list already.")))
            else:
                found.append(item)
        return found


_ONE_OF = N_("This must be one of: %(allowed)s.")


def _member(value: object, choices: type[Choice]) -> Choice | None:
    """The member of that very text. A member itself will do; other types never."""
    if not isinstance(value, str):
        return None
    return next((one for one in choices if one.value == value), None)


def _uuid(value: object) -> UUID | None:
    if isinstance(value, str) and _UUID.fullmatch(value):
        return UUID(value)
    return None
