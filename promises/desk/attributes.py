"""Facts by name that somebody gives with a ticket, for the terms of promises. Pure."""

import datetime as dt
import json
import re
from collections.abc import Mapping

from promises.desk.claims import TOLERANCE
from promises.desk.models import EventKind
from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.text import N_

MOST = 50
LARGEST = 10**18
LONGEST_DOCUMENT = 20_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
OWN_NAMES = frozenset({f"{kind.value}_at" for kind in EventKind} | {"told", "legs"})
"""What a ticket's own events say; nobody else may."""


def check_attributes(given: Mapping[str, object] | None, field: str = "/attributes") -> None:
    """Names in small letters, values as JSON has them but without fractions: these come as text.

    Raises Refused with a problem for each place.
    """
    if not given:
        return
    problems = [FieldProblem(f"{field}/{name}", text) for name, text in _wrong(given)]
    if not problems and len(json.dumps(given, default=str)) > LONGEST_DOCUMENT:
        problems = [FieldProblem(field, N_("These facts are too long."))]
    if len(given) > MOST:
        problems.append(FieldProblem(field, N_("Give at most %(most)s facts."), {"most": MOST}))
    if problems:
        raise Refused(problems)


def tells_the_past(given: Mapping[str, object], now: dt.datetime) -> bool:
    """Whether some value names an instant that is too far back for us to vouch for."""
    return any(_past(value, now) for value in given.values())


def as_vouched(given: Mapping[str, object], known_at: dt.datetime) -> dict[str, object]:
    """The facts as far as we vouch for them, who learnt of them at `known_at`: what is said to have
    happened before had happened by then. A list of past times is left out: nobody can say what of
    it was so by when."""
    found: dict[str, object] = {}
    for name, value in given.items():
        if not _past(value, known_at):
            found[name] = value
        elif isinstance(value, str):
            found[name] = known_at.isoformat()
    return found


def _past(value: object, now: dt.datetime) -> bool:
    if isinstance(value, Mapping):
        return any(_past(one, now) for one in value.values())
    if isinstance(value, list):
        return any(_past(one, now) for one in value)
    at = _instant(value)
    return at is not None and now - at > TOLERANCE


def _instant(value: object) -> dt.datetime | None:
    """An instant has a time and an offset; a day or a word is none."""
    if not isinstance(value, str) or len(value) <= len("2026-01-01"):
        return None
    try:
        at = dt.datetime.fromisoformat(value)
    except ValueError:
        return None
    return None if at.utcoffset() is None else at


def _wrong(given: Mapping[str, object]) -> list[tuple[str, str]]:
    found = []
    for name, value in given.items():
        if name in OWN_NAMES:
            found.append((name, N_("The ticket's own events say this.")))
        elif not _NAME.fullmatch(name):
            found.append((name, N_("A name has small letters, digits and _ only.")))
        elif not _plain(value, 0):
            found.append((name, N_('Give fractions as text, such as "12.5".')))
    return found


def _plain(value: object, depth: int) -> bool:
    if depth > 3:
        return False
    if isinstance(value, Mapping):
        return all(
            isinstance(name, str) and name.isprintable() and _plain(one, depth + 1)
            for name, one in value.items()
        )
    if isinstance(value, list):
        return all(_plain(one, depth + 1) for one in value)
    if isinstance(value, str):
        return value.isprintable()
    return value is None or (isinstance(value, int) and abs(value) < LARGEST)
