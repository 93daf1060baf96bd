"""How an organisation reaches its rails: settings, sealed secrets, pauses."""

import datetime as dt
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one, rows
from promises.identity.keys import Purpose, organisation_key, seal, unseal
from promises.payouts.errors import MoneyUnderWay, MoneyWaiting, OtherMode
from promises.payouts.rails.base import RailAccount, Trouble

WEBHOOK_SECRET, FORMER_SECRET = "webhook_secret", "webhook_secret_before"
"""Names of secrets by which messages are verified: one that is replaced is kept as the former."""

_READ = """
SELECT s.rail, s.enabled, s.live, s.settings, s.secrets_sealed, s.hints, s.paused_at,
    s.pause_trouble, s.tested_at, s.test_works, s.test_detail, s.changed_by, s.changed_at,
    s.preference, s.live = (o.money_mode = 'live') AS right_mode
FROM rail_settings s JOIN organisations o ON o.organisation_id = s.organisation_id
WHERE s.organisation_id = %(organisation_id)s
ORDER BY s.preference, s.rail
"""

# Held until the transaction ends, so that the mode does not change under what is being saved.
_MODE = """
SELECT money_mode = 'live' AS live FROM organisations
WHERE organisation_id = %(organisation_id)s FOR SHARE
"""

_SAVE = """
INSERT INTO rail_settings (organisation_id, rail, enabled, live, settings, secrets_sealed, hints,
    paused_at, pause_trouble, tested_at, test_works, test_detail, changed_by, changed_at)
VALUES (%(organisation_id)s, %(rail)s, %(enabled)s, %(live)s, %(settings)s::jsonb,
    %(secrets_sealed)s, %(hints)s::jsonb, NULL, NULL, NULL, NULL, '', %(changed_by)s, %(now)s)
ON CONFLICT (organisation_id, rail) DO UPDATE SET enabled = excluded.enabled,
    live = excluded.live, settings = excluded.settings,
    secrets_sealed = excluded.secrets_sealed, hints = excluded.hints, paused_at = NULL,
    pause_trouble = NULL, tested_at = NULL, test_works = NULL, test_detail = '',
    changed_by = excluded.changed_by, changed_at = excluded.changed_at
"""

_PAUSE = """
UPDATE rail_settings SET paused_at = %(now)s, pause_trouble = %(trouble)s
WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s AND paused_at IS NULL
  AND changed_at = %(changed_at)s
"""

# What was put off is tried at once where the rail works again; of very many, the rest when their
# time comes.
_WAKE = """
WITH put_off AS (
    SELECT id FROM payouts
    WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s AND NOT by_run
      AND state = 'ready' AND lease_until IS NOT NULL
    ORDER BY created_at, id
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
UPDATE payouts p SET lease_until = NULL
FROM put_off WHERE p.organisation_id = %(organisation_id)s AND p.id = put_off.id
"""
_MOST_WOKEN = 1000

_MODE_TO_CHANGE = """
SELECT money_mode = 'live' AS live FROM organisations
WHERE organisation_id = %(organisation_id)s FOR UPDATE
"""

# What is ready again after a try of which nobody knows may have gone out as well.
_UNDER_WAY = """
SELECT EXISTS (SELECT 1 FROM payouts
    WHERE organisation_id = %(organisation_id)s AND rail <> 'voucher'
      AND (state IN ('submitting', 'submitted', 'unknown', 'needs_review')
           OR (state = 'ready' AND key_used_at IS NOT NULL))) AS sent,
  EXISTS (SELECT 1 FROM payouts
    WHERE organisation_id = %(organisation_id)s AND rail <> 'voucher' AND state = 'ready')
    AS waiting
"""

_TURN = """
UPDATE rail_settings SET enabled = %(enabled)s, changed_by = %(changed_by)s, changed_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s AND enabled <> %(enabled)s
  AND (live = %(live)s OR NOT %(enabled)s)
"""

_PREFER = """
UPDATE rail_settings SET preference = array_position(%(rails)s::text[], rail)
WHERE organisation_id = %(organisation_id)s AND rail = ANY(%(rails)s)
  AND preference <> array_position(%(rails)s::text[], rail)
"""

_NOTE_TEST = """
UPDATE rail_settings SET tested_at = %(now)s, test_works = %(works)s, test_detail = %(detail)s,
    paused_at = CASE WHEN %(works)s THEN NULL ELSE paused_at END,
    pause_trouble = CASE WHEN %(works)s THEN NULL ELSE pause_trouble END
WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s
"""


