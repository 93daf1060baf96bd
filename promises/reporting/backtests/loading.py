"""From PostgreSQL to columns, without a row ever being a Python object.

One statement: the tickets are grouped by what few values say of them (branch, service, kind, state,
which times are there), and of each group every time comes as one string of big-endian numbers. That
takes a third of the time of COPY through the driver, and a tenth of that of rows.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.zones import utc_offset, zone_of
from promises.reporting.backtests.columns import KIND_CODES, Block, Codes, by_day, hours_of_week
from promises.rules.compile_numpy import Numbers, Times, Waits, end_waits
from promises.rules.facts import EventKind, TicketKind

# The end of a served visit decides nothing.
_LOAD = """
SELECT t.branch_id, {service} AS service_kind_id, t.kind, t.state, t.letter,
    t.called_at IS NULL AS uncalled, t.service_started_at IS NULL AS unstarted,
    t.waited_us IS NULL AS unmeasured,
    {known}
    count(*)::int AS n,
    string_agg(int4send(t.day_on - date '1970-01-01'), '') AS day,
    string_agg(timestamptz_send(t.arrived_at), '') AS arrived,
    string_agg(timestamptz_send(t.called_at), '') AS called,
    string_agg(timestamptz_send(t.service_started_at), '') AS started,
    string_agg(CASE WHEN t.state <> 'served' THEN timestamptz_send(t.ended_at) END, '') AS ended,
    string_agg(int8send(t.waited_us), '') AS waited
    {identities}
FROM {tickets}
WHERE t.organisation_id = %(organisation_id)s AND t.state <> 'withdrawn'
  AND t.arrived_at IS NOT NULL AND {condition}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 {known_keys}
