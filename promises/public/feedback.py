"""The customer's answer to the one question after a case."""

from flask import Blueprint, flash, redirect, request, url_for
from werkzeug.wrappers import Response

from promises.desk.queries import ticket_by_code
from promises.feedback.answers import LONGEST_BODY
from promises.flows.answer_feedback import answer
from promises.http.context import work
from promises.http.i18n import gettext, say
from promises.http.limits import guard
from promises.http.permissions import public
from promises.kernel.errors import DomainError, NotFound
from promises.public.tickets import NoSuchTicket

blueprint = Blueprint("feedback_page", __name__)


@blueprint.post("/t/<code:code>/feedback")
@public
def give(code: str) -> Response:
    """One tap on a score, or a few words; the same again changes it for an hour."""
    guard("feedback", limit=30, window_s=600)
    try:
        with work() as uow:
            ticket = ticket_by_code(
                uow.session, organisation_id=uow.organisation_id, public_code=code
            )
            if ticket is None:
                raise NoSuchTicket
            answer(uow, ticket, score=_score(), body=_body())
    except DomainError as refusal:
        if isinstance(refusal, NotFound):
            raise
        flash(say(refusal.text), "info")
    else:
        flash(gettext("Thank you. Your answer names nobody."), "success")
    return redirect(url_for("ticket_page.show", code=code) + "#feedback-title", 303)


def _score() -> int | None:
    text = request.form.get("score", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 3 else None


def _body() -> str:
    """Longer ones are refused by the room; without what cannot be printed."""
    text = request.form.get("body", "")[: LONGEST_BODY * 2]
    return "".join(sign if sign.isprintable() else " " for sign in text)
