"""When a promise is broken: one exclusive instant, computed once and stored."""

from datetime import datetime, timedelta

from promises.kernel.zones import require_utc
from promises.rules.terms import WaitTerms


def due_at(terms: WaitTerms, started_at: datetime) -> datetime:
    """The first instant, in UTC, that is too late.

    The limit counts real seconds, so the clocks may change meanwhile. Where the limit itself is
    still kept, the deadline lies one microsecond after it.
    """
    return require_utc(started_at) + terms.too_late


def limit_at(terms: WaitTerms, due: datetime) -> datetime:
    """The limit as people read it: start and limit, without the microsecond of the boundary."""
    return due - (terms.too_late - terms.rule.limit)


def time_left(due: datetime, now: datetime) -> timedelta:
    """What is left before the deadline, never negative."""
    return max(require_utc(due) - require_utc(now), timedelta(0))
