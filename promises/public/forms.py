"""What customers fill in."""

from wtforms import RadioField
from wtforms.validators import InputRequired

from promises.http.forms import Form, Line, options
from promises.http.i18n import gettext
from promises.identity.models import ContactChannel
from promises.kernel.text import N_


class FollowForm(Form):
    """Where to tell the customer of the turn."""

    channel = RadioField(N_("How shall we tell you?"), validators=[InputRequired()])
    address = Line(N_("E-mail address or phone number"), longest=254)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.channel.choices = options(
            (
                (ContactChannel.EMAIL.value, gettext("By e-mail")),
                (ContactChannel.SMS.value, gettext("By text message")),
            )
        )
        if self.channel.data is None:
            self.channel.data = ContactChannel.EMAIL.value


class SubscribeForm(Form):
    """Where news of promises go."""

    address = Line(N_("Your e-mail address"), longest=254)
