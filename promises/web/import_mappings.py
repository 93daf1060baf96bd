"""Saved mappings: how a kind of file is read."""

import json
import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.desk.imports import actions, queries
from promises.desk.imports.problems import MappingRefused
from promises.http.context import current, work
from promises.http.forms import options
from promises.http.i18n import gettext, locale
from promises.http.permissions import Permission, staff
from promises.identity.queries import list_service_kinds, service_name
from promises.kernel.errors import DomainError, FieldProblem
from promises.web.forms.imports import (
    DELIMITERS,
    DURATIONS,
    ENCODINGS,
    JsonForm,
    SimpleMappingForm,
)

blueprint = Blueprint("import_mappings", __name__)

Problems = tuple[FieldProblem, ...]


@blueprint.get("/staff/imports/mappings", endpoint="list")
@staff(Permission.IMPORT)
def show_list() -> str:
    with work() as uow:
        found = queries.list_mappings(uow.session, organisation_id=uow.organisation_id)
    return render_template("imports/mappings.html", mappings=found)


@blueprint.route("/staff/imports/mappings/new", methods=["GET", "POST"])
@staff(Permission.IMPORT)
def new() -> Response | tuple[str, int]:
    """The small form. What it makes can be refined as JSON afterwards."""
    form = SimpleMappingForm(
        time_zone=current().organisation.time_zone, arrived_format="yyyy-mm-dd hh:mm:ss"
    )
    _offer(form)
    if form.validate_on_submit():
        try:
            _save(form.name.data, form.document(), replace=False)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return _saved()
    return render_template("imports/mapping_new.html", form=form), 422 if form.errors else 200


def _offer(form: SimpleMappingForm) -> None:
    with work() as uow:
        kinds = list_service_kinds(uow.session, organisation_id=uow.organisation_id)
    form.delimiter.choices = options((key, gettext(name)) for key, name in DELIMITERS.items())
    form.file.choices = options((key, gettext(name)) for key, name in ENCODINGS.items())
    form.waited_format.choices = options((key, gettext(name)) for key, name in DURATIONS.items())
    form.service_kind.choices = options(
        (kind.letter, f"{kind.letter} – {service_name(kind, locale())}") for kind in kinds
    )


@blueprint.route("/staff/imports/mappings/json", methods=["GET", "POST"])
@staff(Permission.IMPORT)
def new_json() -> Response | tuple[str, int]:
    return _edit(JsonForm(), replace=False)


@blueprint.route("/staff/imports/mappings/<uuid:mapping_id>", methods=["GET", "POST"])
@staff(Permission.IMPORT)
def edit(mapping_id: uuid.UUID) -> Response | tuple[str, int]:
    """Imports that were made with it keep the mapping as it was."""
    with work() as uow:
        row = queries.mapping_by_id(
            uow.session, organisation_id=uow.organisation_id, mapping_id=mapping_id
        )
    text = json.dumps(row.document, indent=2, ensure_ascii=False)
    form = JsonForm(name=row.name, text=text)
    form.name.data = row.name
    return _edit(form, replace=True)


def _edit(form: JsonForm, *, replace: bool) -> Response | tuple[str, int]:
    problems: Problems = ()
    if form.validate_on_submit() and (document := form.document()) is not None:
        try:
            _save(form.name.data, document, replace=replace)
        except MappingRefused as refusal:
            problems = refusal.problems
            form.text.errors = [*form.text.errors, gettext("See what is to be put right, below.")]
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return _saved()
    page = render_template("imports/mapping_json.html", form=form, problems=problems, known=replace)
    return page, 422 if form.errors else 200


def _save(name: str, document: dict[str, Any], *, replace: bool) -> None:
    with work() as uow:
        actions.save_mapping(
            uow.session,
            organisation_id=uow.organisation_id,
            actor=uow.actor,
            now=uow.now,
            name=name,
            document=document,
            replace=replace,
        )


def _saved() -> Response:
    flash(gettext("The mapping is saved."), "success")
    return redirect(url_for("imports.new"), 303)
