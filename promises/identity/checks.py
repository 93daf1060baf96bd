"""What names, addresses and zones must look like; each check returns its problems."""

import re
import unicodedata
from collections.abc import Iterable, Mapping

from promises.kernel.errors import FieldProblem, Refused
from promises.kernel.money import is_currency
from promises.kernel.text import LOCALES, N_
from promises.kernel.zones import UnknownZone, zone_of

LONGEST_NAME = 120
LONGEST_EMAIL = 254

_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_LETTER = re.compile(r"[A-Z]{1,2}")
_EMAIL = re.compile(
    r"[^\s@<>,;:\"()\[\]\\]{1,64}@[^\s@<>,;:\"()\[\]\\.]+(\.[^\s@<>,;:\"()\[\]\\.]+)+"
)
_NOT_PRINTED = ("Cc", "Cs", "Co", "Cn", "Zl", "Zp")


def refuse(problems: Iterable[FieldProblem]) -> None:
    """Raises Refused when there are any."""
    found = tuple(problems)
    if found:
        raise Refused(found)


def name(field: str, text: str, *, longest: int = LONGEST_NAME) -> list[FieldProblem]:
    """Something to read: not empty, not too long, nothing that cannot be printed."""
    if not text.strip():
        return [FieldProblem(field, N_("This is missing."))]
    if len(text) > longest:
        return [FieldProblem(field, N_("Keep this to %(most)s characters."), {"most": longest})]
    if any(unicodedata.category(sign) in _NOT_PRINTED for sign in text):
        return [FieldProblem(field, N_("This holds characters that cannot be printed."))]
    return []


def slug(field: str, text: str) -> list[FieldProblem]:
    if _SLUG.fullmatch(text):
        return []
    message = N_("Use small letters a to z, digits and hyphens, 63 at most.")
    return [FieldProblem(field, message)]


def letter(field: str, text: str) -> list[FieldProblem]:
    return (
        [] if _LETTER.fullmatch(text) else [FieldProblem(field, N_("Give one or two of A to Z."))]
    )


def locale(field: str, text: str) -> list[FieldProblem]:
    return [] if text in LOCALES else [FieldProblem(field, N_("Choose one of the languages."))]


def currency(field: str, text: str) -> list[FieldProblem]:
    if is_currency(text):
        return []
    return [FieldProblem(field, N_("Give the code of a currency, such as EUR."))]


def zone(field: str, text: str) -> list[FieldProblem]:
    try:
        zone_of(text)
    except UnknownZone:
        return [FieldProblem(field, N_("There is no time zone of this name."))]
    return []


def within(field: str, number: int, least: int, most: int) -> list[FieldProblem]:
    if least <= number <= most:
        return []
    message = N_("This must lie between %(least)s and %(most)s.")
    return [FieldProblem(field, message, {"least": least, "most": most})]


def email(field: str, text: str) -> list[FieldProblem]:
    """The form only; whether mail arrives shows when it is used."""
    if len(text) <= LONGEST_EMAIL and _EMAIL.fullmatch(text):
        return []
    return [FieldProblem(field, N_("Give an e-mail address, such as name@example.fi."))]


def names(field: str, by_locale: Mapping[str, str]) -> list[FieldProblem]:
    """One name for some of the languages, at least one."""
    if not by_locale:
        return [FieldProblem(field, N_("Give the name in at least one language."))]
    problems = []
    for code, text in by_locale.items():
        problems += locale(f"{field}/{code}", code) + name(f"{field}/{code}", text, longest=80)
    return problems


def normalise_email(text: str) -> str:
    """As it is stored and compared: no blanks around, small letters, one form of each sign."""
    return unicodedata.normalize("NFC", text.strip()).casefold()
