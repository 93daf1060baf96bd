"""The form by which a call back is booked: by the customer, or by a clerk for them."""

import datetime as dt
from collections.abc import Sequence

from wtforms import RadioField
from wtforms.validators import InputRequired
from wtforms.widgets import TelInput

from promises.http.forms import Form, Line, options
from promises.http.i18n import locale
from promises.kernel.text import N_, format_datetime


class BookingForm(Form):
    """`place` is the number of a time in the offer, from zero."""

    place = RadioField(N_("When shall we call?"), validators=[InputRequired()])
    phone = Line(N_("Phone number"), longest=40, required=False, widget=TelInput())

    def offer(self, slots: Sequence[dt.datetime], zone: str) -> None:
        self.place.choices = options(
            (place, format_datetime(locale(), at, zone)) for place, at in enumerate(slots)
        )
