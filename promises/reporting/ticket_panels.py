"""What the promises say about one ticket, from the verdict to the money, with the reasons."""

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from promises.breaches.models import CommitmentState, Detection, Evidence
from promises.catalogue.queries import versions_by_id
from promises.db.sql import rows
from promises.kernel.money import Money
from promises.kernel.text import N_, Message
from promises.reporting.general_reasons import general_reasons
from promises.reporting.money import PAYOUT_OF, STAGE, MoneyStage
from promises.rules.deadlines import limit_at
from promises.rules.explain import verdict_messages
from promises.rules.facts import EventKind
from promises.rules.reasons import Reason
from promises.rules.terms import Terms, WaitTerms
from promises.rules.verdicts import ReasonCode, State, Verdict

_REASONS = {reason.value: reason for reason in ReasonCode}
_ANNULLED = N_("A second person annulled the breach: excluded.")

_PANELS = f"""
SELECT c.id AS commitment_id, c.promise_id, c.version_id, p.slug, p.titles, w.number, c.state,
       c.reason, c.evidence, c.started_at, c.due_at, c.ended_at, c.ended_by, c.by_duration,
       c.decided_at, c.detail, b.id AS breach_id, b.breached_at, b.detected_at, b.found_by,
       a.state AS annulment, a.reason AS annulment_reason,
       k.id AS compensation_id, k.state AS compensation_state, k.amount_minor, k.currency,
       k.outcome, k.holds, k.closing_reason, k.remedy, k.pay_before, k.claim_before,
       k.held_until, k.is_penalty,
       k.created_at AS compensated_at, {STAGE} AS stage,
       y.id AS payout_id, y.state AS payout_state, y.rail, y.changed_at AS payout_changed_at,
       v.id AS voucher_id, v.state AS voucher_state, v.last4, v.expires_at, v.redeemed_at,
       (SELECT d.last4 FROM payout_destinations d
        WHERE d.organisation_id = y.organisation_id AND d.id = y.destination_id) AS account_last4
FROM commitments c
JOIN promises p ON p.organisation_id = c.organisation_id AND p.id = c.promise_id
JOIN promise_versions w ON w.organisation_id = c.organisation_id AND w.id = c.version_id
LEFT JOIN breaches b ON b.organisation_id = c.organisation_id AND b.commitment_id = c.id
LEFT JOIN LATERAL (
    SELECT a.state, a.reason FROM annulments a
    WHERE a.organisation_id = b.organisation_id AND a.breach_id = b.id
    ORDER BY a.asked_at DESC, a.id DESC LIMIT 1
) a ON true
LEFT JOIN LATERAL (
    (SELECT k.* FROM compensations k
     WHERE k.organisation_id = b.organisation_id AND k.breach_id = b.id AND NOT k.is_penalty
     ORDER BY k.instalment DESC LIMIT 1)
    UNION ALL
    SELECT k.* FROM compensations k
    WHERE k.organisation_id = b.organisation_id AND k.breach_id = b.id AND k.is_penalty
) k ON true
{PAYOUT_OF}
WHERE c.organisation_id = %(organisation_id)s AND c.ticket_id = %(ticket_id)s
ORDER BY c.id, k.is_penalty
"""


@dataclass(frozen=True, slots=True)
class BreachPanel:
    """`annulment` is asked, confirmed, rejected or None."""

    breach_id: uuid.UUID
    breached_at: dt.datetime
    detected_at: dt.datetime
    found_by: Detection
    annulment: str | None
    annulment_reason: str | None


@dataclass(frozen=True, slots=True)
class PayoutPanel:
    """`last4` is of the voucher's code, `account_last4` of the account that the money goes to."""

    payout_id: uuid.UUID
    state: str
    rail: str
    changed_at: dt.datetime
    voucher_id: uuid.UUID | None
    voucher_state: str | None
    last4: str | None
    expires_at: dt.datetime | None
    redeemed_at: dt.datetime | None
    account_last4: str = ""


@dataclass(frozen=True, slots=True)
class CompensationPanel:
    """`holds` say what a debt waits for; `payout` is the live one."""

    compensation_id: uuid.UUID
    state: str
    stage: MoneyStage
    amount: Money
    outcome: str
    holds: tuple[str, ...]
    closing_reason: str
    remedy: str
    pay_before: dt.datetime | None
    claim_before: dt.datetime | None
    held_until: dt.datetime | None
    is_penalty: bool
    created_at: dt.datetime
    payout: PayoutPanel | None