@dataclass(frozen=True, slots=True)
class RailState:
    """One rail of the organisation as people may see it: no secret, only its last characters."""

    rail: str
    enabled: bool
    live: bool
    settings: dict[str, Any]
    hints: dict[str, str]
    paused_at: dt.datetime | None
    pause_trouble: Trouble | None
    tested_at: dt.datetime | None
    test_works: bool | None
    test_detail: str
    changed_by: uuid.UUID | None
    changed_at: dt.datetime
    preference: int
    right_mode: bool

    @property
    def in_use(self) -> bool:
        return self.enabled and self.right_mode and self.paused_at is None


@dataclass(frozen=True, slots=True)
class NewRail:
    """`secrets` are put in the place of those that are stored; one that is not named stays, and
    an empty one is forgotten."""

    rail: str
    enabled: bool
    live: bool
    settings: dict[str, str]
    secrets: dict[str, str] | None = None


def rail_states(session: Session, *, organisation_id: uuid.UUID) -> dict[str, RailState]:
    """Every rail that was ever set up, by name."""
    return {row.rail: _state(row) for row in _rows(session, organisation_id)}


def open_rails(session: Session, *, organisation_id: uuid.UUID) -> list[str]:
    """The rails that may be called now, those that are preferred first. The organisation's mode
    stays so until the transaction ends."""
    is_live(session, organisation_id=organisation_id)
    return [row.rail for row in _rows(session, organisation_id) if _state(row).in_use]


def rail_accounts(
    session: Session, *, organisation_id: uuid.UUID, also_paused: bool = False
) -> dict[str, tuple[RailAccount, dt.datetime]]:
    """What rails are opened with, by name, and since when the settings are these. Only enabled
    ones of the organisation's mode, which stays so until the transaction ends; paused ones too
    where asked for."""
    is_live(session, organisation_id=organisation_id)
    found = {}
    for row in _rows(session, organisation_id):
        if row.enabled and row.right_mode and (also_paused or row.paused_at is None):
            secrets = _secrets(session, organisation_id, row)
            account = RailAccount(organisation_id, row.live, row.settings, secrets)
            found[row.rail] = (account, row.changed_at)
    return found


def stored_secrets(
    session: Session, *, organisation_id: uuid.UUID, rails: Sequence[str]
) -> dict[str, tuple[dict[str, str], dt.datetime]]:
    """The secrets of these rails by name, whether they are in use or not, and since when their
    settings are these."""
    return {
        row.rail: (_secrets(session, organisation_id, row), row.changed_at)
        for row in _rows(session, organisation_id)
        if row.rail in rails
    }


def save_rail(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    changed_by: uuid.UUID | None,
    new: NewRail,
) -> None:
    """Set up a rail or change it; a pause ends, and what waited for it is tried at once.

    Raises OtherMode.
    """
    if new.live != is_live(session, organisation_id=organisation_id):
        raise OtherMode
    stored = _stored(session, organisation_id, new.rail)
    sealed, hints = (stored.secrets_sealed, stored.hints) if stored else (None, {})
    if new.secrets is not None or (stored is not None and stored.live != new.live):
        secrets = _merged(session, organisation_id, stored, new)
        key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.RAIL)
        sealed = seal(key, json.dumps(secrets, sort_keys=True))
        hints = {name: secret[-4:] for name, secret in secrets.items() if name != FORMER_SECRET}
    params = {
        "organisation_id": organisation_id,
        "rail": new.rail,
        "enabled": new.enabled,
        "live": new.live,
        "settings": json.dumps(new.settings, sort_keys=True),
        "secrets_sealed": sealed,
        "hints": json.dumps(hints, sort_keys=True),
        "changed_by": changed_by,
        "now": now,
    }
    execute(session, _SAVE, params)
    _wake(session, organisation_id, new.rail)


def draft_account(session: Session, *, organisation_id: uuid.UUID, new: NewRail) -> RailAccount:
    """What a rail would be opened with if this were saved, for a test before it is."""
    stored = _stored(session, organisation_id, new.rail)
    secrets = _merged(session, organisation_id, stored, new)
    return RailAccount(organisation_id, new.live, new.settings, secrets)


