"""What rescue before a breach refuses."""

from promises.kernel.errors import Conflict, DomainError, Gone
from promises.kernel.text import N_


class HelpAsked(Conflict):
    code = "help_asked"
    message = N_("Help has been asked for already. Your colleagues see it on their screens.")


class HelpAnswered(Conflict):
    code = "help_answered"
    message = N_("Somebody else has answered already, or help is not needed any more.")


class OwnCall(DomainError):
    code = "own_call_for_help"
    message = N_("You asked for this help yourself. Somebody else has to come.")


class CallbackOffered(Conflict):
    code = "callback_offered"
    message = N_("A call back has been offered to this customer already.")


class OfferGone(Gone):
    """The turn came first, the time ran out, or it was answered already."""

    code = "offer_gone"
    message = N_("This offer does not stand any more. Your number keeps its place.")


class SlotUnknown(DomainError):
    code = "slot_unknown"
    message = N_("Choose one of the times.")


class PhoneMissing(DomainError):
    code = "phone_missing"
    message = N_("Give the phone number that we call.")
