"""What our letters to staff say about payouts that need a person, and money that waits."""

import datetime as dt
from collections.abc import Callable, Mapping

from promises.kernel.money import Money
from promises.kernel.text import N_
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind

INCIDENT_TITLES = {
    "unknown_effect": N_("A payment that is not in your books"),
    "missing_effect": N_("A payout that the provider does not know"),
    "other_amount": N_("A payout and a payment of different amounts"),
    "unknown_event": N_("A message about a payment that is not known here"),
    "wrong_mode": N_("A message of the other mode of money"),
    "rail_paused": N_("A way of paying is paused"),
    "needs_review": N_("A payout that no rule can settle"),
    "bank_silent": N_("The bank has not answered"),
    "hands_late": N_("Payouts wait for a file or a hand"),
    "statement_gap": N_("A run and its statement do not agree"),
    "foreign_statement": N_("A statement of another account"),
}
"""What happened, by the kind of the incident; the page of incidents says the same."""


def _incident(facts: Facts) -> Letter:
    what = say(facts, INCIDENT_TITLES[str(facts.params["incident"])])
    return Letter(
        say(facts, N_("Payouts: %(what)s"), what=what),
        (
            what + ".",
            say(facts, N_("No money moves because of it until somebody has looked.")),
            say(facts, N_("What it means, and what to do next:")),
        ),
    )


def _hold_overdue(facts: Facts) -> Letter:
    return Letter(
        say(facts, N_("The day of a hold has passed")),
        (
            say(facts, N_("The day by which somebody was to look into held compensation is over.")),
            say(facts, N_("It is neither paid nor dropped: it waits for your decision.")),
            say(facts, N_("Everything that waits for a decision:")),
        ),
    )


_FULL = {
    "day": N_("What may go out there in a day is used up."),
    "week": N_("What may go out there in a week is used up."),
    "month": N_("What may go out there in a month is used up."),
}
_WAITING = {
    "wait": N_("%(sum)s waits there for money now."),
    "approve": N_("%(sum)s waits for your approval because of it."),
}


def _ceiling_full(facts: Facts) -> Letter:
    params = facts.params
    where = params["where"] or say(facts, N_("The whole organisation"))
    waiting = Money(params["waiting_minor"], params["currency"])
    return Letter(
        say(facts, N_("Payment ceiling full: %(where)s"), where=where),
        (
            say(facts, _FULL[params["period"]]),
            say(facts, _WAITING[params["reaction"]], sum=waiting),
            say(
                facts,
                N_("The next period begins on %(day)s. Nothing that is owed is taken away."),
                day=dt.date.fromisoformat(params["next_on"]),
            ),
            say(facts, N_("How the payment ceiling stands:")),
        ),
    )


MONEY_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.MONEY_INCIDENT: _incident,
    MessageKind.HOLD_OVERDUE: _hold_overdue,
    MessageKind.CEILING_FULL: _ceiling_full,
}
