"""The backtest: draft terms against the organisation's own tickets, in one pass over columns."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from sqlalchemy.orm import Session

from promises.kernel.zones import require_utc
from promises.reporting.backtests.columns import day_of
from promises.reporting.backtests.estimates import Estimates, nothing
from promises.reporting.backtests.figures import (
    Backtest,
    CurvePoint,
    Leavers,
    Span,
    usual_limits,
)
from promises.reporting.backtests.general import general_backtest
from promises.reporting.backtests.grants import (
    Grants,
    counts_awards,
    period_began_before,
)
from promises.reporting.backtests.judging import cases_of, judged_waits
from promises.reporting.backtests.resident import RESIDENT, Resident, Slices
from promises.reporting.backtests.tallies import Table, curve, tally
from promises.rules.compile_numpy import LATE, states_of, too_late_us
from promises.rules.terms import GuaranteeTerms, Terms, WaitTerms

LONGEST_SPAN_DAYS = 3_660
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def backtest(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    terms: Terms,
    span: Span,
    limits: Sequence[int | Fraction] | None = None,
    most: int | None = None,
    resident: Resident = RESIDENT,
) -> Backtest:
    """What the terms would have kept and cost over the span, as it is known at `now`.

    `limits` are the points of the trade-off curve, seconds of a wait, or of general terms in the
    unit of their limit: None for round ones about the terms' own, empty for no curve. Raises
    ValueError for a span without both its days, or one of more than ten years.
    """
    _check(span)
    if isinstance(terms, GuaranteeTerms):
        return general_backtest(
            session,
            organisation_id=organisation_id,
            now=now,
            terms=terms,
            span=span,
            limits=limits,
            most=most,
        )
    slices = _history(session, organisation_id, terms, span, resident)
    if not slices.blocks:
        return nothing(terms, Leavers(0, 0))
    points = usual_limits(terms.rule.limit_seconds) if limits is None else _whole(limits)
    now_us = (require_utc(now) - _EPOCH) // dt.timedelta.resolution
    return _Case(terms, slices, now_us).backtest(points)


def _check(span: Span) -> None:
    if span.import_id is not None:
        return
    if span.from_on is None or span.to_on is None:
        raise ValueError("a span is an import, or has its first and its last day")
    if (span.to_on - span.from_on).days >= LONGEST_SPAN_DAYS:
        raise ValueError("a span is at most ten years long")


def _whole(limits: Sequence[int | Fraction]) -> list[int]:
    return sorted({int(seconds) for seconds in limits})


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
    return resident.days(
        session,
        organisation_id=organisation_id,
        first=span.from_on or dt.date.min,
        last=span.to_on or dt.date.min,
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
        self.estimates = Estimates(
            states_of(terms.rule), terms.currency, slices.codes.branches, self.first, self.days
        )

    def backtest(self, points: Sequence[int]) -> Backtest:
        judged = [judged_waits(self.terms, cases) for cases in self.cases]
        found = tally(
            judged,
            self.grants,
            first=self.first,
            days=self.days,
            branches=len(self.codes.branches),
        )
        return replace(
            self.estimates.backtest(self.terms, found),
            leavers=_leavers(found.by_day, judged[0].gone),
            curve=self._curve(points),
            unknown_before=period_began_before(self.terms, day_of(self.first)),
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
        return self.estimates.curve(points, tables)


def _leavers(table: Table, gone: Sequence[bool]) -> Leavers:
    totals = table.codes.sum(axis=0)
    before = sum(int(totals[code]) for code, left in enumerate(gone) if left and code < LATE)
    after = sum(int(totals[code]) for code, left in enumerate(gone) if left and code >= LATE)
    return Leavers(before, after)
