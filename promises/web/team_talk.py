"""The page for the morning: what was yesterday, and one thing to do. It prints on one sheet."""

from flask import Blueprint, render_template

from promises.http.context import work
from promises.http.i18n import day_names
from promises.http.permissions import Permission, staff
from promises.kernel.zones import local_date
from promises.reporting.team_talk import team_talk
from promises.web.periods import choose

blueprint = Blueprint("team_talk", __name__)


@blueprint.get("/staff/team-talk")
@staff(Permission.TEAM_READ)
def page() -> str:
    """Of the member's own branch; who is bound to none chooses one."""
    with work() as uow:
        chosen = choose(uow)
        branch_id = chosen.selection.branch_id or next(iter(chosen.branches), None)
        branch = chosen.branches.get(branch_id) if branch_id else None
        talk = None
        if branch is not None:
            talk = team_talk(
                uow.session,
                organisation_id=uow.organisation_id,
                branch_id=branch.id,
                zones={one.id: one.time_zone for one in chosen.branches.values()},
                now=uow.now,
                today=local_date(uow.now, branch.time_zone),
            )
    field = chosen.form.branch
    field.choices, field.data = field.choices[1:], branch_id  # one branch, never all of them
    return render_template(
        "team_talk/page.html",
        talk=talk,
        branch=branch,
        chosen=chosen,
        now=uow.now,
        choices=len(field.choices),
        weekdays=day_names(),
    )
