"""News of promises in words, the same in letters and in the feed of changes."""

import datetime as dt
import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from promises.kernel.text import (
    N_,
    format_count,
    format_datetime,
    format_month,
    format_percent,
    translate,
)

FEWEST_FOR_SHARE = 30
"""Below this many cases the counts are told, and no share."""


class NewsKind(enum.StrEnum):
    VERSION = "version"
    PAUSE = "pause"
    PAUSE_OVER = "pause_over"
    END = "end"
    IMPROVEMENT = "improvement"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """`titles` of the promise and `texts` that were written for the public are by language. The
    counts are those of a month that begins on `month_on`."""

    kind: NewsKind
    titles: Mapping[str, str]
    number: int | None = None
    branch: str | None = None
    from_at: dt.datetime | None = None
    until_at: dt.datetime | None = None
    texts: Mapping[str, str]
    month_on: dt.date | None = None
    kept: int = 0
    broken: int = 0
    excluded: int = 0

    def dump(self) -> dict[str, Any]:
        """JSON values, for the parameters of a message."""
        return {
            "kind": self.kind.value,
            "titles": dict(self.titles),
            "number": self.number,
            "branch": self.branch,
            "from_at": self.from_at and self.from_at.isoformat(),
            "until_at": self.until_at and self.until_at.isoformat(),
            "texts": dict(self.texts),
            "month_on": self.month_on and self.month_on.isoformat(),
            "counts": [self.kept, self.broken, self.excluded],
        }


def load_news(document: Mapping[str, Any]) -> News:
    """What `dump` made."""
    kept, broken, excluded = document["counts"]
    return News(
        kind=NewsKind(document["kind"]),
        titles=document["titles"],
        number=document["number"],
        branch=document["branch"],
        from_at=_instant(document["from_at"]),
        until_at=_instant(document["until_at"]),
        texts=document["texts"],
        month_on=document["month_on"] and dt.date.fromisoformat(document["month_on"]),
        kept=kept,
        broken=broken,
        excluded=excluded,
    )


def _instant(text: str | None) -> dt.datetime | None:
    return None if text is None else dt.datetime.fromisoformat(text)


@dataclass(frozen=True, slots=True)
class _Teller:
    news: News
    locale: str
    zone: str

    def say(self, msgid: str, **params: object) -> str:
        return translate(self.locale, msgid, **params)

    @property
    def title(self) -> str:
        return _of(self.news.titles, self.locale)

    @property
    def written(self) -> tuple[str, ...]:
        said = _of(self.news.texts, self.locale)
        return (said,) if said else ()

    def time(self, at: dt.datetime | None) -> str:
        return "" if at is None else format_datetime(self.locale, at, self.zone)


def _of(texts: Mapping[str, str], locale: str) -> str:
    """In that language, else in any that there is."""
    return texts.get(locale) or next(iter(texts.values()), "")


def tell_news(news: News, locale: str, zone: str) -> tuple[str, tuple[str, ...]]:
    """A title, and paragraphs."""
    return _TELL[news.kind](_Teller(news, locale, zone))


def _version(by: _Teller) -> tuple[str, tuple[str, ...]]:
    from_at = by.time(by.news.from_at)
    if by.news.number == 1:
        title = by.say(N_("A new promise: %(title)s"), title=by.title)
        return title, (by.say(N_("It holds from %(time)s."), time=from_at), *by.written)
    return by.say(N_("A promise changes: %(title)s"), title=by.title), (
        by.say(
            N_("Version %(number)s holds from %(time)s."), number=str(by.news.number), time=from_at
        ),
        by.say(N_("Whoever came before that is served by the version that held then.")),
        *by.written,
    )


def _pause(by: _Teller) -> tuple[str, tuple[str, ...]]:
    news = by.news
    span = (
        by.say(N_("From %(start)s until further notice."), start=by.time(news.from_at))
        if news.until_at is None
        else by.say(
            N_("From %(start)s until %(end)s."),
            start=by.time(news.from_at),
            end=by.time(news.until_at),
        )
    )
    place = (
        by.say(N_("In this time nobody who comes is promised this, in any branch."))
        if news.branch is None
        else by.say(
            N_("In this time nobody who comes to %(branch)s is promised this."), branch=news.branch
        )
    )
    return by.say(N_("A promise is paused: %(title)s"), title=by.title), (span, place, *by.written)


def _pause_over(by: _Teller) -> tuple[str, tuple[str, ...]]:
    return by.say(N_("A pause is over: %(title)s"), title=by.title), (
        by.say(N_("The promise holds again from %(time)s."), time=by.time(by.news.until_at)),
    )


def _end(by: _Teller) -> tuple[str, tuple[str, ...]]:
    return by.say(N_("A promise ends: %(title)s"), title=by.title), (
        by.say(
            N_("From %(time)s it is made to nobody new. What we owe from it stays owed."),
            time=by.time(by.news.from_at),
        ),
        *by.written,
    )


def _improvement(by: _Teller) -> tuple[str, tuple[str, ...]]:
    title = by.say(N_("What we changed because of breaches: %(title)s"), title=by.title)
    return title, by.written


def _month(by: _Teller) -> tuple[str, tuple[str, ...]]:
    news, locale = by.news, by.locale
    month = "" if news.month_on is None else format_month(locale, news.month_on)
    cases = news.kept + news.broken
    if cases >= FEWEST_FOR_SHARE:
        kept = by.say(
            N_("Kept in %(share)s of %(cases)s cases"),
            share=format_percent(locale, Fraction(news.kept, cases)),
            cases=cases,
        )
    else:
        kept = by.say(N_("Kept in %(kept)s of %(cases)s cases"), kept=news.kept, cases=cases)
    counts = by.say(
        N_("Broken: %(broken)s. Excluded: %(excluded)s."),
        broken=format_count(locale, news.broken),
        excluded=format_count(locale, news.excluded),
    )
    title = by.say(N_("%(title)s in %(month)s"), title=by.title, month=month)
    return title, (f"{kept}.", counts)


_TELL: Mapping[NewsKind, Callable[[_Teller], tuple[str, tuple[str, ...]]]] = {
    NewsKind.VERSION: _version,
    NewsKind.PAUSE: _pause,
    NewsKind.PAUSE_OVER: _pause_over,
    NewsKind.END: _end,
    NewsKind.IMPROVEMENT: _improvement,
    NewsKind.MONTH: _month,
}
