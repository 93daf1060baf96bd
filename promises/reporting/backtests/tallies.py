"""Counting judged tickets by day, branch and hour, and for many limits at once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from promises.reporting.backtests.columns import HOURS
from promises.reporting.backtests.grants import Grants
from promises.reporting.backtests.judging import Cases, Judged, Placed
from promises.rules.compile_numpy import LATE, Bytes, Mask, Numbers, owed_of, steps
from promises.rules.terms import Rule, WaitTerms
from promises.rules.verdicts import State

Place = Callable[[Placed], NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Table:
    """A row a day (or branch, or hour). `codes` has a column a code; `owed` and `cost` are the
    tickets that get something, and the minor units that they get."""

    codes: Numbers
    owed: Numbers
    cost: Numbers

    def states(self, meaning: Sequence[State]) -> dict[State, Numbers]:
        """Columns by state."""
        found = {state: np.zeros(len(self.codes), np.int64) for state in State}
        for code, state in enumerate(meaning):
            found[state] += self.codes[:, code]
        return found


@dataclass(frozen=True, slots=True)
class Tally:
    by_day: Table
    by_branch: Table
    by_hour: Table


def tally(
    judged: Sequence[Judged], grants: Grants | None, *, first: int, days: int, branches: int
) -> Tally:
    """`first` is the first day, in days since 1970."""
    paid = _paid(judged, grants)

    def table(place: Place, size: int) -> Table:
        kinds = len(judged[0].states)
        codes = np.zeros((size, kinds), np.int64)
        owed, cost = np.zeros(size, np.int64), np.zeros(size, np.int64)
        for one, mask in zip(judged, paid, strict=True):
            places = place(one.cases)
            counts = _counted(places, size, one.codes, kinds)
            codes += counts
            if mask is None and isinstance(one.amounts, int):
                many = counts[:, np.array(one.owed)].sum(axis=1)
                owed += many
                cost += many * one.amounts
            else:
                some, money = _granted(places, size, one, mask)
                owed += some
                cost += money
        return Table(codes, owed, cost)

    return Tally(
        by_day=table(lambda cases: cases.day - first, days),
        by_branch=table(lambda cases: cases.branch, branches),
        by_hour=table(lambda cases: cases.hour, HOURS),
    )


def _paid(judged: Sequence[Judged], grants: Grants | None) -> list[Mask | None]:
    """Block by block who gets the amount; None where that is everybody who is owed it."""
    if grants is None:
        return [None] * len(judged)
    owed = [np.array(one.owed)[one.codes] for one in judged]
    granted = grants.granted(np.concatenate(owed))
    return [*np.split(granted, np.cumsum([len(one) for one in owed])[:-1])]


def _granted(
    places: NDArray[Any], size: int, judged: Judged, mask: Mask | None
) -> tuple[Numbers, Numbers]:
    paid = np.array(judged.owed)[judged.codes] if mask is None else mask
    amounts = np.broadcast_to(judged.amounts, len(paid))[paid]
    where = places[paid]
    # Sums in float64 are exact up to 2**53 minor units.
    money = np.bincount(where, weights=amounts, minlength=size)
    return np.bincount(where, minlength=size), np.rint(money).astype(np.int64)


def _counted(places: NDArray[Any], size: int, codes: Bytes, kinds: int) -> Numbers:
    flat = np.bincount(places.astype(np.intp) * kinds + codes, minlength=size * kinds)
    return flat.reshape(size, kinds)


# ---- the curve


def curve(
    terms: WaitTerms,
    all_cases: Sequence[Cases],
    too_late: Numbers,
    grants: Grants | None,
    *,
    first: int,
    days: int,
) -> list[Table]:
    """A table by day for each of the limits, which rise. The waits are looked at once: how many
    limits a wait breaks says all about every one of them."""
    many = len(too_late) + 1
    counts = np.zeros(days * LATE * many, np.int64)
    broken = [steps(cases.wait, too_late) for cases in all_cases]
    for cases, step in zip(all_cases, broken, strict=True):
        row = (cases.day - first).astype(np.intp)
        counts += np.bincount((row * LATE + cases.ending) * many + step, minlength=len(counts))
    by_step = counts.reshape(days, LATE, many)
    in_time = np.cumsum(by_step, axis=2)
    late = in_time[:, :, -1:] - in_time
    cap = terms.caps.per_case_minor
    amount = terms.amount_minor if cap is None else min(cap, terms.amount_minor)
    tables = []
    for place in range(len(too_late)):
        codes = np.concatenate([in_time[:, :, place], late[:, :, place]], axis=1)
        if grants is None:
            owed = codes[:, np.array(owed_of(terms.rule))].sum(axis=1)
        else:
            owed = _owed_by_day(terms.rule, all_cases, broken, place, grants, first, days)
        tables.append(Table(codes, owed, owed * amount))
    return tables


def _owed_by_day(
    rule: Rule,
    all_cases: Sequence[Cases],
    broken: Sequence[NDArray[np.intp]],
    place: int,
    grants: Grants,
    first: int,
    days: int,
) -> Numbers:
    owed_codes = np.array(owed_of(rule))
    owed = [
        owed_codes[cases.ending + LATE * (step > place)]
        for cases, step in zip(all_cases, broken, strict=True)
    ]
    granted = grants.granted(np.concatenate(owed))
    rows = np.concatenate([cases.day for cases in all_cases]) - first
    return np.bincount(rows[granted], minlength=days)
