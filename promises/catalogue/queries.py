"""Reading promises and their versions. Terms are parsed once a process: versions never change."""

import datetime as dt
import enum
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.errors import NoSuchPromise
from promises.catalogue.targets import TargetStep, load_path
from promises.db import sql
from promises.identity.queries import list_branches, list_service_kinds, service_name
from promises.rules.terms import Terms, WaitTerms, parse_terms


@dataclass(frozen=True, slots=True)
class VersionInForce:
    """A version by which a ticket is judged. Before `published_at` it is imported history."""

    promise_id: uuid.UUID
    version_id: uuid.UUID
    terms: Terms
    valid_from: dt.datetime
    applied_to_history: bool
    published_at: dt.datetime


@dataclass(frozen=True, slots=True)
class VersionSpan:
    """A version and the span in which it was in force; `valid_to` is exclusive, None is open."""

    promise_id: uuid.UUID
    version_id: uuid.UUID
    terms: Terms
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    applied_to_history: bool
    published_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Version:
    """All that a version says. `valid_to` as in VersionSpan."""

    promise_id: uuid.UUID
    version_id: uuid.UUID
    number: int
    terms: Terms
    way_of_working: str
    team_reward: str
    target_path: tuple[TargetStep, ...]
    valid_from: dt.datetime
    valid_to: dt.datetime | None
    applied_to_history: bool
    published_at: dt.datetime
    published_by: uuid.UUID | None

    @property
    def span(self) -> VersionSpan:
        return VersionSpan(
            self.promise_id,
            self.version_id,
            self.terms,
            self.valid_from,
            self.valid_to,
            self.applied_to_history,
            self.published_at,
        )


class PromiseState(enum.StrEnum):
    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PromiseInfo:
    """A promise at some instant. `version` is the one in force then; of a scheduled promise the
    first to come, of an ended one the last that was in force."""

    promise_id: uuid.UUID
    slug: str
    titles: dict[str, str]
    ends_at: dt.datetime | None
    end_reason: str | None
    state: PromiseState
    version: Version

    def title(self, locale: str) -> str:
        """In that language, else in any that there is."""
        return self.titles.get(locale) or next(iter(self.titles.values()))


@lru_cache(maxsize=4096)
def _terms(version_id: uuid.UUID, document: str) -> Terms:
    """Keyed by the stored text as well, so that the cache can tell nothing the row does not."""
    return parse_terms(json.loads(document))


PAUSED_THEN = """
SELECT u.reasons, u.ends_at FROM promise_pauses u
WHERE u.organisation_id = {organisation_id} AND u.promise_id = {promise_id}
  AND u.starts_at <= {at} AND (u.ends_at IS NULL OR u.ends_at > {at})
  AND (u.branch_id IS NULL OR u.branch_id = {branch_id})
"""
"""Pauses of a promise at an instant and a branch, each of them an SQL expression."""

# The newest version that has begun is picked before its scope is looked at: a version that drops a
# branch takes the branch out of the promise, it does not revive the version before.
FROM_APPLYING = """
FROM promises p
CROSS JOIN LATERAL (
    SELECT * FROM promise_versions v
    WHERE v.organisation_id = p.organisation_id AND v.promise_id = p.id
      AND v.valid_from <= %(at)s
    ORDER BY v.valid_from DESC LIMIT 1
) v
"""

WHERE_APPLYING = """
WHERE p.organisation_id = %(organisation_id)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
  AND %(ticket_kind)s = ANY (v.ticket_kinds)
  AND (v.service_kind_ids IS NULL OR %(service_kind_id)s = ANY (v.service_kind_ids))
  AND (v.branch_ids IS NULL OR %(branch_id)s = ANY (v.branch_ids))
"""

PAUSED_HERE = PAUSED_THEN.format(
    organisation_id="p.organisation_id", promise_id="p.id", at="%(at)s", branch_id="%(branch_id)s"
)
_IN_FORCE = f"""
SELECT v.promise_id, v.id AS version_id, v.terms::text AS terms, v.valid_from,
       v.applied_to_history, v.published_at
{FROM_APPLYING} {WHERE_APPLYING} AND NOT EXISTS ({PAUSED_HERE})
ORDER BY v.promise_id
"""


