"""A mapping and a file's columns become one function that understands a row.

It is made once and called a million times: everything that can be decided beforehand is, and the
common case of each part has a way of its own.
"""

import unicodedata
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from promises.desk.imports.cells import Cells, Columns, Get, Holds
from promises.desk.imports.local_times import LocalTimes
from promises.desk.imports.mapping import Filter, ImportMapping, Meaning, Outcome, Service
from promises.desk.imports.moments import Moments
from promises.desk.imports.problems import MappingRefused, Problem, Unreadable
from promises.kernel.errors import FieldProblem
from promises.kernel.text import N_

LONGEST_REFERENCE = 200


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a mapping needs to know of the organisation: its kinds of service by letter, and how to
    make the blind index of a customer's reference, in hexadecimal (None where it cannot be)."""

    services: Mapping[str, uuid.UUID]
    customer_index: Callable[[str], str | None]


class Understood(NamedTuple):
    """A row as the mapping reads it. Instants and durations are microseconds, the customer is the
    blind index in hexadecimal."""

    reference: str
    meaning: str
    service_kind_id: str
    customer: str | None
    arrived: int
    called: int | None
    started: int | None
    served: int | None
    gone: int | None
    waited: int | None
    negative: bool


Understand = Callable[[Cells], "Understood | None"]
_Times = tuple["int | None", "int | None", "int | None", "int | None"]
"""Called, service started, served, and left or noted as a no-show."""
_End = Callable[[Cells, int, "int | None", "int | None"], _Times]
"""Takes the cells, the arrival, the call, and the end of the wait by the measured duration."""


def compile_mapping(
    mapping: ImportMapping, columns: Columns, around: Surroundings, times: LocalTimes
) -> Understand:
    """The function returns None for rows that the mapping leaves out, and raises Unreadable.

    Raises MappingRefused where the mapping does not fit to the file or to the organisation.
    """
    maker = _Maker(mapping, columns, around, times)
    understand = maker.understand()
    problems = (*columns.problems, *maker.problems)
    if problems:
        raise MappingRefused(problems)
    return understand


