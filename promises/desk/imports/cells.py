"""Finding columns, reading cells and testing conditions: closures made once a file."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from promises.desk.imports.mapping import Cell, Column, Condition, Test, When
from promises.desk.imports.problems import Problem, Unreadable
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_

Cells = list[str]
Get = Callable[[Cells], "str | None"]
Holds = Callable[[Cells], bool]
Number = Callable[[Cells], "int | None"]
Answer = TypeVar("Answer")

_ZERO = re.compile(r"[0:.,]*0[0:.,]*")


class Columns:
    """The columns of one file. What the mapping names and the file lacks becomes a problem."""

    def __init__(
        self, header: tuple[str, ...] | None, width: int, empty_values: tuple[str, ...]
    ) -> None:
        self._header = header
        self._width = width
        self._empty = frozenset(("", *(value.strip() for value in empty_values)))
        self._shared: dict[tuple[int, str], Number] = {}
        self._conditions: dict[tuple[object, ...], Holds] = {}
        self.problems: list[FieldProblem] = []

    def index(self, column: Column) -> int:
        if column.position is not None:
            if column.position > self._width:
                message = N_("This file has %(width)s columns.")
                self.refuse(column, message, width=self._width)
                return 0
            return column.position - 1
        if self._header is None:
            self.refuse(column, N_("This file has no header: name the column by its place."))
            return 0
        name = column.name or ""
        found = [i for i, one in enumerate(self._header) if one == name]
        if not found:
            found = [i for i, one in enumerate(self._header) if one.casefold() == name.casefold()]
        if len(found) == 1:
            return found[0]
        if found:
            message = N_("Two columns are called “%(name)s”: name this one by its place.")
        else:
            message = N_("This file has no column “%(name)s”.")
        self.refuse(column, message, name=name)
        return 0

    def refuse(self, column: Column, message: str, **params: object) -> None:
        self.problems.append(FieldProblem(column.pointer, message, params))

    def name(self, column: Column) -> str:
        """How the column is called in a list of problems."""
        if column.name is not None:
            return column.name
        place = column.position or 1
        if self._header is not None and place <= len(self._header) and self._header[place - 1]:
            return self._header[place - 1]
        return str(place)

    def get(self, column: Column) -> Get:
        """The text of a cell without blanks around it; None where it is empty."""
        index = self.index(column)
        empty = self._empty
        if len(empty) == 1:
            return lambda cells: cells[index].strip() or None

        def get(cells: Cells) -> str | None:
            text = cells[index].strip()
            return None if text in empty else text

        return get

    def number(self, cell: Cell, read: Callable[[str], int], problem: Problem) -> Number:
        """The cell as a number, None where it is empty. Raises Unreadable with the column."""
        index, empty = self.index(cell.column), self._empty
        name, form = self.name(cell.column), cell.form

        def number(cells: Cells) -> int | None:
            text = cells[index].strip()
            if text in empty:
                return None
            try:
                return read(text)
            except (ValueError, KeyError):
                raise Unreadable(problem, name, value=text, format=form) from None
            except Unreadable as unreadable:
                unreadable.column, unreadable.value = name, text
                raise

        return number

    def shared(self, cell: Cell, read: Callable[[str], int], problem: Problem) -> Number:
        """Like `number`, for a cell that several parts of a mapping read: once a row."""
        key = (self.index(cell.column), cell.form)
        found = self._shared.get(key)
        if found is None:
            found = self._shared[key] = once_a_row(self.number(cell, read, problem))
        return found

    def when(self, when: When) -> Holds | None:
        """Whether the condition holds; None for one that always does. The same condition in two
        places is looked at once a row."""
        if when.always:
            return None
        key = (self._key(when.all_of), self._key(when.unless))
        found = self._conditions.get(key)
        if found is None:
            wanted = [self._group(group) for group in when.all_of]
            unless = [self._group(group) for group in when.unless]
            found = self._conditions[key] = once_a_row(_holds(wanted, unless))
        return found

    def _key(self, groups: tuple[tuple[Condition, ...], ...]) -> tuple[object, ...]:
        return tuple(
            tuple((self.index(one.column), one.test, one.operand) for one in group)
            for group in groups
        )

    def _group(self, group: tuple[Condition, ...]) -> Holds:
        tests = [self._test(condition) for condition in group]
        if len(tests) == 1:
            return tests[0]
        return lambda cells: any(test(cells) for test in tests)

    def _test(self, condition: Condition) -> Holds:
        get = self.get(condition.column)
        operand = condition.operand
        if isinstance(operand, bool):
            return _is_empty(get, operand) if condition.test is Test.EMPTY else _zero(get, operand)
        if isinstance(operand, Decimal):
            return _compares(get, operand, condition.test is Test.ABOVE)
        if condition.test is Test.STARTS_WITH:
            return lambda cells: (get(cells) or "").startswith(operand)
        values, wanted = frozenset(operand), condition.test is Test.IS
        return lambda cells: ((get(cells) or "") in values) is wanted


def once_a_row(read: Callable[[Cells], Answer]) -> Callable[[Cells], Answer]:
    """Remembers the answer for the row at hand. A row that cannot be read is not remembered."""
    last: Cells | None = None
    answer: Answer

    def read_once(cells: Cells) -> Answer:
        nonlocal last, answer
        if cells is not last:
            answer = read(cells)
            last = cells
        return answer

    return read_once


def _holds(wanted: list[Holds], unless: list[Holds]) -> Holds:
    def holds(cells: Cells) -> bool:
        for one in wanted:
            if not one(cells):
                return False
        if not unless:
            return True
        for one in unless:  # noqa: SIM110 - a generator costs more than the tests
            if not one(cells):
                return True
        return False

    return holds


def _is_empty(get: Get, wanted: bool) -> Holds:
    return lambda cells: (get(cells) is None) is wanted


def _zero(get: Get, wanted: bool) -> Holds:
    """Nothing but zeros, such as 0, 0:00:00 or 0,00. An empty cell is not zero."""

    def holds(cells: Cells) -> bool:
        text = get(cells)
        found = text is not None and text[0] in "0.," and _ZERO.fullmatch(text) is not None
        return found is wanted

    return holds


def _compares(get: Get, bound: Decimal, above: bool) -> Holds:
    """What is not a number is neither above nor below."""

    def holds(cells: Cells) -> bool:
        try:
            value = Decimal((get(cells) or "").replace(",", "."))
        except InvalidOperation:
            return False
        return value > bound if above else value < bound

    return holds
