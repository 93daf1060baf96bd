"""Why: a verdict, an award and the terms of a promise in words that people understand."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from promises.kernel.money import Money
from promises.kernel.text import (
    N_,
    NN_,
    Message,
    Moment,
    format_duration,
    format_money,
    ntranslate,
    render,
    translate,
)
from promises.kernel.zones import Zone
from promises.rules.awards import Award, needs_approval
from promises.rules.facts import EventKind, TicketKind
from promises.rules.guarantee.rendering import render_step
from promises.rules.guarantee.wording import sentence_steps
from promises.rules.terms import (
    AfterLimit,
    BeforeLimit,
    Boundary,
    Caps,
    GuaranteeTerms,
    Period,
    Terms,
    WaitTerms,
)
from promises.rules.verdicts import Step, Verdict

_SECOND = timedelta(seconds=1)

_VERDICT_STEPS = {
    "other_ticket_kind": N_("The promise is for other matters than this one: not applicable."),
    "other_service_kind": N_("The promise is for other services than this one: not applicable."),
    "other_branch": N_("The promise is for other branches than this one: not applicable."),
    "no_arrival": N_("No arrival was logged, so no clock was started: not applicable."),
    "started": N_("The clock started with the arrival: %(at)s."),
    "limit_inclusive": N_("The limit is %(limit)s and is itself still kept: until %(at)s."),
    "limit_exclusive": N_("The limit is %(limit)s and is itself too late: before %(at)s."),
    "ended_service_started": N_("Service started %(at)s, after %(wait)s."),
    "ended_called": N_("The customer was called %(at)s, after %(wait)s."),
    "ended_left": N_("The customer left %(at)s, after %(wait)s."),
    "ended_closed": N_("The ticket was closed by rule %(at)s, after %(wait)s."),
    "measured_service_started": N_(
        "The source measured %(wait)s until service started; that counts, not the times of day."
    ),
    "measured_called": N_(
        "The source measured %(wait)s until the call; that counts, not the times of day."
    ),
    "measured_left": N_(
        "The source measured %(wait)s until the customer left; that counts, not the times of day."
    ),
    "measured_closed": N_(
        "The source measured %(wait)s until the ticket was closed; that counts, not the times of "
        "day."
    ),
    "before_arrival": N_("That lies before the arrival: the times contradict each other."),
    "in_time": N_("That is in time: kept."),
    "too_late": N_("That is %(over)s over the limit: broken."),
    "too_late_at_limit": N_("That is the limit itself, which is too late: broken."),
    "deadline_passed": N_("The wait was still going on at the limit, %(at)s: broken."),
    "waiting": N_("Nothing has ended the wait so far: open until %(at)s."),
    "left_before_limit_excluded": N_(
        "Who leaves before the limit does not count, say the terms: excluded."
    ),
    "left_before_limit_kept": N_(
        "Who leaves before the limit counts as served in time, say the terms: kept."
    ),
    "closed_before_limit_excluded": N_(
        "A ticket closed before the limit counts like leaving, and that does not count, "
        "say the terms: excluded."
    ),
    "closed_before_limit_kept": N_(
        "A ticket closed before the limit counts like leaving, and that counts as served in time, "
        "say the terms: kept."
    ),
    "left_after_limit_owed": N_(
        "The limit had passed by then: broken, and the compensation is owed all the same."
    ),
    "left_after_limit_not_owed": N_(
        "The limit had passed by then: broken, but the terms owe nothing to those who leave."
    ),
    "closed_after_limit": N_("The limit had passed by then: broken."),
    "no_show": N_("The call came in time, but the customer did not come: excluded."),
    "no_show_after_limit_owed": N_(
        "The call came too late and nobody came any more: broken, and the compensation is owed "
        "all the same."
    ),
    "no_show_after_limit_not_owed": N_(
        "The call came too late and nobody came any more: broken, but the terms owe nothing to "
        "those who leave."
    ),
}

_AWARD_STEPS = {
    "not_broken": N_("The promise was not broken: nothing is owed."),
    "leaver_not_owed": N_("The terms owe nothing to those who leave."),
    "flat": N_("The terms grant %(amount)s."),
    "worked_out": N_("The terms grant %(amount)s."),
    "case_cap": N_("At most %(cap)s are owed for one case, and %(used)s are owed already."),
    "customer_cap_day": N_("The customer has reached the number for one day: %(n)s."),
    "customer_cap_month": N_("The customer has reached the number for one month: %(n)s."),
    "customer_cap_year": N_("The customer has reached the number for one year: %(n)s."),
    "device_cap": N_("The device has reached the number for one day: %(n)s."),
    "branch_cap": N_(
        "The branch has reached the number for one day without a known customer: %(n)s."
    ),
}

_CLAUSES = {
    TicketKind.COMPLAINT: N_("We take up your complaint"),
    TicketKind.CALLBACK: N_("We call you back"),
    TicketKind.REQUEST: N_("We take up your request"),
    TicketKind.APPLICATION: N_("We take up your application"),
}
_CUSTOMER_CAPS = {
    Period.DAY: NN_(
        "At most %(n)s compensation a day for one customer.",
        "At most %(n)s compensations a day for one customer.",
    ),
    Period.MONTH: NN_(
        "At most %(n)s compensation a month for one customer.",
        "At most %(n)s compensations a month for one customer.",
    ),
    Period.YEAR: NN_(
        "At most %(n)s compensation a year for one customer.",
        "At most %(n)s compensations a year for one customer.",
    ),
}
_DEVICE_CAP = NN_(
    "At most %(n)s compensation a day for one device without a known customer.",
    "At most %(n)s compensations a day for one device without a known customer.",
)
_BRANCH_CAP = NN_(
    "At most %(n)s compensation a day in one branch to customers not known to us.",
    "At most %(n)s compensations a day in one branch to customers not known to us.",
)


def verdict_messages(verdict: Verdict) -> tuple[Message, ...]:
    """One message a step, values still typed."""
    return tuple(_verdict_message(step) for step in verdict.steps)


def explain(verdict: Verdict, locale: str, zone: Zone) -> list[str]:
    """The reasons in one language, times on the clocks of `zone`."""
    return [render(locale, message, zone) for message in verdict_messages(verdict)]


def award_messages(award: Award, currency: str) -> tuple[Message, ...]:
    return tuple(_award_message(step, currency) for step in award.steps)


def explain_award(award: Award, currency: str, locale: str) -> list[str]:
    return [render(locale, message) for message in award_messages(award, currency)]


def _verdict_message(step: Step) -> Message:
    code, params = step.code, dict(step.params)
    for name, value in step.params.items():
        if isinstance(value, datetime):
            params[name] = Moment(value)
    wait, limit = params.get("wait"), params.get("limit")
    if isinstance(wait, timedelta) and isinstance(limit, timedelta):
        params["wait"] = _readable(wait, limit)
    over = params.get("over")
    if code == "too_late" and isinstance(over, timedelta):
        if not over:
            code = "too_late_at_limit"
        params["over"] = over if over < _SECOND else over // _SECOND * _SECOND
    return Message(_VERDICT_STEPS[code], params)


def _readable(wait: timedelta, limit: timedelta) -> timedelta:
    """Whole seconds, and all decimals where only they tell the wait from the limit."""
    if abs(wait - limit) < _SECOND:
        return wait
    return max(wait // _SECOND * _SECOND, timedelta(0))


def _award_message(step: Step, currency: str) -> Message:
    params: dict[str, object] = {}
    for name, value in step.params.items():
        if isinstance(value, int) and name.endswith("_minor"):
            params[name.removesuffix("_minor")] = Money(value, currency)
        else:
            params[name] = value
    return Message(_AWARD_STEPS[step.code], params)


def promise_sentence(terms: Terms, locale: str, names: Mapping[UUID, str]) -> str:
    """The promise as the customer reads it: what, within which time, or how much; then the services
    and branches where it is not for all. `names` knows each of them, else KeyError."""
    first = (
        _wait_sentence(terms, locale) if isinstance(terms, WaitTerms) else _general(terms, locale)
    )
    sentences = [first]
    for ids, label in (
        (terms.scope.service_kinds, N_("Services: %(names)s.")),
        (terms.scope.branches, N_("Branches: %(names)s.")),
    ):
        if ids is not None:
            listed = ", ".join(sorted((names[one] for one in ids), key=str.casefold))
            sentences.append(translate(locale, label, names=listed))
    return " ".join(sentences)


def _general(terms: GuaranteeTerms, locale: str) -> str:
    """What is promised, and what is owed for it."""
    return " ".join(_general_texts(terms, locale, first=True))


def _general_texts(terms: GuaranteeTerms, locale: str, *, first: bool) -> list[str]:
    """The sentences of general terms: those that make the promise, or the conditions after them."""
    guarantee = terms.guarantee
    steps = sentence_steps(guarantee)
    chosen = [step for step in steps if (step.code in _MAKE_THE_PROMISE) is first]
    texts = (
        render_step(locale, step, guarantee.time_zone, terms.currency, trim=True) for step in chosen
    )
    return [text[:1].upper() + text[1:] for text in texts]


_MAKE_THE_PROMISE = frozenset(
    {
        "say_or", "say_only", "say_broken_when", "say_then", "say_choice", "say_no_choice",
        "say_worth", "say_nothing", "say_amount", "say_table", "say_otherwise",
    }
)  # fmt: skip


def _wait_sentence(terms: WaitTerms, locale: str) -> str:
    rule = terms.rule
    span = Message(
        N_("within %(limit)s") if rule.boundary is Boundary.INCLUSIVE else N_("in under %(limit)s"),
        {"limit": rule.limit},
    )
    return translate(
        locale,
        N_("%(service)s %(span)s, or we pay you %(amount)s."),
        service=Message(_clause(terms)),
        span=span,
        amount=_amount(terms, locale),
    )


def _clause(terms: WaitTerms) -> str:
    kinds = terms.scope.ticket_kinds
    if kinds == (TicketKind.VISIT,):
        return N_("We serve you") if _until_service(terms) else N_("We call your number")
    return _CLAUSES[kinds[0]] if len(kinds) == 1 else N_("We take up your matter")


def _until_service(terms: WaitTerms) -> bool:
    return terms.rule.until is EventKind.SERVICE_STARTED


def _amount(terms: WaitTerms, locale: str) -> str:
    return format_money(locale, Money(terms.amount_minor, terms.currency), trim=True)


def promise_details(terms: Terms, locale: str) -> list[str]:
    """What a customer may also want to know: the clock, the boundary, leaving, ceilings."""
    if not isinstance(terms, WaitTerms):
        conditions = _general_texts(terms, locale, first=False)
        return conditions + _cap_details(terms.caps, terms.currency, locale)
    details = _wait_details(terms, locale) + _cap_details(terms.caps, terms.currency, locale)
    if needs_approval(terms, terms.amount_minor):
        details.append(translate(locale, N_("A person approves each compensation first.")))
    return details


def _wait_details(terms: WaitTerms, locale: str) -> list[str]:
    rule = terms.rule
    limit = format_duration(locale, rule.limit_seconds)
    inclusive = rule.boundary is Boundary.INCLUSIVE
    chosen = (
        N_("The clock starts when you arrive and stops when your service starts.")
        if _until_service(terms)
        else N_("The clock starts when you arrive and stops when you are called."),
        N_("Exactly %(limit)s is still in time.")
        if inclusive
        else N_("Exactly %(limit)s is already too late."),
        N_("If you leave before that, the promise counts neither as kept nor as broken.")
        if rule.before_limit is BeforeLimit.EXCLUDED
        else N_("If you leave before that, the promise counts as kept."),
        N_("If you leave after that, you still get the compensation.")
        if rule.after_limit is AfterLimit.OWED
        else N_("If you leave after that, the promise is broken, but no compensation is owed."),
    )
    return [translate(locale, text, limit=limit) for text in chosen]


def _cap_details(caps: Caps, currency: str, locale: str) -> list[str]:
    details = []
    if caps.per_case_minor is not None:
        cap = Money(caps.per_case_minor, currency)
        details.append(translate(locale, N_("At most %(cap)s for one case."), cap=cap))
    if caps.per_customer is not None:
        forms = _CUSTOMER_CAPS[caps.per_customer.period]
        details.append(ntranslate(locale, *forms, caps.per_customer.count))
    if caps.per_device_day is not None:
        details.append(ntranslate(locale, *_DEVICE_CAP, caps.per_device_day))
    if caps.per_branch_day_anonymous is not None:
        details.append(ntranslate(locale, *_BRANCH_CAP, caps.per_branch_day_anonymous))
    return details
