"""Comparing what a provider did with our payouts: the runs, and both directions, page by page."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, one_or_none, rows
from promises.kernel.ids import new_id
from promises.payouts.models import PayoutState
from promises.payouts.rail_models import IncidentKind
from promises.payouts.rails.base import Listed, RailVerdict

PAGE = 500
RETRY_AFTER = dt.timedelta(minutes=50)
"""A nightly run that has not finished by then is taken up again."""

STANDING = frozenset({RailVerdict.ACCEPTED, RailVerdict.PAID, RailVerdict.MISMATCH})
"""What a listed effect says where its money is gone, or on its way."""

_SENT = frozenset({PayoutState.SUBMITTED, PayoutState.PAID})
_KNOWN_THERE = _SENT | {PayoutState.NEEDS_REVIEW}
_ENDED = frozenset({PayoutState.FAILED, PayoutState.CANCELLED, PayoutState.RETURNED})
_OPEN_STATES = frozenset({PayoutState.UNKNOWN, PayoutState.SUBMITTING})
COMPARED = (IncidentKind.UNKNOWN_EFFECT, IncidentKind.MISSING_EFFECT, IncidentKind.OTHER_AMOUNT)

_BEGIN = """
INSERT INTO reconciliations (organisation_id, id, rail, live, run_on, since, until, started_at,
    currency)
SELECT o.organisation_id, %(id)s, %(rail)s, o.money_mode = 'live', %(run_on)s,
    greatest(%(since)s::timestamptz, o.money_mode_at), %(now)s, %(now)s, o.currency
FROM organisations o WHERE o.organisation_id = %(organisation_id)s
ON CONFLICT (organisation_id, rail, run_on) WHERE run_on IS NOT NULL DO UPDATE
SET started_at = excluded.started_at, since = excluded.since, until = excluded.until,
    live = excluded.live, trouble = NULL
WHERE reconciliations.finished_at IS NULL AND reconciliations.started_at <= %(stale)s
RETURNING id
"""

_RUN = """
SELECT id, rail, live, run_on, since, until, started_at, finished_at, trouble, currency, theirs,
    theirs_minor, ours, ours_minor, differences
FROM reconciliations WHERE organisation_id = %(organisation_id)s AND id = %(run_id)s
"""

_RUNS = """
SELECT id, rail, live, run_on, since, until, started_at, finished_at, trouble, currency, theirs,
    theirs_minor, ours, ours_minor, differences
FROM reconciliations
WHERE organisation_id = %(organisation_id)s
  AND (%(at)s::timestamptz IS NULL OR (started_at, id) < (%(at)s, %(after_id)s::uuid))
ORDER BY started_at DESC, id DESC LIMIT %(limit)s
"""

_END = """
UPDATE reconciliations SET finished_at = %(now)s, trouble = NULL, theirs = %(theirs)s,
    theirs_minor = %(theirs_minor)s, ours = %(ours)s, ours_minor = %(ours_minor)s,
    differences = %(differences)s
WHERE organisation_id = %(organisation_id)s AND id = %(run_id)s AND finished_at IS NULL
"""

_GIVE_UP = """
UPDATE reconciliations SET trouble = %(trouble)s
WHERE organisation_id = %(organisation_id)s AND id = %(run_id)s AND finished_at IS NULL
"""

# By our id where the effect carries one; else by the provider's.
_OURS = """
SELECT e.ref, p.id, p.state, p.amount_minor, p.currency, p.provider_ref
FROM unnest(%(refs)b::text[], %(payout_ids)b::uuid[]) AS e (ref, payout_id)
JOIN payouts p ON p.organisation_id = %(organisation_id)s AND p.id = e.payout_id
WHERE p.rail = %(rail)s
UNION
SELECT e.ref, p.id, p.state, p.amount_minor, p.currency, p.provider_ref
FROM unnest(%(refs)b::text[]) AS e (ref)
JOIN payouts p ON p.organisation_id = %(organisation_id)s AND p.rail = %(rail)s
    AND p.provider_ref = e.ref
"""

_SENT_IN_SPAN = """
SELECT id, state, amount_minor, currency, key_used_at, provider_ref FROM payouts
WHERE organisation_id = %(organisation_id)s AND rail = %(rail)s AND NOT by_run
  AND state IN ('submitted', 'paid', 'unknown')
  AND key_used_at >= %(since)s AND key_used_at < %(until)s
  AND (%(at)s::timestamptz IS NULL OR (key_used_at, id) > (%(at)s, %(after_id)s::uuid))
