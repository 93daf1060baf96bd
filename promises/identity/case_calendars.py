"""Many cases, each by the calendars that were in force when it began, with two reads for all."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.identity.calendars import BRANCH, frozen_calendar, years_for
from promises.identity.errors import CalendarUnknown
from promises.kernel.calendars import PreparedCalendar

_VERSIONS = """
SELECT c.id, c.slug, array_agg(v.number ORDER BY v.number DESC) AS numbers,
    array_agg(v.created_at ORDER BY v.number DESC) AS times
FROM calendars c
JOIN calendar_versions v ON v.organisation_id = c.organisation_id AND v.calendar_id = c.id
WHERE c.organisation_id = %(organisation_id)s AND (c.slug = ANY(%(names)s)
    OR %(of_branches)s AND c.id IN (
        SELECT b.calendar_id FROM branches b WHERE b.organisation_id = %(organisation_id)s))
GROUP BY c.id, c.slug
"""
_OF_BRANCHES = "SELECT id, calendar_id FROM branches WHERE organisation_id = %(organisation_id)s"

_Versions = tuple[tuple[int, dt.datetime], ...]
_Key = tuple[uuid.UUID, tuple[int, int], tuple[int, ...]]


class CaseCalendars:
    """What `calendars_for` says, for any branch and any time, without a read a case. Raises
    CalendarUnknown for a name that nothing has."""

    def __init__(
        self,
        session: Session,
        *,
        organisation_id: uuid.UUID,
        names: Iterable[str],
        now: dt.datetime,
    ) -> None:
        self._session, self._organisation_id, self._now = session, organisation_id, now
        self._names = sorted(set(names))
        self._versions: dict[uuid.UUID, _Versions] = {}
        self._known: dict[_Key, Mapping[str, PreparedCalendar]] = {}
        self._by_slug: dict[str, uuid.UUID] = {}
        self._by_branch: dict[uuid.UUID, uuid.UUID] = {}
        if self._names:
            self._read()

    def _read(self) -> None:
        of_branches = BRANCH in self._names
        tenant: dict[str, object] = {"organisation_id": self._organisation_id}
        params = tenant | {"names": self._names, "of_branches": of_branches}
        for row in rows(self._session, _VERSIONS, params):
            self._by_slug[row.slug] = row.id
            self._versions[row.id] = tuple(zip(row.numbers, row.times, strict=True))
        if of_branches:
            found = rows(self._session, _OF_BRANCHES, tenant)
            self._by_branch = {row.id: row.calendar_id for row in found}
        for name in self._names:
            if name != BRANCH and name not in self._by_slug:
                raise CalendarUnknown(name=name)

    def at(self, branch_id: uuid.UUID, began_at: dt.datetime) -> Mapping[str, PreparedCalendar]:
        """By name. Cases that share all versions share the very same mapping."""
        ids = [self._id_of(name, branch_id) for name in self._names]
        numbers = tuple(_number_at(self._versions[one], began_at) for one in ids)
        years = years_for(began_at, self._now)
        key = (branch_id, years, numbers)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = {
                name: frozen_calendar(self._session, (self._organisation_id, one, number, *years))
                for name, one, number in zip(self._names, ids, numbers, strict=True)
            }
        return found

    def _id_of(self, name: str, branch_id: uuid.UUID) -> uuid.UUID:
        return self._by_branch[branch_id] if name == BRANCH else self._by_slug[name]


def _number_at(versions: _Versions, at: dt.datetime) -> int:
    """The newest that was there; the first where none was."""
    return next((number for number, made_at in versions if made_at <= at), 1)
