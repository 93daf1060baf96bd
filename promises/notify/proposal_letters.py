"""What our letters to staff say about proposals and the decisions on them."""

from collections.abc import Callable, Mapping

from promises.kernel.text import N_
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind

_OPEN_IT = N_("Open the proposal here:")
_TOLD = {
    "mentioned": (
        N_("A colleague named you beside a proposal"),
        N_("Somebody wants you to read a comment, or to answer it."),
    ),
    "asked": (
        N_("Management asks you about your proposal"),
        N_("The time to decide rests until you have answered."),
    ),
    "answered": (
        N_("Your question about a proposal was answered"),
        N_("The time to decide goes on."),
    ),
    "tried": (
        N_("Your proposal runs in shadow"),
        N_(
            "For some weeks we judge real cases by it. Nothing is published and nothing is paid "
            "yet; the result decides."
        ),
    ),
    "trial_ended": (
        N_("The shadow run of your proposal has ended"),
        N_("Management decides next, with the result in view."),
    ),
    "published": (
        N_("Your proposal has become a promise"),
        N_("Thank you. You see there from now on how it is kept."),
    ),
    "declined": (
        N_("Your proposal was declined"),
        N_("The reason stands beside it. Thank you for thinking of our customers."),
    ),
    "merged": (
        N_("Your proposal goes on in another one"),
        N_("Its supporters came along, and so did you."),
    ),
}


def _news(facts: Facts) -> Letter:
    subject, text = _TOLD[str(facts.params["what"])]
    return Letter(say(facts, subject), (say(facts, text), say(facts, _OPEN_IT)))


def _decision(facts: Facts) -> Letter:
    if facts.params.get("late"):
        return Letter(
            say(facts, N_("A proposal waits longer than we promised")),
            (say(facts, N_("The time to decide on it has run out.")), say(facts, _OPEN_IT)),
        )
    return Letter(
        say(facts, N_("Today is the last day to decide on a proposal")),
        (say(facts, N_("Its proposer was promised an answer by today.")), say(facts, _OPEN_IT)),
    )


PROPOSAL_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.PROPOSAL_NEWS: _news,
    MessageKind.DECISION_DUE: _decision,
}
