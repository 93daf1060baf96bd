"""What our letters to staff say about payouts that need a person."""

from collections.abc import Callable, Mapping

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


MONEY_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.MONEY_INCIDENT: _incident,
    MessageKind.HOLD_OVERDUE: _hold_overdue,
}
