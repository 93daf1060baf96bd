"""Ending a promise: announced with its reason, and nothing of it disappears."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from promises.catalogue.notice import notice_of
from promises.catalogue.queries import promise_by_slug
from promises.flows.end_promise import end_promise
from promises.http.context import current, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError
from promises.web.forms.pauses import EndForm
from promises.web.words import title_of

blueprint = Blueprint("ending", __name__)


@blueprint.route("/staff/promises/<slug:promise_slug>/end", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def end(promise_slug: str) -> Response | tuple[str, int]:
    with work() as uow:
        tenant = {"organisation_id": uow.organisation_id}
        info = promise_by_slug(uow.session, **tenant, slug=promise_slug, at=uow.now)
        earliest = uow.now + notice_of(uow.session, uow.organisation_id)
    form = EndForm()
    if form.validate_on_submit():
        try:
            with work() as uow:
                ends_at = form.instant(current().organisation.time_zone)
                end_promise(
                    uow, promise_id=info.promise_id, ends_at=ends_at, reasons=form.reasons()
                )
        except ValidationError:
            pass  # the field says why
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("The end is announced. What is owed stays owed."), "success")
            return redirect(url_for("promises.show", promise_slug=promise_slug), 303)
    page = render_template(
        "promises/end.html", form=form, info=info, title=title_of(info), earliest=earliest
    )
    return page, 422 if form.errors else 200
