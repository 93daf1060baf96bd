"""Setting up a second step."""

from wtforms import HiddenField, PasswordField
from wtforms.validators import Length, Optional

from promises.http.forms import Form, Line
from promises.identity.passwords import LONGEST
from promises.kernel.text import N_


class AppForm(Form):
    """`secret` travels sealed; `password` is asked of somebody without any second step."""

    secret = HiddenField()
    code = Line(N_("Code from your app"), longest=20)
    password = PasswordField(N_("Present password"), [Optional(), Length(max=LONGEST)])


class PasskeyForm(Form):
    name = Line(N_("Name of this passkey"), longest=60)
    password = PasswordField(N_("Present password"), [Optional(), Length(max=LONGEST)])
    answer = HiddenField()
    token = HiddenField()


class SecondStepForm(Form):
    """The second step of a sign-in."""

    code = Line(N_("Code from your app"), longest=20, required=False)
    recovery = Line(N_("Recovery code"), longest=40, required=False)
