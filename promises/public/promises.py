"""What anybody may see: the promises of an organisation and how it keeps them.

No sign-in, no session, no cookie, no script needed. Figures are read at most every few seconds a
process, however many readers there are, and who has them already gets a 304.
"""

from typing import Any

from flask import Blueprint, Response, render_template, url_for

from promises.catalogue.queries import PromiseInfo
from promises.catalogue.targets import target_on
from promises.http import charts
from promises.http.context import current, work
from promises.http.i18n import language_in_link
from promises.http.permissions import public
from promises.http.thin_bars import thin_bars
from promises.http.urls import absolute
from promises.improvement.reviews_queries import list_reviews
from promises.kernel.text import LOCALES
from promises.kernel.zones import local_date
from promises.public.gathering import Shown, gather, gather_one
from promises.public.history import tell_versions
from promises.public.reading import answer, link_language, unchanged
from promises.reporting.public_changes import change_reasons
from promises.reporting.public_page import PublicFigures

blueprint = Blueprint("promise_pages", __name__)


@blueprint.get("/")
@public
def organisation() -> Response:
    """Every promise with its main figures; those to come and those that ended apart."""
    language_in_link()
    known = unchanged()
    if known is not None:
        return known
    with work() as uow:
        shown = gather(uow)

    def render() -> str:
        locale = current().locale
        return render_template(
            "promise_pages/organisation.html",
            shown=shown,
            infos=shown.infos,
            figures=shown.figures,
            sentences={
                info.promise_id: shown.sentence(info.version, locale) for info in shown.infos
            },
            pictures={
                promise_id: thin_bars(_days(shown, promise_id, figures))
                for promise_id, figures in shown.figures.items()
            },
            locale=locale,
            **_links("promise_pages.organisation"),
        )

    return answer(render, *shown.parts())


@blueprint.get("/p/<slug:promise_slug>")
@public
def promise(promise_slug: str) -> Response:
    language_in_link()
    known = unchanged()
    if known is not None:
        return known
    with work() as uow:
        shown, info, versions = gather_one(uow, promise_slug)
        reasons = {}
        if len(versions) > 1:
            reasons = change_reasons(
                uow.session, organisation_id=uow.organisation_id, promise_id=info.promise_id
            )
        reviews = list_reviews(
            uow.session, organisation_id=uow.organisation_id, promise_id=info.promise_id
        )

    def render() -> str:
        locale = current().locale
        figures = shown.figures.get(info.promise_id)
        days = _days(shown, info.promise_id, figures) if figures else []
        told = tell_versions(shown, versions, reasons, locale)
        shown_version = next(
            one for one in told if one.version.version_id == info.version.version_id
        )
        return render_template(
            "promise_pages/promise.html",
            shown=shown,
            info=info,
            title=info.title(locale),
            told=shown_version,
            versions=told,
            history=[one for one in versions if one.applied_to_history],
            target=target_on(info.version.target_path, shown.today),
            figures=figures,
            days=days,
            picture=thin_bars(days),
            pauses=shown.pauses.get(info.promise_id, ()),
            made=shown.made.get(info.promise_id, ()),
            reviews=[one for one in reviews if one.public_texts],
            end_reason=shown.end_reason(info, locale),
            locale=locale,
            snippets=_snippets(info, locale),
            **_links("promise_pages.promise", promise_slug=promise_slug),
        )

    return answer(render, *shown.parts(), versions, reasons, reviews)


def _days(shown: Shown, promise_id: Any, figures: PublicFigures) -> list[charts.Day]:
    """A day without a case on which the promise was paused somewhere says so."""
    zone = current().organisation.time_zone
    spans = [
        (local_date(one.starts_at, zone), local_date(one.ends_at or shown.now, zone))
        for one in shown.pauses.get(promise_id, ())
        if one.starts_at <= shown.now
    ]
    return [
        charts.Day(
            one.day_on,
            one.kept,
            one.broken,
            one.excluded,
            paused=one.kept + one.broken == 0
            and any(first <= one.day_on <= last for first, last in spans),
        )
        for one in figures.days
    ]


def _links(endpoint: str, **values: str) -> dict[str, Any]:
    """The addresses of this page: its own, the same in each language, and what links carry on."""
    chosen: dict[str, Any] = link_language()
    own = chosen.get("lang") or current().locale
    return {
        "lang": chosen,
        "canonical": absolute(endpoint, **values, lang=own),
        "alternates": [(one, absolute(endpoint, **values, lang=one)) for one in LOCALES],
        "neutral": absolute(endpoint, **values),
        "home_href": url_for("promise_pages.organisation", **chosen),
    }


def _snippets(info: PromiseInfo, locale: str) -> dict[str, str]:
    """What other sites copy into their pages."""
    values = {"promise_slug": info.slug, "lang": locale}
    return {
        "page": absolute("promise_pages.promise", **values),
        "badge": absolute("public_badges.badge", **values),
        "embed": absolute("public_embeds.card", **values),
    }
