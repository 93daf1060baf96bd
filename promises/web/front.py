"""The bare address of the service: on to an organisation."""

from flask import Blueprint, redirect, render_template
from werkzeug.wrappers import Response

from promises.http.forms import Form, Line
from promises.http.i18n import gettext
from promises.http.permissions import public
from promises.identity.queries import only_slug, organisation_by_slug
from promises.kernel.errors import NotFound
from promises.kernel.text import N_

blueprint = Blueprint("front", __name__)


class FindForm(Form):
    slug = Line(N_("Name of the organisation in the address"), longest=63)


@blueprint.route("/", methods=["GET", "POST"])
@public
def page() -> Response | tuple[str, int]:
    """Where the service has a single organisation, straight to it; else by its name in the
    address, because who else is a customer here is nobody's business."""
    form = FindForm()
    if form.validate_on_submit():
        try:
            found = organisation_by_slug(form.slug.data.casefold())
        except NotFound:
            form.slug.errors = [gettext("There is no organisation of this name here.")]
        else:
            return redirect(f"/o/{found.slug}/", 303)
    elif not form.is_submitted() and (slug := only_slug()):
        return redirect(f"/o/{slug}/", 302)
    return render_template("front/page.html", form=form), 422 if form.errors else 200
