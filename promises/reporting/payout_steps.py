"""What became of the money of a ticket, step by step, with the time of each."""

import datetime as dt
import enum
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.db.sql import rows
from promises.payouts.rails import names

# Each business fact is posted once, under a key that names it: so its time is exact on every rail.
_PAYOUTS = """
SELECT k.id AS compensation_id, k.created_at AS earned_at, y.id, y.rail, y.state, y.trouble,
    y.by_run, y.created_at, y.changed_at, d.last4, v.issued_at, v.redeemed_at, v.state AS voucher,
    sent.recorded_at AS sent_at, arrived.recorded_at AS arrived_at,
    failed.recorded_at AS failed_at, back.recorded_at AS back_at, ended.recorded_at AS ended_at
FROM compensations k
LEFT JOIN payouts y ON y.organisation_id = k.organisation_id AND y.compensation_id = k.id
LEFT JOIN payout_destinations d ON d.organisation_id = y.organisation_id
    AND d.id = y.destination_id
LEFT JOIN vouchers v ON v.organisation_id = y.organisation_id AND v.payout_id = y.id
LEFT JOIN ledger_transactions sent ON sent.organisation_id = y.organisation_id
    AND sent.key = 'payout_sent:' || y.id
LEFT JOIN ledger_transactions arrived ON arrived.organisation_id = y.organisation_id
    AND arrived.key = 'payout_arrived:' || y.id
LEFT JOIN ledger_transactions failed ON failed.organisation_id = y.organisation_id
    AND failed.key = 'payout_failed:' || y.id
LEFT JOIN ledger_transactions back ON back.organisation_id = y.organisation_id
    AND back.key = 'payout_came_back:' || y.id
LEFT JOIN ledger_transactions ended ON ended.organisation_id = v.organisation_id
    AND ended.key = 'voucher_expired:' || v.id
WHERE k.organisation_id = %(organisation_id)s AND k.ticket_id = %(ticket_id)s
  AND k.amount_minor > 0
ORDER BY k.created_at, k.id, y.created_at, y.id
"""


class StepKind(enum.StrEnum):
    EARNED = "earned"
    APPROVED = "approved"
    SENT = "sent"
    ARRIVED = "arrived"
    FAILED = "failed"
    CAME_BACK = "came_back"
    VOUCHER_ISSUED = "voucher_issued"
    VOUCHER_REDEEMED = "voucher_redeemed"
    VOUCHER_EXPIRED = "voucher_expired"
    EXCHANGED = "exchanged"


class Next(enum.StrEnum):
    """What a live payout waits for."""

    SOON = "soon"  # it is sent in a moment
    FILE = "file"  # it goes with the next bank file
    OWN_FILE = "own_file"  # it goes with the next file to the core system
    BY_HAND = "by_hand"  # somebody pays it
    DELAYED = "delayed"  # tried, without effect: tried again
    ASKING = "asking"  # nobody knows yet whether it went through
    PERSON = "person"  # somebody looks at it
    UNDER_WAY = "under_way"


@dataclass(frozen=True, slots=True)
class Step:
    """`last4` of where it went, where that is known."""

    at: dt.datetime
    kind: StepKind
    rail: str | None = None
    trouble: str | None = None
    last4: str = ""


@dataclass(frozen=True, slots=True)
class MoneyStory:
    """The steps of one debt in their order. `next` is what its live payout waits for, with its
    trouble; `failed_at` and `failure` are of the last try that came to nothing."""

    compensation_id: uuid.UUID
    steps: tuple[Step, ...]
    next: Next | None
    trouble: str | None
    failed_at: dt.datetime | None
    failure: str | None


_CAME_TO_NOTHING = (StepKind.FAILED, StepKind.CAME_BACK)


def money_stories(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> dict[uuid.UUID, MoneyStory]:
    """By compensation; also of tickets that came from older records."""
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    by_debt: dict[uuid.UUID, list[Any]] = {}
    for row in rows(session, _PAYOUTS, params):
        by_debt.setdefault(row.compensation_id, []).append(row)
    return {debt: _story(debt, found) for debt, found in by_debt.items()}


def _story(debt: uuid.UUID, found: list[Any]) -> MoneyStory:
    payouts = [row for row in found if row.id is not None]
    steps = [Step(found[0].earned_at, StepKind.EARNED)]
    if payouts:
        steps.append(Step(payouts[0].created_at, StepKind.APPROVED))
    for row in payouts:
        steps += _steps(row)
    steps.sort(key=lambda step: step.at)
    lost = [step for step in steps if step.kind in _CAME_TO_NOTHING]
    last = payouts[-1] if payouts else None
    return MoneyStory(
        debt,
        tuple(steps),
        None if last is None else _next(last),
        None if last is None else last.trouble,
        lost[-1].at if lost else None,
        lost[-1].trouble if lost else None,
    )


def _steps(row: Any) -> list[Step]:
    if row.issued_at is not None:
        return _voucher_steps(row)
    steps = [
        Step(at, kind, row.rail, row.trouble if kind in _CAME_TO_NOTHING else None, row.last4 or "")
        for at, kind in (
            (row.sent_at, StepKind.SENT),
            (row.arrived_at, StepKind.ARRIVED),
            (row.failed_at, StepKind.FAILED),
            (row.back_at, StepKind.CAME_BACK),
        )
        if at is not None
    ]
    if row.state in ("failed", "returned") and row.failed_at is None and row.back_at is None:
        steps.append(Step(row.changed_at, StepKind.FAILED, row.rail, row.trouble))
    return steps


def _voucher_steps(row: Any) -> list[Step]:
    steps = [Step(row.issued_at, StepKind.VOUCHER_ISSUED, row.rail)]
    if row.redeemed_at is not None:
        steps.append(Step(row.redeemed_at, StepKind.VOUCHER_REDEEMED, row.rail))
    if row.ended_at is not None:
        steps.append(Step(row.ended_at, StepKind.VOUCHER_EXPIRED, row.rail))
    if row.voucher == "voided":
        steps.append(Step(row.changed_at, StepKind.EXCHANGED, row.rail))
    return steps


_BY_RUN = {names.ACCOUNT_FILE: Next.OWN_FILE, names.MANUAL: Next.BY_HAND}


def _next(row: Any) -> Next | None:
    if row.by_run and row.state in ("ready", "submitting"):
        return _BY_RUN.get(row.rail, Next.FILE)
    if row.state == "ready":
        return Next.SOON if row.trouble is None else Next.DELAYED
    if row.state in ("submitting", "unknown"):
        return Next.SOON if row.state == "submitting" and row.trouble is None else Next.ASKING
    if row.state == "needs_review":
        return Next.PERSON
    return Next.UNDER_WAY if row.state == "submitted" and row.issued_at is None else None
