"""What changed, as an Atom feed: versions, pauses, ends, the figures of whole months, and what was
changed because of breaches."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import Blueprint, Response, render_template

from promises.catalogue.queries import PromiseInfo
from promises.http.context import current, work
from promises.http.permissions import public
from promises.http.urls import absolute
from promises.notify.news_words import tell_news
from promises.public.gathering import Shown, gather, gather_one
from promises.public.reading import answer_file, speak_as_asked, unchanged
from promises.reporting.public_changes import (
    PublicChange,
    month_changes,
    newest_first,
    public_changes,
)

blueprint = Blueprint("public_feeds", __name__)

ATOM = "application/atom+xml"
BACK = dt.timedelta(days=400)
MONTHS = 12
MOST = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """`id` stays the same for ever, whatever the host is called."""

    id: str
    title: str
    text: str
    link: str
    at: dt.datetime


@blueprint.get("/feed.atom")
@public
def organisation() -> Response:
    speak_as_asked()
    known = unchanged(file=True)
    if known is not None:
        return known
    with work() as uow:
        shown = gather(uow)
        changes = public_changes(
            uow.session, organisation_id=uow.organisation_id, since=uow.now - BACK, now=uow.now
        )
    return _feed(shown, changes, "promise_pages.organisation", current().organisation.name)


@blueprint.get("/p/<slug:promise_slug>/feed.atom")
@public
def promise(promise_slug: str) -> Response:
    speak_as_asked()
    known = unchanged(file=True)
    if known is not None:
        return known
    with work() as uow:
        shown, info, _versions = gather_one(uow, promise_slug)
        changes = [
            one
            for one in public_changes(
                uow.session, organisation_id=uow.organisation_id, since=uow.now - BACK, now=uow.now
            )
            if one.promise_id == info.promise_id
        ]
    name = f"{current().organisation.name}: {info.title(current().locale)}"
    return _feed(shown, changes, "promise_pages.promise", name, promise_slug=promise_slug)


def _feed(
    shown: Shown, changes: Sequence[PublicChange], page: str, name: str, **values: str
) -> Response:
    locale, organisation = current().locale, current().organisation
    days = {promise_id: figures.all_days for promise_id, figures in shown.figures.items()}
    months = month_changes(days, now=shown.now, zone=organisation.time_zone, months=MONTHS)
    infos = {info.promise_id: info for info in shown.infos}
    listed = newest_first([*changes, *months])[:MOST]

    def render() -> str:
        return render_template(
            "promise_pages/feed.xml",
            name=name,
            id=f"urn:uuid:{organisation.id}" if not values else _of(infos),
            page=absolute(page, **values, lang=locale),
            entries=[_entry(one, infos, shown, locale) for one in listed],
            updated=max((one.at for one in listed), default=shown.now),
            locale=locale,
        )

    return answer_file(render, ATOM, locale, listed, shown.names, shown.infos)


def _of(infos: Mapping[uuid.UUID, PromiseInfo]) -> str:
    return f"urn:uuid:{next(iter(infos))}"


def _entry(
    change: PublicChange, infos: Mapping[uuid.UUID, PromiseInfo], shown: Shown, locale: str
) -> Entry:
    info = infos[change.promise_id]
    news = change.news(info.titles, shown.branches())
    title, paragraphs = tell_news(news, locale, current().organisation.time_zone)
    link = absolute("promise_pages.promise", promise_slug=info.slug, lang=locale)
    known_as = f"urn:uuid:{uuid.uuid5(info.promise_id, change.key)}"
    return Entry(known_as, title, "\n".join(paragraphs), link, change.at)