ORDER BY key_used_at, id LIMIT %(limit)s
"""

# As if a worker had died after its call: who takes it up looks first, and finds the effect.
_RESUME = """
WITH resumed AS (
    UPDATE payouts p SET state = 'submitting', lease_until = %(now)s, changed_at = %(now)s,
        key_used_at = coalesce(p.key_used_at, %(now)s)
    FROM (SELECT id FROM payouts
          WHERE organisation_id = %(organisation_id)s AND id = ANY(%(payout_ids)s)
            AND state = 'ready' AND NOT by_run
          ORDER BY id FOR UPDATE) AS s
    WHERE p.organisation_id = %(organisation_id)s AND p.id = s.id
    RETURNING p.id, p.generation
)
INSERT INTO payout_attempts (organisation_id, id, payout_id, number, step, generation, recorded_at)
SELECT %(organisation_id)s, gen_random_uuid(), r.id,
    1 + (SELECT count(*) FROM payout_attempts a WHERE a.organisation_id = %(organisation_id)s
         AND a.payout_id = r.id AND a.step = 'begun'),
    'begun', r.generation, %(now)s
FROM resumed r
ON CONFLICT (organisation_id, payout_id, number, step) DO NOTHING
"""

_SETTLED = """
SELECT kind, ref FROM money_incidents
WHERE organisation_id = %(organisation_id)s AND kind = ANY(%(kinds)s) AND ref = ANY(%(refs)s)
  AND closed_by IS NOT NULL
"""

_CLOSE_GONE = """
UPDATE money_incidents SET closed_at = %(now)s, closing_note = ''
WHERE organisation_id = %(organisation_id)s AND kind = ANY(%(kinds)s) AND rail = %(rail)s
  AND ref = ANY(%(refs)s) AND closed_at IS NULL
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One comparison of a rail with its provider."""

    id: uuid.UUID
    rail: str
    live: bool
    run_on: dt.date | None
    since: dt.datetime
    until: dt.datetime
    started_at: dt.datetime
    finished_at: dt.datetime | None
    trouble: str | None
    currency: str
    theirs: int
    theirs_minor: int
    ours: int
    ours_minor: int
    differences: int

    @property
    def difference_minor(self) -> int:
        return self.theirs_minor - self.ours_minor


@dataclass(frozen=True, slots=True)
class Pair:
    """An effect of the provider, and our payout of it."""

    effect: Listed
    payout_id: uuid.UUID | None
    state: PayoutState | None
    amount_minor: int | None
    currency: str | None
    provider_ref: str | None = None

    @property
    def standing(self) -> bool:
        return self.effect.verdict in STANDING

    @property
    def second(self) -> bool:
        """It names our payout, and our books have another effect of the provider for that."""
        other = self.provider_ref not in (None, self.effect.provider_ref)
        return other and self.state in _KNOWN_THERE

    @property
    def same_amount(self) -> bool:
        theirs = (self.effect.amount_minor, self.effect.currency.upper())
        return theirs == (self.amount_minor, self.currency)


@dataclass(slots=True)
class Found:
    """What a page of effects came to. `fine`: refs that are as they should be."""

    foreign: list[Pair] = field(default_factory=list)  # carry no payout of ours
    unknown: list[Pair] = field(default_factory=list)  # money that our books do not have
    other_amount: list[Pair] = field(default_factory=list)
    resume: list[uuid.UUID] = field(default_factory=list)  # ready here, done there
    look: list[uuid.UUID] = field(default_factory=list)  # both have it, in different states
    fine: list[Pair] = field(default_factory=list)


def sort_pairs(pairs: Sequence[Pair]) -> Found:
    """What each pair means; pure."""
    found = Found()
    for pair in pairs:
        _sort(found, pair)
    return found


def _sort(found: Found, pair: Pair) -> None:
    if pair.payout_id is None or pair.state is None:
        if pair.standing:
            (found.unknown if pair.effect.payout_id else found.foreign).append(pair)
        return
    if pair.second:
        (found.unknown if pair.standing else found.fine).append(pair)
    elif pair.standing and not pair.same_amount:
        found.other_amount.append(pair)
    elif pair.state in _ENDED:
        (found.unknown if pair.standing else found.fine).append(pair)
    elif pair.state is PayoutState.READY:
        if pair.standing:
            found.resume.append(pair.payout_id)
        found.fine.append(pair)
    else:
        if _tells_more(pair):
            found.look.append(pair.payout_id)
        found.fine.append(pair)


def _tells_more(pair: Pair) -> bool:
    if pair.state in _OPEN_STATES or not pair.standing:
        return True
    return pair.effect.verdict is RailVerdict.PAID and pair.state is PayoutState.SUBMITTED


def begin_run(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    rail: str,
    days: int,
    run_on: dt.date | None = None,
) -> uuid.UUID | None:
    """A new run, or a nightly one that did not finish; None where there is nothing to do. It never
    reaches back before the mode of money changed."""
    row = one_or_none(
        session,
        _BEGIN,
        {
            "organisation_id": organisation_id,
            "id": new_id(),
            "rail": rail,
            "run_on": run_on,
            "since": now - dt.timedelta(days=days),
            "now": now,
            "stale": now - RETRY_AFTER,
        },
    )
    return None if row is None else row.id


def run_by_id(session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID) -> Run | None:
    params = {"organisation_id": organisation_id, "run_id": run_id}
    row = one_or_none(session, _RUN, params)
    return None if row is None else Run(*row)


def list_runs(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[Run]:
    """The newest first."""
    at, after_id = before or (None, None)
    params = {"organisation_id": organisation_id, "at": at, "after_id": after_id, "limit": limit}
    return [Run(*row) for row in rows(session, _RUNS, params)]


@dataclass(slots=True)
class Totals:
    """What a run adds up, in the organisation's currency."""

    theirs: int = 0
    theirs_minor: int = 0
    ours: int = 0
    ours_minor: int = 0
    differences: int = 0


