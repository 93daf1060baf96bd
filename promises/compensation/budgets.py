"""The money set aside for a promise and month: reserved under its row's lock, and given back."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.zones import local_date

# Locks the row, also a new one, whatever else is reserved at the same time; costs the same however
# many debts the month has had.
_LOCK = """
INSERT INTO budgets (organisation_id, promise_id, month_on, limit_minor, reserved_minor)
VALUES (%(organisation_id)s, %(promise_id)s, %(month_on)s, %(limit_minor)s, 0)
ON CONFLICT (organisation_id, promise_id, month_on)
    DO UPDATE SET limit_minor = excluded.limit_minor
RETURNING limit_minor - reserved_minor AS left_minor
"""

_RESERVE = """
UPDATE budgets SET reserved_minor = reserved_minor + %(amount_minor)s
WHERE organisation_id = %(organisation_id)s AND promise_id = %(promise_id)s
  AND month_on = %(month_on)s
"""

_GIVE_BACK = """
UPDATE budgets SET reserved_minor = reserved_minor - %(amount_minor)s
WHERE organisation_id = %(organisation_id)s AND promise_id = %(promise_id)s
  AND month_on = %(month_on)s AND reserved_minor >= %(amount_minor)s
"""


@dataclass(slots=True)
class Room:
    """What is left of the budgets that this transaction has locked; no entry: no limit."""

    left: dict[uuid.UUID, int]
    taken: dict[uuid.UUID, int] = field(default_factory=dict)

    def take(self, promise_id: uuid.UUID, amount_minor: int) -> bool:
        """Whether there is so much; then it is taken."""
        if promise_id not in self.left:
            return True
        if amount_minor > self.left[promise_id]:
            return False
        self.left[promise_id] -= amount_minor
        self.taken[promise_id] = self.taken.get(promise_id, 0) + amount_minor
        return True


def lock_room(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    month_on: dt.date,
    limits: Mapping[uuid.UUID, int | None],
) -> Room:
    """By promise, in the order in which all lock them. Where there is no limit nothing is kept."""
    left = {}
    for promise_id, limit in sorted(limits.items()):
        if limit is not None:
            key = {"organisation_id": organisation_id, "promise_id": promise_id}
            found = rows(session, _LOCK, {**key, "month_on": month_on, "limit_minor": limit})
            left[promise_id] = found[0].left_minor
    return Room(left)


def reserve(session: Session, *, organisation_id: uuid.UUID, month_on: dt.date, room: Room) -> None:
    """Write down what was taken out of the room."""
    for promise_id, amount in sorted(room.taken.items()):
        key = {"organisation_id": organisation_id, "promise_id": promise_id}
        execute(session, _RESERVE, {**key, "month_on": month_on, "amount_minor": amount})


def give_back(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    promise_id: uuid.UUID,
    month_on: dt.date,
    amount_minor: int,
) -> None:
    """A debt that was released in this month was taken back. A promise without a budget then has
    nothing to get back."""
    params = {"organisation_id": organisation_id, "promise_id": promise_id, "month_on": month_on}
    execute(session, _GIVE_BACK, params | {"amount_minor": amount_minor})


def month_of(at: dt.datetime, zone: str) -> dt.date:
    """The first day of the local month: the key of a budget."""
    return local_date(at, zone).replace(day=1)
