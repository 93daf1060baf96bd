"""One payout with everything behind it: tries, entries, voucher, debt, breach, decisions."""

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none, rows
from promises.desk.values import label_of
from promises.kernel.errors import NotFound
from promises.ledger.facts import PostingKind

_PAYOUT = """
SELECT y.id AS payout_id, y.rail, y.amount_minor, y.currency, y.state, y.trouble, y.provider_ref,
    y.generation, y.created_at, y.changed_at, y.by_run, y.compensation_id, y.gift_id,
    coalesce(y.compensation_id, y.gift_id) AS debt_id,
    t.id AS ticket_id, t.letter, t.number, t.external_ref, n.name AS branch_name, n.time_zone,
    k.breach_id, k.created_at AS owed_at, k.released_at, k.version_id, b.breached_at,
    p.slug AS promise_slug, p.titles AS promise_titles, w.number AS version_number,
    v.id AS voucher_id, v.last4 AS voucher_last4, v.state AS voucher_state, v.issued_at,
    v.expires_at, v.redeemed_at, g.given_at, giver.name AS given_by
FROM payouts y
LEFT JOIN compensations k ON k.organisation_id = y.organisation_id AND k.id = y.compensation_id
LEFT JOIN breaches b ON b.organisation_id = k.organisation_id AND b.id = k.breach_id
LEFT JOIN promises p ON p.organisation_id = k.organisation_id AND p.id = k.promise_id
LEFT JOIN promise_versions w ON w.organisation_id = k.organisation_id AND w.id = k.version_id
LEFT JOIN goodwill_gifts g ON g.organisation_id = y.organisation_id AND g.id = y.gift_id
LEFT JOIN members giver ON giver.organisation_id = g.organisation_id AND giver.id = g.given_by
LEFT JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
JOIN tickets t ON t.organisation_id = y.organisation_id
    AND t.id = coalesce(k.ticket_id, g.ticket_id)
JOIN branches n ON n.organisation_id = t.organisation_id AND n.id = t.branch_id
WHERE y.organisation_id = %(organisation_id)s AND y.id = %(payout_id)s
"""

# A try is one row when it begins and one when it ends; what came back stands beside its beginning.
_TRIES = """
SELECT b.number, b.generation, b.recorded_at AS begun_at, e.recorded_at AS ended_at, e.verdict,
    e.provider_ref, e.detail, e.trouble, e.http_status, e.request_id, e.replayed
FROM payout_attempts b
LEFT JOIN payout_attempts e ON e.organisation_id = b.organisation_id
    AND e.payout_id = b.payout_id AND e.number = b.number AND e.step = 'ended'
WHERE b.organisation_id = %(organisation_id)s AND b.payout_id = %(payout_id)s AND b.step = 'begun'
ORDER BY b.number
LIMIT 200
"""

_DECISIONS = """
SELECT d.kind, d.holds, d.reason, d.decided_at, d.actor_kind, m.name AS actor_name
FROM compensation_decisions d
LEFT JOIN members m ON m.organisation_id = d.organisation_id AND m.id = d.actor_id
WHERE d.organisation_id = %(organisation_id)s AND d.compensation_id = %(debt_id)s
ORDER BY d.decided_at, d.id
LIMIT 200
"""

_SAID = """
SELECT d.was_paid, d.evidence, d.decided_at, m.name AS actor_name
FROM payout_decisions d
LEFT JOIN members m ON m.organisation_id = d.organisation_id AND m.id = d.actor_id
WHERE d.organisation_id = %(organisation_id)s AND d.payout_id = %(payout_id)s
"""

# By the keys of everything that can be posted about them: one index, however many entries.
_POSTED = """
SELECT t.id, t.kind, t.posted_on, t.fact_on, t.recorded_at, t.reference_id
FROM ledger_transactions t
WHERE t.organisation_id = %(organisation_id)s AND t.key = ANY(%(keys)s)
ORDER BY t.recorded_at, t.id
"""

_OTHERS = """
SELECT y.id AS payout_id, y.rail, y.state, y.amount_minor, y.currency, y.created_at, y.changed_at,
    y.trouble
FROM payouts y
WHERE y.organisation_id = %(organisation_id)s AND y.compensation_id = %(compensation_id)s
  AND y.id <> %(payout_id)s
ORDER BY y.created_at, y.id
LIMIT 50
"""


_OF_BREACH = """
SELECT y.id AS payout_id, y.rail, y.state, y.amount_minor, y.currency, y.created_at, y.changed_at
FROM compensations k
JOIN payouts y ON y.organisation_id = k.organisation_id AND y.compensation_id = k.id
WHERE k.organisation_id = %(organisation_id)s AND k.breach_id = %(breach_id)s
ORDER BY y.created_at, y.id
LIMIT 50
"""


@dataclass(frozen=True, slots=True)
class PayoutTrace:
    """`payout` is the row with its debt, ticket, breach, promise version and voucher; `others` are
    further payouts of the same debt; `said` is what a person entered that it came to, if anybody
    did."""

    payout: Any
    tries: list[Any]
    decisions: list[Any]
    postings: list[Any]
    others: list[Any]
    said: Any

    @property
    def label(self) -> str:
        """The ticket as people call it."""
        found = self.payout
        return found.external_ref or label_of(found.letter, found.number)


def payout_of(session: Session, *, organisation_id: uuid.UUID, payout_id: uuid.UUID) -> Any:
    """The row alone. Raises NotFound."""
    params = {"organisation_id": organisation_id, "payout_id": payout_id}
    found = one_or_none(session, _PAYOUT, params)
    if found is None:
        raise NotFound(payout_id=str(payout_id))
    return found


def payout_trace(
    session: Session, *, organisation_id: uuid.UUID, payout_id: uuid.UUID
) -> PayoutTrace:
    """Everything behind a payout, in six statements. Raises NotFound."""
    found = payout_of(session, organisation_id=organisation_id, payout_id=payout_id)
    params = {
        "organisation_id": organisation_id,
        "payout_id": payout_id,
        "debt_id": found.debt_id,
        "compensation_id": found.compensation_id,
    }
    references = [one for one in (found.debt_id, payout_id, found.voucher_id) if one is not None]
    keys = [f"{kind}:{one}" for kind in PostingKind for one in references]
    return PayoutTrace(
        found,
        rows(session, _TRIES, params),
        rows(session, _DECISIONS, params),
        rows(session, _POSTED, params | {"keys": keys}),
        rows(session, _OTHERS, params),
        one_or_none(session, _SAID, params),
    )


def payouts_of_breach(
    session: Session, *, organisation_id: uuid.UUID, breach_id: uuid.UUID
) -> list[Any]:
    """Each payout for it, the first one first."""
    params = {"organisation_id": organisation_id, "breach_id": breach_id}
    return rows(session, _OF_BREACH, params)
