"""What the terms grant for one breach. Caps lower or end it; budgets and approvals only delay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from promises.rules.terms import AfterLimit, Caps, GuaranteeTerms, Period, Terms, WaitTerms
from promises.rules.verdicts import State, Step


class Outcome(StrEnum):
    FULL = "full"
    CAPPED = "capped"
    LIMIT_REACHED = "limit_reached"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Usage:
    """What earlier awards have used up. Only awards above zero count.

    `case_minor`: owed already for this ticket, by all promises together. The others count awards
    of this promise: to the customer in the cap's period, to the device on that day, to anybody
    unknown in the branch on that day. None where the cap does not bind: no known customer, or
    no device, or a known customer.
    """

    case_minor: int = 0
    customer: int | None = None
    device_day: int | None = None
    branch_day_anonymous: int | None = None


@dataclass(frozen=True, slots=True)
class Award:
    amount_minor: int
    outcome: Outcome
    steps: tuple[Step, ...]


def award(terms: WaitTerms, verdict_state: State, left_after_limit: bool, usage: Usage) -> Award:
    """The amount for one commitment, in minor units, and how it came about."""
    if verdict_state is not State.BROKEN:
        return Award(0, Outcome.NONE, (Step("not_broken", {}),))
    if left_after_limit and terms.rule.after_limit is AfterLimit.NOT_OWED:
        return Award(0, Outcome.NONE, (Step("leaver_not_owed", {}),))
    granted = Step("flat", {"amount_minor": terms.amount_minor})
    return _within(terms.caps, terms.amount_minor, granted, usage)


def capped(terms: GuaranteeTerms, amount_minor: int, usage: Usage) -> Award:
    """What the organisation's caps leave of an amount that the engine has worked out."""
    granted = Step("worked_out", {"amount_minor": amount_minor})
    if not amount_minor:
        return Award(0, Outcome.FULL, (granted,))
    return _within(terms.caps, amount_minor, granted, usage)


def _within(caps: Caps, amount_minor: int, granted: Step, usage: Usage) -> Award:
    reached = _count_reached(caps, usage)
    if reached is not None:
        return Award(0, Outcome.LIMIT_REACHED, (granted, reached))
    cap = caps.per_case_minor
    if cap is None or usage.case_minor + amount_minor <= cap:
        return Award(amount_minor, Outcome.FULL, (granted,))
    left = max(cap - usage.case_minor, 0)
    lowered = Step("case_cap", {"cap_minor": cap, "used_minor": usage.case_minor})
    return Award(left, Outcome.CAPPED if left else Outcome.LIMIT_REACHED, (granted, lowered))


def _count_reached(caps: Caps, usage: Usage) -> Step | None:
    customer = caps.per_customer
    if customer is not None and usage.customer is not None and usage.customer >= customer.count:
        return Step(f"customer_cap_{customer.period}", {"n": customer.count})
    for code, cap, used in (
        ("device_cap", caps.per_device_day, usage.device_day),
        ("branch_cap", caps.per_branch_day_anonymous, usage.branch_day_anonymous),
    ):
        if cap is not None and used is not None and used >= cap:
            return Step(code, {"n": cap})
    return None


def needs_approval(terms: Terms, amount_minor: int) -> bool:
    """Whether a person has to approve the amount: above the threshold, not at it."""
    threshold = terms.approval_threshold_minor
    return threshold is not None and amount_minor > threshold


@dataclass(frozen=True, slots=True)
class Claim:
    """One broken commitment in a batch. `on` is the branch's local date of the breach; a ticket of
    a known customer leaves the device's cap alone. `amount_minor` is what general terms grant for
    it; the short form says its amount itself."""

    ticket_id: UUID
    branch_id: UUID
    on: date
    customer_id: UUID | None = None
    device_id: UUID | None = None
    left_after_limit: bool = False
    amount_minor: int = 0


class CapKind(StrEnum):
    CASE = "case"
    CUSTOMER = "customer"
    DEVICE_DAY = "device_day"
    BRANCH_DAY = "branch_day"


# What a cap is counted for: a ticket, a customer in a period, a device or a branch on a day. The
# date is the first day of the period, None for a case.
CapKey = tuple[CapKind, UUID, date | None]


def period_start(on: date, period: Period) -> date:
    if period is Period.DAY:
        return on
    return on.replace(day=1) if period is Period.MONTH else on.replace(month=1, day=1)


def cap_keys(terms: Terms, claim: Claim) -> dict[CapKind, CapKey]:
    """The counters that bind this claim, so that the caller knows which to load and lock."""
    caps = terms.caps
    keys: dict[CapKind, CapKey] = {}
    if caps.per_case_minor is not None:
        keys[CapKind.CASE] = (CapKind.CASE, claim.ticket_id, None)
    if claim.customer_id is not None:
        if caps.per_customer is not None:
            start = period_start(claim.on, caps.per_customer.period)
            keys[CapKind.CUSTOMER] = (CapKind.CUSTOMER, claim.customer_id, start)
        return keys
    if caps.per_device_day is not None and claim.device_id is not None:
        keys[CapKind.DEVICE_DAY] = (CapKind.DEVICE_DAY, claim.device_id, claim.on)
    if caps.per_branch_day_anonymous is not None:
        keys[CapKind.BRANCH_DAY] = (CapKind.BRANCH_DAY, claim.branch_id, claim.on)
    return keys


def allocate(terms: Terms, claims: Iterable[Claim], used: Mapping[CapKey, int]) -> list[Award]:
    """Awards for a batch of broken commitments, in the order of the claims, each using up the caps
    for those after it.

    `used` is what was used before the batch: minor units for a case, awards for the rest; a key
    that is missing counts as zero. It is not changed. The result does not depend on how a day's
    claims are cut into batches, as long as their order and the counts carried over are the same.
    """
    running = dict(used)
    awards = []
    for claim in claims:
        keys = cap_keys(terms, claim)
        granted = granted_by(terms, claim, _usage(keys, running))
        if granted.amount_minor:
            for kind, key in keys.items():
                step = granted.amount_minor if kind is CapKind.CASE else 1
                running[key] = running.get(key, 0) + step
        awards.append(granted)
    return awards


def granted_by(terms: Terms, claim: Claim, usage: Usage) -> Award:
    if isinstance(terms, WaitTerms):
        return award(terms, State.BROKEN, claim.left_after_limit, usage)
    return capped(terms, claim.amount_minor, usage)


def _usage(keys: Mapping[CapKind, CapKey], used: Mapping[CapKey, int]) -> Usage:
    counts = {kind: used.get(key, 0) for kind, key in keys.items()}
    return Usage(
        case_minor=counts.get(CapKind.CASE, 0),
        customer=counts.get(CapKind.CUSTOMER),
        device_day=counts.get(CapKind.DEVICE_DAY),
        branch_day_anonymous=counts.get(CapKind.BRANCH_DAY),
    )