def versions_in_force(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    at: dt.datetime,
    branch_id: uuid.UUID,
    service_kind_id: uuid.UUID,
    ticket_kind: str,
) -> tuple[VersionInForce, ...]:
    """One version a promise: the one in force at `at` for such a ticket, in order of promises.
    Promises that are paused there and then are left out."""
    params = {
        "organisation_id": organisation_id,
        "at": at,
        "branch_id": branch_id,
        "service_kind_id": service_kind_id,
        "ticket_kind": str(ticket_kind),
    }
    return tuple(_in_force(row) for row in sql.rows(session, _IN_FORCE, params))


def about_waiting(versions: Iterable[VersionInForce]) -> tuple[VersionInForce, ...]:
    """Those of the short form: they can be said in one line with limit and amount."""
    return tuple(one for one in versions if isinstance(one.terms, WaitTerms))


def _in_force(row: Any) -> VersionInForce:
    return VersionInForce(
        row.promise_id,
        row.version_id,
        _terms(row.version_id, row.terms),
        row.valid_from,
        row.applied_to_history,
        row.published_at,
    )


_WITH_ENDS = """
SELECT v.*, least(
           lead(v.valid_from) OVER (PARTITION BY v.promise_id ORDER BY v.valid_from), p.ends_at
       ) AS valid_to
FROM promise_versions v
JOIN promises p ON p.organisation_id = v.organisation_id AND p.id = v.promise_id
WHERE v.organisation_id = %(organisation_id)s
"""

_OVER_SPAN = f"""
SELECT promise_id, id AS version_id, terms::text AS terms, valid_from, valid_to,
       applied_to_history, published_at
FROM ({_WITH_ENDS}) v
WHERE valid_from <= %(until)s AND (valid_to IS NULL OR valid_to > %(since)s)
  AND (valid_to IS NULL OR valid_to > valid_from)
ORDER BY promise_id, valid_from
"""


