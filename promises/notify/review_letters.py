"""Letters about reviews of promises."""

import datetime as dt
from collections.abc import Callable, Mapping

from promises.kernel.text import N_, ntranslate
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind


def _due(facts: Facts) -> Letter:
    count = int(facts.params["promises"])
    due_on = dt.date.fromisoformat(str(facts.params["due_on"]))
    late = bool(facts.params.get("late"))
    subject = N_("Reviews of promises are late") if late else N_("Promises wait for their review")
    many = ntranslate(
        facts.locale,
        "%(n)s promise waits for its review of the last quarter.",
        "%(n)s promises wait for their review of the last quarter.",
        count,
    )
    until = say(
        facts,
        N_("The reviews are due by %(day)s. The figures stand ready:"),
        day=due_on,
    )
    return Letter(say(facts, subject), (many, until))


REVIEW_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {MessageKind.REVIEW_DUE: _due}
