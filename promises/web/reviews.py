"""Quarterly reviews: what is due, the figures of the quarter, the verdict, and what was said."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.queries import promise_by_slug
from promises.flows.review_promise import review_promise
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_members
from promises.improvement.reviews import Quarter, quarter_before, quarter_named
from promises.improvement.reviews_models import ReviewVerdict
from promises.improvement.reviews_queries import list_reviews
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.zones import local_date
from promises.reporting.review_debt import quarter_figures, reviews_due
from promises.web.forms.reviews import VERDICTS, ReviewForm
from promises.web.words import title_of

blueprint = Blueprint("reviews", __name__)

NEXT_STEP = {
    ReviewVerdict.TIGHTEN: "promises.show",
    ReviewVerdict.CHANGE: "promises.show",
    ReviewVerdict.PAUSE: "pauses.new",
    ReviewVerdict.END: "ending.end",
}
"""Where the verdict is carried out; a promise that is kept as it is needs nothing."""


@blueprint.get("/staff/reviews", endpoint="list")
@staff(Permission.PROMISE_PUBLISH)
def list_all() -> str:
    zone = current().organisation.time_zone
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        today = local_date(uow.now, zone)
        due = reviews_due(uow.session, **tenant, today=today, zone=zone)
        made = list_reviews(uow.session, **tenant)
        members = {one.id: one.name for one in list_members(uow.session, **tenant)}
    return render_template(
        "reviews/list.html",
        due=[(one, one.late(today)) for one in due],
        made=made,
        members=members,
        verdicts=VERDICTS,
    )


@blueprint.route("/staff/reviews/<slug:promise_slug>", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def review(promise_slug: str) -> Response | tuple[str, int]:
    """Of the quarter that the address names, else of the last one that is over."""
    found = current().organisation
    with work() as uow:
        tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
        info = promise_by_slug(uow.session, **tenant, slug=promise_slug, at=uow.now)
        today = local_date(uow.now, found.time_zone)
        quarter = _quarter() or quarter_before(today)
        figures = quarter_figures(
            uow.session,
            **tenant,
            promise_id=info.promise_id,
            quarter=quarter,
            today=today,
            place=(found.time_zone, found.currency),
        )
        earlier = list_reviews(uow.session, **tenant, promise_id=info.promise_id)
        due = reviews_due(uow.session, **tenant, today=today, zone=found.time_zone)
    form = ReviewForm()
    form.offer()
    if form.validate_on_submit():
        try:
            with work() as uow:
                review_promise(
                    uow,
                    promise_id=info.promise_id,
                    quarter=quarter,
                    verdict=form.verdict.data,
                    sentence=form.sentence.data,
                    public_texts=form.public_texts(),
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The review is kept, with these figures."), "success")
            step = NEXT_STEP.get(form.verdict.data)
            there = url_for(step, promise_slug=promise_slug) if step else url_for("reviews.list")
            return redirect(there, 303)
    page = render_template(
        "reviews/review.html",
        form=form,
        info=info,
        title=title_of(info),
        quarter=quarter,
        figures=figures,
        earlier=earlier,
        waits=(info.promise_id, quarter) in {(one.promise_id, one.quarter) for one in due},
        verdicts=VERDICTS,
    )
    return page, 422 if form.errors else 200


def _quarter() -> Quarter | None:
    name = request.args.get("quarter")
    if name is None:
        return None
    quarter = quarter_named(name)
    if quarter is None:
        raise NotFound(quarter=name)
    return quarter