@dataclass(frozen=True, slots=True)
class TicketPanel:
    """One commitment, and once more with what is owed for paying it late. `why` are the steps of
    the verdict, typed, for `rules.reasons.say_reason`; `limit_at` is the deadline as people read
    it; general terms may have none."""

    commitment_id: uuid.UUID
    promise_id: uuid.UUID
    version_id: uuid.UUID
    version_number: int
    slug: str
    titles: dict[str, str]
    terms: Terms
    state: CommitmentState
    reason: str | None
    evidence: Evidence
    started_at: dt.datetime
    due_at: dt.datetime | None
    limit_at: dt.datetime | None
    ended_at: dt.datetime | None
    decided_at: dt.datetime | None
    why: tuple[Reason, ...]
    breach: BreachPanel | None
    compensation: CompensationPanel | None

    @property
    def stake(self) -> Money | None:
        """What it costs to be too late, where the terms say it in one amount."""
        terms = self.terms
        if isinstance(terms, WaitTerms):
            return Money(terms.amount_minor, terms.currency)
        return None

    def title(self, locale: str) -> str:
        return self.titles.get(locale) or next(iter(self.titles.values()))


def ticket_panels(
    session: Session, *, organisation_id: uuid.UUID, ticket_id: uuid.UUID
) -> tuple[TicketPanel, ...]:
    """Every promise that was applied to the ticket; empty where none was, or no such ticket."""
    params = {"organisation_id": organisation_id, "ticket_id": ticket_id}
    found = rows(session, _PANELS, params)
    versions = versions_by_id(
        session, organisation_id=organisation_id, version_ids={row.version_id for row in found}
    )
    return tuple(_panel(row, versions[row.version_id].terms) for row in found)


def _panel(row: Any, terms: Terms) -> TicketPanel:
    return TicketPanel(
        commitment_id=row.commitment_id,
        promise_id=row.promise_id,
        version_id=row.version_id,
        version_number=row.number,
        slug=row.slug,
        titles=row.titles,
        terms=terms,
        state=CommitmentState(row.state),
        reason=row.reason,
        evidence=Evidence(row.evidence),
        started_at=row.started_at,
        due_at=row.due_at,
        limit_at=_limit(row, terms),
        ended_at=row.ended_at,
        decided_at=row.decided_at,
        why=_why(row, terms),
        breach=_breach(row),
        compensation=_compensation(row),
    )


def _limit(row: Any, terms: Terms) -> dt.datetime | None:
    if isinstance(terms, WaitTerms):
        return limit_at(terms, row.due_at)
    return None if row.due_at is None else row.due_at - dt.timedelta.resolution


def _why(row: Any, terms: Terms) -> tuple[Reason, ...]:
    """The engine's own steps. Where a breach was annulled, those that led to it and the annulment:
    its reason is a person's, not the engine's."""
    if not isinstance(terms, WaitTerms):
        told = general_reasons(row.detail, terms)
        return (*told, Message(_ANNULLED)) if row.reason == "annulled" else told
    reason = _REASONS.get(row.reason or ReasonCode.WAITING)
    annulled = reason is None
    if reason is None:
        reason = ReasonCode.TOO_LATE if row.ended_by else ReasonCode.DEADLINE_PASSED
    steps = verdict_messages(
        Verdict(
            State.BROKEN if annulled else State(row.state),
            reason,
            terms.rule,
            row.started_at,
            row.due_at,
            row.ended_at,
            row.ended_by and EventKind(row.ended_by),
            row.by_duration,
        )
    )
    return (*steps, Message(_ANNULLED)) if annulled else steps


def _breach(row: Any) -> BreachPanel | None:
    if row.breach_id is None:
        return None
    return BreachPanel(
        row.breach_id,
        row.breached_at,
        row.detected_at,
        Detection(row.found_by),
        row.annulment,
        row.annulment_reason,
    )


def _compensation(row: Any) -> CompensationPanel | None:
    if row.compensation_id is None:
        return None
    return CompensationPanel(
        compensation_id=row.compensation_id,
        state=row.compensation_state,
        stage=MoneyStage(row.stage),
        amount=Money(row.amount_minor, row.currency),
        outcome=row.outcome,
        holds=tuple(row.holds),
        closing_reason=row.closing_reason,
        remedy=row.remedy,
        pay_before=row.pay_before,
        claim_before=row.claim_before,
        held_until=row.held_until,
        is_penalty=row.is_penalty,
        created_at=row.compensated_at,
        payout=_payout(row),
    )


def _payout(row: Any) -> PayoutPanel | None:
    if row.payout_id is None:
        return None
    return PayoutPanel(
        payout_id=row.payout_id,
        state=row.payout_state,
        rail=row.rail,
        changed_at=row.payout_changed_at,
        voucher_id=row.voucher_id,
        voucher_state=row.voucher_state,
        last4=row.last4,
        expires_at=row.expires_at,
        redeemed_at=row.redeemed_at,
        account_last4=row.account_last4 or "",
    )
