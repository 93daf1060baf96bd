"""Runs: the frozen file of payouts, and its steps from draft to settled. Every step is one
conditional statement, so that of two people at once only one takes it."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one, one_or_none, rows
from promises.identity.keys import Purpose, organisation_key, seal, unseal
from promises.kernel.ids import mac
from promises.payouts.rails.run_files import RunHead, RunItem
from promises.payouts.run_models import RunState

# One preparing at a time for each rail: whoever comes second finds what the first has left.
_LOCK_RAIL = """
SELECT 1 FROM rail_settings
WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s FOR UPDATE
"""

_SEQUENCE = """
SELECT coalesce(max(sequence), 0) + 1 AS next FROM payout_runs
WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s AND live = %(live)s
"""

_STORE = """
INSERT INTO payout_runs (organisation_id, id, rail, state, live, sequence, message_id, count,
    amount_minor, currency, execute_on, content_sealed, content_hash, account_index, prepared_by,
    prepared_at)
VALUES (%(organisation_id)s, %(id)s, %(rail)s, 'draft', %(live)s, %(sequence)s, %(message_id)s,
    %(count)s, %(amount_minor)s, %(currency)s, %(execute_on)s, %(content_sealed)s,
    %(content_hash)s, %(account_index)s, %(prepared_by)s, %(now)s)
"""

_STORE_ITEMS = """
INSERT INTO payout_run_items (organisation_id, run_id, payout_id, position, mark, tracking_id,
    number)
SELECT %(organisation_id)s, %(run_id)s, i.payout_id, i.position, i.mark, i.tracking_id, i.number
FROM unnest(%(payout_ids)b::uuid[], %(marks)b::text[], %(tracking_ids)b::uuid[],
    %(numbers)s::int[]) WITH ORDINALITY AS i (payout_id, mark, tracking_id, number, position)
"""

_RELEASE = """
UPDATE payout_runs SET state = 'released', released_by = %(member_id)s, released_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(run_id)s AND state = 'draft'
  AND prepared_by <> %(member_id)s
"""

_DOWNLOAD = """
UPDATE payout_runs SET state = 'downloaded', downloaded_at = %(now)s, answer_by = %(answer_by)s
WHERE organisation_id = %(organisation_id)s AND id = %(run_id)s AND state = 'released'
"""

_CANCEL = """
UPDATE payout_runs SET state = 'cancelled', cancelled_by = %(member_id)s, cancelled_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND id = %(run_id)s AND state IN ('draft', 'released')
"""

_DROP_ITEMS = """
UPDATE payout_run_items SET dropped_at = %(now)s
WHERE organisation_id = %(organisation_id)s AND run_id = %(run_id)s AND dropped_at IS NULL
"""

_ANSWER = """
UPDATE payout_runs SET answered_at = coalesce(answered_at, %(now)s), answer_by = %(answer_by)s,
    state = CASE WHEN state = 'downloaded' THEN 'answered' ELSE state END
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(run_ids)s)
  AND state IN ('downloaded', 'answered')
"""

_SETTLE = """
UPDATE payout_runs r SET state = 'settled', settled_at = %(now)s
WHERE r.organisation_id = %(organisation_id)s AND r.state IN ('downloaded', 'answered')
  AND (%(run_ids)s::uuid[] IS NULL OR r.id = ANY(%(run_ids)s))
  AND NOT EXISTS (SELECT 1 FROM payout_run_items i
      JOIN payouts p ON p.organisation_id = i.organisation_id AND p.id = i.payout_id
      WHERE i.organisation_id = r.organisation_id AND i.run_id = r.id
        AND p.state NOT IN ('paid', 'failed', 'returned'))
"""

_LATE = """
SELECT id, rail, message_id, currency FROM payout_runs
WHERE organisation_id = %(organisation_id)s AND state IN ('downloaded', 'answered')
  AND answer_by <= %(now)s
ORDER BY answer_by
LIMIT %(limit)s
FOR UPDATE SKIP LOCKED
"""

_STOP_WAITING = """
UPDATE payout_runs SET answer_by = NULL
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(run_ids)s)
"""

_LOCK = """
SELECT id FROM payout_runs
WHERE organisation_id = %(organisation_id)s AND id = ANY(%(run_ids)s)
ORDER BY id FOR UPDATE
"""

_FORGET = """
UPDATE payout_runs SET content_sealed = NULL
WHERE organisation_id = %(organisation_id)s AND content_sealed IS NOT NULL
  AND (settled_at <= %(before)s OR cancelled_at <= %(before)s)
