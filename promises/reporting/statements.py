"""What we promised one known customer in a span of days: the lines add up to the sums."""

import datetime as dt
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.desk.values import label_of
from promises.identity.models import Customer
from promises.kernel.errors import NotFound, Refused
from promises.kernel.money import Money
from promises.kernel.text import N_
from promises.reporting.money import LAST_ONE, PAYOUT_OF, STAGE, MoneyStage

MOST_LINES = 5_000
GIVEN = (MoneyStage.ISSUED, MoneyStage.REDEEMED, MoneyStage.PAID)
"""Money that the customer holds or has used."""


class StatementTooLong(Refused):
    """The sums would not be those of the lines."""

    code = "statement_too_long"
    message = N_("There are more than %(most)s cases in these days. Choose fewer days.")


_LINES = f"""
SELECT t.id AS ticket_id, t.letter, t.number, t.external_ref, c.day_on, c.state, c.evidence,
    p.slug, p.titles, n.name AS branch, b.breached_at, k.currency, k.amount_minor,
    CASE WHEN k.id IS NOT NULL THEN {STAGE} END AS stage
FROM tickets t
JOIN commitments c ON c.organisation_id = t.organisation_id AND c.ticket_id = t.id
JOIN promises p ON p.organisation_id = c.organisation_id AND p.id = c.promise_id
JOIN branches n ON n.organisation_id = c.organisation_id AND n.id = c.branch_id
LEFT JOIN breaches b ON b.organisation_id = c.organisation_id AND b.commitment_id = c.id
    AND c.state = 'broken'
LEFT JOIN compensations k ON k.organisation_id = b.organisation_id AND k.breach_id = b.id
    AND {LAST_ONE}
{PAYOUT_OF}
WHERE t.organisation_id = %(organisation_id)s AND t.customer_id = %(customer_id)s
  AND t.state <> 'withdrawn' AND c.day_on BETWEEN %(from_on)s AND %(to_on)s
ORDER BY c.day_on, c.started_at, c.id
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One promise applied to one matter of the customer. `amount` and `stage` where it broke and
    the award is made out."""

    ticket_id: uuid.UUID
    label: str
    day_on: dt.date
    branch: str
    slug: str
    titles: Mapping[str, str]
    state: str
    evidence: str
    breached_at: dt.datetime | None
    amount: Money | None
    stage: MoneyStage | None

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))


@dataclass(frozen=True, slots=True)
class Statement:
    """Both days are included. All sums are those of `lines`."""

    from_on: dt.date
    to_on: dt.date
    currency: str
    lines: Sequence[Line]

    def count(self, state: str) -> int:
        return sum(line.state == state for line in self.lines)

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days + 1

    @property
    def undisturbed_days(self) -> int:
        """Days of the span on which we broke no promise to this customer."""
        return self.days - len({line.day_on for line in self.lines if line.state == "broken"})

    @property
    def by_stage(self) -> dict[MoneyStage, Money]:
        """Each stage that has lines, with its sum."""
        sums: Counter[MoneyStage] = Counter()
        for line in self.lines:
            if line.stage is not None and line.amount is not None:
                sums[line.stage] += line.amount.amount_minor
        return {stage: Money(sums[stage], self.currency) for stage in MoneyStage if stage in sums}

    @property
    def given(self) -> Money:
        """What the customer got: vouchers in hand and what was redeemed or paid."""
        known = self.by_stage
        minor = sum(known[stage].amount_minor for stage in GIVEN if stage in known)
        return Money(minor, self.currency)


def statement(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    customer_id: uuid.UUID,
    days: tuple[dt.date, dt.date],
    currency: str,
) -> Statement:
    """Raises NotFound, StatementTooLong."""
    if session.get(Customer, (organisation_id, customer_id)) is None:
        raise NotFound(customer_id=str(customer_id))
    params = {
        "organisation_id": organisation_id,
        "customer_id": customer_id,
        "from_on": days[0],
        "to_on": days[1],
        "limit": MOST_LINES + 1,
    }
    found = rows(session, _LINES, params)
    if len(found) > MOST_LINES:
        raise StatementTooLong(most=MOST_LINES)
    lines = [
        Line(
            ticket_id=row.ticket_id,
            label=row.external_ref or label_of(row.letter, row.number),
            day_on=row.day_on,
            branch=row.branch,
            slug=row.slug,
            titles=row.titles,
            state=row.state,
            evidence=row.evidence,
            breached_at=row.breached_at,
            amount=None if row.stage is None else Money(row.amount_minor, row.currency),
            stage=None if row.stage is None else MoneyStage(row.stage),
        )
        for row in found
    ]
    return Statement(*days, currency, lines)
