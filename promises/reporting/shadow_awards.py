"""What the broken cases of a shadow run would be owed, each within what the caps leave.

Caps count the run's own awards only: what another promise owes for the same ticket has no say.
"""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from promises.breaches.rulings import Granted
from promises.desk.facts import TicketCase
from promises.rules.awards import CapKey, CapKind, Claim, allocate, cap_keys
from promises.rules.guarantee.case import Earlier
from promises.rules.terms import AfterLimit, Terms, WaitTerms


class Awarded(Protocol):
    """The part of a case that an award reads and writes."""

    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    day_on: dt.date
    breached_at: dt.datetime | None
    detail: Mapping[str, Any] | None
    amount_minor: int | None


class Awards:
    """Grants in the order of time. `tickets` say whom a case is for, `before` are the awards of
    earlier rounds that count with those to come."""

    def __init__(
        self, terms: Terms, tickets: Mapping[uuid.UUID, TicketCase], before: Iterable[Any]
    ) -> None:
        self._terms, self._tickets = terms, tickets
        self._used: dict[CapKey, int] = defaultdict(int)
        self._history: dict[uuid.UUID, list[Earlier]] = defaultdict(list)
        for row in before:
            claim = Claim(row.ticket_id, row.branch_id, row.day_on, row.customer_id, row.device_id)
            self._count(claim, row.amount_minor, 1)
            if row.customer_id is not None:
                earlier = Earlier(row.breached_at, row.amount_minor, _texts(row.facts))
                self._history[row.customer_id].append(earlier)

    def history(self, customer_id: uuid.UUID) -> tuple[Earlier, ...]:
        """What the customer was granted so far, in the order of the breaches."""
        return tuple(sorted(self._history[customer_id], key=lambda one: one.at))

    def grant(self, case: Awarded, *, left: bool = False, granted: Granted | None = None) -> None:
        """Once a case."""
        claim = self._claim(case, left=left, amount_minor=granted.amount_minor if granted else 0)
        used = {key: self._used[key] for key in cap_keys(self._terms, claim).values()}
        [award] = allocate(self._terms, [claim], used)
        case.amount_minor = award.amount_minor
        if award.amount_minor:
            self._count(claim, award.amount_minor, 1)
            if claim.customer_id is not None and case.breached_at is not None:
                facts = _texts((case.detail or {}).get("facts"))
                earlier = Earlier(case.breached_at, award.amount_minor, facts)
                self._history[claim.customer_id].append(earlier)

    def end_unowed(self, case: Awarded) -> None:
        """The customer left after the limit: the debt ends where the terms owe such a one nothing,
        and uses up no cap any more."""
        terms = self._terms
        owes = isinstance(terms, WaitTerms) and terms.rule.after_limit is not AfterLimit.NOT_OWED
        if owes or not case.amount_minor:
            return
        self._count(self._claim(case), case.amount_minor, -1)
        case.amount_minor = 0

    def _claim(self, case: Awarded, *, left: bool = False, amount_minor: int = 0) -> Claim:
        ticket = self._tickets[case.ticket_id]
        return Claim(
            case.ticket_id,
            case.branch_id,
            case.day_on,
            ticket.customer_id,
            ticket.device_id,
            left_after_limit=left,
            amount_minor=amount_minor,
        )

    def _count(self, claim: Claim, amount_minor: int, sign: int) -> None:
        for kind, key in cap_keys(self._terms, claim).items():
            self._used[key] += sign * (amount_minor if kind is CapKind.CASE else 1)


def _texts(facts: Mapping[str, Any] | None) -> dict[str, str]:
    return {name: value for name, value in (facts or {}).items() if isinstance(value, str)}
