"""What came back from a rail: noted for each try, and payouts moved on by the pure table."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import execute, rows
from promises.kernel.ids import new_id
from promises.payouts.claiming import ClaimedPayout
from promises.payouts.models import PayoutState
from promises.payouts.rails.base import Outcome, RailVerdict
from promises.payouts.rails.names import BY_RUN
from promises.payouts.rails.voucher import VOUCHER
from promises.payouts.retries import MAY_SETTLE, next_look, pause_after
from promises.payouts.states import AFTER, NO_EFFECT, came_from

_END = """
INSERT INTO payout_attempts (organisation_id, id, payout_id, number, step, generation, verdict,
    provider_ref, detail, trouble, http_status, request_id, replayed, recorded_at)
SELECT %(organisation_id)s, a.id, a.payout_id, a.number, 'ended', a.generation, a.verdict,
    a.provider_ref, a.detail, a.trouble, a.http_status, a.request_id, a.replayed, %(now)s
FROM unnest(%(ids)b::uuid[], %(payout_ids)b::uuid[], %(numbers)s::int[], %(generations)s::int[],
    %(verdicts)b::text[], %(provider_refs)b::text[], %(details)b::text[], %(troubles)b::text[],
    %(http_statuses)s::int[], %(request_ids)b::text[], %(replays)s::boolean[])
    AS a (id, payout_id, number, generation, verdict, provider_ref, detail, trouble, http_status,
        request_id, replayed)
ON CONFLICT (organisation_id, payout_id, number, step) DO NOTHING
"""

# A message that came while it was looked at set an earlier time: what was seen may be older than
# that, so it is looked at again.
# Only the newest try speaks for its payout: an answer that comes after somebody else has taken the
# payout up is noted, and moves nothing.
_MOVE = """
WITH told AS (
    SELECT r.*, p.state AS before
    FROM unnest(%(ids)b::uuid[], %(numbers)s::int[], %(provider_refs)b::text[],
        %(troubles)b::text[], %(lease_untils)s::timestamptz[], %(look_ats)s::timestamptz[],
        %(spents)s::boolean[], %(no_effects)s::boolean[], %(leases)s::timestamptz[])
        AS r (id, number, provider_ref, trouble, lease_until, look_at, spent, no_effect, leased)
    JOIN payouts p ON p.organisation_id = %(organisation_id)s AND p.id = r.id
    WHERE p.state = ANY(%(from)s)
      AND NOT EXISTS (SELECT 1 FROM payout_attempts a
          WHERE a.organisation_id = p.organisation_id AND a.payout_id = p.id
            AND a.number > r.number)
    ORDER BY p.id
    FOR UPDATE OF p
)
UPDATE payouts p SET state = %(state)s, changed_at = %(now)s, lease_until = told.lease_until,
    look_at = CASE WHEN told.look_at IS NOT NULL AND p.look_at < told.leased THEN p.look_at
        ELSE told.look_at END,
    looks = 0, trouble = told.trouble, key_spent = told.spent,
    provider_ref = coalesce(told.provider_ref, p.provider_ref),
    key_used_at = CASE WHEN told.no_effect THEN NULL ELSE p.key_used_at END
FROM told
WHERE p.organisation_id = %(organisation_id)s AND p.id = told.id
RETURNING p.id, told.before, p.rail, p.compensation_id, p.gift_id, p.amount_minor, p.currency,
    p.trouble
"""

_STAY = """
UPDATE payouts p SET look_at = CASE WHEN p.look_at < s.leased THEN p.look_at ELSE s.look_at END,
    trouble = CASE WHEN s.seen THEN s.trouble ELSE p.trouble END
FROM unnest(%(ids)b::uuid[], %(look_ats)s::timestamptz[], %(troubles)b::text[],
    %(seens)s::boolean[], %(leases)s::timestamptz[]) AS s (id, look_at, trouble, seen, leased)
