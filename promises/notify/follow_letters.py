"""Letters to those who follow promises: the link that confirms, and the news. Nothing else."""

import datetime as dt
from collections.abc import Callable, Mapping

from promises.kernel.text import N_, format_month, translate
from promises.notify.letter_parts import Facts, Letter, say
from promises.notify.models import MessageKind
from promises.notify.news_words import load_news, tell_news


def _asked(facts: Facts) -> Letter:
    titles: Mapping[str, str] = facts.params.get("titles") or {}
    title = titles.get(facts.locale) or next(iter(titles.values()), "")
    if title:
        what = say(
            facts,
            N_("Somebody, probably you, wants to follow this promise: %(title)s"),
            title=title,
        )
    else:
        what = say(
            facts,
            N_("Somebody, probably you, wants to follow the promises of %(organisation)s."),
            organisation=facts.organisation,
        )
    forgotten = (
        N_(
            "Without your confirmation nothing more is sent, and your address is forgotten on "
            "%(until)s."
        )
        if facts.expires_at
        else N_("Without your confirmation nothing more is sent.")
    )
    return Letter(
        say(facts, N_("Confirm that you want to follow")),
        (
            what,
            say(facts, forgotten, until=facts.expires_at),
            say(facts, N_("Confirm here:")),
        ),
    )


def _news(facts: Facts) -> Letter:
    told = [load_news(one) for one in facts.params["items"]]
    words = [tell_news(one, facts.locale, facts.zone) for one in told]
    paragraphs = [
        "\n".join((title, *lines)) if len(words) > 1 else "\n\n".join(lines)
        for title, lines in words
    ]
    return Letter(
        words[0][0] if len(words) == 1 else _subject_of_month(facts, told[0].month_on),
        (*paragraphs, say(facts, N_("All figures are here:"))),
    )


def _subject_of_month(facts: Facts, month_on: dt.date | None) -> str:
    month = "" if month_on is None else format_month(facts.locale, month_on)
    return say(
        facts,
        N_("How %(organisation)s kept its promises in %(month)s"),
        organisation=facts.organisation,
        month=month,
    )


def why_followed(facts: Facts) -> str:
    """Why this person gets the letter, and how it stops."""
    if facts.kind is MessageKind.FOLLOW_ASKED:
        return translate(
            facts.locale,
            N_("This address was given on our public page. If it was not you, do nothing."),
        )
    why = translate(facts.locale, N_("You get this letter because you follow our promises."))
    stop = translate(facts.locale, N_("No more letters:"))
    return f"{why}\n{stop} {facts.stop_link}"


FOLLOW_LETTERS: Mapping[MessageKind, Callable[[Facts], Letter]] = {
    MessageKind.FOLLOW_ASKED: _asked,
    MessageKind.FOLLOWED_NEWS: _news,
}
