"""Reading promises, their versions and their terms."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from promises.api.errors import locale
from promises.api.fields import PageQuery
from promises.api.operations import Asked, Operation, operation
from promises.api.schemas import promises as schemas
from promises.api.schemas.pages import page_document, page_example
from promises.catalogue.pause_queries import Pause, pauses_of_promise
from promises.catalogue.queries import (
    PromiseInfo,
    Version,
    list_promises,
    list_versions,
    promise_by_id,
    scope_names,
)
from promises.catalogue.targets import dump_path
from promises.identity.models import Scope
from promises.kernel.errors import NotFound
from promises.reporting.registers import versions_of_branch
from promises.rules.explain import promise_sentence
from promises.rules.terms import dump_terms


@operation(
    "/promises",
    Operation(
        name="listPromises",
        tag="Promises",
        summary="List the promises",
        description="In force, to come, and ended.",
        scope=Scope.READ,
        query=PageQuery,
        answer=schemas.PromisePage,
        example=page_example(schemas.ROW),
    ),
)
def list_all(asked: Asked) -> dict[str, Any]:
    uow, limit, after = asked.uow, asked.data["limit"], asked.data.get("after")
    visible = _visible(asked)
    known = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
    found = [
        info
        for info in sorted(known, key=lambda info: info.promise_id, reverse=True)
        if (visible is None or info.promise_id in visible.values())
        and (after is None or info.promise_id < after)
    ]
    following = found[limit - 1].promise_id if len(found) > limit else None
    return page_document([_row(info, visible) for info in found[:limit]], following)


@operation(
    "/promises/<uuid:promise_id>",
    Operation(
        name="readPromise",
        tag="Promises",
        summary="Read a promise with its versions, terms and pauses",
        description="Versions never change: what a ticket was judged by stays readable for ever.",
        scope=Scope.READ,
        answer=schemas.PromiseSchema,
        example=schemas.PROMISE,
        errors=(404,),
    ),
)
def read(asked: Asked, promise_id: uuid.UUID) -> dict[str, Any]:
    uow, visible = asked.uow, _visible(asked)
    common = {"organisation_id": uow.organisation_id, "promise_id": promise_id}
    if visible is not None and promise_id not in visible.values():
        raise NotFound(promise_id=str(promise_id))
    info = promise_by_id(uow.session, **common, at=uow.now)
    names = scope_names(uow.session, organisation_id=uow.organisation_id, locale=locale())
    versions = [
        _version(version, names)
        for version in list_versions(uow.session, **common)
        if visible is None or version.version_id in visible
    ]
    pauses = [
        _pause(pause, uow.now)
        for pause in pauses_of_promise(uow.session, **common)
        if asked.branch_id is None or pause.branch_id in (None, asked.branch_id)
    ]
    return _row(info, visible) | {"versions": versions, "pauses": pauses}


def _pause(pause: Pause, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": pause.pause_id,
        "branch_id": pause.branch_id,
        "state": pause.state(now),
        "starts_at": pause.starts_at,
        "ends_at": pause.ends_at,
        "reasons": pause.reasons,
        "announced_at": pause.announced_at,
    }


def _visible(asked: Asked) -> dict[uuid.UUID, uuid.UUID] | None:
    """Versions, each with its promise, that cover the branch of the key; None: all there are."""
    if asked.branch_id is None:
        return None
    return versions_of_branch(
        asked.uow.session, organisation_id=asked.uow.organisation_id, branch_id=asked.branch_id
    )


def _row(info: PromiseInfo, visible: Mapping[uuid.UUID, uuid.UUID] | None) -> dict[str, Any]:
    current = info.version.version_id
    return {
        "id": info.promise_id,
        "slug": info.slug,
        "titles": info.titles,
        "state": info.state,
        "ends_at": info.ends_at,
        "current_version_id": current if visible is None or current in visible else None,
    }


def _version(version: Version, names: Mapping[uuid.UUID, str]) -> dict[str, Any]:
    return {
        "id": version.version_id,
        "number": version.number,
        "sentence": promise_sentence(version.terms, locale(), names),
        "terms": dump_terms(version.terms),
        "way_of_working": version.way_of_working,
        "team_reward": version.team_reward,
        "target_path": dump_path(version.target_path),
        "valid_from": version.valid_from,
        "valid_to": version.valid_to,
        "applied_to_history": version.applied_to_history,
        "published_at": version.published_at,
    }
