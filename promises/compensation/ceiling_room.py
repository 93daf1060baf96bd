"""How much room ceilings have left, and for whom it is kept.

Room is kept at each ceiling for one debt: the oldest that was found to have none there. A younger
one goes only where there is room beside it, so that it is not overtaken for ever; older ones are
finitely many. None is kept in a period that ends before the debt could go, as something else has no
room for it until later. So a debt reads one row of each of its ceilings, however many wait.

A debt that is larger than a ceiling comes before a person at once and is never the first in line.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.ceilings import PLACE, places, span_of
from promises.compensation.control_models import CeilingPeriod, CeilingReaction, SumScope
from promises.compensation.rolling import Key
from promises.db.sql import execute, rows

ABOVE_CEILING = "above_ceiling"
LARGER_THAN_CEILING = "larger_than_ceiling"
"""Why a ceiling asks for a person: the reason of the hold's decision."""

# A statement of its own, after the locks: it sees what those before it have written. Who was first
# in line and has another hold now, or ended, is not.
_DUE = f"""
SELECT c.id, c.scope, c.key, c.period, c.limit_minor, c.reaction, c.filled_on,
    c.first_from_on, f.id AS first_id, f.amount_minor AS first_minor, f.created_at AS first_at,
    coalesce((SELECT sum(d.amount_minor) FROM released_days d
        WHERE d.organisation_id = %(organisation_id)s AND d.scope = c.scope AND d.key = c.key
          AND d.day_on BETWEEN date_trunc(c.period, %(today_on)s::timestamp)::date
              AND %(today_on)s), 0)::bigint AS used_minor
FROM (SELECT c.*, {PLACE} FROM ceilings c
    WHERE c.organisation_id = %(organisation_id)s AND c.limit_minor IS NOT NULL
      AND (c.branch_id IS NULL OR c.branch_id = ANY(%(branch_ids)s))
      AND (c.promise_id IS NULL OR c.promise_id = ANY(%(promise_ids)s))) c
LEFT JOIN compensations f ON f.organisation_id = c.organisation_id AND f.id = c.first_id
    AND f.state = 'owed' AND f.holds = '{{budget}}'
"""

_NOTE = """
UPDATE ceilings c SET filled_on = w.filled_on, first_id = w.first_id,
    first_from_on = w.first_from_on
FROM unnest(%(ids)s::uuid[], %(filled)s::date[], %(firsts)s::uuid[], %(from_on)s::date[])
    AS w (id, filled_on, first_id, first_from_on)
WHERE c.organisation_id = %(organisation_id)s AND c.id = w.id
"""


@dataclass(frozen=True, slots=True)
class First:
    """Who is first in line at a ceiling. `age`: the lower, the older. `from_on`: the day from which
    it could go."""

    compensation_id: uuid.UUID
    amount_minor: int
    age: tuple[dt.datetime, uuid.UUID]
    from_on: dt.date


@dataclass(slots=True, kw_only=True, eq=False)
class CeilingInForce:
    """In its present period. `used_minor`: what went out in it."""

    ceiling_id: uuid.UUID
    key: Key
    limit_minor: int
    reaction: CeilingReaction
    used_minor: int
    period_on: dt.date
    last_on: dt.date
    filled_on: dt.date | None
    first: First | None
    changed: bool = False

    @property
    def following_on(self) -> dt.date:
        return self.last_on + dt.timedelta(days=1)

    def has_room(self, row: Any, added: Mapping[Key, int]) -> bool:
        left = self.limit_minor - self.used_minor - added.get(self.key, 0)
        return bool(row.amount_minor <= left - self._kept(row, left))

    def _kept(self, row: Any, left: int) -> int:
        """For somebody older who can go in this period."""
        first = self.first
        if first is None or self.reaction is not CeilingReaction.WAIT or first.age >= _age(row):
            return 0
        can_go = first.from_on <= self.last_on and first.amount_minor <= left
        return first.amount_minor if can_go else 0

    def fill(self) -> None:
        if self.filled_on != self.period_on:
            self.filled_on, self.changed = self.period_on, True

    def put_first(self, first: First | None) -> None:
        if self.first != first:
            self.first, self.changed = first, True