class _Maker:
    def __init__(
        self,
        mapping: ImportMapping,
        columns: Columns,
        around: Surroundings,
        times: LocalTimes,
    ) -> None:
        self._mapping = mapping
        self._columns = columns
        self._around = around
        self._moments = Moments(columns, times)
        self.problems: list[FieldProblem] = []

    def understand(self) -> Understand:
        mapping = self._mapping
        filters = [self._filter(one) for one in mapping.filters]
        meaning_of = self._meaning(mapping.outcome)
        reference_of = self._reference()
        service_of = self._service(mapping.service)
        customer_of = self._customer()
        arrived_of = self._moments.moment(mapping.arrived)
        called_of = self._moments.moment(mapping.called)
        waited_of = self._moments.waited(mapping.waited)
        ends = {
            Meaning.SERVED: self._end_served(),
            Meaning.LEFT: self._end_left(),
            Meaning.NO_SHOW: self._end_no_show(),
        }

        def understand(cells: Cells) -> Understood | None:
            for drops in filters:
                if drops(cells):
                    return None
            meaning = meaning_of(cells)
            end = ends.get(meaning)
            if end is None:
                return None
            reference = reference_of(cells)
            arrived = arrived_of(cells, None)
            if arrived is None:
                raise Unreadable(Problem.ARRIVAL_MISSING)
            waited = waited_of(cells)
            negative = waited is not None and waited < 0
            if negative:
                waited = None
            times = end(
                cells,
                arrived,
                called_of(cells, arrived),
                None if waited is None else arrived + waited,
            )
            return Understood(
                reference, meaning, service_of(cells), customer_of(cells), arrived, *times, waited,
                negative,
            )  # fmt: skip

        return understand

    def _end_served(self) -> "_End":
        started_of = self._moments.moment(self._mapping.service_started)
        served_of = self._moments.moment(self._mapping.served)

        def end(cells: Cells, arrived: int, called: int | None, measured: int | None) -> _Times:
            started = started_of(cells, called or arrived)
            if started is None:
                started = measured
            if started is None:
                raise Unreadable(Problem.END_MISSING)
            return called, started, served_of(cells, started), None

        return end

    def _end_left(self) -> "_End":
        left_of = self._moments.moment(self._mapping.left)

        def end(cells: Cells, arrived: int, called: int | None, measured: int | None) -> _Times:
            left = left_of(cells, called or arrived)
            if left is None:
                left = measured
            if left is None:
                raise Unreadable(Problem.END_MISSING)
            return called, None, None, left

        return end

    def _end_no_show(self) -> "_End":
        """Where the file does not tell when it was noted, that was at the call."""
        no_show_of = self._moments.moment(self._mapping.no_show)

        def end(cells: Cells, arrived: int, called: int | None, measured: int | None) -> _Times:
            if called is None:
                called = measured
            if called is None:
                raise Unreadable(Problem.END_MISSING)
            noted = no_show_of(cells, called)
            return called, None, None, called if noted is None else noted

        return end

    def _filter(self, rule: Filter) -> Holds:
        """Whether the row is to be left out."""
        holds = self._columns.when(rule.when)
        if holds is None:
            return lambda cells: not rule.keep
        if rule.keep:
            return lambda cells: not holds(cells)
        return holds

    def _meaning(self, outcome: Outcome) -> Callable[[Cells], Meaning]:
        rules = [(self._columns.when(when), meaning) for when, meaning in outcome.rules]
        get: Get = _nothing
        name = None
        if outcome.column is not None:
            get, name = self._columns.get(outcome.column), self._columns.name(outcome.column)
        values: dict[str, Meaning] = {key.strip(): value for key, value in outcome.values.items()}
        otherwise = outcome.otherwise

        def meaning_of(cells: Cells) -> Meaning:
            for holds, meaning in rules:
                if holds is None or holds(cells):
                    return meaning
            value = get(cells) or ""
            found = values.get(value, otherwise)
            if found is None:
                raise Unreadable(Problem.OUTCOME_UNKNOWN, name, value=value)
            return found

        return meaning_of

    def _reference(self) -> Callable[[Cells], str]:
        indexes = [self._columns.index(column) for column in self._mapping.reference]
        joined_by, only = self._mapping.joined_by, self._columns.get(self._mapping.reference[0])
        name = self._columns.name(self._mapping.reference[0])
        single = len(indexes) == 1

        def reference_of(cells: Cells) -> str:
            if single:
                reference = only(cells) or ""
            else:
                texts = [cells[index].strip() for index in indexes]
                reference = joined_by.join(texts) if any(texts) else ""
            if not reference:
                raise Unreadable(Problem.REFERENCE_MISSING, name)
            if len(reference) > LONGEST_REFERENCE or not (
                reference.isprintable() or _is_text(reference)
            ):
                raise Unreadable(Problem.REFERENCE_UNREADABLE, name, longest=LONGEST_REFERENCE)
            return reference

        return reference_of

    def _service(self, service: Service) -> Callable[[Cells], str]:
        known = {letter: str(kind) for letter, kind in self._around.services.items()}
        for letter, place in service.places.items():
            if letter not in known:
                message = N_("There is no kind of service with the letter “%(letter)s”.")
                self.problems.append(FieldProblem(place, message, {"letter": letter}))
        otherwise = known.get(service.otherwise or "")
        if service.column is None:
            return lambda cells: otherwise or ""
        get, name = self._columns.get(service.column), self._columns.name(service.column)
        kinds = {value: known.get(letter, "") for value, letter in service.letters.items()}

        def service_of(cells: Cells) -> str:
            value = get(cells) or ""
            found = kinds.get(value, otherwise)
            if found is None:
                raise Unreadable(Problem.SERVICE_UNKNOWN, name, value=value)
            return found

        return service_of

    def _customer(self) -> Callable[[Cells], str | None]:
        customer = self._mapping.customer
        if customer is None:
            return lambda cells: None
        get, name = self._columns.get(customer.column), self._columns.name(customer.column)
        nobody = frozenset(customer.nobody)
        index_of = self._around.customer_index

        def customer_of(cells: Cells) -> str | None:
            text = get(cells)
            if text is None or text in nobody:
                return None
            found = index_of(text)
            if found is None:
                raise Unreadable(Problem.CUSTOMER_UNREADABLE, name, longest=LONGEST_REFERENCE)
            return found

        return customer_of


def _is_text(reference: str) -> bool:
    """Odd blanks are text; control characters and what is no character are not."""
    return not any(unicodedata.category(sign).startswith("C") for sign in reference)


def _nothing(cells: Cells) -> str | None:
    """What is read where no column is named."""
    return None
