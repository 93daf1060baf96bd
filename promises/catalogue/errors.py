"""What the catalogue refuses."""

from promises.kernel.errors import Conflict, NotFound, Refused
from promises.kernel.text import N_


class NoSuchPromise(NotFound):
    code = "no_such_promise"
    message = N_("There is no such promise.")


class NoSuchProposal(NotFound):
    code = "no_such_proposal"
    message = N_("There is no such proposal.")


class SlugTaken(Conflict):
    code = "slug_taken"
    message = N_("Another promise has the address %(slug)s already.")


class PromiseEnded(Conflict):
    code = "promise_ended"
    message = N_("This promise ends on %(ends_at)s. An ended promise gets no new version.")


class AlreadyEnding(Conflict):
    code = "already_ending"
    message = N_("The end of this promise was settled already: %(ends_at)s.")


class ForwardOnly(Refused):
    code = "forward_only"
    message = N_(
        "A new version of a promise holds from now or from a later time: what was promised to "
        "those who came before stays as it was."
    )


class VersionTimeTaken(Conflict):
    code = "version_time_taken"
    message = N_("Another version of this promise starts at exactly this time.")


class HistoryHoldsLiveTickets(Refused):
    code = "history_holds_live_tickets"
    message = N_(
        "A promise can be applied to the past only where all tickets were imported. Since the "
        "time that you chose, tickets were taken live."
    )


class AlreadyDecided(Conflict):
    """Somebody else's decision stands; nothing of this one was stored."""

    code = "already_decided"
    message = N_("This proposal was decided already, on %(decided_at)s.")


class MoreThanTheForm(Conflict):
    """General terms have no place in the form for waits: it would turn them into something else."""

    code = "more_than_the_form"
    message = N_(
        "This promise says more than this form can hold. Its terms are changed as a document."
    )


class DraftRefused(Refused):
    """What a promise or a proposal says besides its terms needs another look."""

    code = "draft_refused"
    message = N_("The promise needs another look.")


class NoSuchDraft(NotFound):
    code = "no_such_draft"
    message = N_("There is no such draft.")


class DraftChanged(Conflict):
    """Two people work on one draft; nothing of the later change was stored."""

    code = "draft_changed"
    message = N_(
        "%(name)s changed this draft on %(changed_at)s, while you were at it. What you typed still "
        "stands here and is not saved. Save again to let it count over the other change."
    )


class DraftSettled(Conflict):
    code = "draft_settled"
    message = N_("This draft was published or dropped already.")


class AlreadyPaused(Conflict):
    """Two pauses of a promise never hold at one place at the same time."""

    code = "already_paused"
    message = N_(
        "Another pause of this promise, from %(starts_at)s, holds there at that time. End it first."
    )


class NoticeTooShort(Refused):
    code = "notice_too_short"
    message = N_(
        "This gives customers less than before, so it is announced at least %(hours)s hours before "
        "it holds: from %(earliest)s at the earliest."
    )


class FollowedByLess(Conflict):
    """A version that was announced as no worse would be worse than the one to be put before it."""

    code = "followed_by_less"
    message = N_(
        "From %(valid_from)s another version holds, which would then give customers less than this "
        "one, and nobody was told so. Let this one begin after it."
    )


class NoSuchPause(NotFound):
    code = "no_such_pause"
    message = N_("There is no such pause.")


class PauseOver(Conflict):
    code = "pause_over"
    message = N_("This pause is over since %(ends_at)s.")
