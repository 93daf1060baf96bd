"""Reading pauses: of a promise, of an instant, and how many opening hours they took away."""

import datetime as dt
import enum
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from promises.catalogue.queries import FROM_APPLYING, PAUSED_HERE, WHERE_APPLYING, list_versions
from promises.db import sql
from promises.identity.calendars import frozen_calendar


class PauseState(enum.StrEnum):
    ANNOUNCED = "announced"
    RUNNING = "running"
    OVER = "over"
    CALLED_OFF = "called_off"


@dataclass(frozen=True, slots=True)
class Pause:
    """No branch: everywhere. `ends_at` is exclusive, None until somebody ends it; one that was
    called off before it began ends where it starts. `reasons` are public, by language."""

    pause_id: uuid.UUID
    promise_id: uuid.UUID
    branch_id: uuid.UUID | None
    starts_at: dt.datetime
    ends_at: dt.datetime | None
    reasons: dict[str, str]
    announced_at: dt.datetime
    announced_by: uuid.UUID | None
    end_set_at: dt.datetime | None

    def reason(self, locale: str) -> str:
        """In that language, else in any that there is."""
        return self.reasons.get(locale) or next(iter(self.reasons.values()))

    def state(self, at: dt.datetime) -> PauseState:
        if self.ends_at == self.starts_at:
            return PauseState.CALLED_OFF
        if at < self.starts_at:
            return PauseState.ANNOUNCED
        over = self.ends_at is not None and self.ends_at <= at
        return PauseState.OVER if over else PauseState.RUNNING


@dataclass(frozen=True, slots=True)
class PausedHere:
    """A promise that would be made to such a ticket, but for a pause."""

    promise_id: uuid.UUID
    slug: str
    titles: dict[str, str]
    reasons: dict[str, str]
    ends_at: dt.datetime | None

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))

    def reason(self, locale: str) -> str:
        return self.reasons.get(locale) or next(iter(self.reasons.values()))


@dataclass(frozen=True, slots=True)
class PausedTime:
    """Opening time of the branches that a promise is made at, in seconds, added up over the
    branches; how much of it was paused."""

    paused_seconds: int
    open_seconds: int

    @property
    def paused_hours(self) -> Decimal:
        return _hours(self.paused_seconds)

    @property
    def open_hours(self) -> Decimal:
        return _hours(self.open_seconds)


def _hours(seconds: int) -> Decimal:
    return round(Decimal(seconds) / 3600, 1)


_COLUMNS = """
SELECT u.id AS pause_id, u.promise_id, u.branch_id, u.starts_at, u.ends_at, u.reasons,
    u.announced_at, u.announced_by, u.end_set_at
FROM promise_pauses u
WHERE u.organisation_id = %(organisation_id)s
"""

_OF_PROMISE = f"{_COLUMNS} AND u.promise_id = %(promise_id)s ORDER BY u.starts_at DESC, u.id DESC"

_AT = f"""{_COLUMNS}
  AND u.starts_at <= %(at)s AND (u.ends_at IS NULL OR u.ends_at > %(at)s)
ORDER BY u.promise_id, u.starts_at, u.id
"""

_OVER_SPAN = f"""{_COLUMNS}
  AND u.starts_at < %(until)s AND (u.ends_at IS NULL OR u.ends_at > %(since)s)
  AND (u.ends_at IS NULL OR u.ends_at > u.starts_at)
ORDER BY u.promise_id, u.starts_at, u.id
"""

_HERE = f"""
SELECT DISTINCT ON (p.id) p.id AS promise_id, p.slug, p.titles, u.reasons, u.ends_at
{FROM_APPLYING} CROSS JOIN LATERAL ({PAUSED_HERE}) u {WHERE_APPLYING}
ORDER BY p.id, u.ends_at DESC NULLS FIRST
"""

_AT_BRANCH = f"""
SELECT DISTINCT ON (p.id) p.id AS promise_id, p.slug, p.titles, u.reasons, u.ends_at
{FROM_APPLYING} CROSS JOIN LATERAL ({PAUSED_HERE}) u
WHERE p.organisation_id = %(organisation_id)s AND (p.ends_at IS NULL OR p.ends_at > %(at)s)
  AND 'visit' = ANY (v.ticket_kinds)
  AND (v.branch_ids IS NULL OR %(branch_id)s = ANY (v.branch_ids))
ORDER BY p.id, u.ends_at DESC NULLS FIRST
"""

_TURNED = """
SELECT DISTINCT u.branch_id FROM promise_pauses u
WHERE u.organisation_id = %(organisation_id)s
  AND (u.starts_at > %(since)s AND u.starts_at <= %(until)s
       OR u.ends_at > %(since)s AND u.ends_at <= %(until)s)
"""

_HOURS = """
SELECT b.id AS branch_id, v.calendar_id, v.number,
    CASE WHEN v.number > 1 THEN v.created_at END AS since
FROM branches b
JOIN calendar_versions v ON v.organisation_id = b.organisation_id AND v.calendar_id = b.calendar_id
WHERE b.organisation_id = %(organisation_id)s
ORDER BY b.id, v.number
"""


