"""What an incident about money means, and what to do next: one sentence each."""

from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.notify.money_letters import INCIDENT_TITLES
from promises.payouts.rail_models import IncidentKind

_MEANINGS = {
    IncidentKind.UNKNOWN_EFFECT: N_(
        "The provider paid this with your account, and your books have no payout of it."
    ),
    IncidentKind.MISSING_EFFECT: N_(
        "Your books say that it went out, and the provider has nothing of it in its list."
    ),
    IncidentKind.OTHER_AMOUNT: N_(
        "Both have it, with different amounts. The provider's is shown here."
    ),
    IncidentKind.UNKNOWN_EVENT: N_(
        "The provider told of a payment that is none of these payouts. Nothing was done about it."
    ),
    IncidentKind.WRONG_MODE: N_(
        "A message about real money came in test mode, or one about test money in live mode."
    ),
    IncidentKind.RAIL_PAUSED: N_(
        "Nothing goes out this way until it works again. The payouts wait and are not lost."
    ),
    IncidentKind.NEEDS_REVIEW: N_(
        "What was found at the provider is not what was asked for, or trying again would not be "
        "safe. The customer is told that we are checking it."
    ),
    IncidentKind.BANK_SILENT: N_("A payment file was sent, and no answer came within its days."),
    IncidentKind.HANDS_LATE: N_(
        "They were ready more than five bank days ago. No file of them was fetched, and nobody "
        "wrote down a receipt. The amount is that of the day on which this was found."
    ),
    IncidentKind.STATEMENT_GAP: N_("The bank booked another sum than the run has."),
    IncidentKind.FOREIGN_STATEMENT: N_(
        "A statement of an account was read in that is not the one that pays."
    ),
}
_NEXT = {
    IncidentKind.UNKNOWN_EFFECT: N_(
        "Look it up at the provider. If it was made by hand there, write that and close this. If "
        "an older backup was restored, do not pay the same debt again."
    ),
    IncidentKind.MISSING_EFFECT: N_(
        "It is looked up again by itself. If the provider's page does not show it either, ask the "
        "provider, then write what it said."
    ),
    IncidentKind.OTHER_AMOUNT: N_(
        "Compare both at the provider. Settle the difference with the customer, then write how."
    ),
    IncidentKind.UNKNOWN_EVENT: N_(
        "If somebody made a refund at the provider by hand, write that and close this."
    ),
    IncidentKind.WRONG_MODE: N_(
        "An administrator checks at the provider which address its messages of each mode go to."
    ),
    IncidentKind.RAIL_PAUSED: N_(
        "An administrator enters a working key and tests the connection. That closes this."
    ),
    IncidentKind.NEEDS_REVIEW: N_(
        "Look at the provider's page whether the customer got the money, and say so here."
    ),
    IncidentKind.BANK_SILENT: N_("Ask the bank about the file. Do not send it again before."),
    IncidentKind.HANDS_LATE: N_(
        "Prepare, release and fetch their file, or pay them and enter the receipts. That closes "
        "this."
    ),
    IncidentKind.STATEMENT_GAP: N_(
        "Compare the run with the statement, payment by payment, and ask the bank."
    ),
    IncidentKind.FOREIGN_STATEMENT: N_(
        "Read in the statement of the account that pays, or correct the account in the settings."
    ),
}


def incident_title(kind: IncidentKind) -> str:
    return gettext(INCIDENT_TITLES[kind.value])


def incident_meaning(kind: IncidentKind) -> str:
    return gettext(_MEANINGS[kind])


def incident_next(kind: IncidentKind) -> str:
    return gettext(_NEXT[kind])