WHERE p.organisation_id = %(organisation_id)s AND p.id = s.id AND p.state = ANY(%(from)s)
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A payout that went from one state to another."""

    payout_id: uuid.UUID
    before: PayoutState
    after: PayoutState
    rail: str
    compensation_id: uuid.UUID | None
    gift_id: uuid.UUID | None
    amount_minor: int
    currency: str
    trouble: str | None


_NOT_ASKED = BY_RUN | {VOUCHER}
"""Rails of which nothing can be asked: vouchers move by being redeemed, runs by files."""

Answers = Sequence[tuple[ClaimedPayout, Outcome]]


def record_outcomes(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, outcomes: Answers
) -> list[Moved]:
    """Write what came back from tries and move the payouts on; those that moved.

    A payout that is past that point meanwhile (somebody else looked it up) does not move back.
    """
    if not outcomes:
        return []
    _end(session, organisation_id, now, outcomes)
    return _move(
        session, organisation_id, now, [(one, out, AFTER[out.verdict]) for one, out in outcomes]
    )


def record_looks(
    session: Session, *, organisation_id: uuid.UUID, now: dt.datetime, outcomes: Answers
) -> list[Moved]:
    """Move payouts to what a look at their present state showed. A look that failed, or that
    showed what was known, only sets the time of the next."""
    staying, going = [], []
    for one, out in outcomes:
        after = seen_state(one.state, out.verdict, known=one.provider_ref is not None)
        if after is None:
            staying.append((one, out))
        else:
            going.append((one, out, after))
    if staying:
        seen = [_tells_trouble(one, out) for one, out in staying]
        looks = [
            _later(now, next_look(one.state, one.looks, failed=not saw))
            for (one, _), saw in zip(staying, seen, strict=True)
        ]
        execute(
            session,
            _STAY,
            {
                "organisation_id": organisation_id,
                "ids": [one.request.payout_id for one, _ in staying],
                "look_ats": looks,
                "troubles": [out.trouble and out.trouble.value for _, out in staying],
                "seens": seen,
                "leases": [one.leased_until for one, _ in staying],
                "from": [
                    PayoutState.SUBMITTED.value,
                    PayoutState.PAID.value,
                    PayoutState.NEEDS_REVIEW.value,
                ],
            },
        )
    return _move(session, organisation_id, now, going)


def _tells_trouble(one: ClaimedPayout, out: Outcome) -> bool:
    """What waits for a person because its provider was silent, or could not be asked, keeps that as
    its trouble, until it shows that it is not what was asked for."""
    if one.state is PayoutState.NEEDS_REVIEW:
        return out.verdict is RailVerdict.MISMATCH
    return out.verdict is not RailVerdict.UNKNOWN


def seen_state(
    before: PayoutState, verdict: RailVerdict, *, known: bool = True
) -> PayoutState | None:
    """Where a look moves a payout that was sent, is paid, or waits for a person; None: nowhere.
    What is refused after it was paid came back; what is something else after it was paid stays, and
    the flow tells people. `known`: that the provider has it was known before."""
    if verdict in (RailVerdict.REJECTED, RailVerdict.RETURNED):
        if before is PayoutState.PAID or verdict is RailVerdict.RETURNED:
            return PayoutState.RETURNED
        return PayoutState.FAILED
    if before is PayoutState.SUBMITTED and verdict in (RailVerdict.PAID, RailVerdict.MISMATCH):
        return AFTER[verdict]
    found = verdict is RailVerdict.ACCEPTED and not known
    if before is PayoutState.NEEDS_REVIEW and (found or verdict is RailVerdict.PAID):
        return AFTER[verdict]
    return None


def _end(session: Session, organisation_id: uuid.UUID, now: dt.datetime, told: Answers) -> None:
    outcomes = [outcome for _, outcome in told]
    execute(
        session,
        _END,
        {
            "organisation_id": organisation_id,
            "now": now,
            "ids": [new_id() for _ in told],
            "payout_ids": [payout.request.payout_id for payout, _ in told],
            "numbers": [payout.number for payout, _ in told],
            "generations": [payout.request.generation for payout, _ in told],
            "verdicts": [outcome.verdict.value for outcome in outcomes],
            "provider_refs": [outcome.provider_ref for outcome in outcomes],
            "details": [outcome.detail for outcome in outcomes],
            "troubles": [outcome.trouble and outcome.trouble.value for outcome in outcomes],
            "http_statuses": [outcome.http_status for outcome in outcomes],
            "request_ids": [outcome.request_id for outcome in outcomes],
            "replays": [outcome.replayed for outcome in outcomes],
        },
    )


def _move(
    session: Session,
    organisation_id: uuid.UUID,
    now: dt.datetime,
    going: Sequence[tuple[ClaimedPayout, Outcome, PayoutState]],
) -> list[Moved]:
    by_state: dict[PayoutState, list[tuple[ClaimedPayout, Outcome]]] = defaultdict(list)
    for payout, outcome, after in going:
        by_state[after].append((payout, outcome))
    moved: list[Moved] = []
    for after in sorted(by_state):
        found = rows(session, _MOVE, _move_params(organisation_id, now, after, by_state[after]))
        moved += [
            Moved(
                row.id,
                PayoutState(row.before),
                after,
                row.rail,
                row.compensation_id,
                row.gift_id,
                row.amount_minor,
                row.currency,
                row.trouble,
            )
            for row in found
        ]
    return moved


def _move_params(
    organisation_id: uuid.UUID, now: dt.datetime, after: PayoutState, group: Answers
) -> dict[str, Any]:
    return {
        "organisation_id": organisation_id,
        "now": now,
        "state": after.value,
        "from": [before.value for before in came_from(after)],
        "ids": [payout.request.payout_id for payout, _ in group],
        "numbers": [payout.number for payout, _ in group],
        "provider_refs": [outcome.provider_ref for _, outcome in group],
        "troubles": [outcome.trouble and outcome.trouble.value for _, outcome in group],
        "lease_untils": [
            _later(now, pause_after(outcome.verdict, payout.number)) for payout, outcome in group
        ],
        "look_ats": [
            _later(now, next_look(after, 0)) if _is_followed(payout, outcome, after) else None
            for payout, outcome in group
        ],
        "spents": [key_ended(payout, outcome) for payout, outcome in group],
        "no_effects": [nothing_left(payout, outcome) for payout, outcome in group],
        "leases": [payout.leased_until for payout, _ in group],
    }


def _is_followed(payout: ClaimedPayout, outcome: Outcome, after: PayoutState) -> bool:
    """Whether it is looked at from now on. Under review only what its provider may still carry out,
    or may be found to have carried out: then no person is needed."""
    if after is PayoutState.NEEDS_REVIEW and outcome.trouble not in MAY_SETTLE:
        return False
    return payout.rail not in _NOT_ASKED


def nothing_left(payout: ClaimedPayout, outcome: Outcome) -> bool:
    """Whether it is proven that no try so far had or will have an effect: this one had none, and
    one before it that is still unknown ended under the same key."""
    return outcome.verdict in NO_EFFECT and (payout.certain or key_ended(payout, outcome))


def key_ended(payout: ClaimedPayout, outcome: Outcome) -> bool:
    """Whether the next try takes a new key. Who may not come in can be told so before the key is
    looked at: unless it is a repeated answer, it says nothing of an earlier try under that key,
    which may still be on its way."""
    at_the_door = outcome.verdict is RailVerdict.CONFIG and not outcome.replayed
    return outcome.key_spent and (payout.certain or not at_the_door)


def _later(now: dt.datetime, pause: dt.timedelta | None) -> dt.datetime | None:
    return None if pause is None else now + pause