"""

_COLUMNS = """id, rail, state, live, sequence, message_id, count, amount_minor, currency,
    execute_on, content_sealed IS NOT NULL AS kept, content_hash, prepared_by, prepared_at,
    released_by, released_at, downloaded_at, answer_by, answered_at, settled_at, cancelled_by,
    cancelled_at"""

_ONE = f"""
SELECT {_COLUMNS} FROM payout_runs
WHERE organisation_id = %(organisation_id)s AND {{which}}
"""

_BY_ID = _ONE.format(which="id = %(run_id)s")
_BY_MESSAGE = _ONE.format(
    which="message_id = %(message_id)s AND rail = %(rail)s AND live = %(live)s"
    " AND downloaded_at IS NOT NULL"
)

_CONTENT = """
SELECT content_sealed, content_hash FROM payout_runs
WHERE organisation_id = %(organisation_id)s AND id = %(run_id)s
"""

_ACCOUNTS = """
SELECT DISTINCT account_index FROM payout_runs
WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s AND live = %(live)s
"""

SHOWN = 8
"""How many characters of the hash two people compare."""


@dataclass(frozen=True, slots=True)
class Run:
    """`kept`: whether the file itself is still there."""

    id: uuid.UUID
    rail: str
    state: RunState
    live: bool
    sequence: int
    message_id: str
    count: int
    amount_minor: int
    currency: str
    execute_on: dt.date
    kept: bool
    content_hash: bytes
    prepared_by: uuid.UUID
    prepared_at: dt.datetime
    released_by: uuid.UUID | None
    released_at: dt.datetime | None
    downloaded_at: dt.datetime | None
    answer_by: dt.datetime | None
    answered_at: dt.datetime | None
    settled_at: dt.datetime | None
    cancelled_by: uuid.UUID | None
    cancelled_at: dt.datetime | None

    @property
    def check_sum(self) -> str:
        """SHA-256 of the file, in capitals."""
        return self.content_hash.hex().upper()


@dataclass(frozen=True, slots=True)
class NewRun:
    """A run about to be stored. `numbers`: of each item the payout's try."""

    id: uuid.UUID
    rail: str
    live: bool
    head: RunHead
    items: Sequence[RunItem]
    numbers: Sequence[int]
    content: bytes
    account: str


def lock_rail(session: Session, *, organisation_id: uuid.UUID, rail: str, live: bool) -> int:
    """Wait until nobody else prepares a run of this rail; the number of the next one."""
    params = {"organisation_id": organisation_id, "rail": rail, "live": live}
    execute(session, _LOCK_RAIL, params)
    return int(one(session, _SEQUENCE, params).next)


def store_run(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, by: uuid.UUID, new: NewRun
) -> None:
    key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.BANK)
    execute(
        session,
        _STORE,
        {
            "organisation_id": organisation_id,
            "id": new.id,
            "rail": new.rail,
            "live": new.live,
            "sequence": new.head.sequence,
            "message_id": new.head.message_id,
            "count": len(new.items),
            "amount_minor": new.head.amount_minor,
            "currency": new.head.currency,
            "execute_on": new.head.execute_on,
            "content_sealed": seal(key, new.content.decode()),
            "content_hash": sha256(new.content).digest(),
            "account_index": account_index(
                session, organisation_id=organisation_id, account=new.account
            ),
            "prepared_by": by,
            "now": now,
        },
    )
    execute(
        session,
        _STORE_ITEMS,
        {
            "organisation_id": organisation_id,
            "run_id": new.id,
            "payout_ids": [one.request.payout_id for one in new.items],
            "marks": [one.mark for one in new.items],
            "tracking_ids": [one.tracking_id for one in new.items],
            "numbers": list(new.numbers),
        },
    )


def release_run(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    run_id: uuid.UUID,
    member_id: uuid.UUID,
) -> bool:
    """Whether this member did it: a draft of somebody else, once."""
    params = {"organisation_id": organisation_id, "run_id": run_id, "member_id": member_id}
    return execute(session, _RELEASE, params | {"now": now}) == 1


def mark_downloaded(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    run_id: uuid.UUID,
    answer_by: dt.datetime,
) -> bool:
    """Whether it was the first time. From then on the bank may have the file."""
    params = {"organisation_id": organisation_id, "run_id": run_id, "answer_by": answer_by}
    return execute(session, _DOWNLOAD, params | {"now": now}) == 1


