"""Who had a hand in a payment file, or brought what the bank said of its payments."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from promises.db.sql import one_or_none

# Several people may fetch a file, one after the other: the audit trail knows each of them.
_HAND = """
(%(member_id)s = r.prepared_by OR %(member_id)s = r.released_by
 OR EXISTS (SELECT 1 FROM audit_records a
     WHERE a.organisation_id = r.organisation_id AND a.object_kind = 'payout_run'
       AND a.object_id = r.id AND a.action = 'payout_run_downloaded'
       AND a.actor_kind = 'member' AND a.actor_id = %(member_id)s))
"""

_IN_RUNS = f"""
SELECT 1 FROM payout_runs r
WHERE r.organisation_id = %(organisation_id)s AND r.id = ANY(%(run_ids)s) AND {_HAND}
LIMIT 1
"""

_IN_PAYOUT = f"""
SELECT 1 FROM payout_run_items i
JOIN payout_runs r ON r.organisation_id = i.organisation_id AND r.id = i.run_id
WHERE i.organisation_id = %(organisation_id)s AND i.payout_id = %(payout_id)s
  AND i.dropped_at IS NULL AND {_HAND}
UNION ALL
SELECT 1 FROM bank_entries e
JOIN bank_files f ON f.organisation_id = e.organisation_id AND f.id = e.file_id
WHERE e.organisation_id = %(organisation_id)s AND e.payout_id = %(payout_id)s
  AND f.uploaded_by = %(member_id)s
LIMIT 1
"""


def had_hand_in_runs(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    member_id: uuid.UUID,
    run_ids: Sequence[uuid.UUID],
) -> bool:
    """Whether the member prepared, released or fetched one of these files."""
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "run_ids": list(run_ids),
    }
    return one_or_none(session, _IN_RUNS, params) is not None


def had_hand_in_payment(
    session: Session, *, organisation_id: uuid.UUID, member_id: uuid.UUID, payout_id: uuid.UUID
) -> bool:
    """Whether the member prepared, released or fetched the file that pays it, or brought in what
    the bank said of it."""
    params = {
        "organisation_id": organisation_id,
        "member_id": member_id,
        "payout_id": payout_id,
    }
    return one_or_none(session, _IN_PAYOUT, params) is not None
