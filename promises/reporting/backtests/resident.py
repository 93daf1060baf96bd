"""What a process keeps of the organisations' history, as blocks of columns, a month each.

Nothing is ever served stale. Each request first asks the event log which days of which branches
changed since the last one, and reads only those again. The log is searched from the oldest moment
that could still hold something unseen: the begin of the oldest transaction that was open when it
was last read. Of what is found there, the rows' own transaction numbers tell what was seen already.

Every process of the web server has its own blocks, `BUDGET_BYTES` at most, the longest unused ones
go first. A span that needs more than that is still answered, but read again the next time.
"""

import datetime as dt
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.orm import Session

from promises.db.sql import one, rows
from promises.reporting.backtests.columns import Block, Codes, day_number, joined
from promises.reporting.backtests.loading import Source, branch_zones, load

BUDGET_BYTES = 256 * 1024 * 1024
"""About seven million tickets a process."""

LONGEST_LOAD_MONTHS = 12
MOST_CELLS = 2_000
"""More changed days than this are not mended: their months are read anew."""

_SLACK = dt.timedelta(seconds=60)  # clocks of the machines, and from an id to its first write
_UNKNOWN_START = dt.timedelta(hours=1)  # of transactions that were open before we first looked
_READ_ANEW_AFTER = dt.timedelta(days=1)

_SNAPSHOT = """
SELECT pg_snapshot_xmin(s)::text::bigint AS oldest, pg_snapshot_xmax(s)::text::bigint AS next,
    clock_timestamp() AS at
FROM pg_current_snapshot() AS s
"""

# An imported ticket's events come with its import, whose row changes when it is taken back too.
_CHANGED = """
SELECT t.branch_id, t.day_on
FROM service_events e
JOIN tickets t ON t.organisation_id = e.organisation_id AND t.id = e.ticket_id
WHERE e.organisation_id = %(organisation_id)s AND e.id >= %(first_id)s AND e.source <> 'import'
  AND age(e.xmin) <= age(%(oldest)s::text::xid8::xid)
UNION
SELECT t.branch_id, t.day_on
FROM imports i
JOIN tickets t ON t.organisation_id = i.organisation_id AND t.import_id = i.id
WHERE i.organisation_id = %(organisation_id)s
  AND age(i.xmin) <= age(%(oldest)s::text::xid8::xid)
"""

Cell = tuple[uuid.UUID, dt.date]
Part = int | uuid.UUID
"""A month, counted from year 0, or an import."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every transaction below `oldest` had ended, none from `next` on had begun."""

    oldest: int
    next: int
    at: dt.datetime


@dataclass(slots=True)
class _Log:
    """How far the event log was read. `seen` are earlier snapshots, to date old transactions."""

    begun: Snapshot
    last: Snapshot
    seen: list[Snapshot]

    @classmethod
    def begin(cls, now: Snapshot) -> "_Log":
        return cls(now, now, [now])

    def search_from(self) -> dt.datetime:
        """No event that was unseen at the last snapshot has an id from before this."""
        known = [one.at for one in self.seen if one.next <= self.last.oldest]
        return max(known) - _SLACK if known else self.begun.at - _UNKNOWN_START

    def advance(self, now: Snapshot) -> None:
        known = [one for one in self.seen if one.next <= now.oldest][-1:]
        self.seen = [*known, *(one for one in self.seen if one.next > now.oldest), now]
        self.last = now


