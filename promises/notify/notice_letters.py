"""Word to the staff who are to keep a promise that was just published."""

import datetime as dt
from collections.abc import Callable, Mapping

from promises.kernel.text import N_
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind


def _notice(facts: Facts) -> Letter:
    titles: Mapping[str, str] = facts.params["titles"]
    sentences: Mapping[str, str] = facts.params["sentences"]
    title = titles.get(facts.locale) or next(iter(titles.values()))
    from_at = dt.datetime.fromisoformat(facts.params["from_at"])
    promised = say(
        facts,
        N_("From %(from_at)s we promise our customers:"),
        from_at=from_at,
    )
    sentence = sentences.get(facts.locale) or title
    way = facts.params["way"]
    said = (
        facts.params["notice"],
        say(facts, N_("How we keep it: %(way)s"), way=way) if way else "",
        say(facts, N_("The promise and how it is kept:")),
    )
    return Letter(
        say(facts, N_("A new promise of ours: %(title)s"), title=title),
        (
            say(facts, N_("Hello %(name)s,"), name=facts.name),
            f"{promised}\n{sentence}",
            *(one for one in said if one),
        ),
    )


NOTICE_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.PROMISE_NOTICE: _notice
}