def turn_rail(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    changed_by: uuid.UUID | None,
    rail: str,
    enabled: bool,
) -> bool:
    """Use a rail, or leave it be; whether that is new. What waits for it is tried at once.

    Raises OtherMode.
    """
    live = is_live(session, organisation_id=organisation_id)
    stored = _stored(session, organisation_id, rail)
    if enabled and stored is not None and stored.live != live:
        raise OtherMode
    params = {"organisation_id": organisation_id, "rail": rail}
    turned = execute(
        session,
        _TURN,
        params | {"enabled": enabled, "changed_by": changed_by, "now": now, "live": live},
    )
    _wake(session, organisation_id, rail)
    return turned == 1


def prefer_rails(session: Session, *, organisation_id: uuid.UUID, rails: Sequence[str]) -> int:
    """Put rails in this order; how many changed their place."""
    return execute(session, _PREFER, {"organisation_id": organisation_id, "rails": list(rails)})


def is_live(session: Session, *, organisation_id: uuid.UUID) -> bool:
    """Whether the organisation's payouts move real money; stays so until the transaction ends."""
    return bool(one(session, _MODE, {"organisation_id": organisation_id}).live)


def leave_mode(session: Session, *, organisation_id: uuid.UUID, live: bool) -> bool:
    """Whether there is another mode to leave for that which `live` says, and nothing goes on in it.
    The mode stays locked until the transaction ends.

    Raises MoneyUnderWay, MoneyWaiting.
    """
    params = {"organisation_id": organisation_id}
    if one(session, _MODE_TO_CHANGE, params).live == live:
        return False
    found = one(session, _UNDER_WAY, params)
    if found.sent:
        raise MoneyUnderWay
    if found.waiting:
        raise MoneyWaiting
    return True


def pause_rail(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    rail: str,
    trouble: Trouble,
    changed_at: dt.datetime,
) -> bool:
    """Ask this rail nothing until somebody saves or tests its settings; whether it is new. Settings
    that were changed since `changed_at`, when they were read, are not paused."""
    params = {
        "organisation_id": organisation_id,
        "rail": rail,
        "now": now,
        "trouble": trouble.value,
        "changed_at": changed_at,
    }
    return execute(session, _PAUSE, params) == 1


def note_test(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    rail: str,
    works: bool,
    detail: str,
) -> None:
    """Keep what a test of the connection found; one that works ends a pause."""
    params = {"organisation_id": organisation_id, "rail": rail}
    execute(session, _NOTE_TEST, params | {"now": now, "works": works, "detail": detail})
    if works:
        _wake(session, organisation_id, rail)


def _wake(session: Session, organisation_id: uuid.UUID, rail: str) -> None:
    params = {"organisation_id": organisation_id, "rail": rail, "limit": _MOST_WOKEN}
    execute(session, _WAKE, params)


def _rows(session: Session, organisation_id: uuid.UUID) -> list[Any]:
    return rows(session, _READ, {"organisation_id": organisation_id})


def _stored(session: Session, organisation_id: uuid.UUID, rail: str) -> Any | None:
    return {row.rail: row for row in _rows(session, organisation_id)}.get(rail)


def _merged(
    session: Session, organisation_id: uuid.UUID, stored: Any | None, new: NewRail
) -> dict[str, str]:
    """Secrets of the other mode are not taken over."""
    given = new.secrets or {}
    kept = stored is not None and stored.live == new.live
    known = _secrets(session, organisation_id, stored) if kept else {}
    if WEBHOOK_SECRET in given and known.get(WEBHOOK_SECRET) != given[WEBHOOK_SECRET]:
        known[FORMER_SECRET] = known.get(WEBHOOK_SECRET, "")
    return {name: secret for name, secret in {**known, **given}.items() if secret}


def _secrets(session: Session, organisation_id: uuid.UUID, row: Any) -> dict[str, str]:
    if row.secrets_sealed is None:
        return {}
    key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.RAIL)
    opened: dict[str, str] = json.loads(unseal(key, row.secrets_sealed))
    return opened


def _state(row: Any) -> RailState:
    return RailState(
        row.rail,
        row.enabled,
        row.live,
        row.settings,
        row.hints,
        row.paused_at,
        None if row.pause_trouble is None else Trouble(row.pause_trouble),
        row.tested_at,
        row.test_works,
        row.test_detail,
        row.changed_by,
        row.changed_at,
        row.preference,
        row.right_mode,
    )