def cancel_run(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    run_id: uuid.UUID,
    member_id: uuid.UUID | None,
) -> bool:
    """Whether it is cancelled by this: nobody had the file."""
    params = {"organisation_id": organisation_id, "run_id": run_id, "member_id": member_id}
    return execute(session, _CANCEL, params | {"now": now}) == 1


def drop_items(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, run_id: uuid.UUID
) -> None:
    """The payouts of a cancelled run may be in another one."""
    params = {"organisation_id": organisation_id, "run_id": run_id, "now": now}
    execute(session, _DROP_ITEMS, params)


def lock_runs(
    session: Session, *, organisation_id: uuid.UUID, run_ids: Sequence[uuid.UUID]
) -> None:
    """Runs are locked before tickets and payouts."""
    rows(session, _LOCK, {"organisation_id": organisation_id, "run_ids": list(run_ids)})


def note_answers(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    run_ids: Sequence[uuid.UUID],
    answer_by: dt.datetime,
) -> None:
    """The bank has spoken of these runs; those all of whose payouts ended are settled, of the
    others it has to say more by `answer_by`."""
    params = {"organisation_id": organisation_id, "run_ids": list(run_ids), "now": now}
    execute(session, _ANSWER, params | {"answer_by": answer_by})
    execute(session, _SETTLE, params)


def settle_answered(session: Session, *, organisation_id: uuid.UUID, now: dt.datetime) -> int:
    """Settle runs all of whose payouts have ended, by whatever way; how many."""
    params = {"organisation_id": organisation_id, "run_ids": None, "now": now}
    return execute(session, _SETTLE, params)


def late_runs(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, limit: int
) -> list[Any]:
    """Runs of which the bank should have said more, locked; they are no longer waited for."""
    params = {"organisation_id": organisation_id, "now": now, "limit": limit}
    found = rows(session, _LATE, params)
    if found:
        run_ids = [row.id for row in found]
        execute(session, _STOP_WAITING, {"organisation_id": organisation_id, "run_ids": run_ids})
    return found


def forget_files(session: Session, *, organisation_id: uuid.UUID, before: dt.datetime) -> int:
    """Drop the files of runs that came to their end before; how many."""
    return execute(session, _FORGET, {"organisation_id": organisation_id, "before": before})


def run_by_id(session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID) -> Run | None:
    row = one_or_none(session, _BY_ID, {"organisation_id": organisation_id, "run_id": run_id})
    return None if row is None else as_run(row)


def run_by_message(
    session: Session, *, organisation_id: uuid.UUID, rail: str, message_id: str, live: bool
) -> Run | None:
    """A run that somebody may have given to the bank, by the id of its file."""
    params = {"organisation_id": organisation_id, "rail": rail, "message_id": message_id}
    row = one_or_none(session, _BY_MESSAGE, params | {"live": live})
    return None if row is None else as_run(row)


def run_content(session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID) -> bytes | None:
    """The file as it was frozen; None where it is no longer kept. Raises RuntimeError where the
    bytes are not those that two people saw."""
    row = one(session, _CONTENT, {"organisation_id": organisation_id, "run_id": run_id})
    if row.content_sealed is None:
        return None
    key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.BANK)
    content = unseal(key, row.content_sealed).encode()
    if sha256(content).digest() != bytes(row.content_hash):
        raise RuntimeError("a frozen file has changed")
    return content


def account_index(session: Session, *, organisation_id: uuid.UUID, account: str) -> bytes:
    """The blind index of an account that runs draw on."""
    key = organisation_key(session, organisation_id=organisation_id, purpose=Purpose.BANK)
    return mac(key, f"own:{account}")


def known_accounts(
    session: Session, *, organisation_id: uuid.UUID, rail: str, live: bool
) -> set[bytes]:
    """The blind indexes of all accounts that runs of this rail have drawn on, in this mode."""
    params = {"organisation_id": organisation_id, "rail": rail, "live": live}
    found = rows(session, _ACCOUNTS, params)
    return {bytes(row.account_index) for row in found}


def as_run(row: Any) -> Run:
    values = dict(zip(Run.__dataclass_fields__, row, strict=True))
    return Run(**values | {"state": RunState(row.state), "content_hash": bytes(row.content_hash)})