"""

# What the customer came for counts, whatever a transfer said later. A ticket that was transferred
# carries another letter than its service; those few are read again with their first service.
_SERVICE = "t.service_kind_id"
_FIRST_SERVICE = """coalesce((
    SELECT e.service_kind_id FROM service_events e
    WHERE e.organisation_id = t.organisation_id AND e.ticket_id = t.id
      AND e.kind = 'arrived' AND e.service_kind_id IS NOT NULL
    ORDER BY e.ticket_version, e.id LIMIT 1
), t.service_kind_id)"""
_MOVED = """ AND (t.service_kind_id, t.letter) IN (
    SELECT * FROM unnest(%(moved_kinds)s::uuid[], %(moved_letters)s::text[])
)"""
_LETTERS = "SELECT id, letter FROM service_kinds WHERE organisation_id = %(organisation_id)s"

_DAYS = "t.branch_id = ANY(%(branch_ids)s) AND t.day_on BETWEEN %(first_on)s AND %(last_on)s"
_IMPORT = "t.import_id = %(import_id)s"
_CELLS = """(
    SELECT t.* FROM unnest(%(branch_ids)s::uuid[], %(days)s::date[]) AS c (branch_id, day_on)
    CROSS JOIN LATERAL (
        SELECT t.* FROM tickets t
        WHERE t.organisation_id = %(organisation_id)s AND t.branch_id = c.branch_id
          AND t.day_on = c.day_on
        OFFSET 0
    ) t
) t"""

# The planner takes the few wide groups for dear and sorts a million rows instead; and each group
# grows to some megabytes, which must not go to the disk.
_BY_HASH = """SET LOCAL enable_sort = off; SET LOCAL enable_incremental_sort = off;
SET LOCAL work_mem = '64MB'"""
_AS_BEFORE = """SET LOCAL enable_sort = DEFAULT; SET LOCAL enable_incremental_sort = DEFAULT;
SET LOCAL work_mem = DEFAULT"""

_BRANCHES = "SELECT b.id, b.time_zone FROM branches b WHERE b.organisation_id = %(organisation_id)s"

_PG_EPOCH_US = 946_684_800_000_000
_QUARTER_US = 900_000_000
_QUARTERS_A_CHUNK = 4 * 24 * 32


@dataclass(frozen=True, slots=True)
class Source:
    """Which tickets to read: one of the class methods makes it."""

    tickets: str
    condition: str
    params: Mapping[str, Any]

    @classmethod
    def days(cls, zones: Mapping[uuid.UUID, str], first: dt.date, last: dt.date) -> "Source":
        """All of these days, both included."""
        params = {"branch_ids": list(zones), "first_on": first, "last_on": last}
        return cls("tickets t", _DAYS, params)

    @classmethod
    def of_import(cls, import_id: uuid.UUID) -> "Source":
        return cls("tickets t", _IMPORT, {"import_id": import_id})

    @classmethod
    def cells(cls, cells: Iterable[tuple[uuid.UUID, dt.date]]) -> "Source":
        """Single days of single branches."""
        branch_ids, days = zip(*cells, strict=True)
        return cls(_CELLS, "true", {"branch_ids": list(branch_ids), "days": list(days)})


def branch_zones(session: Session, *, organisation_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """Every branch there is or was, with its time zone."""
    found = rows(session, _BRANCHES, {"organisation_id": organisation_id})
    return {row.id: row.time_zone for row in found}


def load(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    source: Source,
    zones: Mapping[uuid.UUID, str],
    codes: Codes,
    identities: bool = False,
) -> Block:
    """The tickets of the source with an arrival, withdrawn ones left out; with `identities` also
    who they were for. New branches and services get their codes."""
    params = {"organisation_id": organisation_id, **source.params}
    letters = {row.id: row.letter for row in rows(session, _LETTERS, params)}
    execute(session, _BY_HASH)
    found = rows(session, _statement(source, _SERVICE, identities=identities), params)
    groups = [one for one in found if one.letter in (None, letters[one.service_kind_id])]
    moved = {(one.service_kind_id, one.letter) for one in found} - {
        (one.service_kind_id, one.letter) for one in groups
    }
    if moved:
        kinds, old = zip(*moved, strict=True)
        again = Source(source.tickets, source.condition + _MOVED, source.params)
        params |= {"moved_kinds": list(kinds), "moved_letters": list(old)}
        groups += rows(session, _statement(again, _FIRST_SERVICE, identities=identities), params)
    execute(session, _AS_BEFORE)
    return _block(groups, zones, codes, identities=identities)


def _statement(source: Source, service: str, *, identities: bool) -> str:
    return _LOAD.format(
        service=service,
        tickets=source.tickets,
        condition=source.condition,
        known="t.customer_id IS NULL AS unknown, t.device_id IS NULL AS deviceless,"
        if identities
        else "",
        known_keys=", 9, 10" if identities else "",
        identities=", string_agg(uuid_send(t.customer_id), '') AS customer"
        ", string_agg(uuid_send(t.device_id), '') AS device"
        if identities
        else "",
    )


def _block(
    found: Sequence[Any], zones: Mapping[uuid.UUID, str], codes: Codes, *, identities: bool
) -> Block:
    groups = sorted(found, key=_pattern)
    sizes = np.array([group.n for group in groups], np.int64)
    day = np.frombuffer(_content(groups, "day"), ">i4").astype(np.int32)
    arrived = _numbers(groups, "arrived")
    zone_numbers = {zone: number for number, zone in enumerate(sorted(set(zones.values())))}

    def repeated(values: Iterable[int], kind: Any) -> Any:
        return np.repeat(np.fromiter(values, kind, len(groups)), sizes)

    clocks = repeated((zone_numbers[zones[group.branch_id]] for group in groups), np.uint16)
    service, call = _waits(groups, arrived)
    return by_day(
        Block(
            day=day,
            hour=hours_of_week(day, arrived, _offsets(arrived, clocks, list(zone_numbers))),
            branch=repeated((codes.branch(group.branch_id) for group in groups), np.uint16),
            service_kind=repeated(
                (codes.service(group.service_kind_id) for group in groups), np.uint16
            ),
            ticket_kind=repeated(
                (KIND_CODES[TicketKind(group.kind)] for group in groups), np.uint8
            ),
            arrived=arrived,
            service=service,
            call=call,
            customer=_identities(groups, "customer") if identities else None,
            device=_identities(groups, "device") if identities else None,
        )
    )


def _pattern(group: Any) -> tuple[Any, ...]:
    """Groups of one pattern have the same times and lack the same ones."""
    return group.state, group.uncalled, group.unstarted, group.unmeasured


def _waits(groups: Sequence[Any], arrived: Numbers) -> tuple[Waits, Waits]:
    """Until service and until the call; a time that no ticket of a pattern has costs nothing."""
    service, call, start = [], [], 0
    for _, members in groupby(groups, _pattern):
        alike = list(members)
        stop = start + sum(group.n for group in alike)
        times = _times(alike, arrived[start:stop])
        service.append(end_waits(EventKind.SERVICE_STARTED, times))
        call.append(end_waits(EventKind.CALLED, times))
        start = stop
    return _one(service), _one(call)


def _one(parts: Sequence[Waits]) -> Waits:
    if not parts:
        return Waits(np.zeros(0, np.uint8), np.zeros(0, np.int64))
    return Waits(
        np.concatenate([one.ending for one in parts]), np.concatenate([one.wait for one in parts])
    )


def _times(groups: Sequence[Any], arrived: Numbers) -> Times:
    ended = {groups[0].state: _instants(groups, "ended")}
    return Times(
        arrived=arrived,
        called=_instants(groups, "called"),
        service_started=_instants(groups, "started"),
        left=ended.get("left"),
        no_show=ended.get("no_show"),
        closed=ended.get("closed"),
        measured_wait=_durations(groups, "waited"),
    )


def _content(groups: Iterable[Any], name: str) -> bytes:
    return b"".join(getattr(group, name) or b"" for group in groups)


def _durations(groups: Sequence[Any], name: str) -> Numbers | None:
    content = _content(groups, name)
    return np.frombuffer(content, ">i8").astype(np.int64) if content else None


def _instants(groups: Sequence[Any], name: str) -> Numbers | None:
    since_2000 = _durations(groups, name)
    return None if since_2000 is None else since_2000 + _PG_EPOCH_US


def _numbers(groups: Sequence[Any], name: str) -> Numbers:
    found = _instants(groups, name)
    return np.zeros(0, np.int64) if found is None else found


def _identities(groups: Sequence[Any], name: str) -> Numbers:
    """63 bits of each id, -1 where there is none. Among a million ids two share theirs once in
    twenty million histories, and then an estimate takes two customers for one."""
    found = np.full(sum(group.n for group in groups), -1)
    known = np.array([getattr(group, name) is not None for group in groups], np.bool_)
    ids = np.frombuffer(_content(groups, name), np.uint64).reshape(-1, 2)
    sizes = np.array([group.n for group in groups], np.int64)
    found[np.repeat(known, sizes)] = (ids[:, 0] ^ ids[:, 1]) >> np.uint64(1)
    return found


# ---- the branches' clocks


def _offsets(arrived: Numbers, clocks: Any, zones: Sequence[str]) -> Numbers:
    """How far the local clock was ahead of UTC at each instant, in microseconds; `clocks` are
    places in `zones`. Clocks are only ever changed on a quarter of an hour."""
    if not len(arrived):
        return arrived
    quarter = arrived // _QUARTER_US
    first, last = (int(one) // _QUARTERS_A_CHUNK for one in (quarter.min(), quarter.max()))
    tables = [
        np.concatenate([_offset_chunk(zone, number) for number in range(first, last + 1)])
        for zone in zones
    ]
    quarter -= first * _QUARTERS_A_CHUNK
    if len(tables) > 1:
        quarter += clocks * np.int64(len(tables[0]))
    found: Numbers = np.concatenate(tables)[quarter]
    return found


@lru_cache(maxsize=512)
def _offset_chunk(zone: str, number: int) -> Numbers:
    """The offsets of 32 days, a quarter of an hour each."""
    place = zone_of(zone)
    start = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + number * dt.timedelta(days=32)
    step = dt.timedelta(minutes=15)
    offsets = [utc_offset(start + place_in * step, place) for place_in in range(_QUARTERS_A_CHUNK)]
    return np.array([offset // dt.timedelta.resolution for offset in offsets], np.int64)
