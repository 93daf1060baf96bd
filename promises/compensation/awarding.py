"""From breaches to debts: the award of the terms within its caps, and what holds the money back."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from promises.breaches.rulings import Granted
from promises.catalogue.queries import VersionInForce
from promises.compensation.models import CompensationState, Hold
from promises.db.sql import execute, rows
from promises.kernel.ids import new_ids
from promises.rules.awards import (
    Award,
    CapKey,
    CapKind,
    Claim,
    Outcome,
    Usage,
    allocate,
    award,
    cap_keys,
    granted_by,
    needs_approval,
)
from promises.rules.guarantee.vocabulary import Remedy
from promises.rules.terms import Caps, Terms, WaitTerms
from promises.rules.verdicts import State

_LOCK_USAGE = """
WITH wanted AS (
    SELECT * FROM unnest(%(promise_ids)b::uuid[], %(scopes)b::text[], %(keys)b::text[],
        %(periods)b::text[]) AS w (promise_id, scope, key, period)
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
FROM unnest(%(promise_ids)b::uuid[], %(scopes)b::text[], %(keys)b::text[], %(periods)b::text[],
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

# What the breach and its ticket know already is read there; only what was decided is passed.
_INSERT = """
INSERT INTO compensations (organisation_id, id, breach_id, instalment, promise_id, version_id,
    ticket_id, branch_id, customer_id, amount_minor, currency, outcome, remedy, pay_before,
    claim_before, state, holds, hold_window_id, closing_reason, created_at)
SELECT %(organisation_id)s, c.id, b.id, %(instalment)s, b.promise_id, b.version_id, b.ticket_id,
    b.branch_id, t.customer_id, c.amount_minor, %(currency)s, %(outcome)s, %(remedy)s,
    %(pay_before)s, %(claim_before)s, %(state)s,
    %(holds)s::text[], %(window_id)s, '', %(now)s
FROM unnest(%(ids)b::uuid[], %(breach_ids)b::uuid[], %(amounts)b::bigint[])
    AS c (id, breach_id, amount_minor)
JOIN breaches b ON b.organisation_id = %(organisation_id)s AND b.id = c.breach_id
JOIN tickets t ON t.organisation_id = %(organisation_id)s AND t.id = b.ticket_id
ON CONFLICT (organisation_id, breach_id, instalment) DO NOTHING
RETURNING id
"""

BY_ITSELF = frozenset({Remedy.MONEY.value, Remedy.VOUCHER.value})
"""Remedies that a payout carries out; for another one a person takes care, and then approves."""

_CLEARANCE = "clearance"
"""A debt that nothing else holds is born with this mark and handed to `release` in the same
transaction, so that there is one way only by which money is let go."""


@dataclass(frozen=True, slots=True)
class BreachToAward:
    """A breach with what its award and its holds depend on. `window_id` names the hold window
    that it fell into, if any. `instalment` rises where an award that ended is made anew.
    `granted` is what general terms grant. `approval_asked`: management wants to approve each new
    debt of the promise for now. `breached_at` dates the debt for the books."""

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
    instalment: int = 1
    granted: Granted | None = None
    approval_asked: bool = False
    breached_at: dt.datetime | None = None


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
    by_version: dict[uuid.UUID, list[BreachToAward]] = defaultdict(list)
    for breach in breaches:
        by_version[breach.version.version_id].append(breach)
    decided: list[tuple[BreachToAward, Award, NewCompensation]] = []
    owed_here: dict[uuid.UUID, int] = defaultdict(int)  # by ticket, not yet in the database
    # In the order of promises, as all who lock their counters.
    for group in sorted(by_version.values(), key=lambda group: _order(group[0].version)):
        awards = _allocate(session, organisation_id, group[0].version, group, owed_here)
        for breach, granted in zip(group, awards, strict=True):
            owed_here[breach.ticket_id] += granted.amount_minor
        decided += zip(group, awards, _granted(group, awards), strict=True)
    return _insert(session, organisation_id, now, decided)


def _order(version: VersionInForce) -> tuple[uuid.UUID, uuid.UUID]:
    return version.promise_id, version.version_id


def _allocate(
    session: Session,
    organisation_id: uuid.UUID,
    version: VersionInForce,
    group: Sequence[BreachToAward],
    owed_here: Mapping[uuid.UUID, int],
) -> list[Award]:
    terms = version.terms
    if terms.caps == Caps():
        return _uncapped(terms, group)
    claims = [_claim(breach) for breach in group]
    keys = {key for claim in claims for key in cap_keys(terms, claim).values()}
    used = _lock_usage(session, organisation_id, version.promise_id, keys)
    for key in keys:
        if key[0] is CapKind.CASE:
            used[key] = used.get(key, 0) + owed_here.get(key[1], 0)
    granted = allocate(terms, claims, used)
    _count_usage(session, organisation_id, version, zip(claims, granted, strict=True), used)
    return granted


def _uncapped(terms: Terms, group: Sequence[BreachToAward]) -> list[Award]:
    """Without caps one award of the short form is like another, but for those who left."""
    if not isinstance(terms, WaitTerms):
        return [granted_by(terms, _claim(breach), Usage()) for breach in group]
    two = {
        left: award(terms, State.BROKEN, left, Usage())
        for left in {breach.left_after_limit for breach in group}
    }
    return [two[breach.left_after_limit] for breach in group]


def _claim(breach: BreachToAward) -> Claim:
    return Claim(
        ticket_id=breach.ticket_id,
        branch_id=breach.branch_id,
        on=breach.day_on,
        customer_id=breach.customer_id,
        device_id=breach.device_id,
        left_after_limit=breach.left_after_limit,
        amount_minor=breach.granted.amount_minor if breach.granted else 0,
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
    for claim, awarded in granted:
        if awarded.amount_minor:
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


def _granted(breaches: Sequence[BreachToAward], awards: Sequence[Award]) -> list[NewCompensation]:
    return [
        NewCompensation(
            compensation_id=new,
            breach_id=breach.breach_id,
            ticket_id=breach.ticket_id,
            amount_minor=award.amount_minor,
            currency=breach.version.terms.currency,
            holds=_holds(breach, award.amount_minor) if award.amount_minor else (),
        )
        for new, breach, award in zip(new_ids(len(breaches)), breaches, awards, strict=True)
    ]


def _holds(breach: BreachToAward, amount_minor: int) -> tuple[Hold, ...]:
    reasons = {
        Hold.PRESENCE: not breach.present and not breach.imported,
        Hold.APPROVAL: breach.approval_asked
        or needs_approval(breach.version.terms, amount_minor)
        or _remedy(breach) not in BY_ITSELF,
        Hold.EVIDENCE: not breach.verified,
        Hold.DISPUTE: breach.disputed,
        Hold.MASS_BREACH: breach.window_id is not None,
        Hold.CLAIM: breach.granted is not None and breach.granted.on_request,
        Hold.HISTORY: breach.imported or breach.version.applied_to_history,
    }
    return tuple(hold for hold, applies in reasons.items() if applies)


def _insert(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    decided: Iterable[tuple[BreachToAward, Award, NewCompensation]],
) -> list[NewCompensation]:
    """One statement for all that share outcome, holds, currency and window: nearly always one."""
    groups: dict[tuple[object, ...], list[NewCompensation]] = defaultdict(list)
    for breach, granted, one in decided:
        key = (
            _outcome(breach, granted),
            one.holds,
            one.currency,
            breach.window_id,
            breach.instalment,
            _remedy(breach),
            breach.granted and breach.granted.pay_before,
            breach.granted and breach.granted.claim_before,
        )
        groups[key].append(one)
    fresh: set[uuid.UUID] = set()
    for shared, group in groups.items():
        outcome, holds, currency, window_id, instalment, remedy, pay_before, claim_before = shared
        owed = group[0].amount_minor > 0
        inserted = rows(
            session,
            _INSERT,
            {
                "organisation_id": organisation_id,
                "now": now,
                "ids": [one.compensation_id for one in group],
                "breach_ids": [one.breach_id for one in group],
                "amounts": [one.amount_minor for one in group],
                "currency": currency,
                "outcome": str(outcome),
                "state": _state(owed).value,
                "holds": _hold_names(holds if isinstance(holds, tuple) else (), owed),
                "window_id": window_id,
                "instalment": instalment,
                "remedy": str(remedy),
                "pay_before": pay_before,
                "claim_before": claim_before,
            },
        )
        fresh.update(row.id for row in inserted)
    return [one for group in groups.values() for one in group if one.compensation_id in fresh]


def _remedy(breach: BreachToAward) -> str:
    return breach.granted.remedy if breach.granted else Remedy.MONEY.value


def _outcome(breach: BreachToAward, granted: Award) -> str:
    """What the terms did to the amount; what the organisation's caps did goes before it."""
    if breach.granted is None or granted.outcome is not Outcome.FULL:
        return granted.outcome.value
    return breach.granted.outcome


def _state(owed: bool) -> CompensationState:
    return CompensationState.OWED if owed else CompensationState.NOTHING_OWED


def _hold_names(holds: tuple[Hold, ...], owed: bool) -> list[str]:
    if not owed:
        return []
    return [hold.value for hold in holds] or [_CLEARANCE]