@dataclass(frozen=True, slots=True)
class Full:
    """The ceilings that have no room for a debt. `larger`: it is larger than one of them."""

    ceilings: Sequence[CeilingInForce] = ()
    larger: bool = False

    @property
    def asks(self) -> bool:
        """A person is to look: it would never fit, or that was chosen."""
        return self.larger or bool(self.of(CeilingReaction.APPROVE))

    def of(self, reaction: CeilingReaction) -> list[CeilingInForce]:
        return [one for one in self.ceilings if one.reaction is reaction]

    @property
    def reason(self) -> str:
        return LARGER_THAN_CEILING if self.larger else ABOVE_CEILING


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Those that bind some debts, by the sum that each is on, locked until the transaction ends.

    What the transaction itself releases is added up by the caller, in `added`.
    """

    organisation_id: uuid.UUID
    today_on: dt.date
    by_key: dict[Key, list[CeilingInForce]] = field(default_factory=dict)

    def full_for(self, row: Any, added: Mapping[Key, int]) -> Full:
        mine = self._of(row)
        larger = [one for one in mine if row.amount_minor > one.limit_minor]
        full = [one for one in mine if one not in larger and not one.has_room(row, added)]
        return Full(full, bool(larger))

    def ask(self, row: Any, full: Full) -> None:
        """That a debt comes before a person because of these, and is in no line any more."""
        for one in full.of(CeilingReaction.APPROVE):
            one.fill()
        self._leave(row)

    def wait(self, row: Any, full: Full) -> None:
        """That a debt waits: for these, or, where there are none, for the month's money. It is
        first in line where nobody older is."""
        waited_for = full.of(CeilingReaction.WAIT)
        from_on = max((one.following_on for one in waited_for), default=self._next_month())
        mine = First(row.id, row.amount_minor, _age(row), from_on)
        for one in waited_for:
            one.fill()
            if one.first is None or mine.age < one.first.age:
                one.put_first(mine)
        for one in self._first_at(row):
            one.put_first(mine)

    def add(self, row: Any, added: MutableMapping[Key, int]) -> None:
        """That a debt goes; its branch is counted for all debts, with a ceiling or without."""
        for key in self._keys(row):
            if key[0] != SumScope.BRANCH:
                added[key] = added.get(key, 0) + row.amount_minor
        self._leave(row)

    def _leave(self, row: Any) -> None:
        for one in self._first_at(row):
            one.put_first(None)

    def _first_at(self, row: Any) -> list[CeilingInForce]:
        return [one for one in self._of(row) if one.first and one.first.compensation_id == row.id]

    def note(self, session: Session) -> None:
        """Write down what changed."""
        changed = [one for those in self.by_key.values() for one in those if one.changed]
        if not changed:
            return
        firsts = [one.first for one in changed]
        execute(
            session,
            _NOTE,
            {
                "organisation_id": self.organisation_id,
                "ids": [one.ceiling_id for one in changed],
                "filled": [one.filled_on for one in changed],
                "firsts": [first and first.compensation_id for first in firsts],
                "from_on": [first and first.from_on for first in firsts],
            },
        )

    def _next_month(self) -> dt.date:
        return span_of(CeilingPeriod.MONTH, self.today_on)[1] + dt.timedelta(days=1)

    def _of(self, row: Any) -> list[CeilingInForce]:
        return [one for key in self._keys(row) for one in self.by_key[key]]

    def _keys(self, row: Any) -> list[Key]:
        keys = [
            (SumScope.BRANCH.value, str(row.branch_id)),
            (SumScope.WHOLE_PROMISE.value, str(row.promise_id)),
            (SumScope.ORGANISATION.value, str(self.organisation_id)),
        ]
        return [key for key in keys if key in self.by_key]


def ceilings_of(
    session: Session, *, organisation_id: uuid.UUID, today_on: dt.date, debts: Sequence[Any]
) -> Ceilings:
    """Those that bind these debts, of which all sums are locked by the caller."""
    params = places(organisation_id, debts) | {"today_on": today_on}
    found = Ceilings(organisation_id, today_on)
    for row in rows(session, _DUE, params):
        found.by_key.setdefault((row.scope, row.key), []).append(_in_force(row, today_on))
    return found


def _in_force(row: Any, today_on: dt.date) -> CeilingInForce:
    first, last = span_of(CeilingPeriod(row.period), today_on)
    return CeilingInForce(
        ceiling_id=row.id,
        key=(row.scope, row.key),
        limit_minor=row.limit_minor,
        reaction=CeilingReaction(row.reaction),
        used_minor=row.used_minor,
        period_on=first,
        last_on=last,
        filled_on=row.filled_on,
        first=row.first_id
        and First(row.first_id, row.first_minor, (row.first_at, row.first_id), row.first_from_on),
    )


def _age(row: Any) -> tuple[dt.datetime, uuid.UUID]:
    return row.created_at, row.id
