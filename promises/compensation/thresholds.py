"""The organisation's rule on sums: above which a person approves what goes out."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.compensation.errors import LimitsNotFit, RuleMoved
from promises.compensation.rolling import USUAL_WINDOW_DAYS
from promises.db.sql import one_or_none

LONGEST_WINDOW_DAYS = 366
LARGEST_LIMIT_MINOR = 1_000_000_000_000

_READ = """
SELECT window_days, customer_minor, device_minor, clerk_minor, branch_minor, version
FROM approval_rules WHERE organisation_id = %(organisation_id)s
"""

_SET = """
INSERT INTO approval_rules AS r (organisation_id, window_days, customer_minor, device_minor,
    clerk_minor, branch_minor, version, changed_at)
SELECT %(organisation_id)s, %(window_days)s, %(customer_minor)s, %(device_minor)s, %(clerk_minor)s,
    %(branch_minor)s, 1, %(now)s
WHERE %(version)s = 0 OR EXISTS (
    SELECT 1 FROM approval_rules WHERE organisation_id = %(organisation_id)s)
ON CONFLICT (organisation_id) DO UPDATE SET window_days = excluded.window_days,
    customer_minor = excluded.customer_minor, device_minor = excluded.device_minor,
    clerk_minor = excluded.clerk_minor, branch_minor = excluded.branch_minor,
    version = r.version + 1, changed_at = excluded.changed_at
WHERE r.version = %(version)s
RETURNING version
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Limits on what is released in the last `window_days` local days, today included; None: no
    limit. `version` 0 where nothing was ever set."""

    window_days: int = USUAL_WINDOW_DAYS
    customer_minor: int | None = None
    device_minor: int | None = None
    clerk_minor: int | None = None
    branch_minor: int | None = None
    version: int = 0

    def limits(self) -> dict[str, int | None]:
        return {
            "customer_minor": self.customer_minor,
            "device_minor": self.device_minor,
            "clerk_minor": self.clerk_minor,
            "branch_minor": self.branch_minor,
        }


def thresholds_of(session: Session, *, organisation_id: uuid.UUID) -> Thresholds:
    row = one_or_none(session, _READ, {"organisation_id": organisation_id})
    return Thresholds() if row is None else Thresholds(**row._asdict())


def set_thresholds(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, wanted: Thresholds
) -> int:
    """In force from the next release on; the new version. `wanted.version` is the one that was
    changed. Raises RuleMoved where somebody was faster, LimitsNotFit; then nothing changed."""
    limits = [limit for limit in wanted.limits().values() if limit is not None]
    if not 1 <= wanted.window_days <= LONGEST_WINDOW_DAYS or not all(
        0 <= limit <= LARGEST_LIMIT_MINOR for limit in limits
    ):
        raise LimitsNotFit
    params: dict[str, Any] = {"organisation_id": organisation_id, "now": now}
    params |= wanted.limits() | {"window_days": wanted.window_days, "version": wanted.version}
    row = one_or_none(session, _SET, params)
    if row is None:
        raise RuleMoved
    version: int = row.version
    return version
