"""What the ways of paying are for, in words for administrators."""

from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.payouts.rails import names
from promises.web.ledger_words import rail_name

__all__ = ["rail_name", "rail_sentence"]

_SENTENCES = {
    names.STRIPE_REFUND: N_(
        "The money goes back the way the customer paid. Nothing is asked of the customer."
    ),
    names.STRIPE_CREDIT: N_(
        "It is taken off the next invoice that Stripe writes for the customer."
    ),
    names.STRIPE_OUTBOUND: N_(
        "From your Stripe balance to a recipient. Stripe offers it in few countries."
    ),
    names.ACCOUNT_CALL: N_(
        "Your own core system puts the money on the customer's account when we call it."
    ),
    names.ACCOUNT_FILE: N_(
        "A signed file for your core system puts the money on customers' accounts."
    ),
    names.SEPA: N_("A payment file for your bank. Two people release it."),
    names.MANUAL: N_("Somebody pays it by hand and enters the receipt."),
}


def rail_sentence(rail: str) -> str:
    return gettext(_SENTENCES[rail])
