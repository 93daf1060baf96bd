"""A small picture for other sites: how a promise is kept, with the count behind it.

Its colours say nothing: a sign and the words do.
"""

from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request

from promises.catalogue.queries import PromiseInfo, PromiseState
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import public
from promises.kernel.text import format_count, format_percent
from promises.public.gathering import Shown, gather_one
from promises.public.reading import answer_file, speak_as_asked, unchanged

blueprint = Blueprint("public_badges", __name__)

SVG = "image/svg+xml"
PAD = 10
SIGN = 16
_NARROW, _WIDE = frozenset("iljtfI.,:;|!()'’ \u00a0\u202f"), frozenset("mwMWÅÄÖ%@")


@dataclass(frozen=True, slots=True)
class Badge:
    """`sign` is kept, broken, paused, none, or empty. The widths are those of the two halves."""

    label: str
    value: str
    sign: str
    said: str

    @property
    def label_width(self) -> int:
        return _width(self.label) + 2 * PAD

    @property
    def value_width(self) -> int:
        return _width(self.value) + 2 * PAD + self.sign_width

    @property
    def sign_width(self) -> int:
        return SIGN if self.sign else 0


@blueprint.get("/p/<slug:promise_slug>/badge.svg")
@public
def badge(promise_slug: str) -> Response:
    """`?lang=` the language, `?show=days` the days without a breach in place of the share."""
    locale = speak_as_asked()
    known = unchanged(file=True)
    if known is not None:
        return known
    with work() as uow:
        shown, info, _versions = gather_one(uow, promise_slug)
    days = request.args.get("show") == "days"

    def render() -> str:
        made = _days(shown, info) if days else _rate(shown, info)
        return render_template("promise_pages/badge.svg", badge=made, locale=locale)

    return answer_file(render, SVG, days, locale, *shown.parts())


def _rate(shown: Shown, info: PromiseInfo) -> Badge:
    label, locale = gettext("Promise kept"), current().locale
    resting = _resting(shown, info)
    figures = shown.figures.get(info.promise_id)
    if resting is not None or figures is None or not figures.month.rate.cases:
        value, sign = resting or (gettext("no cases in 30 days"), "none")
        return _badge(shown, info, label, value, sign)
    rate = figures.month.rate
    cases = format_count(locale, rate.cases)
    if rate.shown is None:
        value = gettext("%(kept)s of %(cases)s", kept=rate.kept, cases=rate.cases)
    else:
        value = f"{format_percent(locale, rate.shown)} ({cases})"
    return _badge(shown, info, label, value, "")


def _days(shown: Shown, info: PromiseInfo) -> Badge:
    label = gettext("Days without a breach")
    figures = shown.figures.get(info.promise_id)
    resting = _resting(shown, info)
    if resting is not None or figures is None or figures.clean is None:
        value, sign = resting or (gettext("no case yet"), "none")
        return _badge(shown, info, label, value, sign)
    value = format_count(current().locale, figures.clean.days)
    return _badge(shown, info, label, value, "kept" if figures.clean.days else "broken")


def _resting(shown: Shown, info: PromiseInfo) -> tuple[str, str] | None:
    """What stands in place of figures of a promise that is not made to those who come now."""
    if info.state is PromiseState.ENDED:
        return gettext("ended"), "none"
    if info.state is PromiseState.SCHEDULED:
        return gettext("to come"), "none"
    everywhere = [one for one in shown.paused_now() if one.branch_id is None]
    return (gettext("paused"), "paused") if everywhere else None


def _badge(shown: Shown, info: PromiseInfo, label: str, value: str, sign: str) -> Badge:
    name, title = current().organisation.name, info.title(current().locale)
    return Badge(label, value, sign, f"{name}: {title}. {label}: {value}")


def _width(text: str) -> int:
    """About as wide as it is drawn; the drawing is stretched to it."""
    return round(sum(3.9 if s in _NARROW else 9.6 if s in _WIDE else 6.7 for s in text))
