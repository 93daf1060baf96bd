"""What caps on several tickets leave of what is owed, as `awards.allocate` grants it.

A cap counts awards for one customer in a period, one device on a day, or everybody unknown in a
branch on a day. Of the candidates for a limit the first ones up to the cap get the whole amount.
The order is that of the deadlines, hence of the arrivals, and the same for every limit.
"""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from promises.reporting.backtests.columns import day_of
from promises.reporting.backtests.judging import Cases
from promises.rules.awards import period_start
from promises.rules.compile_numpy import Mask, Numbers
from promises.rules.terms import Caps, CustomerCap, WaitTerms


def counts_awards(terms: WaitTerms) -> bool:
    """Whether a cap does, so that it matters whose tickets they are."""
    caps = terms.caps
    counted = (caps.per_customer, caps.per_device_day, caps.per_branch_day_anonymous)
    return any(cap is not None for cap in counted)


@dataclass(frozen=True, slots=True)
class _Cap:
    """`order` brings the tickets that the cap binds together by whom they are counted for, each by
    arrival; `first` is where in that order each one's own group begins."""

    most: int
    order: NDArray[np.intp]
    first: NDArray[np.intp]

    @classmethod
    def of(cls, most: int, bound: Mask, arrived: Numbers, keys: Sequence[Numbers]) -> "_Cap":
        places = np.flatnonzero(bound)
        order = places[np.lexsort((arrived[places], *(key[places] for key in keys)))]
        begins = np.zeros(len(order), np.bool_)
        begins[:1] = True
        for key in keys:
            begins[1:] |= key[order][1:] != key[order][:-1]
        starts = np.flatnonzero(begins)
        first = np.repeat(starts, np.diff(np.append(starts, len(order))))
        return cls(most, order, first)

    def grant(self, owed: Mask, granted: Mask) -> None:
        """Take the grant from those of the owed that come after the cap is used up."""
        wants = owed[self.order]
        before: Numbers = np.cumsum(wants) - wants
        place = before - before[self.first]
        granted[self.order[wants & (place >= self.most)]] = False


class Grants:
    """For the cases of all blocks together, in their order."""

    def __init__(self, terms: WaitTerms, all_cases: Sequence[Cases]) -> None:
        caps = terms.caps
        day, branch, arrived = (
            np.concatenate([cases.column(name) for cases in all_cases]).astype(np.int64)
            for name in ("day", "branch", "arrived")
        )
        self._customer, self._device = (
            np.concatenate([cases.column(name) for cases in all_cases])
            for name in ("customer", "device")
        )
        self._day, self._branch, self._arrived, self._terms = day, branch, arrived, caps
        self._caps = self._known(caps.per_customer) + self._unknown(caps)
        self._both = None not in (caps.per_device_day, caps.per_branch_day_anonymous)

    def _known(self, cap: CustomerCap | None) -> list[_Cap]:
        if cap is None:
            return []
        period = _periods(self._day, cap)
        bound = self._customer >= 0
        return [_Cap.of(cap.count, bound, self._arrived, (period, self._customer))]

    def _unknown(self, caps: Caps) -> list[_Cap]:
        """One of the two; where both bind they are counted together, see `granted`."""
        unknown = self._customer < 0
        device, branch = caps.per_device_day, caps.per_branch_day_anonymous
        if device is not None and branch is None:
            bound = unknown & (self._device >= 0)
            return [_Cap.of(device, bound, self._arrived, (self._day, self._device))]
        if branch is not None and device is None:
            return [_Cap.of(branch, unknown, self._arrived, (self._day, self._branch))]
        return []

    def granted(self, owed: Mask) -> Mask:
        """Which of the owed tickets get the amount."""
        granted = owed.copy()
        for cap in self._caps:
            cap.grant(owed, granted)
        if self._both:
            self._one_by_one(owed & (self._customer < 0), granted)
        return granted

    def _one_by_one(self, owed: Mask, granted: Mask) -> None:
        """A claim that one of the caps ends does not use up the other."""
        most_device, most_branch = (
            self._terms.per_device_day or 0,
            self._terms.per_branch_day_anonymous or 0,
        )
        places = np.flatnonzero(owed)
        places = places[np.argsort(self._arrived[places], kind="stable")]
        devices: Counter[tuple[int, int]] = Counter()
        branches: Counter[tuple[int, int]] = Counter()
        rows = zip(
            places.tolist(),
            self._day[places].tolist(),
            self._device[places].tolist(),
            self._branch[places].tolist(),
            strict=True,
        )
        for place, day, device, branch in rows:
            at_device, at_branch = (day, device), (day, branch)
            if (device >= 0 and devices[at_device] >= most_device) or (
                branches[at_branch] >= most_branch
            ):
                granted[place] = False
                continue
            devices[at_device] += 1
            branches[at_branch] += 1


def _periods(day: Numbers, cap: CustomerCap) -> Numbers:
    """The first day of the cap's period that each day lies in."""
    days, places = np.unique(day, return_inverse=True)
    starts = [period_start(day_of(int(one)), cap.period).toordinal() for one in days]
    found: Numbers = np.array(starts, np.int64)[places]
    return found


def period_began_before(terms: WaitTerms, first: dt.date) -> bool:
    """Whether a customer's period was already running on the first day, with unknown awards."""
    cap = terms.caps.per_customer
    return cap is not None and period_start(first, cap.period) < first
