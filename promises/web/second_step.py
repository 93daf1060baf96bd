"""A member's own second step: an app that shows codes, passkeys, recovery codes; and confirming."""

import json
import uuid

from cryptography.fernet import InvalidToken
from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from promises.flows import change_factors, second_step
from promises.http import proofs
from promises.http.context import current, signed_in, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.http.proofs import ProofForm
from promises.http.qr import qr
from promises.http.site import site, takes_passkeys
from promises.identity import ceremonies, factor_codes, factors, keys, passkeys, queries
from promises.identity.ceremonies import Begun
from promises.identity.errors import CeremonyOver, FactorRefused, PasskeyRefused
from promises.identity.factor_models import CeremonyPurpose
from promises.identity.factors import Factors
from promises.identity.session_models import ShownBy
from promises.kernel.errors import DomainError, FieldProblem, Refused, TooMany
from promises.web.forms.second_step import AppForm, PasskeyForm
from promises.web.own_password import check_own_password

blueprint = Blueprint("second_step", __name__)


@blueprint.get("/staff/account/second-step")
@staff(Permission.OWN_ACCOUNT)
def page() -> str:
    member = signed_in()
    with work() as uow:
        held = passkeys.list_passkeys(
            uow.session, organisation_id=uow.organisation_id, member_id=member.member_id
        )
    return render_template(
        "second_step/page.html", has=_factors(), passkeys=held, takes_passkeys=takes_passkeys()
    )


@blueprint.route("/staff/account/second-step/app", methods=["GET", "POST"])
@staff(Permission.OWN_ACCOUNT)
def app() -> ResponseReturnValue:
    """Whoever has a second step shows it first; whoever has none gives the password."""
    by_password = _needs_password()
    if request.method == "POST" and not by_password and (asks := proofs.demand()) is not None:
        return asks
    form = AppForm()
    secret = _secret(form) if request.method == "POST" else factor_codes.new_secret()
    if form.validate_on_submit():
        try:
            if by_password:
                check_own_password(form.password.data or "")
            with work() as uow:
                codes = change_factors.add_app(
                    uow, member=signed_in(), secret=secret, code=form.code.data
                )
        except FactorRefused as refusal:
            form.refuse(Refused([FieldProblem("code", refusal.message)]))
        except (Refused, TooMany) as refusal:
            form.refuse(refusal)
        else:
            return _done(gettext("Your app is set up. Codes of another app no longer work."), codes)
    form.code.data = ""
    return _app_page(form, secret, by_password), 422 if form.errors else 200


@blueprint.route("/staff/account/second-step/passkey", methods=["GET", "POST"])
@staff(Permission.OWN_ACCOUNT)
def passkey() -> ResponseReturnValue:
    by_password = _needs_password()
    if request.method == "POST" and not by_password and (asks := proofs.demand()) is not None:
        return asks
    form = PasskeyForm()
    if form.validate_on_submit():
        try:
            if by_password:
                check_own_password(form.password.data or "")
            codes = _add_passkey(form)
        except DomainError as refusal:
            form.refuse(refusal)
        else:
            return _done(gettext("The passkey is set up."), codes)
    return render_template(
        "second_step/passkey.html",
        form=form,
        by_password=by_password,
        takes_passkeys=takes_passkeys(),
    ), 422 if form.errors else 200


@blueprint.post("/staff/account/second-step/passkey/begin")
@staff(Permission.OWN_ACCOUNT)
def passkey_begin() -> Response:
    """The challenge for the browser; adding it asks for more than this."""
    member = signed_in()
    with work() as uow:
        challenge = passkeys.begin_adding(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            member_id=member.member_id,
            session_id=member.session_id,
            site=site(),
        )
    return jsonify(options=challenge.options, token=challenge.token)


@blueprint.post("/staff/account/second-step/codes")
@staff(Permission.OWN_ACCOUNT, fresh=True)
def new_codes() -> str:
    """Shown in the answer and never again."""
    with work() as uow:
        codes = change_factors.make_codes(uow, member_id=signed_in().member_id)
    return render_template("second_step/codes.html", codes=codes)


