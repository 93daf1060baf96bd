"""A case of random or written terms, judged, for the tests of explanations."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from promises.kernel.calendars import PreparedCalendar, parse_calendar
from promises.rules.guarantee.case import Earlier
from promises.rules.guarantee.engine import evaluate
from promises.rules.guarantee.facts import read_facts, read_instant
from promises.rules.guarantee.interpreter import case_of
from promises.rules.guarantee.trial import parse_guarantee

SCHEMES = Path(__file__).parent / "schemes"
WEEK = {
    "format": 1,
    "zone": "Europe/Helsinki",
    "weekly": [[["09:00", "17:00"]]] * 5 + [[], []],
    "exceptions": {"2026-04-03": [], "2026-04-06": []},
}
FAR = (date(2020, 1, 1), date(2032, 1, 1))
PREPARED: dict = {}


def scheme(name):
    return json.loads((SCHEMES / f"{name}.json").read_text())


def terms_of(document):
    return parse_guarantee(document)


def prepared(name, document):
    if name not in PREPARED:
        PREPARED[name] = PreparedCalendar(parse_calendar(document), *FAR)
    return PREPARED[name]


def judged(document, facts, calendars=None, history=()):
    """The case and its result; a calendar that is not given opens on weekdays from 9 to 17."""
    terms = parse_guarantee(document)
    now = facts.get("now")
    known = read_facts(terms.facts, facts, terms.time_zone)
    given = calendars or {}
    opening = {name: prepared(name, given.get(name, WEEK)) for name in terms.calendars}
    earlier = [
        Earlier(
            read_instant(one["at"]),
            one["amount_minor"],
            {key: value for key, value in one.items() if isinstance(value, str)},
        )
        for one in history
    ]
    case = case_of(terms, known, None if now is None else read_instant(now), opening, earlier)
    return case, evaluate(case)


def at(text):
    """A local time of Helsinki in summer, as a fact gives it."""
    return f"{text}+03:00"


def minutes_after(instant, minutes):
    return (datetime.fromisoformat(instant) + timedelta(minutes=minutes)).astimezone(UTC)
