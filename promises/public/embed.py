"""A card of one promise that stands in a frame on any other site: no cookie, no script."""

from flask import Blueprint, Response, render_template

from promises.http.context import current, work
from promises.http.permissions import public
from promises.http.security import let_be_framed
from promises.http.urls import absolute
from promises.public.gathering import Shown, gather_one
from promises.public.reading import answer_file, speak_as_asked, unchanged

blueprint = Blueprint("public_embeds", __name__)

HTML = "text/html"


@blueprint.get("/p/<slug:promise_slug>/embed")
@public
def card(promise_slug: str) -> Response:
    let_be_framed()
    locale = speak_as_asked()
    known = unchanged(file=True)
    if known is not None:
        return known
    with work() as uow:
        shown, info, _versions = gather_one(uow, promise_slug)

    def render() -> str:
        return render_template(
            "promise_pages/embed.html",
            info=info,
            title=info.title(locale),
            sentence=shown.sentence(info.version, locale),
            figures=shown.figures.get(info.promise_id),
            paused=_where(shown),
            organisation=current().organisation,
            locale=locale,
            page=absolute("promise_pages.promise", promise_slug=promise_slug, lang=locale),
        )

    return answer_file(render, HTML, locale, *shown.parts())


def _where(shown: Shown) -> list[str | None]:
    """Branches in which it is paused right now; None alone for all of them."""
    ids = [one.branch_id for one in shown.paused_now()]
    if None in ids:
        return [None]
    names = {shown.branches().get(one, "") for one in ids if one is not None}
    return [*sorted(names)]
