"""What managers are written when a desk asks for help."""

from collections.abc import Callable, Mapping

from promises.kernel.text import N_
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind

_WHY = {
    "at_risk": N_("A customer is about to wait longer than we promised."),
    "queue": N_("More people wait than the open counters can serve."),
    "skill": N_("A colleague who knows the matter is needed."),
}


def _help_asked(facts: Facts) -> Letter:
    branch = str(facts.params.get("branch", ""))
    return Letter(
        say(facts, N_("The desk at %(branch)s asks for help"), branch=branch),
        (
            say(facts, _WHY[str(facts.params.get("reason", "queue"))]),
            say(facts, N_("Whoever can come says so with one tap, on the page of calls for help.")),
        ),
    )


RESCUE_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.HELP_ASKED: _help_asked
}