@blueprint.post("/staff/account/second-step/app/remove")
@staff(Permission.OWN_ACCOUNT, fresh=True)
def remove_app() -> Response:
    with work() as uow:
        change_factors.remove_app(uow, member_id=signed_in().member_id)
    flash(gettext("The app is removed. Its codes no longer work."), "success")
    return redirect(url_for("second_step.page"), 303)


@blueprint.post("/staff/account/second-step/passkeys/<uuid:passkey_id>/remove")
@staff(Permission.OWN_ACCOUNT, fresh=True)
def remove_passkey(passkey_id: uuid.UUID) -> Response:
    with work() as uow:
        change_factors.remove_passkey(uow, member_id=signed_in().member_id, passkey_id=passkey_id)
    flash(gettext("The passkey is removed. It no longer works here."), "success")
    return redirect(url_for("second_step.page"), 303)


@blueprint.route("/staff/confirm", methods=["GET", "POST"])
@staff(Permission.OWN_ACCOUNT)
def confirm() -> ResponseReturnValue:
    """Show a second step before anything is chosen."""
    form = ProofForm(prefix="proof-")
    if not form.is_submitted():
        return proofs.page(status=200)
    try:
        proofs.prove(form)
    except (FactorRefused, PasskeyRefused, CeremonyOver, TooMany) as refusal:
        return proofs.page(form=form, refusal=refusal)
    flash(gettext("Thank you. For five minutes you are not asked again."), "success")
    return redirect(url_for("home.start"), 303)


@blueprint.post("/staff/confirm/begin")
@staff(Permission.OWN_ACCOUNT)
def confirm_begin() -> Response:
    with work() as uow:
        challenge = second_step.begin_confirming(uow, member=signed_in(), site=site())
    return jsonify(options=challenge.options, token=challenge.token)


def _factors() -> Factors:
    with work() as uow:
        return factors.factors_of(
            uow.session, organisation_id=uow.organisation_id, member_id=signed_in().member_id
        )


def _needs_password() -> bool:
    """The first second step is set up with the password: nothing else is there to show. Members of
    a demonstration have no password; their one click stands for it."""
    return signed_in().shown_by is not ShownBy.DEMONSTRATION and not _factors().any


def _app_page(form: AppForm, secret: str, by_password: bool) -> str:
    member = signed_in()
    with work() as uow:
        email = queries.member_by_id(
            uow.session, organisation_id=uow.organisation_id, member_id=member.member_id
        ).email
    issuer = current().organisation.name
    form.secret.data = keys.seal(_key(), json.dumps([str(member.session_id), secret])).decode()
    return render_template(
        "second_step/app.html",
        form=form,
        drawing=qr(factor_codes.app_address(secret, account=email, issuer=issuer)),
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        by_password=by_password,
    )


def _secret(form: AppForm) -> str:
    """The one that this session's page has shown. Raises CeremonyOver."""
    try:
        session_id, secret = json.loads(keys.unseal(_key(), (form.secret.data or "").encode()))
    except (InvalidToken, ValueError, TypeError) as error:
        raise CeremonyOver() from error
    if session_id != str(signed_in().session_id):
        raise CeremonyOver()
    return str(secret)


def _key() -> bytes:
    return keys.known_key(current().organisation_id, keys.Purpose.FACTOR)


def _add_passkey(form: PasskeyForm) -> list[str]:
    if not form.answer.data:
        raise PasskeyRefused()
    begun = _begun(form.token.data or "")
    with work() as uow:
        return change_factors.add_passkey(
            uow,
            member=signed_in(),
            begun=begun,
            answer=form.answer.data,
            name=form.name.data,
            site=site(),
        )


def _begun(token: str) -> Begun:
    """In a transaction of its own: the challenge is used up, whatever the answer is worth."""
    with work() as uow:
        return ceremonies.take(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            purpose=CeremonyPurpose.PASSKEY_ADD,
            token=token,
            session_id=signed_in().session_id,
        )


def _done(words: str, codes: list[str]) -> Response | str:
    """Back to the overview; the first second step comes with recovery codes, shown once."""
    flash(words, "success")
    if codes:
        return render_template("second_step/codes.html", codes=codes)
    return redirect(url_for("second_step.page"), 303)
