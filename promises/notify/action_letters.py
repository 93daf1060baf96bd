"""What our letters to staff say about actions against breaches."""

import datetime as dt
from collections.abc import Callable, Mapping

from promises.kernel.text import N_
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind


def _due(facts: Facts) -> Letter:
    due_on = dt.date.fromisoformat(str(facts.params["due_on"]))
    open_it = say(facts, N_("Mark it as done, or give it another day:"))
    if facts.params.get("late"):
        return Letter(
            say(facts, N_("An action of yours is late")),
            (say(facts, N_("It was to be done by %(day)s."), day=due_on), open_it),
        )
    return Letter(
        say(facts, N_("An action of yours is due today")),
        (say(facts, N_("It helps us to keep a promise to customers.")), open_it),
    )


ACTION_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {MessageKind.ACTION_DUE: _due}
