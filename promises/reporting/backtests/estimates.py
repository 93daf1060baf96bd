"""From counts by day, branch and hour to the figures of a backtest, and how sure they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import numpy as np

from promises.kernel.money import Money
from promises.reporting.backtests.bootstrap import share_bounds, sum_bounds
from promises.reporting.backtests.columns import day_of
from promises.reporting.backtests.figures import (
    Backtest,
    BranchFigures,
    Counts,
    CurvePoint,
    HourFigures,
    Interval,
    Leavers,
    MoneyInterval,
    Monthly,
)
from promises.reporting.backtests.tallies import Table, Tally
from promises.reporting.rates import FEWEST_FOR_SHARE
from promises.rules.terms import Terms
from promises.rules.verdicts import State

_MONTH_DAYS = Fraction(3_652_425, 120_000)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The whole of a table by day."""

    counts: Counts
    interval: Interval | None
    monthly: Monthly


@dataclass(frozen=True, slots=True)
class Estimates:
    """Reads tallies: `meaning` is the state of each code, `branches` the code of each branch,
    `first` the first day (days since 1970)."""

    meaning: Sequence[State]
    currency: str
    branches: Mapping[UUID, int]
    first: int
    days: int

    def backtest(self, terms: Terms, found: Tally) -> Backtest:
        """All but the leavers and the curve."""
        [estimate] = self.of([found.by_day])
        return Backtest(
            terms=terms,
            first_on=day_of(self.first),
            last_on=day_of(self.first + self.days - 1),
            counts=estimate.counts,
            leavers=None,
            interval=estimate.interval,
            monthly=estimate.monthly,
            by_branch=self._by_branch(found),
            by_weekday_hour=self._by_hour(found),
            curve=(),
            unknown_before=False,
        )

    def curve(
        self, points: Sequence[int | Fraction], tables: Sequence[Table]
    ) -> tuple[CurvePoint, ...]:
        """A point for each table by day."""
        return tuple(
            CurvePoint(limit, estimate.counts, estimate.interval, estimate.monthly)
            for limit, estimate in zip(points, self.of(tables), strict=True)
        )

    def of(self, tables: Sequence[Table]) -> list[Estimate]:
        with_cases = tables[0].codes.sum(axis=1) > 0
        states = [table.states(self.meaning) for table in tables]
        kept, broken, cost = (
            np.stack(columns, axis=1)[with_cases]
            for columns in (
                [one[State.KEPT] for one in states],
                [one[State.BROKEN] for one in states],
                [table.cost for table in tables],
            )
        )
        shares, sums = share_bounds(kept, kept + broken), sum_bounds(cost)
        wholes = [
            self._counts(
                Table(
                    table.codes.sum(axis=0, keepdims=True),
                    table.owed.sum(keepdims=True),
                    table.cost.sum(keepdims=True),
                )
            )[0]
            for table in tables
        ]
        return [
            Estimate(
                counts,
                _interval(share) if counts.rate.cases >= FEWEST_FOR_SHARE else None,
                self._monthly(counts, total),
            )
            for counts, share, total in zip(wholes, shares, sums, strict=True)
        ]

    def _by_branch(self, found: Tally) -> tuple[BranchFigures, ...]:
        counts = self._counts(found.by_branch)
        return tuple(
            BranchFigures(branch_id, counts[code])
            for branch_id, code in self.branches.items()
            if counts[code].cases
        )

    def _by_hour(self, found: Tally) -> tuple[HourFigures, ...]:
        return tuple(
            HourFigures(hour // 24, hour % 24, counts)
            for hour, counts in enumerate(self._counts(found.by_hour))
            if counts.cases
        )

    def _counts(self, table: Table) -> list[Counts]:
        """Row by row."""
        by_state = table.states(self.meaning)
        columns = (
            by_state[State.KEPT].tolist(),
            by_state[State.BROKEN].tolist(),
            by_state[State.EXCLUDED].tolist(),
            by_state[State.OPEN].tolist(),
            table.owed.tolist(),
            table.cost.tolist(),
        )
        return [
            Counts(kept, broken, excluded, still, owed, Money(cost, self.currency))
            for kept, broken, excluded, still, owed, cost in zip(*columns, strict=True)
        ]

    def _monthly(self, counts: Counts, total: tuple[float, float] | None) -> Monthly:
        months = Fraction(self.days) / _MONTH_DAYS

        def money(amount: float) -> Money:
            return Money(round(Fraction(round(amount)) / months), self.currency)

        return Monthly(
            breaches=counts.broken / months,
            cost=money(counts.cost.amount_minor),
            cost_interval=MoneyInterval(money(total[0]), money(total[1])) if total else None,
        )


def _interval(share: tuple[float, float] | None) -> Interval | None:
    return None if share is None else Interval(*(Decimal(f"{one:.6f}") for one in share))


def nothing(terms: Terms, leavers: Leavers | None) -> Backtest:
    """Of a span without any ticket."""
    zero = Money(0, terms.currency)
    return Backtest(
        terms=terms,
        first_on=None,
        last_on=None,
        counts=Counts(0, 0, 0, 0, 0, zero),
        leavers=leavers,
        interval=None,
        monthly=Monthly(Fraction(0), zero, None),
        by_branch=(),
        by_weekday_hour=(),
        curve=(),
        unknown_before=False,
    )
