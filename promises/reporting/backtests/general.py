"""The backtest of general terms: the engine's own answer on every case of the span."""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from promises.reporting.backtests.answers import Answer, answer_of, needs_order, settle, turns
from promises.reporting.backtests.columns import Codes, Days, Shorts, day_number
from promises.reporting.backtests.estimates import Estimates, nothing
from promises.reporting.backtests.figures import Backtest, CurvePoint, Span, limits_about
from promises.reporting.backtests.judging import Judged
from promises.reporting.backtests.tallies import Table, Tally, tally
from promises.reporting.backtests.tickets import Tickets, load_tickets
from promises.rules.compile_numpy import Bytes, Numbers
from promises.rules.guarantee.limits import Limit, limit_of, with_limit
from promises.rules.guarantee.uses import uses_history
from promises.rules.states import State
from promises.rules.terms import Caps, GuaranteeTerms

MOST_TICKETS = 10_000
"""So many are judged at one request; of a longer history the newest ones."""

MOST_IN_ORDER = 4_000
"""The same where it matters when each was broken, which takes longer to work out."""

MOST_JUDGEMENTS = 100_000
"""Where other limits change more than whether a promise is broken, each of them judges every case
anew; with more judgements than this there is no curve."""


class Code(IntEnum):
    """What a case counts as; OWED is broken, and gets money."""

    KEPT = 0
    BROKEN = 1
    EXCLUDED = 2
    OPEN = 3
    OWED = 4


_MEANING = (State.KEPT, State.BROKEN, State.EXCLUDED, State.OPEN, State.BROKEN)
_OWED = tuple(code is Code.OWED for code in Code)
_NOT_COUNTED = len(Code)
_CODES = {
    State.KEPT: Code.KEPT,
    State.BROKEN: Code.BROKEN,
    State.EXCLUDED: Code.EXCLUDED,
    State.OPEN: Code.OPEN,
}


@dataclass(frozen=True, slots=True)
class Commitments:
    """Where and when each case was; see Cases."""

    day: Days
    hour: Bytes
    branch: Shorts

    def taken(self, places: NDArray[np.intp]) -> "Commitments":
        return Commitments(self.day[places], self.hour[places], self.branch[places])


def general_backtest(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    terms: GuaranteeTerms,
    span: Span,
    limits: Sequence[int | Fraction] | None = None,
    most: int | None = None,
) -> Backtest:
    """See `backtest`. At most `most` tickets are judged, the newest ones; None is as many as one
    request may take."""
    if most is None:
        most = MOST_IN_ORDER if needs_order(terms) else MOST_TICKETS
    found = load_tickets(
        session, organisation_id=organisation_id, terms=terms, span=span, now=now, most=most
    )
    if found.first_on is None or found.last_on is None:
        return nothing(terms, None)
    return _General(terms, found, day_number(found.first_on), now).backtest(limits)


class _General:
    def __init__(self, terms: GuaranteeTerms, found: Tickets, first: int, now: dt.datetime) -> None:
        self.terms, self.found, self.now = terms, found, now
        self.codes = Codes()
        self.tickets = found.tickets
        self.whole = Commitments(
            np.array([day_number(one.day_on) for one in self.tickets], np.int32),
            np.array([one.hour for one in self.tickets], np.uint8),
            np.array([self.codes.branch(one.branch_id) for one in self.tickets], np.uint16),
        )
        last = first if found.last_on is None else day_number(found.last_on)
        self.estimates = Estimates(
            _MEANING, terms.currency, self.codes.branches, first, last - first + 1
        )

    def backtest(self, limits: Sequence[int | Fraction] | None) -> Backtest:
        settled = settle(self.terms, self.tickets, self.now)
        guarantee = self.terms.guarantee
        limit = None if limits == () else limit_of(guarantee)
        curve, too_long = self._curve(limit, limits)
        looks_back = uses_history(guarantee) or self.terms.caps.per_customer is not None
        return replace(
            self.estimates.backtest(self.terms, self._tally(self._judged(settled))),
            curve=curve,
            unknown_before=looks_back,
            limit=limit,
            curve_too_long=too_long,
            left_out=self.found.left_out,
            unpriced=sum(one.amount_minor is None for one in settled),
        )

    def _tally(self, judged: Judged) -> Tally:
        return tally(
            [judged],
            None,
            first=self.estimates.first,
            days=self.estimates.days,
            branches=len(self.codes.branches),
        )

    def _judged(self, settled: Sequence[Answer]) -> Judged:
        places = np.array([one.place for one in settled], np.intp)
        codes = np.array([_code(one) for one in settled], np.uint8)
        amounts = np.array([one.amount_minor or 0 for one in settled], np.int64)
        return _counted(self.whole.taken(places), codes, amounts)

    # ---- other limits

    def _curve(
        self, limit: Limit | None, wanted: Sequence[int | Fraction] | None
    ) -> tuple[tuple[CurvePoint, ...], bool]:
        """The points, and whether there are none because they would take too long."""
        if limit is None or not self.tickets:
            return (), False
        points = limits_about(limit) if wanted is None else sorted({Fraction(p) for p in wanted})
        if limit.apart and self.terms.caps == Caps():
            tables = self._at_once(limit, points)
        elif len(points) * len(self.tickets) <= MOST_JUDGEMENTS:
            tables = self._each_anew(limit, points)
        else:
            return (), True
        return self.estimates.curve(points, tables), False

    def _at_once(self, limit: Limit, points: Sequence[Fraction]) -> list[Table]:
        """A ticket at a time: its answer turns once or twice over all limits."""
        variants = [with_limit(self.terms.guarantee, limit, point) for point in points]
        codes = np.empty((len(points), len(self.tickets)), np.uint8)
        amounts = np.zeros((len(points), len(self.tickets)), np.int64)
        for place, ticket in enumerate(self.tickets):
            for start, case in turns(variants, ticket, self.now):
                answer = answer_of(place, case)
                codes[start:, place] = _code(answer)
                amounts[start:, place] = answer.amount_minor or 0
        return self._tables(
            _counted(self.whole, *both) for both in zip(codes, amounts, strict=True)
        )

    def _each_anew(self, limit: Limit, points: Sequence[Fraction]) -> list[Table]:
        variants = (with_limit(self.terms.guarantee, limit, point) for point in points)
        return self._tables(
            self._judged(settle(replace(self.terms, guarantee=one), self.tickets, self.now))
            for one in variants
        )

    def _tables(self, judged: Iterable[Judged]) -> list[Table]:
        return [self._tally(one).by_day for one in judged]


def _code(answer: Answer) -> int:
    if answer.state is State.NOT_APPLICABLE:
        return _NOT_COUNTED
    if answer.state is State.BROKEN and answer.amount_minor:
        return Code.OWED
    return _CODES[answer.state]


def _counted(cases: Commitments, codes: Bytes, amounts: Numbers) -> Judged:
    """Without the cases that the promise is not for."""
    places = np.flatnonzero(codes != _NOT_COUNTED)
    if len(places) < len(codes):
        cases, codes, amounts = cases.taken(places), codes[places], amounts[places]
    return Judged(cases, codes, _MEANING, (False,) * len(Code), _OWED, amounts)
