"""The arithmetic of the chain: one hash a record, over the record and the hash before it."""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promises.kernel.zones import require_utc


@dataclass(frozen=True, slots=True)
class Link:
    """Everything that a hash covers. The fields and their order are the format of the chain: a
    change here would make every stored hash wrong."""

    organisation_id: uuid.UUID
    number: int
    recorded_at: dt.datetime
    actor_kind: str
    actor_id: uuid.UUID | None
    action: str
    object_kind: str
    object_id: uuid.UUID | None
    details: Mapping[str, Any]


def first_hash(organisation_id: uuid.UUID) -> bytes:
    """What the first record of an organisation is chained to."""
    return hashlib.sha256(b"lupaus audit 1\n" + organisation_id.bytes).digest()


def link_hash(previous: bytes, link: Link) -> bytes:
    """SHA-256 over the previous hash and the record as JSON with sorted keys.

    TypeError for details that would not come back from the database as they went in.
    """
    _check(link.details)
    fields = [
        str(link.organisation_id),
        link.number,
        require_utc(link.recorded_at).isoformat(timespec="microseconds"),
        str(link.actor_kind),
        None if link.actor_id is None else str(link.actor_id),
        link.action,
        link.object_kind,
        None if link.object_id is None else str(link.object_id),
        link.details,
    ]
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + text.encode()).digest()


def _check(value: object) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise TypeError(f"audit details have text keys, not {key!r}")
            _check(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check(inner)
    elif value is not None and not isinstance(value, str | int):
        raise TypeError(f"audit details hold no {type(value).__name__}")