def pauses_of_promise(
    session: Session, *, organisation_id: uuid.UUID, promise_id: uuid.UUID
) -> list[Pause]:
    """All that were ever announced, the latest start first."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id}
    return [_pause(row) for row in sql.rows(session, _OF_PROMISE, params)]


def paused_now(session: Session, *, organisation_id: uuid.UUID, at: dt.datetime) -> list[Pause]:
    """Every pause of the organisation that holds at that instant."""
    params = {"organisation_id": organisation_id, "at": at}
    return [_pause(row) for row in sql.rows(session, _AT, params)]


def pauses_over_span(
    session: Session, *, organisation_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> list[Pause]:
    """Every pause that holds at some instant from `since` until before `until`."""
    params = {"organisation_id": organisation_id, "since": since, "until": until}
    return [_pause(row) for row in sql.rows(session, _OVER_SPAN, params)]


def paused_here(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    at: dt.datetime,
    branch_id: uuid.UUID,
    service_kind_id: uuid.UUID,
    ticket_kind: str,
) -> list[PausedHere]:
    """What a customer who comes now has to be told before taking a number."""
    params = {
        "organisation_id": organisation_id,
        "at": at,
        "branch_id": branch_id,
        "service_kind_id": service_kind_id,
        "ticket_kind": str(ticket_kind),
    }
    return [PausedHere(*row) for row in sql.rows(session, _HERE, params)]


def paused_at_branch(
    session: Session, *, organisation_id: uuid.UUID, at: dt.datetime, branch_id: uuid.UUID
) -> list[PausedHere]:
    """What visitors of the branch are not promised now though they usually are."""
    params = {"organisation_id": organisation_id, "at": at, "branch_id": branch_id}
    return [PausedHere(*row) for row in sql.rows(session, _AT_BRANCH, params)]


def branches_turned(
    session: Session, *, organisation_id: uuid.UUID, since: dt.datetime, until: dt.datetime
) -> set[uuid.UUID | None]:
    """Where a pause began or ended after `since` and until `until`; None stands for everywhere."""
    params = {"organisation_id": organisation_id, "since": since, "until": until}
    return {row.branch_id for row in sql.rows(session, _TURNED, params)}


def paused_seconds(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID,
    since: dt.datetime,
    until: dt.datetime,
) -> int:
    """How much opening time of its branches the promise was paused from `since` until `until`."""
    return paused_time(
        session,
        organisation_id=organisation_id,
        promise_id=promise_id,
        since=since,
        until=until,
    ).paused_seconds


def paused_time(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID,
    since: dt.datetime,
    until: dt.datetime,
) -> PausedTime:
    """By the opening hours that the branches kept then; only while a version of the promise was
    in force for them. Three statements once the calendars are known to the process."""
    tenant = {"organisation_id": organisation_id}
    pauses = [
        (pause.branch_id, pause.starts_at, pause.ends_at or until)
        for pause in pauses_of_promise(session, **tenant, promise_id=promise_id)
    ]
    versions = list_versions(session, **tenant, promise_id=promise_id)
    kept_open = _OpenHours(session, organisation_id, since, until)
    paused = total = dt.timedelta()
    for version in versions:
        first, last = max(since, version.valid_from), min(until, version.valid_to or until)
        scope = version.terms.scope.branches
        for branch_id in kept_open.branches if scope is None else scope:
            total += kept_open.between(branch_id, first, last)
            for place, starts_at, ends_at in pauses:
                if place in (None, branch_id):
                    paused += kept_open.between(
                        branch_id, max(first, starts_at), min(last, ends_at)
                    )
    second = dt.timedelta(seconds=1)
    return PausedTime(paused // second, total // second)


class _OpenHours:
    """Opening time of each branch by the hours that held then: an edit changes nothing before
    it."""

    def __init__(
        self, session: Session, organisation_id: uuid.UUID, since: dt.datetime, until: dt.datetime
    ) -> None:
        self._session = session
        self._organisation_id = organisation_id
        self._years = (since.year - 1, until.year + 1)
        found = sql.rows(session, _HOURS, {"organisation_id": organisation_id})
        by_branch: dict[uuid.UUID, list[Any]] = defaultdict(list)
        for row in found:
            by_branch[row.branch_id].append(row)
        self._versions: Mapping[uuid.UUID, Sequence[Any]] = by_branch

    @property
    def branches(self) -> Iterable[uuid.UUID]:
        return self._versions.keys()

    def between(self, branch_id: uuid.UUID, first: dt.datetime, last: dt.datetime) -> dt.timedelta:
        total = dt.timedelta()
        rows = self._versions.get(branch_id, ())
        for at, row in enumerate(rows):
            following = rows[at + 1].since if at + 1 < len(rows) else last
            begins = first if row.since is None else max(first, row.since)
            ends = min(last, following)
            if begins < ends:
                key = (self._organisation_id, row.calendar_id, row.number, *self._years)
                total += frozen_calendar(self._session, key).open_between(begins, ends)
        return total


def _pause(row: Any) -> Pause:
    return Pause(*row)
