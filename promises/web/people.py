"""Who works here: invitations, roles, leaving."""

import uuid
from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.audit.queries import HistoryRow, history
from promises.db.session import UnitOfWork
from promises.flows import change_factors, invite_member
from promises.http.context import current, signed_in, work
from promises.http.i18n import gettext
from promises.http.navigation import ROLE_NAMES
from promises.http.permissions import Permission, staff
from promises.identity import factors, members, queries
from promises.identity.members import NewMember
from promises.identity.models import Member
from promises.kernel.actors import Role
from promises.kernel.errors import DomainError
from promises.kernel.text import N_
from promises.web.forms.people import InviteForm, RoleForm

blueprint = Blueprint("people", __name__)

ACTIONS = {
    "member_invited": N_("Invited"),
    "member_invited_again": N_("Invited again"),
    "invitation_accepted": N_("Accepted the invitation"),
    "member_changed": N_("Role or branch changed"),
    "member_deactivated": N_("Deactivated"),
    "member_reactivated": N_("Brought back"),
    "reset_requested": N_("Asked for a new password"),
    "password_reset": N_("Chose a new password by a link"),
    "password_changed": N_("Changed the password"),
    "app_added": N_("Set up an app for codes"),
    "app_removed": N_("Removed the app for codes"),
    "passkey_added": N_("Added a passkey"),
    "passkey_removed": N_("Removed a passkey"),
    "recovery_codes_made": N_("Made new recovery codes"),
    "second_step_reset": N_("Second step reset"),
    "identity_confirmed": N_("Confirmed with the second step"),
    "signed_in": N_("Signed in"),
}


@blueprint.get("/staff/people", endpoint="list")
@staff(Permission.PEOPLE)
def list_people() -> str:
    with work() as uow:
        people = queries.list_members(uow.session, organisation_id=uow.organisation_id)
        branches = _branch_names(uow)
    return render_template(
        "people/list.html", people=people, branches=branches, role_names=ROLE_NAMES
    )


@blueprint.route("/staff/people/invite", methods=["GET", "POST"])
@staff(Permission.PEOPLE, fresh=True)
def invite() -> Response | tuple[str, int]:
    form = InviteForm(role=Role.CLERK, locale=current().organisation.locale)
    with work() as uow:
        form.offer(queries.list_branches(uow.session, organisation_id=uow.organisation_id))
    if form.validate_on_submit():
        request = NewMember(
            name=form.name.data,
            email=form.email.data,
            role=form.role.data,
            branch_id=form.branch_id.data,
            locale=form.locale.data,
        )
        try:
            with work() as uow:
                invite_member.invite(uow, request=request)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(
                gettext("The invitation to %(name)s is on its way.", name=request.name), "success"
            )
            return redirect(url_for("people.list"), 303)
    return render_template("people/invite.html", form=form), 422 if form.errors else 200


@blueprint.route("/staff/people/<uuid:member_id>", methods=["GET", "POST"])
@staff(Permission.PEOPLE, fresh=True)
def person(member_id: uuid.UUID) -> Response | tuple[str, int]:
    with work() as uow:
        row = _member(uow, member_id)
        form = RoleForm(role=Role(row.role), branch_id=row.branch_id)
        form.offer(queries.list_branches(uow.session, organisation_id=uow.organisation_id))
    if form.validate_on_submit():
        try:
            with work() as uow:
                members.change_member(
                    uow.session,
                    organisation_id=uow.organisation_id,
                    actor=uow.actor,
                    now=uow.now,
                    member_id=member_id,
                    role=form.role.data,
                    branch_id=form.branch_id.data,
                )
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved. It holds from the next page that they open."), "success")
            return redirect(url_for("people.person", member_id=member_id), 303)
    return _person(form, member_id), 422 if form.errors else 200


@blueprint.post("/staff/people/<uuid:member_id>/invite-again")
@staff(Permission.PEOPLE)
def invite_again(member_id: uuid.UUID) -> Response:
    with work() as uow:
        invite_member.invite_again(uow, member_id=member_id)
    flash(gettext("A new invitation is on its way. The old link no longer works."), "success")
    return redirect(url_for("people.person", member_id=member_id), 303)


@blueprint.post("/staff/people/<uuid:member_id>/deactivate")
@staff(Permission.PEOPLE)
def deactivate(member_id: uuid.UUID) -> Response:
    with work() as uow:
        members.deactivate_member(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            member_id=member_id,
        )
    flash(gettext("Deactivated. Every sign-in of this person has ended."), "success")
    return redirect(url_for("people.person", member_id=member_id), 303)


@blueprint.post("/staff/people/<uuid:member_id>/reset-second-step")
@staff(Permission.PEOPLE, fresh=True)
def reset_second_step(member_id: uuid.UUID) -> Response:
    """For somebody who lost their phone: never for oneself."""
    with work() as uow:
        change_factors.reset(uow, member_id=member_id)
    flash(gettext("The second step is reset. Every sign-in of this person has ended."), "success")
    return redirect(url_for("people.person", member_id=member_id), 303)


@blueprint.post("/staff/people/<uuid:member_id>/bring-back")
@staff(Permission.PEOPLE, fresh=True)
def bring_back(member_id: uuid.UUID) -> Response:
    with work() as uow:
        invite_member.bring_back(uow, member_id=member_id)
    flash(gettext("An invitation is on its way."), "success")
    return redirect(url_for("people.person", member_id=member_id), 303)


def _person(form: RoleForm, member_id: uuid.UUID) -> str:
    with work() as uow:
        row = _member(uow, member_id)
        done = history(
            uow.session,
            organisation_id=uow.organisation_id,
            object_kind="member",
            object_id=member_id,
        )
        has = factors.factors_of(
            uow.session, organisation_id=uow.organisation_id, member_id=member_id
        )
        names = {
            member.id: member.name
            for member in queries.list_members(uow.session, organisation_id=uow.organisation_id)
        }
    return render_template(
        "people/person.html",
        form=form,
        person=row,
        has_second_step=has.any,
        happened=[_happened(item, names) for item in done],
        oneself=member_id == signed_in().member_id,
    )


def _happened(item: HistoryRow, names: Mapping[uuid.UUID, str]) -> dict[str, object]:
    """An entry of the timeline: what, by whom, to which role."""
    who = names.get(item.actor_id) if item.actor_id else None
    parts = [who or gettext("The service")]
    role = item.details.get("role")
    if role:
        parts.append(gettext(ROLE_NAMES[Role(role)]))
    what = gettext(ACTIONS.get(item.action, N_("Changed")))
    return {"title": what, "detail": " · ".join(parts), "at": item.recorded_at}


def _member(uow: UnitOfWork, member_id: uuid.UUID) -> Member:
    return queries.member_by_id(
        uow.session, organisation_id=uow.organisation_id, member_id=member_id
    )


def _branch_names(uow: UnitOfWork) -> dict[uuid.UUID, str]:
    branches = queries.list_branches(uow.session, organisation_id=uow.organisation_id, closed=True)
    return {branch.id: branch.name for branch in branches}
