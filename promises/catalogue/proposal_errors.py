"""What proposals refuse besides what the catalogue does."""

from promises.kernel.errors import Conflict, NotFound, Refused
from promises.kernel.text import N_


class ProposalMovedOn(Conflict):
    """Somebody else took another step meanwhile; nothing of this one was stored."""

    code = "proposal_moved_on"
    message = N_("This proposal has changed meanwhile. Look at it again.")


class NotYourComment(Refused):
    code = "not_your_comment"
    message = N_("Only who wrote a comment can correct it, for a quarter of an hour.")


class NoSuchComment(NotFound):
    code = "no_such_comment"
    message = N_("There is no such comment.")