def versions_over_span(
    session: Session, *, organisation_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> tuple[VersionSpan, ...]:
    """Every version that was in force at some instant of [since, until], in order of time."""
    params = {"organisation_id": organisation_id, "since": since, "until": until}
    return tuple(
        VersionSpan(
            row.promise_id,
            row.version_id,
            _terms(row.version_id, row.terms),
            row.valid_from,
            row.valid_to,
            row.applied_to_history,
            row.published_at,
        )
        for row in sql.rows(session, _OVER_SPAN, params)
    )


_VERSION_COLUMNS = """
promise_id, id AS version_id, number, terms::text AS terms, way_of_working, team_reward,
target_path, valid_from, valid_to, applied_to_history, published_at, published_by
"""

_VERSION = f"SELECT {_VERSION_COLUMNS} FROM ({_WITH_ENDS}) v WHERE id = %(version_id)s"


def _version(row: Any) -> Version:
    return Version(
        row.promise_id,
        row.version_id,
        row.number,
        _terms(row.version_id, row.terms),
        row.way_of_working,
        row.team_reward,
        load_path(row.target_path),
        row.valid_from,
        row.valid_to,
        row.applied_to_history,
        row.published_at,
        row.published_by,
    )


def get_version(session: Session, *, organisation_id: uuid.UUID, version_id: uuid.UUID) -> Version:
    """Raises NoSuchPromise where there is none in this organisation."""
    params = {"organisation_id": organisation_id, "version_id": version_id}
    return _version(_found(sql.one_or_none(session, _VERSION, params)))


_VERSIONS_OF = f"""
SELECT {_VERSION_COLUMNS} FROM ({_WITH_ENDS} AND v.promise_id = %(promise_id)s) v
ORDER BY valid_from DESC
"""


def list_versions(
    session: Session, *, organisation_id: uuid.UUID, promise_id: uuid.UUID
) -> tuple[Version, ...]:
    """The newest first."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id}
    return tuple(_version(row) for row in sql.rows(session, _VERSIONS_OF, params))


_BY_ID = """
SELECT v.promise_id, v.id AS version_id, v.terms::text AS terms, v.valid_from,
       v.applied_to_history, v.published_at
FROM promise_versions v
WHERE v.organisation_id = %(organisation_id)s AND v.id = ANY(%(version_ids)s)
"""


MOST_REMEMBERED = 2000
_versions: dict[tuple[uuid.UUID, uuid.UUID], VersionInForce] = {}


def versions_by_id(
    session: Session, *, organisation_id: uuid.UUID, version_ids: Iterable[uuid.UUID]
) -> dict[uuid.UUID, VersionInForce]:
    """The versions by which commitments are judged. They never change, so the process remembers
    them; at most one statement for those that it does not know."""
    wanted = set(version_ids)
    known = {
        one: version
        for one in wanted
        if (version := _versions.get((organisation_id, one))) is not None
    }
    missing = list(wanted - known.keys())
    if missing:
        params = {"organisation_id": organisation_id, "version_ids": missing}
        found = {row.version_id: _in_force(row) for row in sql.rows(session, _BY_ID, params)}
        if len(_versions) >= MOST_REMEMBERED:
            _versions.clear()
        _versions.update(((organisation_id, one), version) for one, version in found.items())
        known |= found
    return known


_AT = f"""
SELECT o.id AS promise_id, o.slug, o.titles, o.ends_at, o.end_reason, v.version_id, v.number,
       v.terms, v.way_of_working, v.team_reward, v.target_path, v.valid_from, v.valid_to,
       v.applied_to_history, v.published_at, v.published_by
FROM promises o
CROSS JOIN LATERAL (
    SELECT {_VERSION_COLUMNS} FROM ({_WITH_ENDS} AND v.promise_id = o.id) v
    ORDER BY (valid_from <= %(at)s AND (valid_to IS NULL OR valid_to > valid_from)) DESC,
             CASE WHEN valid_from <= %(at)s THEN %(at)s - valid_from ELSE valid_from - %(at)s END
    LIMIT 1
) v
WHERE o.organisation_id = %(organisation_id)s
"""

_LIST = f"{_AT} ORDER BY o.created_at DESC, o.id DESC"
_BY_SLUG = f"{_AT} AND o.slug = %(slug)s"
_BY_PROMISE = f"{_AT} AND o.id = %(promise_id)s"


def list_promises(
    session: Session, *, organisation_id: uuid.UUID, at: dt.datetime
) -> list[PromiseInfo]:
    """All of the organisation, the newest first."""
    params = {"organisation_id": organisation_id, "at": at}
    return [_info(row, at) for row in sql.rows(session, _LIST, params)]


def promise_by_slug(
    session: Session, *, organisation_id: uuid.UUID, slug: str, at: dt.datetime
) -> PromiseInfo:
    """Raises NoSuchPromise."""
    params = {"organisation_id": organisation_id, "slug": slug, "at": at}
    return _info(_found(sql.one_or_none(session, _BY_SLUG, params)), at)


def promise_by_id(
    session: Session, *, organisation_id: uuid.UUID, promise_id: uuid.UUID, at: dt.datetime
) -> PromiseInfo:
    """Raises NoSuchPromise."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id, "at": at}
    return _info(_found(sql.one_or_none(session, _BY_PROMISE, params)), at)


def _found(row: Any | None) -> Any:
    if row is None:
        raise NoSuchPromise()
    return row


def _info(row: Any, at: dt.datetime) -> PromiseInfo:
    if row.ends_at is not None and row.ends_at <= at:
        state = PromiseState.ENDED
    else:
        state = PromiseState.SCHEDULED if row.valid_from > at else PromiseState.IN_FORCE
    return PromiseInfo(
        row.promise_id,
        row.slug,
        row.titles,
        row.ends_at,
        row.end_reason,
        state,
        _version(row),
    )


def scope_names(
    session: Session, *, organisation_id: uuid.UUID, locale: str
) -> dict[uuid.UUID, str]:
    """What the branches and services of promises are called, closed ones too."""
    branches = list_branches(session, organisation_id=organisation_id, closed=True)
    kinds = list_service_kinds(session, organisation_id=organisation_id, closed=True)
    return {branch.id: branch.name for branch in branches} | {
        kind.id: service_name(kind, locale) for kind in kinds
    }
