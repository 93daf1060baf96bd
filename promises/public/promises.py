"""What anybody may see: the promises of an organisation and how it keeps them.

No sign-in, no session, no script needed. Figures are read at most every few seconds a process,
however many readers there are, and who has them already gets a 304.
"""

import uuid
from collections.abc import Callable

from flask import Blueprint, Response, make_response, render_template, request

from promises.catalogue.queries import (
    PromiseInfo,
    PromiseState,
    list_promises,
    list_versions,
    promise_by_slug,
    scope_names,
)
from promises.catalogue.targets import target_on
from promises.db.session import UnitOfWork
from promises.http import charts
from promises.http.conditional import etag_of
from promises.http.context import current, work
from promises.http.i18n import COOKIE
from promises.http.permissions import public
from promises.kernel.clock import process_clock
from promises.kernel.zones import local_date
from promises.reporting.public_page import PublicFigures, public_figures
from promises.rules.explain import promise_details, promise_sentence

blueprint = Blueprint("promise_pages", __name__)

FRESH_SECONDS = 5.0
MOST_KEPT = 1000
CACHED = "public, max-age=10, stale-while-revalidate=60"

_kept: dict[tuple[uuid.UUID, uuid.UUID], tuple[float, PublicFigures]] = {}


@blueprint.get("/")
@public
def organisation() -> Response:
    """Every promise with its main figures; those to come and those that ended without."""
    locale = current().locale
    with work() as uow:
        infos = list_promises(uow.session, organisation_id=uow.organisation_id, at=uow.now)
        figures = {
            info.promise_id: _figures(uow, info)
            for info in infos
            if info.state is not PromiseState.SCHEDULED
        }
        names = scope_names(uow.session, organisation_id=uow.organisation_id, locale=locale)

    def render() -> str:
        sentences = {
            info.promise_id: promise_sentence(info.version.terms, locale, names) for info in infos
        }
        return render_template(
            "promise_pages/organisation.html",
            infos=infos,
            figures=figures,
            sentences=sentences,
            locale=locale,
        )

    return _cacheable(render, infos, figures, names)


@blueprint.get("/p/<slug:promise_slug>")
@public
def promise(promise_slug: str) -> Response:
    found = current()
    locale = found.locale
    with work() as uow:
        name = {"organisation_id": uow.organisation_id}
        info = promise_by_slug(uow.session, **name, slug=promise_slug, at=uow.now)
        versions = list_versions(uow.session, **name, promise_id=info.promise_id)
        names = scope_names(uow.session, **name, locale=locale)
        figures = _figures(uow, info)
        today = local_date(uow.now, found.organisation.time_zone)

    def render() -> str:
        bars = [charts.Day(one.day_on, one.kept, one.broken, one.excluded) for one in figures.days]
        return render_template(
            "promise_pages/promise.html",
            info=info,
            title=info.title(locale),
            sentence=promise_sentence(info.version.terms, locale, names),
            details=promise_details(info.version.terms, locale),
            versions=[
                (
                    one,
                    promise_sentence(one.terms, locale, names),
                    promise_details(one.terms, locale),
                )
                for one in versions
            ],
            history=[one for one in versions if one.applied_to_history],
            target=target_on(info.version.target_path, today),
            figures=figures,
            bars=charts.daily_bars(bars),
            today=today,
        )

    return _cacheable(render, info, versions, figures, names, today)


def _figures(uow: UnitOfWork, info: PromiseInfo) -> PublicFigures:
    """From the process's memory where they are a few seconds old at most."""
    key = (uow.organisation_id, info.promise_id)
    read_at, figures = _kept.get(key, (float("-inf"), None))
    if figures is None or process_clock.monotonic() - read_at > FRESH_SECONDS:
        organisation = current().organisation
        figures = public_figures(
            uow.session,
            organisation_id=uow.organisation_id,
            promise_id=info.promise_id,
            now=uow.now,
            zone=organisation.time_zone,
            currency=organisation.currency,
        )
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[key] = (process_clock.monotonic(), figures)
    return figures


def _cacheable(render: Callable[[], str], *parts: object) -> Response:
    etag = etag_of(*parts)
    known = etag in request.if_none_match
    response = Response(status=304) if known else make_response(render())
    response.set_etag(etag)
    response.vary.update(("Accept-Language", "Cookie"))
    # An answer that sets the cookie of the language is for this reader alone.
    chooses = request.args.get("lang") not in (None, request.cookies.get(COOKIE))
    response.headers["Cache-Control"] = "private, no-cache" if chooses else CACHED
    return response
