"""Coming in and leaving: sign-in, its second step, sign-out, invitations, resets, the
demonstration's links."""

import ipaddress
from urllib.parse import unquote, urlsplit

from flask import (
    Blueprint,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from werkzeug.wrappers import Response

from promises.db.session import unit_of_work
from promises.flows import demo_sign_in as demo
from promises.flows import second_step
from promises.flows.request_reset import request_reset
from promises.flows.second_step import Proof
from promises.flows.sign_in import Attempt, HalfWay, SignedIn, sign_in
from promises.http import cookies
from promises.http.context import current, signed_in, work
from promises.http.i18n import gettext, prefer
from promises.http.limits import client_address, guard
from promises.http.permissions import Permission, public, staff
from promises.http.site import is_demonstration, site, takes_passkeys
from promises.identity import members, passwords
from promises.identity.errors import (
    CeremonyOver,
    FactorRefused,
    PasskeyRefused,
    WrongCredentials,
)
from promises.identity.members import Holder
from promises.identity.models import TokenPurpose
from promises.identity.sessions import end_session
from promises.kernel.actors import SYSTEM
from promises.kernel.errors import DomainError, FieldProblem, Forbidden, Refused, TooMany
from promises.web.forms.second_step import SecondStepForm
from promises.web.forms.sign_in import AskResetForm, NewPasswordForm, SignInForm

blueprint = Blueprint("sign_in", __name__)

HALF_WAY = "half_way"
"""In the form cookie: the sign-in that waits for its second step, and where it leads."""


@blueprint.get("/sign-in")
@public
def form() -> str:
    asked = SignInForm(formdata=None, next=request.args.get("next", ""))
    return _form(asked)


@blueprint.post("/sign-in")
@public
def enter() -> Response | tuple[str, int]:
    asked = SignInForm()
    if not asked.validate():
        return _form(asked), 422
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
    if isinstance(came, HalfWay):
        session[HALF_WAY] = {"token": came.token, "next": asked.next.data}
        return redirect(url_for("sign_in.second_step_form"), 303)
    return _known_here(came, asked.next.data)


@blueprint.get("/sign-in/second-step")
@public
def second_step_form() -> Response | str:
    if HALF_WAY not in session:
        return redirect(url_for("sign_in.form"), 303)
    return _second_step(SecondStepForm(formdata=None))


@blueprint.post("/sign-in/second-step")
@public
def take_second_step() -> Response | tuple[str, int]:
    """After the password; a wrong code can be tried again, and not often."""
    asked, half_way = SecondStepForm(), session.get(HALF_WAY)
    if half_way is None:
        return redirect(url_for("sign_in.form"), 303)
    if not asked.validate():
        return _second_step(asked), 422
    try:
        came = second_step.finish_sign_in(
            current().organisation_id,
            token=half_way["token"],
            proof=Proof(code=asked.code.data or "", recovery=asked.recovery.data or ""),
            known=request.cookies.get(cookies.known_cookie()),
        )
    except FactorRefused as refusal:
        field = "recovery" if asked.recovery.data else "code"
        asked.refuse(Refused([FieldProblem(field, refusal.message)]))
        return _second_step(asked), refusal.status
    except TooMany as refusal:
        asked.refuse(refusal)
        return _slow_down(_second_step(asked), refusal)
    except (CeremonyOver, WrongCredentials) as refusal:
        session.pop(HALF_WAY)
        return _start_again(refusal)
    return _known_here(came, half_way["next"])


@blueprint.post("/sign-in/passkey/begin")
@public
def passkey_begin() -> Response:
    """Names nobody: whoever asks learns nothing of who is a member here."""
    guard("passkey", limit=30, window_s=60)
    challenge = second_step.begin_passkey_sign_in(current().organisation_id, site=site())
    return jsonify(options=challenge.options, token=challenge.token)


@blueprint.post("/sign-in/passkey")
@public
def enter_by_passkey() -> Response | tuple[str, int]:
    """In place of password and code."""
    guard("passkey-answer", limit=30, window_s=60)
    proof = Proof(answer=request.form.get("answer", ""), token=request.form.get("token", ""))
    try:
        came = second_step.sign_in_by_passkey(current().organisation_id, proof=proof, site=site())
    except (PasskeyRefused, CeremonyOver, WrongCredentials) as refusal:
        refused = refusal if isinstance(refusal, CeremonyOver) else PasskeyRefused()
        return _start_again(refused)
    return _known_here(came, request.form.get("next"))


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
    if not (is_demonstration() and _asked_from_here()):
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
    if isinstance(refusal, TooMany):
        return _slow_down(_form(asked), refusal)
    return current_app.make_response((_form(asked), refusal.status))


def _slow_down(body: str, refusal: TooMany) -> Response:
    response = current_app.make_response((body, refusal.status))
    response.headers["Retry-After"] = str(refusal.retry_after)
    return response


def _start_again(refusal: DomainError) -> tuple[str, int]:
    """The first form, with what stood against the second step."""
    asked = SignInForm(formdata=None)
    asked.refuse(refusal)
    return _form(asked), refusal.status


def _form(asked: SignInForm) -> str:
    return render_template("sign_in/form.html", form=asked, takes_passkeys=takes_passkeys())


def _second_step(asked: SecondStepForm) -> str:
    """What was typed is not shown again: a code works once."""
    asked.code.data = asked.recovery.data = ""
    return render_template(
        "sign_in/second_step.html",
        form=asked,
        takes_passkeys=takes_passkeys(),
        wanted=session[HALF_WAY]["next"],
    )


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


def _known_here(came: SignedIn, wanted: str | None) -> Response:
    """In, and this browser is known to be the member's from now on."""
    response = _come_in(came.token, wanted)
    cookies.set_known(response, came.known)
    return response


def _come_in(token: str, wanted: str | None) -> Response:
    """To the page that was asked for, else to the start, with nothing kept from before."""
    session.clear()
    response = redirect(_own_page(wanted) or url_for("home.start"), 303)
    cookies.set_session(response, token)
    return response


def _own_page(wanted: str | None) -> str | None:
    """Only a path of this organisation's staff pages: a link could name anything, and a browser
    follows dots out of them to the pages of another organisation."""
    if not wanted or "\\" in wanted or not wanted.isprintable():
        return None
    parts = urlsplit(wanted)
    steps = unquote(parts.path).split("/")
    inside = steps[:4] == ["", "o", current().organisation.slug, "staff"]
    if not inside or parts.scheme or parts.netloc or {".", ".."} & set(steps):
        return None
    return wanted


def _asked_from_here() -> bool:
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
