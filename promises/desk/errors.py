"""What the desk refuses. A refused act has changed nothing; the same act twice is refused once."""

from promises.kernel.errors import Conflict, DomainError
from promises.kernel.text import N_


class BranchClosed(Conflict):
    """`opens_at`: the next opening."""

    code = "branch_closed"
    message = N_("This branch is closed now. It opens %(opens_at)s.")


class BranchClosedForGood(Conflict):
    code = "branch_closed_for_good"
    message = N_("This branch serves nobody any more.")


class ServiceNotOffered(DomainError):
    code = "service_not_offered"
    message = N_("This branch does not give that service.")


class CounterNotHere(DomainError):
    code = "counter_not_here"
    message = N_("That counter is closed, or it belongs to another branch.")


class CounterBusy(Conflict):
    code = "counter_busy"
    message = N_("This counter already has a customer. Finish that visit first.")


class CounterMoved(Conflict):
    """The screen that asked was not up to date: a double click, or two people at one counter."""

    code = "counter_moved"
    message = N_("This counter has another customer meanwhile. Look at the screen again.")


class PreviousStillCalled(Conflict):
    code = "previous_still_called"
    message = N_(
        "%(label)s was called and has not come yet. Mark that the service started, "
        "or that nobody came."
    )


class TicketNotWaiting(Conflict):
    code = "ticket_not_waiting"
    message = N_("%(label)s is not waiting any more.")


class TicketNotCalled(Conflict):
    code = "ticket_not_called"
    message = N_("%(label)s has not been called.")


class TicketNotInService(Conflict):
    code = "ticket_not_in_service"
    message = N_("%(label)s is not being served.")


class TicketOver(Conflict):
    code = "ticket_over"
    message = N_("The visit of %(label)s is over.")


class MatterOver(Conflict):
    code = "matter_over"
    message = N_("This matter is over. Open it again first.")


class MatterNotOver(Conflict):
    code = "matter_not_over"
    message = N_("This matter is open already.")


class MatterMoved(Conflict):
    """Two people at one matter: what was written was written about an older state of it."""

    code = "matter_moved"
    message = N_("Something happened to this matter meanwhile. Look at it again, then save.")


class NothingNoted(DomainError):
    code = "nothing_noted"
    message = N_("Give at least one fact.")


class MatterNotHandedOver(Conflict):
    code = "matter_not_handed_over"
    message = N_("No partner has this matter.")


class NotOfThisKind(DomainError):
    """A step of the queue on a matter, or the other way round."""

    code = "not_of_this_kind"
    message = N_("This does not happen to a ticket of this kind.")


class PromisedInPast(DomainError):
    code = "promised_in_past"
    message = N_("A promised time lies in the future.")


class PromisedTooFar(DomainError):
    code = "promised_too_far"
    message = N_("A promised time lies at most %(days)s days ahead.")


class PartnerUnknown(DomainError):
    code = "partner_unknown"
    message = N_("There is no partner of this name.")


class MatterKnown(Conflict):
    """Its reference is here already; `reference` as it was given."""

    code = "matter_known"
    message = N_("%(reference)s is known already.")


class TooManyAtOnce(DomainError):
    code = "too_many_at_once"
    message = N_("At most %(most)s at once.")


class AlreadyArrived(Conflict):
    code = "already_arrived"
    message = N_("The arrival of %(label)s is known from its ticket.")


class AlreadyThere(Conflict):
    code = "already_there"
    message = N_("%(label)s has been marked as present already.")


class AlreadyDisputed(Conflict):
    code = "already_disputed"
    message = N_("%(label)s is disputed already, and somebody is looking into it.")


class NotDisputed(Conflict):
    code = "not_disputed"
    message = N_("%(label)s is not disputed.")


class OnlyByRule(DomainError):
    code = "only_by_rule"
    message = N_("Only closing time closes a ticket.")


class SameService(DomainError):
    code = "same_service"
    message = N_("%(label)s is waiting for that service already.")


class NoShowTooEarly(Conflict):
    """`wait`: what is left of the wait, as a duration."""

    code = "no_show_too_early"
    message = N_("Wait another %(wait)s for %(label)s.")


class UndoTooLate(Conflict):
    code = "undo_too_late"
    message = N_("This can be undone for ten seconds only.")


class AlreadyUndone(Conflict):
    code = "already_undone"
    message = N_("This was undone already.")


class NotUndoable(DomainError):
    code = "not_undoable"
    message = N_("This cannot be undone.")


class LaterEventsStand(Conflict):
    code = "later_events_stand"
    message = N_("Something has happened since. Undo the later step first.")


class TimeWithoutZone(DomainError):
    code = "time_without_zone"
    message = N_("A time needs its offset from UTC.")


class TimeInFuture(DomainError):
    code = "time_in_future"
    message = N_("This time lies in the future. Check the clock of the device.")


class TimeTooOld(DomainError):
    code = "time_too_old"
    message = N_("Times more than %(days)s days back come in by an import.")


class TimeBeforeArrival(DomainError):
    code = "time_before_arrival"
    message = N_("This time lies before the arrival of %(label)s.")


class BatchTooLong(DomainError):
    code = "batch_too_long"
    message = N_("A batch holds at most %(most)s events.")
