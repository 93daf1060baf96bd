"""Setting what differs on a row, and noting it in the trail."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from promises.audit import actions as audit
from promises.db.base import TenantModel
from promises.identity.models import Organisation
from promises.kernel.actors import Actor


def apply(row: Organisation | TenantModel, values: Mapping[str, Any]) -> dict[str, Any]:
    """Set what differs; the new values of just these."""
    changed = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in changed.items():
        setattr(row, name, value)
    return changed


def note(
    session: Session,
    row: Organisation | TenantModel,
    actor: Actor,
    now: dt.datetime,
    action: str,
    details: Mapping[str, Any] | None = None,
) -> None:
    """An audit record on the row; its kind is the name of its class. No personal data."""
    session.flush()
    audit.record(
        session,
        organisation_id=row.organisation_id,
        actor=actor,
        now=now,
        action=action,
        object_kind=_KINDS.get(type(row).__name__, type(row).__name__.lower()),
        object_id=row.organisation_id if isinstance(row, Organisation) else row.id,
        details=details or {},
    )


_KINDS = {"ServiceKind": "service_kind", "ApiKey": "api_key", "StaffSession": "staff_session"}
