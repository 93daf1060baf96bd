"""Times as people type them: `Fri 15:50`, `27.3. 9:00`, `pe klo 15.50`, `2026-03-27 15:50`.

A day of the week is the first such day from the day before it in the story on; a day without a
year is of that day's year. Times are those of the organisation's clocks; a time that comes twice
on the day when the clocks go back is the first of the two, unless an offset says which.
"""

import datetime as dt
import re

from promises.http.i18n import gettext
from promises.kernel.text import N_
from promises.kernel.zones import resolve_local

UNREADABLE = N_("Give a day and a time, such as Fri 15:50, 27.3. 15:50 or 2026-03-27 15:50.")
SKIPPED = N_("The clocks skip this time on that day. Choose another.")

_WEEKDAYS = (
    (("mon", "ma", "må", "mån"), ("monday", "maanantai", "måndag")),
    (("tue", "ti", "tis"), ("tuesday", "tiistai", "tisdag")),
    (("wed", "ke", "ons"), ("wednesday", "keskiviikko", "onsdag")),
    (("thu", "to", "tor"), ("thursday", "torstai", "torsdag")),
    (("fri", "pe", "fre"), ("friday", "perjantai", "fredag")),
    (("sat", "la", "lö", "lör"), ("saturday", "lauantai", "lördag")),
    (("sun", "su", "sö", "sön"), ("sunday", "sunnuntai", "söndag")),
)
"""Short names, and whole ones that may have an ending."""

_TIME = re.compile(r"(?:klo|kl\.?|at)?\s*(\d{1,2})[:.](\d{2})(?::(\d{2}))?\s*([+-]\d{2}:\d{2})?$")
_ISO_MARK = re.compile(r"^(\s*\d{4}-\d{2}-\d{2})t(?=\d)")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})$")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})?$")
_WORD = re.compile(r"([^\W\d_]+)\.?$")


class NotATime(ValueError):
    """The text is no time; says in words what it should be."""


def typed_time(text: str, after: dt.date, zone: str) -> dt.datetime:
    """The instant, in UTC. `after` is the day from which the story goes on. Raises NotATime."""
    plain = " ".join(_ISO_MARK.sub(r"\1 ", text.casefold()).split())
    match = _TIME.search(plain)
    if match is None:
        raise NotATime(gettext(UNREADABLE))
    day = typed_day(plain[: match.start()].strip().rstrip(","), after)
    try:
        clock = dt.time(int(match[1]), int(match[2]), int(match[3] or 0))
    except ValueError:
        raise NotATime(gettext(UNREADABLE)) from None
    wall = dt.datetime.combine(day, clock)
    if match[4]:
        aware = dt.datetime.fromisoformat(f"{wall.isoformat()}{match[4]}")
        return aware.astimezone(dt.UTC)
    found = resolve_local(wall, zone)
    if found.problem == "nonexistent":
        raise NotATime(gettext(SKIPPED))
    return found.instant


def typed_day(text: str, after: dt.date) -> dt.date:
    """The day; empty is `after` itself. Raises NotATime."""
    plain = text.strip().casefold()
    if not plain:
        return after
    try:
        if match := _ISO.match(plain):
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        if match := _DOTTED.match(plain):
            return dt.date(int(match[3] or after.year), int(match[2]), int(match[1]))
    except ValueError:
        raise NotATime(gettext(UNREADABLE)) from None
    match = _WORD.match(plain)
    for number, (short, whole) in enumerate(_WEEKDAYS):
        if match and (match[1] in short or match[1].startswith(whole)):
            return after + dt.timedelta(days=(number - after.weekday()) % 7)
    raise NotATime(gettext(UNREADABLE))
