"""What is refused about causes, actions and notes. A refused act has changed nothing."""

from promises.kernel.errors import Conflict, NotFound
from promises.kernel.text import N_


class NoSuchCause(NotFound):
    code = "no_such_cause"
    message = N_("There is no such cause.")


class CauseRetired(Conflict):
    code = "cause_retired"
    message = N_("This cause is not in use any more. Choose another one.")


class CauseKnown(Conflict):
    code = "cause_known"
    message = N_("The list has a cause of this name already.")


class NoSuchAction(NotFound):
    code = "no_such_action"
    message = N_("There is no such action.")


class ActionMoved(Conflict):
    """Somebody else was first, or the page was old."""

    code = "action_moved"
    message = N_("This action has moved on meanwhile. Look at it again.")


class NoSuchNote(NotFound):
    code = "no_such_note"
    message = N_("There is no such note.")


class NoReviewDue(Conflict):
    code = "no_review_due"
    message = N_("No review of this promise is due for that quarter.")


class AlreadyReviewed(Conflict):
    """Two people review at once; the first one counts."""

    code = "already_reviewed"
    message = N_("Somebody has reviewed this promise for that quarter already.")


class NoSuchAlert(NotFound):
    code = "no_such_alert"
    message = N_("There is no such alert.")


class AlertMoved(Conflict):
    code = "alert_moved"
    message = N_("This alert is over, or somebody takes care of it already.")


class NoSuchReaction(NotFound):
    code = "no_such_reaction"
    message = N_("There is no such reaction.")


class ReactionMoved(Conflict):
    """Somebody else was first, or the page was old."""

    code = "reaction_moved"
    message = N_("Somebody else has changed this meanwhile. Look at it again.")
