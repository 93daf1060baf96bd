"""Actions against the causes of breaches: who does what by when, and what it changed."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.catalogue.queries import list_promises
from promises.db.session import UnitOfWork
from promises.flows import improve
from promises.http.context import current, work
from promises.http.forms import Form
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.identity.models import MemberState
from promises.identity.queries import list_branches, list_members
from promises.improvement.actions import NewAction
from promises.improvement.actions_models import ActionState, Outcome
from promises.improvement.actions_queries import ActionRow, get_action, list_actions
from promises.improvement.causes_queries import list_causes
from promises.kernel.errors import DomainError, NotFound
from promises.kernel.text import N_
from promises.kernel.zones import local_date
from promises.reporting.insights_results import Result, read_result
from promises.web.forms.improvement import (
    OUTCOMES,
    ActionForm,
    CheckActionForm,
    DropActionForm,
    FinishActionForm,
    MoveActionForm,
    PublicTextForm,
)
from promises.web.words import title_of

blueprint = Blueprint("improvements", __name__)

STATES = {
    ActionState.OPEN: N_("To be done"),
    ActionState.DONE: N_("Done"),
    ActionState.CHECKED: N_("Checked"),
    ActionState.DROPPED: N_("Given up"),
}


@blueprint.get("/staff/improvements", endpoint="list")
@staff(Permission.TEAM_READ)
def show_list() -> str:
    """What is to be done first, then what was done; the team reads it too."""
    promise_id = _argument("promise")
    with work() as uow:
        found = list_actions(
            uow.session,
            organisation_id=uow.organisation_id,
            promise_id=promise_id,
            branch_id=current().branch_id,
        )
    results = {one.action_id: _kept(one) for one in found}
    return render_template(
        "improvements/list.html",
        actions=found,
        results=results,
        today=local_date(uow.now, current().organisation.time_zone),
        states=STATES,
        outcomes=OUTCOMES,
    )


@blueprint.route("/staff/improvements/new", methods=["GET", "POST"])
@staff(Permission.IMPROVE)
def new() -> Response | str | tuple[str, int]:
    """The address may name the promise, the cause and the branch."""
    with work() as uow:
        form = _action_form(uow)
    if form.validate_on_submit():
        action = NewAction(
            promise_id=form.promise_id.data,
            what=form.what.data,
            owner_id=form.owner_id.data,
            due_on=form.due_on.data,
            branch_id=form.branch_id.data,
            cause_id=form.cause_id.data,
        )
        try:
            with work() as uow:
                action_id = improve.start_action(uow, action=action)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("improvements.show", action_id=action_id), 303)
    page = render_template("improvements/new.html", form=form)
    return (page, 422) if form.errors or form.form_errors else page


def _action_form(uow: UnitOfWork) -> ActionForm:
    tenant: dict[str, Any] = {"organisation_id": uow.organisation_id}
    asked = {
        "promise_id": _argument("promise"),
        "cause_id": _argument("cause"),
        "branch_id": _argument("branch"),
    }
    form = ActionForm(data={name: value for name, value in asked.items() if value})
    form.offer(
        [
            (one.promise_id, title_of(one))
            for one in list_promises(uow.session, at=uow.now, **tenant)
        ],
        [(one.cause_id, one.name(locale())) for one in list_causes(uow.session, **tenant)],
        [(one.id, one.name) for one in list_branches(uow.session, **tenant)],
        _members(uow),
    )
    return form


@blueprint.get("/staff/improvements/<uuid:action_id>")
@staff(Permission.TEAM_READ)
def show(action_id: uuid.UUID) -> str:
    return _page(action_id)


def _page(action_id: uuid.UUID, refused: Form | None = None) -> str:
    """`refused`: the form that needs another look, with what was typed."""
    with work() as uow:
        found = _action(uow, action_id)
        result = _kept(found) or improve.action_result(uow, action=found)
        today = local_date(uow.now, current().organisation.time_zone)
        blank = _forms(uow, found)
    forms = blank | ({type(refused): refused} if refused else {})
    finish = forms[FinishActionForm]
    finish.begin(today)
    return render_template(
        "improvements/show.html",
        action=found,
        result=result,
        today=today,
        states=STATES,
        outcomes=OUTCOMES,
        move=forms[MoveActionForm],
        finish=finish,
        check=forms[CheckActionForm],
        drop=forms[DropActionForm],
        public=forms[PublicTextForm],
        error_form=refused,
    )


def _forms(uow: UnitOfWork, action: ActionRow) -> dict[type, Any]:
    move = MoveActionForm(
        formdata=None, data={"owner_id": action.owner_id, "due_on": action.due_on}
    )
    move.offer(_members(uow))
    check = CheckActionForm(formdata=None)
    check.offer()
    return {
        MoveActionForm: move,
        FinishActionForm: FinishActionForm(formdata=None),
        CheckActionForm: check,
        DropActionForm: DropActionForm(formdata=None),
        PublicTextForm: PublicTextForm(formdata=None, data=action.public_texts or {}),
    }


@blueprint.post("/staff/improvements/<uuid:action_id>/move")
@staff(Permission.IMPROVE)
def move(action_id: uuid.UUID) -> Response | tuple[str, int]:
    form = MoveActionForm()
    with work() as uow:
        form.offer(_members(uow))
    return _act(
        action_id,
        form,
        lambda uow: improve.move_action(
            uow, action_id=action_id, owner_id=form.owner_id.data, due_on=form.due_on.data
        ),
    )


@blueprint.post("/staff/improvements/<uuid:action_id>/finish")
@staff(Permission.IMPROVE)
def finish(action_id: uuid.UUID) -> Response | tuple[str, int]:
    form = FinishActionForm()
    return _act(
        action_id,
        form,
        lambda uow: improve.finish_action(uow, action_id=action_id, done_on=form.done_on.data),
    )


@blueprint.post("/staff/improvements/<uuid:action_id>/check")
@staff(Permission.IMPROVE)
def check(action_id: uuid.UUID) -> Response | tuple[str, int]:
    form = CheckActionForm()
    form.offer()
    return _act(
        action_id,
        form,
        lambda uow: improve.check_action(
            uow, action_id=action_id, outcome=Outcome(form.outcome.data)
        ),
    )


@blueprint.post("/staff/improvements/<uuid:action_id>/drop")
@staff(Permission.IMPROVE)
def drop(action_id: uuid.UUID) -> Response | tuple[str, int]:
    form = DropActionForm()
    return _act(
        action_id,
        form,
        lambda uow: improve.drop_action(uow, action_id=action_id, reason=form.reason.data),
    )


@blueprint.post("/staff/improvements/<uuid:action_id>/publish")
@staff(Permission.IMPROVE)
def publish(action_id: uuid.UUID) -> Response | tuple[str, int]:
    """Show it on the public page, under what was changed."""
    form = PublicTextForm()
    return _act(
        action_id,
        form,
        lambda uow: improve.publish_action(uow, action_id=action_id, texts=form.texts()),
    )


def _act(action_id: uuid.UUID, form: Any, act: Any) -> Response | tuple[str, int]:
    """Do what a form asks for; with what is wrong about it, show the page again."""
    if form.validate():
        try:
            with work() as uow:
                _action(uow, action_id)
                act(uow)
        except NotFound:
            raise
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Saved."), "success")
            return redirect(url_for("improvements.show", action_id=action_id), 303)
    return _page(action_id, form), 422


def _action(uow: UnitOfWork, action_id: uuid.UUID) -> ActionRow:
    """Somebody bound to a branch sees the actions of that branch and of all branches."""
    found = get_action(uow.session, organisation_id=uow.organisation_id, action_id=action_id)
    if found.branch_id is not None and current().branch_id not in (None, found.branch_id):
        raise NotFound(action_id=str(action_id))
    return found


def _kept(action: ActionRow) -> Result | None:
    return None if action.result is None else read_result(action.result)


def _members(uow: UnitOfWork) -> list[tuple[uuid.UUID, str]]:
    found = list_members(uow.session, organisation_id=uow.organisation_id)
    return [(one.id, one.name) for one in found if one.state == MemberState.ACTIVE]


def _argument(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(request.args[name])
    except (KeyError, ValueError):
        return None
