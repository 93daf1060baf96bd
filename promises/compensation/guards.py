"""Who may not decide about which money."""

import enum
import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.compensation.errors import OwnEvidence, OwnMoney
from promises.db.sql import rows
from promises.identity.own_contacts import own_index
from promises.kernel.actors import Actor


class Part(enum.StrEnum):
    """Why money is the decision of somebody else."""

    EVIDENCE = "evidence"  # the member made evidence, entered the account, or gave on the ticket
    PAYEE = "payee"  # the customer has the member's own address, or account


# Whoever marked something on the ticket, brought its import in, published the promise that was
# applied to the past, offered or took the call back, typed in where the money goes, gave a gift,
# brought the bank's file that says it was not paid, or entered that a payment by hand came back,
# has a part in it. The payee is told by the member's address: on the ticket, at its customer, or on
# another ticket that was paid to the same account.
_PARTS = """
SELECT c.id,
    (i.created_by = %(member_id)s
        OR (v.applied_to_history AND v.published_by = %(member_id)s)
        OR EXISTS (SELECT 1 FROM service_events e
            WHERE e.organisation_id = c.organisation_id AND e.ticket_id = c.ticket_id
              AND e.actor_kind = 'member' AND e.actor_id = %(member_id)s)
        OR EXISTS (SELECT 1 FROM callback_offers o
            WHERE o.organisation_id = c.organisation_id
              AND (o.ticket_id = c.ticket_id OR o.matter_id = c.ticket_id)
              AND %(member_id)s IN (o.offered_by, o.answered_by))
        OR EXISTS (SELECT 1 FROM payout_destinations d
            WHERE d.organisation_id = c.organisation_id AND d.ticket_id = c.ticket_id
              AND d.actor_kind = 'member' AND d.actor_id = %(member_id)s)
        OR EXISTS (SELECT 1 FROM goodwill_gifts g
            WHERE g.organisation_id = c.organisation_id AND g.ticket_id = c.ticket_id
              AND g.given_by = %(member_id)s)
        OR EXISTS (SELECT 1 FROM payouts y
            JOIN bank_entries e ON e.organisation_id = y.organisation_id AND e.payout_id = y.id
                AND e.kind IN ('rejected', 'returned')
            JOIN bank_files f ON f.organisation_id = e.organisation_id AND f.id = e.file_id
            WHERE y.organisation_id = c.organisation_id AND y.compensation_id = c.id
              AND f.uploaded_by = %(member_id)s)
        OR EXISTS (SELECT 1 FROM payouts y
            JOIN payout_decisions d ON d.organisation_id = y.organisation_id
                AND d.payout_id = y.id AND NOT d.was_paid
            WHERE y.organisation_id = c.organisation_id AND y.compensation_id = c.id
              AND y.state = 'returned' AND d.actor_kind = 'member'
              AND d.actor_id = %(member_id)s)) IS TRUE AS made,
    (EXISTS (SELECT 1 FROM contacts k
        WHERE k.organisation_id = c.organisation_id AND k.address_index = %(index)s
          AND k.erased_at IS NULL
          AND (k.id = t.contact_id OR k.customer_id = coalesce(c.customer_id, t.customer_id)))
    OR EXISTS (SELECT 1 FROM payout_destinations d
        JOIN payout_destinations o ON o.organisation_id = d.organisation_id
            AND o.fingerprint = d.fingerprint AND o.ticket_id <> d.ticket_id
        JOIN tickets p ON p.organisation_id = o.organisation_id AND p.id = o.ticket_id
        JOIN contacts k ON k.organisation_id = p.organisation_id AND k.id = p.contact_id
        WHERE d.organisation_id = c.organisation_id AND d.ticket_id = c.ticket_id
          AND d.last4 <> '' AND k.address_index = %(index)s AND k.erased_at IS NULL)
    ) AS paid
FROM compensations c
JOIN tickets t ON t.organisation_id = c.organisation_id AND t.id = c.ticket_id
JOIN promise_versions v ON v.organisation_id = c.organisation_id AND v.id = c.version_id
LEFT JOIN imports i ON i.organisation_id = t.organisation_id AND i.id = t.import_id
WHERE c.organisation_id = %(organisation_id)s AND c.id = ANY(%(ids)s)
"""


def own_parts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    compensation_ids: Sequence[uuid.UUID],
) -> dict[uuid.UUID, Part]:
    """Those of these debts that the actor may not decide about, and why."""
    if actor.id is None or not compensation_ids:
        return {}
    index = own_index(session, organisation_id=organisation_id, member_id=actor.id)
    params = {
        "organisation_id": organisation_id,
        "ids": list(compensation_ids),
        "member_id": actor.id,
        "index": index,
    }
    found = rows(session, _PARTS, params)
    payee = {row.id: Part.PAYEE for row in found if row.paid}
    return {row.id: Part.EVIDENCE for row in found if row.made} | payee


def require_second_person(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    actor: Actor,
    compensation_ids: Sequence[uuid.UUID],
) -> None:
    """Raises OwnEvidence where the actor had a part in any of these debts, and OwnMoney where one
    would be paid to the actor."""
    parts = own_parts(
        session, organisation_id=organisation_id, actor=actor, compensation_ids=compensation_ids
    )
    if Part.PAYEE in parts.values():
        raise OwnMoney
    if parts:
        raise OwnEvidence
