"""A clerk's own figures, for that clerk alone: no address, list, export or program shows them."""

from flask import Blueprint, render_template

from promises.http.context import current, signed_in, work
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_branches
from promises.kernel.zones import local_date
from promises.reporting.insights_own import own_figures

blueprint = Blueprint("my_day", __name__)


@blueprint.get("/staff/my-day")
@staff(Permission.DESK)
def page() -> str:
    """Whoever is signed in sees the own figures; there is nothing to choose."""
    member = signed_in()
    organisation = current().organisation
    with work() as uow:
        bound = current().branch_id
        branches = list_branches(uow.session, organisation_id=uow.organisation_id)
        today, week = own_figures(
            uow.session,
            organisation_id=uow.organisation_id,
            member_id=member.member_id,
            branch_ids=[one.id for one in branches if bound in (None, one.id)],
            today=local_date(uow.now, organisation.time_zone),
        )
    return render_template("insights/my_day.html", today=today, week=week)
