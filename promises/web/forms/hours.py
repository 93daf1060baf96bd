"""Opening hours as people write them: `10:00–16:30`, `9-12, 13-17`, or nothing for a closed day."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import DateField, HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired, ValidationError

from promises.http.forms import Form, Line, WholeNumber, options
from promises.http.i18n import country_name, gettext
from promises.identity.public_holidays import COUNTRIES
from promises.kernel.hours import MINUTES_A_DAY, Windows
from promises.kernel.text import N_
from promises.web.forms.branches import time_zones

PATTERNS: dict[str, tuple[str, tuple[Windows, ...]]] = {
    "days": (
        N_("Business days: Monday to Friday, the whole day"),
        (*((((0, MINUTES_A_DAY),),) * 5), (), ()),
    ),
    "office": (
        N_("Office hours: Monday to Friday, 9:00–17:00"),
        (*((((540, 1020),),) * 5), (), ()),
    ),
    "always": (N_("Always: every day and night"), (((0, MINUTES_A_DAY),),) * 7),
}
"""The week that a new calendar begins with."""

LONGEST_CHANGES = 190_000

_TIME = r"(\d{1,2})(?:[.:](\d{2}))?"
_RANGE = re.compile(rf"{_TIME}\s*(?:-|–|—)\s*{_TIME}")
_BETWEEN = re.compile(r"\s*[,;]\s*")
_UNREADABLE = N_("Write it like 10:00–16:30, or 9–12, 13–17. Leave it empty when it is closed.")


def read_windows(text: str) -> Windows:
    """Raises ValueError for what is no list of opening times. A closing time that is not after
    the opening time belongs to the next day."""
    windows = []
    for part in _BETWEEN.split(text.strip()):
        if not part:
            continue
        found = _RANGE.fullmatch(part)
        if found is None:
            raise ValueError(part)
        opens, closes = _minute(found[1], found[2]), _minute(found[3], found[4])
        if closes <= opens:
            closes += MINUTES_A_DAY
        windows.append((opens, closes))
    return tuple(windows)


def write_windows(windows: Sequence[tuple[int, int]]) -> str:
    """The other way round."""
    return ", ".join(f"{_clock(opens)}–{_clock(closes)}" for opens, closes in windows)


def _minute(hour: str, minute: str | None) -> int:
    number = int(hour) * 60 + int(minute or 0)
    if int(minute or 0) > 59 or number > MINUTES_A_DAY:
        raise ValueError(hour)
    return number


def _clock(minute: int) -> str:
    within = minute if minute <= MINUTES_A_DAY else minute - MINUTES_A_DAY
    return f"{within // 60:02d}:{within % 60:02d}"


class Hours(Line):
    """A line of opening times; `windows` when it could be read."""

    windows: Windows = ()

    def __init__(self, label: str = "", **others: Any) -> None:
        super().__init__(label, longest=200, required=False, **others)

    def pre_validate(self, form: object) -> None:
        try:
            self.windows = read_windows(self.data or "")
        except ValueError:
            raise ValidationError(gettext(_UNREADABLE)) from None


class VersionForm(Form):
    """`version`: the hours that the writer had before them."""

    version = HiddenField()

    def expected(self) -> int:
        """The version's number; 0, which none has, for what is no number."""
        text = self.version.data or ""
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


class WeekForm(VersionForm):
    day_0 = Hours()
    day_1 = Hours()
    day_2 = Hours()
    day_3 = Hours()
    day_4 = Hours()
    day_5 = Hours()
    day_6 = Hours()

    def weekly(self) -> tuple[Windows, ...]:
        return tuple(self[f"day_{index}"].windows for index in range(7))


class ExceptionForm(VersionForm):
    on = DateField(N_("Date"), [InputRequired()])
    hours = Hours(N_("Opening hours"))
    note = Line(N_("Why"), longest=80, required=False)

    def validate_on(self, field: Any) -> None:
        if field.data is not None and not dt.date(1900, 1, 1) <= field.data <= dt.date(2200, 1, 1):
            raise ValidationError(gettext("Give a date between 1900 and 2200."))


class RemoveExceptionForm(VersionForm):
    on = DateField(N_("Date"), [InputRequired()])


class HolidaysForm(Form):
    country = SelectField(N_("Country"))
    year = WholeNumber(N_("Year"), [InputRequired()])

    def offer(self) -> None:
        self.country.choices = options((code, country_name(code)) for code in COUNTRIES)

    def validate_year(self, field: Any) -> None:
        if field.data is not None and not 1990 <= field.data <= 2100:
            raise ValidationError(gettext("Give a year between 1990 and 2100."))


class NewCalendarForm(Form):
    name = Line(N_("Name"), longest=80)
    time_zone = SelectField(N_("Time zone"))
    pattern = RadioField(N_("Open at first"))

    def offer(self) -> None:
        self.time_zone.choices = options((name, name) for name in time_zones())
        self.pattern.choices = options((key, gettext(text)) for key, (text, _) in PATTERNS.items())

    def weekly(self) -> tuple[Windows, ...]:
        return PATTERNS[self.pattern.data][1]


class CalendarFileForm(Form):
    file = FileField(N_("Calendar file"), [FileRequired(N_("Choose a file."))])


class ApplyForm(VersionForm):
    """`changes`: the days of a preview, as `web.calendar_files` writes them."""

    changes = HiddenField()
