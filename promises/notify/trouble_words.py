"""Why money did not arrive, in words: for the customer, for a clerk, for a manager. Each says what
happened; what comes next is said once for all, by whoever shows it."""

from collections.abc import Mapping
from dataclasses import dataclass

from promises.kernel.text import N_


@dataclass(frozen=True, slots=True)
class TroubleWords:
    customer: str
    clerk: str
    manager: str


_UNKNOWN = TroubleWords(
    N_("The payment did not go through."),
    N_("The payment did not go through."),
    N_("The payment did not go through, and the answer names no reason. Look at its tries."),
)

_WORDS: Mapping[str, TroubleWords] = {
    "rail_down": TroubleWords(
        N_("The payment service does not answer just now. We try again by ourselves."),
        N_("The payment service does not answer. It is tried again by itself."),
        N_("The provider does not answer. Payouts wait and are tried again by themselves."),
    ),
    "access_refused": TroubleWords(
        N_("Our payment service is being set up anew. Your money waits safely meanwhile."),
        N_("This way of paying is stopped for now. An administrator has been told."),
        N_("The provider refuses our key. Enter a working one in the settings of this rail."),
    ),
    "no_funds": TroubleWords(
        N_("The payment is a little delayed on our side. We try again by ourselves."),
        N_("The payment is delayed on our side and is tried again by itself."),
        N_("The account at the provider is empty. Add money, or pause this way of paying."),
    ),
    "account_closed": TroubleWords(
        N_("The bank says that this account is closed."),
        N_("The bank says that the customer's account is closed. Another one is needed."),
        N_("The receiving account is closed. The customer chooses another way."),
    ),
    "details_wrong": TroubleWords(
        N_("The bank does not know this account, or it belongs to another name."),
        N_("The bank does not know the account, or its holder has another name."),
        N_("The account or the name of its holder was not accepted. The customer gives it anew."),
    ),
    "card_gone": TroubleWords(
        N_("The card that you paid with is no longer in use, so the money cannot go back to it."),
        N_("The customer's card is no longer in use. Another way is needed."),
        N_("The card is lost, stolen or expired, so it takes no refund. Another way is needed."),
    ),
    "nothing_to_refund": TroubleWords(
        N_("Your payment has been given back already, so this cannot be added to it."),
        N_("The earlier payment has been refunded already. Another way is needed."),
        N_("The earlier payment has nothing left to refund. The customer chooses another way."),
    ),
    "disputed": TroubleWords(
        N_("You or your bank objected to the payment, so nothing can be added to it now."),
        N_("The earlier payment is being disputed at the bank. Another way is needed."),
        N_("The earlier payment is under a charge-back, so it takes no refund."),
    ),
    "blocked": TroubleWords(
        N_("The bank does not let this payment through."),
        N_("The bank does not let this payment through. Another way is needed."),
        N_("The provider or the bank forbids this payment. Ask them why before trying again."),
    ),
    "other_effect": TroubleWords(
        N_("We check something about this payment before we go on."),
        N_("Something about this payment has to be checked. A manager looks at it."),
        N_("The provider shows something else than was asked for. Compare both, then decide."),
    ),
    "too_old": TroubleWords(
        N_("We check whether this payment went through before we go on."),
        N_("It is not known whether the payment went through. A manager looks at it."),
        N_("It was unknown for so long that trying again would not be safe. Look at the provider."),
    ),
    "silent": TroubleWords(
        N_("The bank has not answered yet. We are asking."),
        N_("The bank has not answered yet. A manager asks."),
        N_("The bank has not answered within its days. Ask it about this file."),
    ),
}


def trouble_words(trouble: str | None) -> TroubleWords:
    """Of a trouble that nobody named, that it did not go through."""
    return _WORDS.get(trouble or "", _UNKNOWN)
