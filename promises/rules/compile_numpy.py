"""The judgement of `judge`, over columns: a million tickets at once, exact to the microsecond.

Instants and durations are int64 microseconds, `MISSING` where there is none. What ended each wait
does not depend on the limit, so it is found once (`end_waits`) and serves every limit after that;
comparing it with a limit is a single pass (`outcomes`, or `steps` for many limits at once).
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from promises.rules.facts import EventKind
from promises.rules.terms import AfterLimit, Rule, Scope
from promises.rules.verdicts import State

Numbers = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Mask = NDArray[np.bool_]

MISSING = int(np.iinfo(np.int64).min)


class Ending(IntEnum):
    """What ended a wait."""

    REACHED = 0
    NO_SHOW = 1
    LEFT = 2
    CLOSED = 3
    NOTHING = 4
    NO_ARRIVAL = 5


_SECOND = 1_000_000
_LONGEST_TABLE = 100_000
_FEW = 4  # up to so many comparisons cost less than a look-up of each code

LATE = len(Ending)
"""An outcome is an ending in time; with LATE added, one that came too late."""

OUTCOMES = 2 * LATE


@dataclass(frozen=True, slots=True)
class Times:
    """The earliest time of each deciding event and the source's own wait, one entry a ticket. A
    column is None where no ticket has one; that spares all work on it."""

    arrived: Numbers
    called: Numbers | None
    service_started: Numbers | None
    left: Numbers | None
    no_show: Numbers | None
    closed: Numbers | None
    measured_wait: Numbers | None


@dataclass(frozen=True, slots=True)
class Waits:
    """`ending` by the codes of Ending; `wait` until then, 0 where nothing has ended it."""

    ending: Bytes
    wait: Numbers


@dataclass(frozen=True, slots=True)
class Scoped:
    """What scopes look at, as codes of at most 16 bits without a sign. `kinds`, `services` and
    `branches` give the code of each id that occurs, None too where a ticket has none."""

    ticket_kind: NDArray[Any]
    service_kind: NDArray[Any]
    branch: NDArray[Any]
    kinds: dict[Any, int]
    services: dict[Any, int]
    branches: dict[Any, int]


def end_waits(until: EventKind, times: Times) -> Waits:
    """What ended each wait, and after how long: rules 2 to 4 of `judge`."""
    count = len(times.arrived)
    found = _Found(np.full(count, MISSING), np.full(count, Ending.NOTHING, np.uint8))
    gone = _gone(times, found)
    if until is EventKind.SERVICE_STARTED:
        _until_service(times, gone, found)
    else:
        _until_call(times, gone, found)
    ended, ending = found.ended, found.ending
    arrived = times.arrived != MISSING
    with np.errstate(over="ignore"):  # only where an arrival or an end is missing
        wait = ended - times.arrived
    if times.measured_wait is not None:
        wait = np.where(times.measured_wait != MISSING, times.measured_wait, wait)
    wait[~arrived | (ending == Ending.NOTHING)] = 0
    ending[~arrived] = Ending.NO_ARRIVAL
    return Waits(ending, wait)


@dataclass(frozen=True, slots=True)
class _Found:
    """The end of each wait as far as it is known; later rules put theirs over earlier ones."""

    ended: Numbers
    ending: Bytes

    def put(self, where: Mask, at: Numbers, ending: Ending) -> None:
        np.copyto(self.ended, at, where=where)
        np.copyto(self.ending, np.uint8(ending), where=where)


def _gone(times: Times, found: _Found) -> Numbers | None:
    """When the customer was gone, by leaving or by being closed, whichever was first."""
    for at, ending in ((times.closed, Ending.CLOSED), (times.left, Ending.LEFT)):
        if at is not None:
            earlier = (found.ending == Ending.NOTHING) | (at <= found.ended)
            found.put((at != MISSING) & earlier, at, ending)
    return None if times.left is None and times.closed is None else found.ended.copy()


def _gone_first(gone: Numbers | None, called: Numbers) -> Mask:
    if gone is None:
        return np.zeros(len(called), np.bool_)
    first: Mask = (gone != MISSING) & (gone < called)
    return first


def _until_service(times: Times, gone: Numbers | None, found: _Found) -> None:
    called, served, no_show = times.called, times.service_started, times.no_show
    if no_show is not None and called is not None:
        missed = (no_show != MISSING) & (called != MISSING) & ~_gone_first(gone, called)
        found.put(missed, called, Ending.NO_SHOW)
    if served is not None:
        found.put(served != MISSING, served, Ending.REACHED)


def _until_call(times: Times, gone: Numbers | None, found: _Found) -> None:
    called, served = times.called, times.service_started
    if called is not None:
        reached = (called != MISSING) & ~_gone_first(gone, called)
        if served is not None:
            reached |= (called != MISSING) & (served != MISSING)
        found.put(reached, called, Ending.REACHED)
    if served is not None:
        first = served != MISSING
        if called is not None:
            first &= (called == MISSING) | (served < called)
        found.put(first, served, Ending.REACHED)


def still_waiting(waits: Waits, arrived: Numbers, now: int, where: NDArray[Any]) -> Numbers:
    """The waits as they stand at `now` (microseconds), where `where` are the places of those that
    nothing has ended yet. Without any, the very same array."""
    if not len(where):
        return waits.wait
    wait = waits.wait.copy()
    wait[where] = now - arrived[where]
    return wait


def too_late_us(rule: Rule) -> int:
    """The shortest wait that breaks the promise, in microseconds."""
    return rule.too_late // timedelta.resolution


def outcomes(ending: Bytes, wait: Numbers, too_late: int) -> Bytes:
    """The ending of each ticket, with LATE added where its wait breaks the promise."""
    late: Bytes = (wait >= too_late).view(np.uint8)
    found: Bytes = ending + late * np.uint8(LATE)
    return found


def steps(wait: Numbers, too_late: Numbers) -> NDArray[np.intp]:
    """For limits in rising order: how many of them each wait breaks. They are the first ones."""
    part = too_late[0] % _SECOND
    seconds = too_late // _SECOND
    if seconds[-1] > _LONGEST_TABLE or (too_late % _SECOND != part).any():
        found: NDArray[np.intp] = np.searchsorted(too_late, wait, side="right")
        return found
    # Limits that lie whole seconds apart: one look-up a wait, by the seconds that it lasted.
    table = np.searchsorted(seconds, np.arange(-1, seconds[-1] + 1), side="right")
    places = (wait - part) // _SECOND
    np.clip(places, -1, seconds[-1], out=places)
    counted: NDArray[np.intp] = table[places + 1]
    return counted


def states_of(rule: Rule) -> tuple[State, ...]:
    """The state that each outcome means. Missing values are open, broken or not applicable, never
    kept."""
    gone = State(rule.before_limit.value)  # the settings are named like the states
    in_time = (State.KEPT, State.EXCLUDED, gone, gone, State.OPEN, State.NOT_APPLICABLE)
    broken = (State.BROKEN,) * (LATE - 1)
    return (*in_time, *broken, State.NOT_APPLICABLE)


def owed_of(rule: Rule) -> tuple[bool, ...]:
    """Whether each outcome is owed the compensation, caps apart."""
    leavers = (Ending.LEFT, Ending.NO_SHOW) if rule.after_limit is AfterLimit.NOT_OWED else ()
    return tuple(
        state is State.BROKEN and Ending(code % LATE) not in leavers
        for code, state in enumerate(states_of(rule))
    )


def in_scope(scope: Scope, columns: Scoped) -> Mask | None:
    """Which tickets the promise is for; None where it is for all of them."""
    wanted = (
        (scope.ticket_kinds, columns.ticket_kind, columns.kinds),
        (scope.service_kinds, columns.service_kind, columns.services),
        (scope.branches, columns.branch, columns.branches),
    )
    inside: Mask | None = None
    for ids, column, codes in wanted:
        chosen = [code for one, code in codes.items() if ids is None or one in ids]
        if len(chosen) < len(codes):
            mask = _among(column, chosen)
            inside = mask if inside is None else inside & mask
    return inside


def _among(column: NDArray[Any], chosen: list[int]) -> Mask:
    if len(chosen) <= _FEW:
        found = np.zeros(len(column), dtype=np.bool_)
        for code in chosen:
            found |= column == code
        return found
    wanted = np.zeros(np.iinfo(column.dtype).max + 1, dtype=np.bool_)
    wanted[chosen] = True
    picked: Mask = wanted[column]
    return picked