def end_run(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    run_id: uuid.UUID,
    totals: Totals,
) -> None:
    params = {"organisation_id": organisation_id, "run_id": run_id, "now": now}
    sums = {name: getattr(totals, name) for name in Totals.__dataclass_fields__}
    execute(session, _END, params | sums)


def give_up_run(
    session: Session, *, organisation_id: uuid.UUID, run_id: uuid.UUID, trouble: str
) -> None:
    """The provider could not be read to its end: what was found stays, nothing is summed up."""
    params = {"organisation_id": organisation_id, "run_id": run_id, "trouble": trouble}
    execute(session, _GIVE_UP, params)


def pair_up(
    session: Session, *, organisation_id: uuid.UUID, rail: str, effects: Sequence[Listed]
) -> list[Pair]:
    """Each effect with our payout of it, where there is one."""
    params = {
        "organisation_id": organisation_id,
        "rail": rail,
        "refs": [one.provider_ref for one in effects],
        "payout_ids": [one.payout_id for one in effects],
    }
    ours: dict[str, Any] = {row.ref: row for row in rows(session, _OURS, params)}
    pairs = []
    for effect in effects:
        row = ours.get(effect.provider_ref)
        if row is None:
            pairs.append(Pair(effect, None, None, None, None))
        else:
            state = PayoutState(row.state)
            pairs.append(
                Pair(effect, row.id, state, row.amount_minor, row.currency, row.provider_ref)
            )
    return pairs


def sent_payouts(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    rail: str,
    since: dt.datetime,
    until: dt.datetime,
    after: tuple[dt.datetime, uuid.UUID] | None,
) -> list[Any]:
    """A page of what should be at the provider: sent, paid, or unknown."""
    at, after_id = after or (None, None)
    params = {"organisation_id": organisation_id, "rail": rail, "since": since, "until": until}
    return rows(session, _SENT_IN_SPAN, params | {"at": at, "after_id": after_id, "limit": PAGE})


def resume(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    payout_ids: Sequence[uuid.UUID],
) -> None:
    """Let payouts that are ready, and that the provider has done, be found by the next look."""
    params = {"organisation_id": organisation_id, "now": now, "payout_ids": list(payout_ids)}
    execute(session, _RESUME, params)


def settled_by_people(
    session: Session, *, organisation_id: uuid.UUID, refs: Sequence[str]
) -> set[tuple[str, str]]:
    """Kind and ref of what somebody has looked into: it is not raised again."""
    params = {
        "organisation_id": organisation_id,
        "kinds": [kind.value for kind in COMPARED],
        "refs": list(refs),
    }
    return {(row.kind, row.ref) for row in rows(session, _SETTLED, params)}


def close_gone(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    rail: str,
    refs: Sequence[str],
) -> int:
    """Close what was found before and is as it should be now; how many."""
    params = {
        "organisation_id": organisation_id,
        "kinds": [kind.value for kind in COMPARED],
        "rail": rail,
        "refs": list(refs),
        "now": now,
    }
    return execute(session, _CLOSE_GONE, params)


def is_sent(state: PayoutState | None) -> bool:
    """Whether our books have the money as gone."""
    return state in _SENT
