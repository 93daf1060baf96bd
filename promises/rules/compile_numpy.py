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


_FEW = 4  # up to so many comparisons cost less than a look-up of each code

LATE = len(Ending)
"""An outcome is an ending in time; with LATE added, one that came too late."""

OUTCOMES = 2 * LATE


@dataclass(frozen=True, slots=True)
class Times:
    """The earliest time of each deciding event and the source's own wait, one entry a ticket."""

    arrived: Numbers
    called: Numbers
    service_started: Numbers
    left: Numbers
    no_show: Numbers
    closed: Numbers
    measured_wait: Numbers


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
    called, served = times.called, times.service_started
    gone, by_leaving = _gone(times)
    is_called, is_served, is_gone = (one != MISSING for one in (called, served, gone))
    gone_first = is_gone & (gone < called)
    ended = np.where(is_gone, gone, MISSING)
    ending = np.where(is_gone, np.where(by_leaving, Ending.LEFT, Ending.CLOSED), Ending.NOTHING)
    if until is EventKind.SERVICE_STARTED:
        no_show = (times.no_show != MISSING) & is_called & ~gone_first
        ended = np.where(is_served, served, np.where(no_show, called, ended))
        ending = np.where(no_show, Ending.NO_SHOW, ending)
        ending = np.where(is_served, Ending.REACHED, ending)
    else:
        start_first = is_served & (~is_called | (served < called))
        reached = is_called & ~(~is_served & gone_first)
        ended = np.where(start_first, served, np.where(reached, called, ended))
        ending = np.where(start_first | reached, Ending.REACHED, ending)
    arrived = times.arrived != MISSING
    settled = arrived & (ending != Ending.NOTHING)
    measured = times.measured_wait
    with np.errstate(over="ignore"):  # only where an arrival or an end is missing
        elapsed = ended - times.arrived
    wait = np.where(settled, np.where(measured != MISSING, measured, elapsed), 0)
    return Waits(np.where(arrived, ending, Ending.NO_ARRIVAL).astype(np.uint8), wait)


def _gone(times: Times) -> tuple[Numbers, Mask]:
    """When the customer was gone, and whether by leaving."""
    left, closed = times.left, times.closed
    by_leaving = (closed == MISSING) | ((left != MISSING) & (left <= closed))
    return np.where(by_leaving, left, closed), by_leaving


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
    found: NDArray[np.intp] = np.searchsorted(too_late, wait, side="right")
    return found


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
