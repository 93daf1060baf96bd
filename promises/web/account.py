"""A member's own account: language, password, where one is signed in."""

from flask import Blueprint, flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from promises.http.context import current, signed_in, work
from promises.http.i18n import gettext
from promises.http.permissions import Permission, staff
from promises.identity import members, passwords, queries
from promises.identity.sessions import end_sessions, open_sessions
from promises.kernel.errors import Refused, TooMany
from promises.web.forms.account import LanguageForm
from promises.web.forms.sign_in import ChangePasswordForm
from promises.web.own_password import check_own_password

blueprint = Blueprint("account", __name__)


@blueprint.get("/staff/account")
@staff(Permission.OWN_ACCOUNT)
def page() -> str:
    return _page(LanguageForm(formdata=None, locale=signed_in().locale))


@blueprint.post("/staff/account/language")
@staff(Permission.OWN_ACCOUNT)
def set_language() -> Response | tuple[str, int]:
    form = LanguageForm()
    if not form.validate():
        return _page(form), 422
    with work() as uow:
        members.set_own_locale(
            uow.session,
            organisation_id=uow.organisation_id,
            member_id=signed_in().member_id,
            locale=form.locale.data,
        )
    return redirect(url_for("account.page", lang=form.locale.data), 303)


@blueprint.route("/staff/account/password", methods=["GET", "POST"])
@staff(Permission.OWN_ACCOUNT)
def password() -> Response | tuple[str, int]:
    """Takes the present password; every other sign-in ends."""
    form = ChangePasswordForm()
    if form.validate_on_submit():
        try:
            _change(form)
        except (Refused, TooMany) as refusal:
            form.refuse(refusal)
        else:
            flash(gettext("Your password is changed. Other sign-ins have ended."), "success")
            return redirect(url_for("account.page"), 303)
    return render_template("account/password.html", form=form), 422 if form.errors else 200


@blueprint.post("/staff/account/end-other-sign-ins")
@staff(Permission.OWN_ACCOUNT)
def end_others() -> Response:
    member = signed_in()
    with work() as uow:
        end_sessions(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            member_id=member.member_id,
            but=member.session_id,
        )
    flash(gettext("Your other sign-ins have ended."), "success")
    return redirect(url_for("account.page"), 303)


def _page(form: LanguageForm) -> str:
    member = signed_in()
    with work() as uow:
        row = queries.member_by_id(
            uow.session, organisation_id=uow.organisation_id, member_id=member.member_id
        )
        sessions = open_sessions(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            member_id=member.member_id,
        )
    return render_template(
        "account/page.html", form=form, email=row.email, sessions=sessions, own=member.session_id
    )


def _change(form: ChangePasswordForm) -> None:
    member, organisation = signed_in(), current().organisation
    email = check_own_password(form.current.data, field="current")
    words = (member.name, email, organisation.name, organisation.slug)
    problems = passwords.password_problems(form.password.data, words)
    if problems:
        raise Refused(problems)
    fresh = passwords.hash_password(form.password.data)
    with work() as uow:
        members.change_password(
            uow.session,
            organisation_id=uow.organisation_id,
            now=uow.now,
            member_id=member.member_id,
            password_hash=fresh,
            session_id=member.session_id,
        )
