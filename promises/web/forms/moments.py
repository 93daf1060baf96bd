"""A day and a time of day that somebody chose, as an instant on the organisation's clocks."""

import datetime as dt
from typing import Any

from wtforms.validators import ValidationError

from promises.http.i18n import gettext
from promises.kernel.zones import resolve_local


def chosen_instant(form: Any, day: str, time: str, zone: str) -> dt.datetime:
    """What the two fields say; midnight where no time is given. Marks a time that the clocks
    skip, or a missing day, at its field and raises ValidationError."""
    if form[day].data is None:
        form[day].errors = [gettext("Give the day.")]
        raise ValidationError
    wall = dt.datetime.combine(form[day].data, form[time].data or dt.time())
    found = resolve_local(wall, zone)
    if found.problem == "nonexistent":
        form[time].errors = [gettext("The clocks skip this time on that day. Choose another.")]
        raise ValidationError
    return found.instant
