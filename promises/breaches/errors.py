"""What the breaches room refuses."""

from promises.kernel.errors import Conflict, DomainError, Forbidden, NotFound
from promises.kernel.text import N_


class NoSuchBreach(NotFound):
    code = "no_such_breach"
    message = N_("There is no such broken promise.")


class AlreadyAsked(Conflict):
    code = "annulment_already_asked"
    message = N_("Somebody has asked already for this breach to be annulled.")


class NothingAsked(Conflict):
    code = "no_annulment_asked"
    message = N_("Nobody is asking for this breach to be annulled any more.")


class SecondPersonNeeded(Forbidden):
    code = "second_person_needed"
    message = N_("Another person than the one who asked has to decide.")


class AnnulmentReasonMissing(DomainError):
    code = "annulment_reason_missing"
    message = N_("Write why this was not a broken promise.")
