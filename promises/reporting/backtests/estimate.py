"""The backtest: draft terms against the organisation's own tickets, in one pass over columns."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

import numpy as np
from sqlalchemy.orm import Session

from promises.kernel.money import Money
from promises.kernel.zones import require_utc
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
    Span,
    usual_limits,
)
from promises.reporting.backtests.grants import (
    Grants,
    counts_awards,
    period_began_before,
)
from promises.reporting.backtests.judging import cases_of, judged_waits
from promises.reporting.backtests.resident import RESIDENT, Resident, Slices
from promises.reporting.backtests.tallies import Table, Tally, curve, tally
from promises.reporting.rates import FEWEST_FOR_SHARE
from promises.rules.compile_numpy import LATE, states_of, too_late_us
from promises.rules.terms import WaitTerms
from promises.rules.verdicts import State

LONGEST_SPAN_DAYS = 3_660
_MONTH_DAYS = Fraction(3_652_425, 120_000)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def backtest(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    terms: WaitTerms,
    span: Span,
    limits: Sequence[int] | None = None,
    resident: Resident = RESIDENT,
) -> Backtest:
    """What the terms would have kept and cost over the span, as it is known at `now`.

    `limits` (seconds) are the points of the trade-off curve: None for round ones about the terms'
    own, empty for no curve. Raises ValueError for a span without both its days, or one of more than
    ten years.
    """
    slices = _history(session, organisation_id, terms, span, resident)
    if not slices.blocks:
        return _nothing(terms)
    points = usual_limits(terms.rule.limit_seconds) if limits is None else sorted(set(limits))
    now_us = (require_utc(now) - _EPOCH) // dt.timedelta.resolution
    return _Case(terms, slices, now_us).backtest(points)


def _history(
    session: Session, organisation_id: uuid.UUID, terms: WaitTerms, span: Span, resident: Resident
) -> Slices:
    identities = counts_awards(terms)
    if span.import_id is not None:
        return resident.of_import(
            session,
            organisation_id=organisation_id,
            import_id=span.import_id,
            identities=identities,
        )
    if span.from_on is None or span.to_on is None:
        raise ValueError("a span is an import, or has its first and its last day")
    if (span.to_on - span.from_on).days >= LONGEST_SPAN_DAYS:
        raise ValueError("a span is at most ten years long")
    return resident.days(
        session,
        organisation_id=organisation_id,
        first=span.from_on,
        last=span.to_on,
        identities=identities,
    )


class _Case:
    """One backtest over blocks that hold something."""

    def __init__(self, terms: WaitTerms, slices: Slices, now_us: int) -> None:
        self.terms = terms
        self.codes = slices.codes
        self.first = min(int(block.day[0]) for block in slices.blocks)
        self.days = max(int(block.day[-1]) for block in slices.blocks) - self.first + 1
        self.cases = [cases_of(terms, block, slices.codes, now_us) for block in slices.blocks]
        self.grants = Grants(terms, self.cases) if counts_awards(terms) else None
        self.meaning = states_of(terms.rule)

    def backtest(self, points: Sequence[int]) -> Backtest:
        judged = [judged_waits(self.terms, cases) for cases in self.cases]
        found = tally(
            judged,
            self.grants,
            first=self.first,
            days=self.days,
            branches=len(self.codes.branches),
        )
        [estimate] = self._estimates([found.by_day])
        first_on = day_of(self.first)
        return Backtest(
            terms=self.terms,
            first_on=first_on,
            last_on=day_of(self.first + self.days - 1),
            counts=estimate.counts,
            leavers=_leavers(found.by_day, judged[0].gone),
            interval=estimate.interval,
            monthly=estimate.monthly,
            by_branch=self._by_branch(found),
            by_weekday_hour=self._by_hour(found),
            curve=self._curve(points),
            unknown_before=period_began_before(self.terms, first_on),
        )

    def _by_branch(self, found: Tally) -> tuple[BranchFigures, ...]:
        counts = self._counts(found.by_branch)
        return tuple(
            BranchFigures(branch_id, counts[code])
            for branch_id, code in self.codes.branches.items()
            if counts[code].cases
        )

    def _by_hour(self, found: Tally) -> tuple[HourFigures, ...]:
        return tuple(
            HourFigures(hour // 24, hour % 24, counts)
            for hour, counts in enumerate(self._counts(found.by_hour))
            if counts.cases
        )

    def _curve(self, points: Sequence[int]) -> tuple[CurvePoint, ...]:
        if not points:
            return ()
        rules = [replace(self.terms.rule, limit_seconds=seconds) for seconds in points]
        tables = curve(
            self.terms,
            self.cases,
            np.array([too_late_us(rule) for rule in rules]),
            self.grants,
            first=self.first,
            days=self.days,
        )
        return tuple(
            CurvePoint(seconds, estimate.counts, estimate.interval, estimate.monthly)
            for seconds, estimate in zip(points, self._estimates(tables), strict=True)
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
            Counts(kept, broken, excluded, still, owed, Money(cost, self.terms.currency))
            for kept, broken, excluded, still, owed, cost in zip(*columns, strict=True)
        ]

    def _estimates(self, tables: Sequence[Table]) -> list["_Estimate"]:
        """The whole of each table by day, with how sure it is."""
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
            _Estimate(
                counts,
                _interval(share) if counts.rate.cases >= FEWEST_FOR_SHARE else None,
                self._monthly(counts, total),
            )
            for counts, share, total in zip(wholes, shares, sums, strict=True)
        ]

    def _monthly(self, counts: Counts, total: tuple[float, float] | None) -> Monthly:
        months = Fraction(self.days) / _MONTH_DAYS

        def money(amount: float) -> Money:
            return Money(round(Fraction(round(amount)) / months), self.terms.currency)

        return Monthly(
            breaches=counts.broken / months,
            cost=money(counts.cost.amount_minor),
            cost_interval=MoneyInterval(money(total[0]), money(total[1])) if total else None,
        )


@dataclass(frozen=True, slots=True)
class _Estimate:
    counts: Counts
    interval: Interval | None
    monthly: Monthly


def _interval(share: tuple[float, float] | None) -> Interval | None:
    return None if share is None else Interval(*(Decimal(f"{one:.6f}") for one in share))


def _leavers(table: Table, gone: Sequence[bool]) -> Leavers:
    totals = table.codes.sum(axis=0)
    before = sum(int(totals[code]) for code, left in enumerate(gone) if left and code < LATE)
    after = sum(int(totals[code]) for code, left in enumerate(gone) if left and code >= LATE)
    return Leavers(before, after)


def _nothing(terms: WaitTerms) -> Backtest:
    zero = Money(0, terms.currency)
    return Backtest(
        terms=terms,
        first_on=None,
        last_on=None,
        counts=Counts(0, 0, 0, 0, 0, zero),
        leavers=Leavers(0, 0),
        interval=None,
        monthly=Monthly(Fraction(0), zero, None),
        by_branch=(),
        by_weekday_hour=(),
        curve=(),
        unknown_before=False,
    )
