"""From breaches to debts: the award of the terms within its caps, and what holds the money back."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.catalogue.queries import VersionInForce
from promises.compensation.models import CompensationState, Hold
from promises.db.sql import execute, rows
from promises.kernel.ids import new_id
from promises.rules.awards import (
    Award,
    CapKey,
    CapKind,
    Claim,
    allocate,
    cap_keys,
    needs_approval,
)

_LOCK_USAGE = """
WITH wanted AS (
    SELECT * FROM unnest(%(promise_ids)s::uuid[], %(scopes)s::text[], %(keys)s::text[],
        %(periods)s::text[]) AS w (promise_id, scope, key, period)
), made AS (
    INSERT INTO cap_usages (organisation_id, promise_id, scope, key, period, used_count)
    SELECT %(organisation_id)s, w.promise_id, w.scope, w.key, w.period, 0 FROM wanted w
    ORDER BY w.promise_id, w.scope, w.key, w.period
    ON CONFLICT (organisation_id, promise_id, scope, key, period)
        DO UPDATE SET used_count = cap_usages.used_count
    RETURNING promise_id, scope, key, period, used_count
)
SELECT * FROM made
"""

_USE = """
UPDATE cap_usages u SET used_count = w.used_count
FROM unnest(%(promise_ids)s::uuid[], %(scopes)s::text[], %(keys)s::text[], %(periods)s::text[],
    %(counts)s::int[]) AS w (promise_id, scope, key, period, used_count)
WHERE u.organisation_id = %(organisation_id)s AND u.promise_id = w.promise_id
  AND u.scope = w.scope AND u.key = w.key AND u.period = w.period
"""

_CASE_OWED = """
SELECT c.ticket_id, sum(c.amount_minor)::bigint AS amount_minor
FROM compensations c
WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = ANY(%(ticket_ids)s)
  AND c.state IN ('owed', 'released')
GROUP BY c.ticket_id
"""

_INSERT = """
INSERT INTO compensations (organisation_id, id, breach_id, instalment, promise_id, version_id,
    ticket_id, branch_id, customer_id, amount_minor, currency, outcome, state, holds,
    hold_window_id, closing_reason, created_at)
SELECT %(organisation_id)s, c.id, c.breach_id, 1, c.promise_id, c.version_id, c.ticket_id,
    c.branch_id, c.customer_id, c.amount_minor, c.currency, c.outcome, c.state,
    string_to_array(c.holds, ' '), c.hold_window_id, '', %(now)s
FROM unnest(%(ids)s::uuid[], %(breach_ids)s::uuid[], %(promise_ids)s::uuid[],
    %(version_ids)s::uuid[], %(ticket_ids)s::uuid[], %(branch_ids)s::uuid[],
    %(customer_ids)s::uuid[], %(amounts)s::bigint[], %(currencies)s::text[],
    %(outcomes)s::text[], %(states)s::text[], %(holds)s::text[], %(windows)s::uuid[])
    AS c (id, breach_id, promise_id, version_id, ticket_id, branch_id, customer_id, amount_minor,
          currency, outcome, state, holds, hold_window_id)
