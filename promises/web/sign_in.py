"""Coming in and leaving: sign-in, sign-out, invitations, resets, the demonstration's links."""

import ipaddress
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from config import Config
from promises.db.session import unit_of_work
from promises.flows import demo_sign_in as demo
from promises.flows.request_reset import request_reset
from promises.flows.sign_in import Attempt, sign_in
from promises.http import cookies
from promises.http.context import current, signed_in, work
from promises.http.i18n import gettext, prefer
from promises.http.limits import client_address, guard
from promises.http.permissions import Permission, public, staff
from promises.identity import members, passwords
from promises.identity.errors import WrongCredentials
from promises.identity.members import Holder
from promises.identity.models import TokenPurpose
from promises.identity.sessions import end_session
from promises.kernel.actors import SYSTEM
from promises.kernel.errors import Forbidden, Refused, TooMany
from promises.web.forms.sign_in import AskResetForm, NewPasswordForm, SignInForm

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/sign-in")
@public
def form() -> str:
    asked = SignInForm(formdata=None, next=request.args.get("next", ""))
    return render_template("sign_in/form.html", form=asked)


@blueprint.post("/sign-in")
@public
def enter() -> Response | tuple[str, int]:
    asked = SignInForm()
    if not asked.validate():
        return render_template("sign_in/form.html", form=asked), 422
    attempt = Attempt(
        email=asked.email.data,
        password=asked.password.data,
        address=client_address(),
        known=request.cookies.get(cookies.known_cookie()),
    )
    try:
        came = sign_in(current().organisation_id, attempt)
    except (WrongCredentials, TooMany) as refusal:
        return _refused(asked, refusal)
    response = _come_in(came.token, asked.next.data)
    cookies.set_known(response, came.known)
    return response


@blueprint.post("/sign-out")
@staff(Permission.OWN_ACCOUNT)
def leave() -> Response:
    with work() as uow:
        end_session(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            session_id=signed_in().session_id,
        )
    session.clear()
    flash(gettext("You have signed out."), "success")
    response = redirect(url_for("sign_in.form"), 303)
    cookies.drop(response, cookies.session_cookie())
    return response


@blueprint.route("/reset", methods=["GET", "POST"])
@public
def ask_reset() -> str | tuple[str, int]:
    """Says the same whether the address is known or not."""
    asked = AskResetForm()
    if request.method == "GET" or not asked.validate():
        status = 422 if asked.errors else 200
        return render_template("sign_in/ask_reset.html", form=asked), status
    guard("reset", limit=10, window_s=900)
    guard("reset", limit=3, window_s=900, key=asked.email.data.casefold())
    with unit_of_work(current().organisation_id, SYSTEM) as uow:
        request_reset(uow, email=asked.email.data)
    return render_template("sign_in/reset_sent.html", email=asked.email.data)


@blueprint.route("/reset/<token:token>", methods=["GET", "POST"])
@public
def reset(token: str) -> Response | str | tuple[str, int]:
    return _choose_password(token, TokenPurpose.RESET)


@blueprint.route("/invitation/<token:token>", methods=["GET", "POST"])
@public
def invitation(token: str) -> Response | str | tuple[str, int]:
    return _choose_password(token, TokenPurpose.INVITE)


@blueprint.get("/demo-sign-in/<token:token>")
@public
def demo_sign_in(token: str) -> Response:
    """One click, once: on the embedded server of a demonstration, from this very machine."""
    config: Config = current_app.config["LUPAUS"]
    if not (config.demo and config.embedded and _asked_from_here()):
        raise Forbidden()
    with unit_of_work(current().organisation_id, SYSTEM) as uow:
        session_token = demo.demo_sign_in(uow, token=token)
    return _come_in(session_token, None)


def _choose_password(token: str, purpose: TokenPurpose) -> Response | str | tuple[str, int]:
    guard("link", limit=30, window_s=900)
    holder = _holder(token, purpose)
    asked = NewPasswordForm()
    page = {"form": asked, "holder": holder, "invited": purpose is TokenPurpose.INVITE}
    if request.method == "GET":
        return render_template("sign_in/new_password.html", **page)
    if asked.validate():
        problems = passwords.password_problems(asked.password.data, holder.words)
        if problems:
            asked.refuse(Refused(problems))
    if asked.errors:
        return render_template("sign_in/new_password.html", **page), 422
    fresh = passwords.hash_password(asked.password.data)
    with unit_of_work(current().organisation_id, SYSTEM) as uow:
        members.set_password_by_link(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            purpose=purpose,
            token=token,
            password_hash=fresh,
        )
    flash(gettext("Your password is set. Sign in with it."), "success")
    return redirect(url_for("sign_in.form"), 303)


def _refused(asked: SignInForm, refusal: WrongCredentials | TooMany) -> Response:
    """The form again, what was typed kept, but for the password."""
    asked.refuse(refusal)
    body = render_template("sign_in/form.html", form=asked)
    response = current_app.make_response((body, refusal.status))
    if isinstance(refusal, TooMany):
        response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _holder(token: str, purpose: TokenPurpose) -> Holder:
    with unit_of_work(current().organisation_id, SYSTEM) as uow:
        holder = members.holder_of(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            purpose=purpose,
            token=token,
        )
    prefer(holder.locale)
    return holder


def _come_in(token: str, wanted: str | None) -> Response:
    """To the page that was asked for, else to the start, with nothing kept from before."""
    session.clear()
    response = redirect(_own_page(wanted) or url_for("home.start"), 303)
    cookies.set_session(response, token)
    return response


def _own_page(wanted: str | None) -> str | None:
    """Only a path of this organisation's staff pages: a link could name anything."""
    if not wanted or "\\" in wanted or not wanted.isprintable():
        return None
    parts = urlsplit(wanted)
    inside = parts.path.startswith(f"/o/{current().organisation.slug}/staff")
    return wanted if inside and not parts.scheme and not parts.netloc else None


def _asked_from_here() -> bool:
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
