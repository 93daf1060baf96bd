"""One promise's judgement by hand: served within 15 minutes, who leaves before is excluded."""

import datetime as dt
import uuid
from dataclasses import dataclass

LIMIT = dt.timedelta(minutes=15, microseconds=1)


@dataclass(slots=True)
class Visit:
    """What a program written for this one promise would keep of a visit."""

    kind: str
    service_kind_id: uuid.UUID
    branch_id: uuid.UUID
    arrived_at: dt.datetime | None
    called_at: dt.datetime | None
    served_at: dt.datetime | None
    left_at: dt.datetime | None


def judge(
    visit: Visit, now: dt.datetime, branches: frozenset[uuid.UUID], kinds: frozenset[uuid.UUID]
) -> tuple[str, dt.datetime | None, dt.datetime | None]:
    """State, deadline and when it was missed."""
    if (
        visit.kind != "visit"
        or visit.service_kind_id not in kinds
        or visit.branch_id not in branches
        or visit.arrived_at is None
    ):
        return "not_applicable", None, None
    due = visit.arrived_at + LIMIT
    if visit.served_at is not None:
        state = "broken" if visit.served_at >= due else "kept"
    elif visit.left_at is not None:
        state = "broken" if visit.left_at >= due else "excluded"
    else:
        state = "broken" if now >= due else "open"
    return state, due, due if state == "broken" else None