ON CONFLICT (organisation_id, breach_id, instalment) DO NOTHING
RETURNING id
"""

_CLEARANCE = "clearance"
"""A debt that nothing else holds is born with this mark and handed to `release` in the same
transaction, so that there is one way only by which money is let go."""


@dataclass(frozen=True, slots=True)
class BreachToAward:
    """A breach with what its award and its holds depend on. `window_id` names the hold window
    that it fell into, if any."""

    breach_id: uuid.UUID
    ticket_id: uuid.UUID
    branch_id: uuid.UUID
    day_on: dt.date
    customer_id: uuid.UUID | None
    device_id: uuid.UUID | None
    version: VersionInForce
    left_after_limit: bool
    present: bool
    disputed: bool
    verified: bool
    imported: bool
    window_id: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class NewCompensation:
    """What was granted for one breach. `holds` is empty for a debt that may be released now."""

    compensation_id: uuid.UUID
    breach_id: uuid.UUID
    ticket_id: uuid.UUID
    amount_minor: int
    currency: str
    holds: tuple[Hold, ...]


def award_breaches(
    session: Session,
    *,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    breaches: Sequence[BreachToAward],
) -> list[NewCompensation]:
    """One compensation for each breach, in the order given; a breach never gets a second one.

    Debts without a hold are returned with state 'owed' and the mark `clearance`: the caller hands
    them to `release` before its transaction ends.
    """
    awards: dict[uuid.UUID, Award] = {}
    by_version: dict[uuid.UUID, list[BreachToAward]] = defaultdict(list)
    for breach in breaches:
        by_version[breach.version.version_id].append(breach)
    for version_id in sorted(by_version):
        group = by_version[version_id]
        granted = _allocate(session, organisation_id, group[0].version, group)
        awards.update(zip((b.breach_id for b in group), granted, strict=True))
    granted_all = [_compensation(breach, awards[breach.breach_id]) for breach in breaches]
    return _insert(session, organisation_id, now, breaches, granted_all, awards)


def _allocate(
    session: Session,
    organisation_id: uuid.UUID,
    version: VersionInForce,
    group: Sequence[BreachToAward],
) -> list[Award]:
    terms = version.terms
    claims = [_claim(breach) for breach in group]
    keys = {key for claim in claims for key in cap_keys(terms, claim).values()}
    if not keys:
        return allocate(terms, claims, {})
    used = _lock_usage(session, organisation_id, version.promise_id, keys)
    granted = allocate(terms, claims, used)
    _count_usage(session, organisation_id, version, zip(claims, granted, strict=True), used)
    return granted


def _claim(breach: BreachToAward) -> Claim:
    return Claim(
        ticket_id=breach.ticket_id,
        branch_id=breach.branch_id,
        on=breach.day_on,
        customer_id=breach.customer_id,
        device_id=breach.device_id,
        left_after_limit=breach.left_after_limit,
    )


def _lock_usage(
    session: Session, organisation_id: uuid.UUID, promise_id: uuid.UUID, keys: set[CapKey]
) -> dict[CapKey, int]:
    """What was used so far; the counters stay locked until the transaction ends, also new ones."""
    used: dict[CapKey, int] = {}
    cases = [key for key in keys if key[0] is CapKind.CASE]
    if cases:
        owed = rows(
            session,
            _CASE_OWED,
            {"organisation_id": organisation_id, "ticket_ids": [key[1] for key in cases]},
        )
        used.update({(CapKind.CASE, row.ticket_id, None): row.amount_minor for row in owed})
    counted = sorted(_columns(key) for key in keys if key[0] is not CapKind.CASE)
    if counted:
        found = rows(session, _LOCK_USAGE, _usage_params(organisation_id, promise_id, counted))
        for row in found:
            on = dt.date.fromisoformat(row.period)
            used[(CapKind(row.scope), uuid.UUID(row.key), on)] = row.used_count
    return used


def _count_usage(
    session: Session,
    organisation_id: uuid.UUID,
    version: VersionInForce,
    granted: Iterable[tuple[Claim, Award]],
    used: Mapping[CapKey, int],
) -> None:
    counts: dict[CapKey, int] = {}
    for claim, award in granted:
        if award.amount_minor:
            for kind, key in cap_keys(version.terms, claim).items():
                if kind is not CapKind.CASE:
                    counts[key] = counts.get(key, used.get(key, 0)) + 1
    if not counts:
        return
    ordered = sorted(counts, key=_columns)
    params = _usage_params(organisation_id, version.promise_id, [_columns(k) for k in ordered])
    execute(session, _USE, {**params, "counts": [counts[key] for key in ordered]})


def _columns(key: CapKey) -> tuple[str, str, str]:
    kind, owner, on = key
    return kind.value, str(owner), "" if on is None else on.isoformat()


def _usage_params(
    organisation_id: uuid.UUID, promise_id: uuid.UUID, columns: Sequence[tuple[str, str, str]]
) -> dict[str, object]:
    return {
        "organisation_id": organisation_id,
        "promise_ids": [promise_id] * len(columns),
        "scopes": [column[0] for column in columns],
        "keys": [column[1] for column in columns],
        "periods": [column[2] for column in columns],
    }


def _compensation(breach: BreachToAward, award: Award) -> NewCompensation:
    return NewCompensation(
        compensation_id=new_id(),
        breach_id=breach.breach_id,
        ticket_id=breach.ticket_id,
        amount_minor=award.amount_minor,
        currency=breach.version.terms.currency,
        holds=_holds(breach, award.amount_minor) if award.amount_minor else (),
    )


def _holds(breach: BreachToAward, amount_minor: int) -> tuple[Hold, ...]:
    reasons = {
        Hold.PRESENCE: not breach.present and not breach.imported,
        Hold.APPROVAL: needs_approval(breach.version.terms, amount_minor),
        Hold.EVIDENCE: not breach.verified,
        Hold.DISPUTE: breach.disputed,
        Hold.MASS_BREACH: breach.window_id is not None,
        Hold.HISTORY: breach.imported or breach.version.applied_to_history,
    }
    return tuple(hold for hold, applies in reasons.items() if applies)


def _insert(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    breaches: Sequence[BreachToAward],
    granted: Sequence[NewCompensation],
    awards: Mapping[uuid.UUID, Award],
) -> list[NewCompensation]:
    if not granted:
        return []
    inserted = rows(
        session,
        _INSERT,
        {
            "organisation_id": organisation_id,
            "now": now,
            "ids": [c.compensation_id for c in granted],
            "breach_ids": [b.breach_id for b in breaches],
            "promise_ids": [b.version.promise_id for b in breaches],
            "version_ids": [b.version.version_id for b in breaches],
            "ticket_ids": [b.ticket_id for b in breaches],
            "branch_ids": [b.branch_id for b in breaches],
            "customer_ids": [b.customer_id for b in breaches],
            "amounts": [c.amount_minor for c in granted],
            "currencies": [c.currency for c in granted],
            "outcomes": [awards[c.breach_id].outcome.value for c in granted],
            "states": [_state(c).value for c in granted],
            "holds": [_hold_text(c) for c in granted],
            "windows": [b.window_id for b in breaches],
        },
    )
    fresh = {row.id for row in inserted}
    return [c for c in granted if c.compensation_id in fresh]


def _state(compensation: NewCompensation) -> CompensationState:
    if compensation.amount_minor:
        return CompensationState.OWED
    return CompensationState.NOTHING_OWED


def _hold_text(compensation: NewCompensation) -> str:
    """Space-separated, for a flat array parameter; an empty text becomes an empty array."""
    if not compensation.amount_minor:
        return ""
    return " ".join(compensation.holds) or _CLEARANCE
