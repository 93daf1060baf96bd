"""Signing in, and choosing a password by a link."""

from typing import Any

from wtforms import HiddenField, PasswordField
from wtforms.validators import InputRequired, Length, ValidationError

from promises.http.forms import Form, Line
from promises.http.i18n import gettext
from promises.identity.passwords import LONGEST
from promises.kernel.text import N_


class SignInForm(Form):
    email = Line(N_("E-mail address"), longest=254)
    password = PasswordField(N_("Password"), [InputRequired(), Length(max=LONGEST)])
    next = HiddenField()


class AskResetForm(Form):
    email = Line(N_("E-mail address"), longest=254)


class NewPasswordForm(Form):
    password = PasswordField(N_("New password"), [InputRequired(), Length(max=LONGEST)])
    again = PasswordField(N_("New password again"), [InputRequired(), Length(max=LONGEST)])

    def validate_again(self, field: Any) -> None:
        if field.data != self.password.data:
            raise ValidationError(gettext("The two passwords differ. Type the same one twice."))


class ChangePasswordForm(NewPasswordForm):
    current = PasswordField(N_("Present password"), [InputRequired(), Length(max=LONGEST)])
