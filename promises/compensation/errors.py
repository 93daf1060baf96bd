"""What the compensation room refuses."""

from promises.kernel.errors import Conflict, DomainError, Forbidden
from promises.kernel.text import N_


class NotOwed(Conflict):
    code = "not_owed"
    message = N_("This compensation is not waiting for a decision any more.")


class OwnEvidence(Forbidden):
    """The second person must be another one than who made the evidence or brought it in."""

    code = "own_evidence"
    message = N_(
        "You took part in this case yourself. Somebody else has to decide about its money."
    )


class OwnMoney(Forbidden):
    """The payee is the one who would decide, as far as addresses and accounts tell."""

    code = "own_money"
    message = N_("This money would go to yourself. Somebody else has to decide about it.")


class NothingToClaim(Conflict):
    code = "nothing_to_claim"
    message = N_("There is nothing to ask for here any more.")


class ReasonMissing(DomainError):
    code = "reason_missing"
    message = N_("Write the reason. The customer can read it.")


class RuleMoved(Conflict):
    code = "rule_moved"
    message = N_("Somebody else changed these limits meanwhile. Look at them again.")


class LimitsNotFit(DomainError):
    code = "limits_not_fit"
    message = N_("Give between 1 and 366 days, and sums that are not below nothing.")


class CeilingMoved(Conflict):
    code = "ceiling_moved"
    message = N_("Somebody else changed this ceiling meanwhile. Look at it again.")


class CeilingNotFit(DomainError):
    code = "ceiling_not_fit"
    message = N_(
        "A ceiling is for a branch, a promise or everything, and its sum is not below nothing. "
        "What a promise may cost in a month is set in its terms."
    )


class HoldTooLong(DomainError):
    code = "hold_too_long"
    message = N_("Choose a day within the next three months by which somebody has looked.")


class ListHasChanged(Conflict):
    code = "list_has_changed"
    message = N_("The list has changed meanwhile. Look at the new sum and approve again.")
