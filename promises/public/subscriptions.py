"""Following promises by e-mail: one field, a link that confirms, a link that stops.

The answer is the same whether the address was known or not.
"""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.queries import promise_by_slug
from promises.flows import subscribe
from promises.http.context import current, work
from promises.http.i18n import language_in_link
from promises.http.limits import guard
from promises.http.permissions import public
from promises.http.security import csrf
from promises.kernel.errors import DomainError, NotFound
from promises.public.forms import SubscribeForm
from promises.public.reading import link_language

blueprint = Blueprint("follow_pages", __name__)

MOST_ASKED, PER_SECONDS = 10, 3600


@blueprint.route("/follow", methods=["GET", "POST"])
@public
def ask() -> Response | tuple[str, int]:
    """`?promise=` names one promise; without it, all of the organisation."""
    language_in_link()
    slug = request.args.get("promise")
    title = _title(slug) if slug else None
    form = SubscribeForm()
    if form.validate_on_submit():
        guard("follow", limit=MOST_ASKED, window_s=PER_SECONDS)
        try:
            with work() as uow:
                subscribe.ask(
                    uow, address=form.address.data, locale=current().locale, promise_slug=slug
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return _to("follow_pages.asked", **({"promise": slug} if slug else {}))
    page = _page("ask", form=form, title=title, promise_slug=slug)
    return page, 422 if form.errors else 200


def _title(slug: str) -> str:
    with work() as uow:
        info = promise_by_slug(
            uow.session, organisation_id=uow.organisation_id, slug=slug, at=uow.now
        )
    return info.title(current().locale)


@blueprint.get("/follow/asked")
@public
def asked() -> str:
    language_in_link()
    return _page("asked", promise_slug=_known_slug())


@blueprint.route("/follow/<token:token>", methods=["GET", "POST"])
@public
def confirm(token: str) -> Response | str:
    """Opened by a link: programs that check letters open links too, so a button confirms."""
    language_in_link()
    if request.method == "POST":
        with work() as uow:
            subscribe.confirm(uow, token=token)
        return _to("follow_pages.confirmed")
    with work() as uow:
        titles = subscribe.look(uow, token=token)
    title = titles.get(current().locale) or next(iter(titles.values()), None)
    return _page("confirm", title=title)


@blueprint.get("/follow/confirmed")
@public
def confirmed() -> str:
    language_in_link()
    return _page("confirmed")


@blueprint.route("/follow/stop/<token:token>", methods=["GET", "POST"])
@public
def stop(token: str) -> Response | str:
    """The link of every letter. Mail programs post here by themselves when somebody presses their
    own button (RFC 8058): the token is all that is needed."""
    language_in_link()
    if request.method == "POST":
        with work() as uow:
            subscribe.stop(uow, token=token)
        return _to("follow_pages.stopped")
    with work() as uow:
        subscribe.check_stop(uow, token=token)
    return _page("stop")


csrf.exempt(stop)


@blueprint.get("/follow/stopped")
@public
def stopped() -> str:
    language_in_link()
    return _page("stopped")


def _known_slug() -> str | None:
    """The promise of the address, where there is one of that name."""
    slug = request.args.get("promise")
    if slug is None:
        return None
    try:
        _title(slug)
    except NotFound:
        return None
    return slug


def _to(endpoint: str, **values: Any) -> Response:
    return redirect(url_for(endpoint, **(values | link_language())), 303)


def _page(name: str, **values: Any) -> str:
    lang: dict[str, Any] = link_language()
    home = url_for("promise_pages.organisation", **lang)
    values = {"title": None, "promise_slug": None} | values
    return render_template(f"follow_pages/{name}.html", lang=lang, home_href=home, **values)
