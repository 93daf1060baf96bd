"""One judgement of many tickets: a code for each, and what each code means.

Everything after it counts codes and adds amounts, whatever kind of terms gave them: those that
limit a wait here, general ones in `general`.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from promises.reporting.backtests.columns import Block, Codes, Days, Shorts
from promises.rules.compile_numpy import (
    LATE,
    OUTCOMES,
    Bytes,
    Ending,
    Numbers,
    Waits,
    in_scope,
    outcomes,
    owed_of,
    states_of,
    still_waiting,
    too_late_us,
)
from promises.rules.terms import WaitTerms
from promises.rules.verdicts import State

_GONE = (Ending.LEFT, Ending.NO_SHOW)


class Placed(Protocol):
    """Cases with where and when they were: what counting them needs."""

    @property
    def day(self) -> Days: ...

    @property
    def hour(self) -> Bytes: ...

    @property
    def branch(self) -> Shorts: ...


@dataclass(frozen=True, slots=True)
class Cases:
    """The tickets of a block that terms are for, one entry each: what ended their wait, and how
    long it was as things stand. `places` are their rows in the block, None for all of them."""

    block: Block
    places: NDArray[np.intp] | None
    day: Days
    hour: Bytes
    branch: Shorts
    ending: Bytes
    wait: Numbers

    def column(self, name: str) -> NDArray[Any]:
        """Another column of the block, for these tickets."""
        whole: NDArray[Any] = getattr(self.block, name)
        return whole if self.places is None else whole[self.places]


@dataclass(frozen=True, slots=True)
class Judged:
    """`codes` has one entry a case; `states`, `gone` (left or did not come when called) and `owed`
    tell what each code means. Of a ticket whose code is owed, `amounts` says how much in minor
    units, caps on several tickets apart."""

    cases: Placed
    codes: Bytes
    states: tuple[State, ...]
    gone: tuple[bool, ...]
    owed: tuple[bool, ...]
    amounts: int | Numbers


def cases_of(terms: WaitTerms, tickets: Block, codes: Codes, now_us: int) -> Cases:
    mask = in_scope(terms.scope, tickets.scoped(codes))
    waits = tickets.waits(terms.rule.until)
    if mask is None:
        wait = still_waiting(waits, tickets.arrived, now_us, tickets.unended(terms.rule.until))
        return Cases(tickets, None, tickets.day, tickets.hour, tickets.branch, waits.ending, wait)
    places = np.flatnonzero(mask)
    ended = Waits(waits.ending[places], waits.wait[places])
    unended = np.flatnonzero(ended.ending == Ending.NOTHING)
    ended.wait[unended] = now_us - tickets.arrived[places[unended]]
    return Cases(
        block=tickets,
        places=places,
        day=tickets.day[places],
        hour=tickets.hour[places],
        branch=tickets.branch[places],
        ending=ended.ending,
        wait=ended.wait,
    )


def judged_waits(terms: WaitTerms, cases: Cases) -> Judged:
    """By terms that limit a wait."""
    rule = terms.rule
    cap = terms.caps.per_case_minor
    return Judged(
        cases=cases,
        codes=outcomes(cases.ending, cases.wait, too_late_us(rule)),
        states=states_of(rule),
        gone=tuple(Ending(code % LATE) in _GONE for code in range(OUTCOMES)),
        owed=owed_of(rule),
        amounts=terms.amount_minor if cap is None else min(cap, terms.amount_minor),
    )
