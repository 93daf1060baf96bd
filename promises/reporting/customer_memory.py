"""What we promised a known customer before, what we broke, and what we owe."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.desk.models import TicketKind
from promises.kernel.money import Money
from promises.reporting.money import PAYOUT_OF, STAGE, MoneyStage

MOST_OPEN = 5
LATEST_TICKETS = 500
"""A customer's older visits than these are not looked at while somebody waits at the desk."""

# The key of the letter is put together before it is looked up: joined as an expression it could not
# use the index under row-level security.
_PAST = f"""
WITH theirs AS MATERIALIZED (
    SELECT t.id FROM tickets t
    WHERE t.organisation_id = %(organisation_id)s AND t.customer_id = %(customer_id)s
      AND t.state <> 'withdrawn'
    ORDER BY t.queued_at DESC
    LIMIT {LATEST_TICKETS}
), past AS MATERIALIZED (
    SELECT c.state, b.id AS breach_id, b.breached_at, 'broken:' || b.id AS told_as
    FROM theirs
    JOIN commitments c ON c.organisation_id = %(organisation_id)s AND c.ticket_id = theirs.id
    LEFT JOIN breaches b ON b.organisation_id = c.organisation_id AND b.commitment_id = c.id
        AND c.state = 'broken'
    WHERE c.state <> 'open' OR c.ticket_id IS DISTINCT FROM %(but)s
)
SELECT p.state, k.currency, {STAGE} AS stage, count(*) AS n,
       sum(k.amount_minor)::bigint AS amount_minor, max(p.breached_at) AS last_breach_at,
       max(m.ended_at) AS last_apology_at
FROM past p
LEFT JOIN LATERAL (
    SELECT k.* FROM compensations k
    WHERE k.organisation_id = %(organisation_id)s AND k.breach_id = p.breach_id
      AND NOT k.is_penalty
    ORDER BY k.instalment DESC LIMIT 1
) k ON true
{PAYOUT_OF}
LEFT JOIN messages m ON m.organisation_id = %(organisation_id)s AND m.dedupe_key = p.told_as
    AND m.state = 'sent'
GROUP BY 1, 2, 3
"""

_OPEN = """
SELECT t.id AS ticket_id, m.kind, x.body AS subject, m.promised_at, m.next_due_at, m.late_since,
       m.opened_at, b.time_zone
FROM tickets t
JOIN matters m ON m.organisation_id = t.organisation_id AND m.ticket_id = t.id
    AND m.ended_at IS NULL
JOIN branches b ON b.organisation_id = m.organisation_id AND b.id = m.branch_id
LEFT JOIN matter_texts x ON x.organisation_id = m.organisation_id AND x.id = m.subject_id
WHERE t.organisation_id = %(organisation_id)s AND t.customer_id = %(customer_id)s
  AND t.state <> 'withdrawn' AND t.id IS DISTINCT FROM %(but)s
ORDER BY m.work_at, t.id
LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMatter:
    ticket_id: uuid.UUID
    kind: TicketKind
    subject: str | None
    promised_at: dt.datetime | None
    next_due_at: dt.datetime | None
    late_since: dt.datetime | None
    opened_at: dt.datetime
    time_zone: str

    @property
    def due_at(self) -> dt.datetime | None:
        known = [at for at in (self.next_due_at, self.promised_at) if at is not None]
        return min(known, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """`owed` is what the customer does not have in the hand yet, `issued` the vouchers that can be
    redeemed, `given` what was redeemed or paid; each a sum a currency. `last_apology_at`: when the
    last letter about a broken promise was sent."""

    kept: int
    broken: int
    still_open: int
    owed: tuple[Money, ...]
    issued: tuple[Money, ...]
    given: tuple[Money, ...]
    last_breach_at: dt.datetime | None
    last_apology_at: dt.datetime | None
    matters: tuple[OpenMatter, ...]

    @property
    def is_new(self) -> bool:
        """Nothing was ever promised to this customer, and nothing is under way."""
        return not (self.kept or self.broken or self.still_open or self.matters)


def customer_memory(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    customer_id: uuid.UUID | None,
    but: uuid.UUID | None = None,
) -> Memory | None:
    """None for a customer who is not known. Two statements, each by the index of the customer's
    tickets. `but`: the ticket in hand is not listed among the open matters, and what it waits for
    does not count as promised before."""
    if customer_id is None:
        return None
    params = {
        "organisation_id": organisation_id,
        "customer_id": customer_id,
        "but": but,
        "limit": MOST_OPEN,
    }
    past = rows(session, _PAST, params)
    open_now = rows(session, _OPEN, params)
    return Memory(
        kept=_count(past, "kept"),
        broken=_count(past, "broken"),
        still_open=_count(past, "open"),
        owed=_sums(past, MoneyStage.OWED, MoneyStage.UNDER_WAY),
        issued=_sums(past, MoneyStage.ISSUED),
        given=_sums(past, MoneyStage.REDEEMED, MoneyStage.PAID),
        last_breach_at=_latest(past, "last_breach_at"),
        last_apology_at=_latest(past, "last_apology_at"),
        matters=tuple(
            OpenMatter(**row._asdict() | {"kind": TicketKind(row.kind)}) for row in open_now
        ),
    )


def _count(past: list[Any], state: str) -> int:
    return sum(row.n for row in past if row.state == state)


def _sums(past: list[Any], *stages: MoneyStage) -> tuple[Money, ...]:
    sums: dict[str, int] = {}
    for row in past:
        if row.stage in stages and row.amount_minor:
            sums[row.currency] = sums.get(row.currency, 0) + row.amount_minor
    return tuple(Money(amount, currency) for currency, amount in sorted(sums.items()))


def _latest(past: list[Any], name: str) -> dt.datetime | None:
    known = [at for row in past if (at := getattr(row, name)) is not None]
    return max(known, default=None)
