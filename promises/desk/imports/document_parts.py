"""The small parts of a mapping's document: texts, lists, columns and conditions.

Like `kernel.documents`, which they build on: every problem is noted at its place, and reading goes
on with a harmless value.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from promises.desk.imports.mapping import Column, Condition, Test, When
from promises.kernel.documents import Section, pointer_to
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_

LONGEST_TEXT = 200
MOST_ITEMS = 200
MOST_POSITION = 1000
MOST_NUMBER = 10**9

_SHORT_TEXT = N_("This must be a text of 1 to %(most)s characters.")
_LIST = N_("This must be a list of 1 to %(most)s entries.")
_NOWHERE = Column(None, 1, "")


def text_of(value: object, problems: list[FieldProblem], place: str, least: int = 1) -> str:
    if isinstance(value, str) and least <= len(value) <= LONGEST_TEXT and value.isprintable():
        return value
    problems.append(FieldProblem(place, _SHORT_TEXT, {"most": LONGEST_TEXT}))
    return ""


def text(section: Section, key: str, default: str = "") -> str:
    """The text at that key, or `default` where it is missing or null."""
    if section.get(key) is None:
        return default
    return text_of(section.get(key), section.problems, pointer_to(section.pointer, key))


def boolean(section: Section, key: str, default: bool) -> bool:
    value = section.get(key)
    if value is not None and not isinstance(value, bool):
        section.refuse(key, N_("This must be true or false."))
        return default
    return default if value is None else value


def items(section: Section, key: str) -> Iterator[tuple[object, str]]:
    """Each entry of a list with its place; nothing where the list is missing."""
    values = section.get(key)
    if values is None:
        return
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_ITEMS:
        section.refuse(key, _LIST, most=MOST_ITEMS)
        return
    place = pointer_to(section.pointer, key)
    for index, value in enumerate(values):
        yield value, f"{place}/{index}"


def texts(section: Section, key: str) -> tuple[str, ...]:
    return tuple(text_of(value, section.problems, place, 0) for value, place in items(section, key))


def table(section: Section, key: str) -> Iterator[tuple[str, object, str]]:
    """Each pair of an object of free names: name, value, place."""
    values = section.get(key)
    if values is None:
        return
    if not isinstance(values, Mapping) or not 1 <= len(values) <= MOST_ITEMS:
        section.refuse(key, N_("This must be an object of 1 to %(most)s pairs."), most=MOST_ITEMS)
        return
    place = pointer_to(section.pointer, key)
    for name, value in values.items():
        text_of(name, section.problems, place, 0)
        yield str(name).strip(), value, pointer_to(place, name)


def column_of(value: object, problems: list[FieldProblem], place: str) -> Column:
    named = value.strip() if isinstance(value, str) else ""
    if named and len(named) <= LONGEST_TEXT and named.isprintable():
        return Column(named, None, place)
    if type(value) is int and 1 <= value <= MOST_POSITION:
        return Column(None, value, place)
    message = N_("Name a column by its header, or by its place counted from 1.")
    problems.append(FieldProblem(place, message))
    return _NOWHERE


def column(section: Section, key: str = "column") -> Column:
    """Missing ones were noted already where the key is required."""
    if section.get(key) is None:
        return _NOWHERE
    return column_of(section.get(key), section.problems, pointer_to(section.pointer, key))


def when(section: Section) -> When:
    """The `when` and `unless` of an object."""
    return When(_conditions(section, "when"), _conditions(section, "unless"))


def _conditions(section: Section, key: str) -> tuple[tuple[Condition, ...], ...]:
    return tuple(_group(value, place, section.problems) for value, place in items(section, key))


def _group(value: object, place: str, problems: list[FieldProblem]) -> tuple[Condition, ...]:
    if isinstance(value, Mapping) and "any" in value:
        group = Section(value, problems, required=("any",), pointer=place)
        return tuple(_condition(one, at, problems) for one, at in items(group, "any"))
    return (_condition(value, place, problems),)


def _condition(value: object, place: str, problems: list[FieldProblem]) -> Condition:
    tests = tuple(Test)
    section = Section(value, problems, required=("column",), optional=tests, pointer=place)
    given = [test for test in tests if section.get(test) is not None]
    if len(given) != 1:
        if isinstance(value, Mapping):
            message = N_("Give exactly one of these: %(allowed)s.")
            problems.append(FieldProblem(place, message, {"allowed": ", ".join(tests)}))
        return Condition(column(section), Test.EMPTY, True)
    return Condition(column(section), given[0], _operand(section, given[0]))


def _operand(section: Section, test: Test) -> tuple[str, ...] | bool | Decimal:
    if test in (Test.EMPTY, Test.ZERO):
        return boolean(section, test, True)
    if test in (Test.ABOVE, Test.BELOW):
        return number(section, test)
    return tuple(one.strip() for one in texts(section, test))


def number(section: Section, key: str) -> Decimal:
    value = section.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    if not usable or not -MOST_NUMBER <= Decimal(str(value)) <= MOST_NUMBER:
        section.refuse(key, N_("This must be a number."))
        return Decimal(0)
    return Decimal(str(value))