@dataclass(slots=True)
class _History:
    """One organisation's. The lock is held while its blocks are brought up to date."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    codes: Codes = field(default_factory=Codes)
    zones: Mapping[uuid.UUID, str] = field(default_factory=dict)
    log: _Log | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """The tickets asked for, in blocks whose days do not overlap."""

    blocks: tuple[Block, ...]
    codes: Codes


class Resident:
    """Blocks by organisation and part; safe for threads."""

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self._lock = threading.Lock()
        self._histories: dict[uuid.UUID, _History] = {}
        self._blocks: OrderedDict[tuple[uuid.UUID, Part], Block] = OrderedDict()

    @property
    def nbytes(self) -> int:
        with self._lock:
            return sum(block.nbytes for block in self._blocks.values())

    def days(
        self,
        session: Session,
        *,
        organisation_id: uuid.UUID,
        first: dt.date,
        last: dt.date,
        identities: bool = False,
    ) -> Slices:
        """All tickets of these days, both included."""
        history = self._history(organisation_id)
        with history.lock:
            self._refresh(session, organisation_id, history)
            wanted = range(_month(first), _month(last) + 1)
            found = {one: self._get(organisation_id, one, identities) for one in wanted}
            missing = [one for one, block in found.items() if block is None]
            for run in _runs(missing):
                found |= self._read(session, organisation_id, history, run, identities)
            codes = Codes(dict(history.codes.branches), dict(history.codes.services))
        self._trim()
        between = [
            block.between(day_number(first), day_number(last))
            for block in found.values()
            if block is not None
        ]
        return Slices(tuple(block for block in between if len(block)), codes)

    def of_import(
        self,
        session: Session,
        *,
        organisation_id: uuid.UUID,
        import_id: uuid.UUID,
        identities: bool = False,
    ) -> Slices:
        history = self._history(organisation_id)
        with history.lock:
            self._refresh(session, organisation_id, history)
            block = self._get(organisation_id, import_id, identities)
            if block is None:
                block = load(
                    session,
                    organisation_id=organisation_id,
                    source=Source.of_import(import_id),
                    zones=history.zones,
                    codes=history.codes,
                    identities=identities,
                )
                self._put(organisation_id, import_id, block)
            codes = Codes(dict(history.codes.branches), dict(history.codes.services))
        self._trim()
        return Slices((block,) if len(block) else (), codes)

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._blocks.clear()
            self._histories.clear()

    # ---- keeping up

    def _refresh(self, session: Session, organisation_id: uuid.UUID, history: _History) -> None:
        params: dict[str, object] = {"organisation_id": organisation_id}
        zones = branch_zones(session, organisation_id=organisation_id)
        now = Snapshot(*one(session, _SNAPSHOT, params))
        log = history.log
        moved = any(zones.get(branch) != zone for branch, zone in history.zones.items())
        if log is None or moved or now.at - log.begun.at > _READ_ANEW_AFTER:
            self._drop(organisation_id, self._parts(organisation_id))
            history.log = _Log.begin(now)
        elif self._parts(organisation_id):
            history.zones = zones
            params |= {"oldest": str(log.last.oldest), "first_id": _first_id(log.search_from())}
            changed = [(row.branch_id, row.day_on) for row in rows(session, _CHANGED, params)]
            self._mend(session, organisation_id, history, changed)
            log.advance(now)
        else:
            log.advance(now)
        history.zones = zones

    def _mend(
        self,
        session: Session,
        organisation_id: uuid.UUID,
        history: _History,
        changed: list[Cell],
    ) -> None:
        """Read the changed days of branches again, and put them in the place of what was there."""
        if not changed:
            return
        imports = [part for part in self._parts(organisation_id) if isinstance(part, uuid.UUID)]
        self._drop(organisation_id, imports)
        by_month: dict[int, list[Cell]] = {}
        for cell in changed:
            by_month.setdefault(_month(cell[1]), []).append(cell)
        for month, cells in by_month.items():
            old = self._get(organisation_id, month)
            if old is None:
                continue
            if len(cells) > MOST_CELLS:
                self._drop(organisation_id, [month])
                continue
            fresh = load(
                session,
                organisation_id=organisation_id,
                source=Source.cells(cells),
                zones=history.zones,
                codes=history.codes,
                identities=old.customer is not None,
            )
            kept = np.flatnonzero(~_is_in(old, cells, history.codes))
            self._put(organisation_id, month, joined([old.taken(kept), fresh]))

    def _read(
        self,
        session: Session,
        organisation_id: uuid.UUID,
        history: _History,
        run: range,
        identities: bool,
    ) -> dict[int, Block | None]:
        """A run of months with one statement, kept month by month."""
        whole = load(
            session,
            organisation_id=organisation_id,
            source=Source.days(history.zones, _first_of(run.start), _before(run.stop)),
            zones=history.zones,
            codes=history.codes,
            identities=identities,
        )
        made: dict[int, Block | None] = {}
        for month in run:
            part = whole.between(day_number(_first_of(month)), day_number(_before(month + 1)))
            if part is not whole:
                part = part.taken(np.arange(len(part)))  # a view would keep the whole alive
            self._put(organisation_id, month, part)
            made[month] = part
        return made

    # ---- the blocks

    def _history(self, organisation_id: uuid.UUID) -> _History:
        with self._lock:
            return self._histories.setdefault(organisation_id, _History())

    def _parts(self, organisation_id: uuid.UUID) -> list[Part]:
        with self._lock:
            return [part for owner, part in self._blocks if owner == organisation_id]

    def _get(
        self, organisation_id: uuid.UUID, part: Part, identities: bool = False
    ) -> Block | None:
        """None too where identities are wanted and the block has none."""
        with self._lock:
            block = self._blocks.get((organisation_id, part))
            if block is None or (identities and block.customer is None):
                return None
            self._blocks.move_to_end((organisation_id, part))
            return block

    def _put(self, organisation_id: uuid.UUID, part: Part, block: Block) -> None:
        with self._lock:
            self._blocks[organisation_id, part] = block
            self._blocks.move_to_end((organisation_id, part))

    def _drop(self, organisation_id: uuid.UUID, parts: Iterable[Part]) -> None:
        with self._lock:
            for part in parts:
                self._blocks.pop((organisation_id, part), None)

    def _trim(self) -> None:
        with self._lock:
            total = sum(block.nbytes for block in self._blocks.values())
            while self._blocks and total > self.budget_bytes:
                _, block = self._blocks.popitem(last=False)
                total -= block.nbytes


def _is_in(block: Block, cells: Iterable[Cell], codes: Codes) -> np.ndarray:
    wanted = [day_number(day) << 16 | codes.branch(branch_id) for branch_id, day in cells]
    found: np.ndarray = np.isin(block.day.astype(np.int64) << 16 | block.branch, wanted)
    return found


def _month(day: dt.date) -> int:
    return day.year * 12 + day.month - 1


def _first_of(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)


def _before(month: int) -> dt.date:
    return _first_of(month) - dt.timedelta(days=1)


def _runs(months: list[int]) -> list[range]:
    """Months that follow each other, together."""
    runs: list[range] = []
    for month in months:
        if runs and runs[-1].stop == month and len(runs[-1]) < LONGEST_LOAD_MONTHS:
            runs[-1] = range(runs[-1].start, month + 1)
        else:
            runs.append(range(month, month + 1))
    return runs


def _first_id(instant: dt.datetime) -> uuid.UUID:
    """The smallest id of version 7 that can have been made then."""
    milliseconds = (instant - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(
        milliseconds=1
    )
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | 0b10 << 62)


RESIDENT = Resident()
"""This process's."""
