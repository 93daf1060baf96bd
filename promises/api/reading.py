"""What all reading operations share: a page of a register, one row of it."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

from promises.api.operations import Asked
from promises.api.schemas.pages import page_document
from promises.http.context import own_branch
from promises.kernel.errors import NotFound
from promises.reporting.registers import BRANCH, Register, find, list_page

_FRAME = frozenset({"limit", "after"})

Shape = Callable[[Any], Mapping[str, Any]]


def as_it_is(row: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = row._asdict()
    return found


def page(asked: Asked, register: Register, shape: Shape = as_it_is, **fixed: Any) -> dict[str, Any]:
    """The page that the query asks for, of the key's branch only where it has one."""
    filters = {name: value for name, value in asked.data.items() if name not in _FRAME} | fixed
    if filters.get(BRANCH) is not None:
        own_branch(filters[BRANCH])
    elif asked.branch_id is not None and BRANCH in register.filters:
        filters[BRANCH] = asked.branch_id
    found = list_page(
        asked.uow.session,
        register,
        organisation_id=asked.uow.organisation_id,
        filters=filters,
        limit=asked.data["limit"],
        after=asked.data.get("after"),
    )
    return page_document([shape(row) for row in found.rows], found.next)


def row(asked: Asked, register: Register, row_id: uuid.UUID) -> Any:
    """Raises NotFound, also for a row of another branch than the key's."""
    found = find(
        asked.uow.session,
        register,
        organisation_id=asked.uow.organisation_id,
        id=row_id,
        branch_id=asked.branch_id,
    )
    if found is None:
        raise NotFound(id=str(row_id))
    return found
