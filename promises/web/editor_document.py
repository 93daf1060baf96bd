"""The terms of a draft as a document, for those who know their language."""

import json
import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from promises.http.context import work
from promises.http.forms import Form, Text
from promises.http.i18n import gettext, say
from promises.http.permissions import Permission, staff
from promises.kernel.errors import DomainError, FieldProblem, Refused
from promises.kernel.text import N_
from promises.rules.terms import parse_terms
from promises.web.editor_draft import open_draft, save
from promises.web.forms.editor import placed

blueprint = Blueprint("editor_document", __name__)

LONGEST = 100_000


class DocumentForm(Form):
    terms = Text(N_("The terms"), longest=LONGEST)

    def refuse(self, error: DomainError) -> None:
        """Each problem with its place in the document."""
        problems = error.problems if isinstance(error, Refused) else ()
        if problems:
            self.terms.errors = [say(placed(one)) for one in problems]
        else:
            super().refuse(error)


@blueprint.route("/staff/editor/<uuid:draft_id>/document", methods=["GET", "POST"])
@staff(Permission.PROMISE_PUBLISH)
def page(draft_id: uuid.UUID) -> Response | tuple[str, int]:
    """What is wrong is told by its place; nothing is kept then."""
    opened = open_draft(draft_id)
    form = DocumentForm(data={"terms": _written(opened.row.terms)})
    status = 200
    if request.method == "POST":
        status = 422
        try:
            if form.validate():
                terms = parse_terms(_read(form.terms.data))
                with work() as uow:
                    save(uow, opened, _revision(), terms, opened.row.answers)
                flash(gettext("The terms are kept."), "success")
                return redirect(url_for("editor_document.page", draft_id=draft_id), 303)
        except DomainError as refusal:
            form.refuse(refusal)
            opened, status = open_draft(draft_id), refusal.status
    shown = render_template("editor/document.html", opened=opened, told=opened.told(), form=form)
    return shown, status


def _revision() -> int:
    text = request.form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _written(terms: dict[str, Any]) -> str:
    return json.dumps(terms, ensure_ascii=False, indent=2)


def _read(text: str) -> Any:
    """Raises Refused where it is no JSON, with the line."""
    try:
        return json.loads(text, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        message = N_("This is no JSON. Look at line %(line)s, column %(column)s.")
        params = {"line": error.lineno, "column": error.colno}
        raise Refused([FieldProblem("", message, params)]) from None
    except RecursionError:
        raise Refused([FieldProblem("", N_("This goes deeper than anybody can read."))]) from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            message = N_("The field %(name)s stands there twice.")
            raise Refused([FieldProblem("", message, {"name": key})])
        found[key] = value
    return found
