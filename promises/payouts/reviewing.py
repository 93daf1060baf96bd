"""Payouts that no rule can settle, or that came back to a hand: a person says so, on evidence,
once."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none, rows
from promises.kernel.actors import Actor
from promises.kernel.ids import new_id
from promises.payouts.models import PayoutState
from promises.payouts.recording import Moved

_WAITING = """
SELECT p.id, p.rail, p.amount_minor, p.currency, p.state, p.trouble, p.provider_ref,
    p.compensation_id, p.gift_id, p.key_used_at, p.changed_at, c.ticket_id
FROM payouts p
LEFT JOIN compensations c ON c.organisation_id = p.organisation_id AND c.id = p.compensation_id
WHERE p.organisation_id = %(organisation_id)s AND p.id = ANY(%(payout_ids)s)
"""

_MOVE = """
UPDATE payouts SET state = %(state)s, changed_at = %(now)s, look_at = NULL, lease_until = NULL,
    trouble = CASE WHEN %(was_paid)s THEN NULL ELSE trouble END
WHERE organisation_id = %(organisation_id)s AND id = %(payout_id)s AND state = 'needs_review'
RETURNING id, rail, compensation_id, gift_id, amount_minor, currency, trouble
"""

_DECIDE = """
INSERT INTO payout_decisions (organisation_id, id, payout_id, was_paid, evidence, actor_kind,
    actor_id, decided_at)
VALUES (%(organisation_id)s, %(id)s, %(payout_id)s, %(was_paid)s, %(evidence)s, %(actor_kind)s,
    %(actor_id)s, %(now)s)
"""

_APPROVED_BY = """
SELECT EXISTS (
    SELECT 1 FROM compensation_decisions d
    JOIN payouts p ON p.organisation_id = d.organisation_id
        AND p.compensation_id = d.compensation_id
    WHERE p.organisation_id = %(organisation_id)s AND p.id = %(payout_id)s
      AND d.kind = 'approved' AND d.actor_id = %(actor_id)s
    UNION ALL
    SELECT 1 FROM goodwill_gifts g
    JOIN payouts p ON p.organisation_id = g.organisation_id AND p.gift_id = g.id
    WHERE p.organisation_id = %(organisation_id)s AND p.id = %(payout_id)s
      AND %(actor_id)s IN (g.given_by, g.decided_by)
) AS found
"""


def payouts_by_id(
    session: Session, *, organisation_id: uuid.UUID, payout_ids: list[uuid.UUID]
) -> dict[uuid.UUID, Any]:
    """What a person needs to see of payouts in order to decide."""
    params = {"organisation_id": organisation_id, "payout_ids": payout_ids}
    return {row.id: row for row in rows(session, _WAITING, params)}


def was_approved_by(
    session: Session, *, organisation_id: uuid.UUID, payout_id: uuid.UUID, member_id: uuid.UUID
) -> bool:
    """Whether this member let the payout go in the first place."""
    params = {"organisation_id": organisation_id, "payout_id": payout_id, "actor_id": member_id}
    row = one_or_none(session, _APPROVED_BY, params)
    return bool(row and row.found)


def decide_payout(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    payout_id: uuid.UUID,
    was_paid: bool,
    evidence: str,
) -> Moved | None:
    """The payout as it moved; None where it does not wait for a decision (any more)."""
    after = PayoutState.PAID if was_paid else PayoutState.FAILED
    params = {
        "organisation_id": organisation_id,
        "payout_id": payout_id,
        "was_paid": was_paid,
        "now": now,
    }
    row = one_or_none(session, _MOVE, params | {"state": after.value})
    if row is None:
        return None
    note_decision(
        session,
        organisation_id=organisation_id,
        actor=actor,
        now=now,
        payout_id=payout_id,
        was_paid=was_paid,
        evidence=evidence,
    )
    return Moved(
        row.id,
        PayoutState.NEEDS_REVIEW,
        after,
        row.rail,
        row.compensation_id,
        row.gift_id,
        row.amount_minor,
        row.currency,
        row.trouble,
    )


def note_decision(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    now: dt.datetime,
    payout_id: uuid.UUID,
    was_paid: bool,
    evidence: str,
) -> None:
    """Keep what a person says became of a payout."""
    params = {
        "organisation_id": organisation_id,
        "id": new_id(),
        "payout_id": payout_id,
        "was_paid": was_paid,
        "evidence": evidence,
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "now": now,
    }
    execute(session, _DECIDE, params)
