"""Bringing a file, its mapping and its branch together."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.desk.imports.cells import Columns
from promises.desk.imports.document import parse_mapping
from promises.desk.imports.files import Row, open_file
from promises.desk.imports.local_times import LocalTimes
from promises.desk.imports.mapping import Cell, DateAndTime, ImportMapping, Measured
from promises.desk.imports.reading import Surroundings, compile_mapping
from promises.desk.imports.staging import Clocks, Manner
from promises.identity import keys
from promises.identity.customers import reference_index
from promises.identity.queries import branch_by_id, list_service_kinds
from promises.kernel.errors import Refused

_REMEMBERED_CUSTOMERS = 100_000


@dataclass(frozen=True, slots=True)
class Source:
    """A file with the document of its mapping, for a branch."""

    branch_id: uuid.UUID
    document: Mapping[str, Any]
    content: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """`manner` is how the rows are to be read; its `tell` says nothing to anybody."""

    rows: Iterator[Row]
    kind: str
    manner: Manner


def prepare(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, source: Source
) -> Prepared:
    """Everything that reading the rows needs. Raises MappingRefused and FileUnreadable."""
    mapping = parse_mapping(source.document)
    branch = branch_by_id(session, organisation_id=organisation_id, branch_id=source.branch_id)
    kinds = list_service_kinds(session, organisation_id=organisation_id, closed=True)
    around = Surroundings(
        services={kind.letter: kind.id for kind in kinds},
        customer_index=_customer_index(session, organisation_id),
    )
    opened = open_file(source.content, mapping.file, _names(mapping))
    columns = Columns(opened.header, opened.width, mapping.file.empty_values)
    times = LocalTimes(mapping.time_zone or branch.time_zone)
    understand = compile_mapping(mapping, columns, around, times)
    clocks = Clocks(times, LocalTimes(branch.time_zone), now)
    kind = mapping.ticket_kind.value
    manner = Manner(understand, opened.width, kind, clocks, tell=lambda rows_read: None)
    return Prepared(opened.rows, kind, manner)


def _customer_index(session: Session, organisation_id: uuid.UUID) -> Callable[[str], str | None]:
    """The key is read now: while rows are copied the session's connection is busy."""
    keys.organisation_key(
        session, organisation_id=organisation_id, purpose=keys.Purpose.CUSTOMER_INDEX
    )
    known: dict[str, str] = {}

    def index(reference: str) -> str | None:
        found = known.get(reference)
        if found is None:
            try:
                made = reference_index(
                    session, organisation_id=organisation_id, reference=reference
                )
            except Refused:
                return None
            found = made.hex()
            if len(known) < _REMEMBERED_CUSTOMERS:
                known[reference] = found
        return found

    return index


def _names(mapping: ImportMapping) -> Iterator[str]:
    """The headers that the mapping names in its main parts, by which the delimiter is found."""
    columns = [*mapping.reference, mapping.outcome.column, mapping.service.column]
    for choices in (mapping.arrived, mapping.service_started, mapping.left, mapping.called):
        for choice in choices:
            if isinstance(choice.use, Cell):
                columns.append(choice.use.column)
            elif isinstance(choice.use, DateAndTime):
                columns.append(choice.use.time.column)
    for duration in mapping.waited:
        if isinstance(duration.use, Measured):
            columns.append(duration.use.column)
    return (column.name for column in columns if column is not None and column.name is not None)
