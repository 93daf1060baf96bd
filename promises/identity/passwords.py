"""Passwords: hashed with argon2, judged by length and by how guessable they are."""

import re
import threading
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from promises.kernel.errors import FieldProblem, TooMany
from promises.kernel.ids import new_token
from promises.kernel.text import N_

SHORTEST = 15
LONGEST = 256
_ENOUGH_LEFT = 6

AT_ONCE = 2
"""Each hash takes 64 MiB and a core: more at once would stall the pages of everybody else."""
_WAIT_SECONDS = 10.0
_RETRY_SECONDS = 2

_hasher = PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1)
_places = threading.BoundedSemaphore(AT_ONCE)

_COMMON_WORDS = """
    password passwort passord salasana salasanani lösenord losenord lösenordet qwerty
    qwertyuiop qwertyuiopå asdfgh asdfghjkl zxcvbn zxcvbnm letmein welcome tervetuloa
    välkommen hejhej moimoi admin administrator root user test testi temp temporary secret
    salainen hemligt changeme default login kirjaudu iloveyou rakkaus kärlek dragon monkey
    football jalkapallo sunshine princess finland suomi sverige sweden perkele iltapäivä kesä
    talvi syksy kevät sommar vinter bank pankki lupaus löfte promise asiakaslupaus kundlöfte
    summer winter spring autumn monday maanantai
"""
_COMMON = frozenset(_COMMON_WORDS.split())
_KEY_ROWS = ("qwertyuiopåasdfghjklöäzxcvbnm", "1234567890", "abcdefghijklmnopqrstuvwxyzåäö")
_RUN = 4


def hash_password(password: str) -> str:
    """Takes some tenths of a second: call it with no transaction open. TooMany when the machine
    is busy with others' passwords for long."""
    with _Place():
        return _hasher.hash(_plain(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether it is the one. Without a stored hash (nobody of that address) the same time goes by
    and the answer is no."""
    with _Place():
        try:
            return _hasher.verify(stored or _nobodys(), _plain(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Whether it was hashed with weaker settings than today's."""
    return _hasher.check_needs_rehash(stored)


def password_problems(password: str, words: Collection[str] = ()) -> list[FieldProblem]:
    """Why this cannot be the password of somebody known by `words` (own name and address, the
    organisation's name): too short, or made of what everybody tries first."""
    text = _plain(password)
    if len(text) < SHORTEST:
        message = N_("Use at least %(least)s characters. A few words in a row are easy to keep.")
        return [FieldProblem("password", message, {"least": SHORTEST})]
    if len(text) > LONGEST:
        message = N_("Keep it to %(most)s characters.")
        return [FieldProblem("password", message, {"most": LONGEST})]
    if any(unicodedata.category(sign) in ("Cc", "Cs", "Cn", "Co") for sign in text):
        return [FieldProblem("password", N_("It holds characters that cannot be typed."))]
    if len(_unguessable(text, words)) < _ENOUGH_LEFT:
        message = N_(
            "This one is easy to guess: it is made of names, common words or neighbouring keys. "
            "Add a few words of your own."
        )
        return [FieldProblem("password", message)]
    return []


class _Place:
    """One of the few places for hashing."""

    def __enter__(self) -> None:
        if not _places.acquire(timeout=_WAIT_SECONDS):
            raise TooMany(retry_after=_RETRY_SECONDS)

    def __exit__(self, *_: object) -> None:
        _places.release()


def _plain(password: str) -> str:
    """One form of each sign: keyboards differ in how they make an ä."""
    return unicodedata.normalize("NFKC", password[: LONGEST * 4])


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash(new_token())


def _unguessable(text: str, words: Collection[str]) -> str:
    """The distinct letters and digits left when everything easy is taken out."""
    left = "".join(sign for sign in text.casefold() if sign.isalnum())
    known = {part for word in words for part in re.split(r"[\W_]+", word.casefold())}
    easy = [word for word in {*known, *_COMMON} if len(word) >= 3]
    for word in sorted(easy, key=len, reverse=True):
        left = left.replace(word, " ")
    for row in _KEY_ROWS:
        for line in (row, row[::-1]):
            left = _without_runs(left, line)
    return "".join(sorted(set(left.replace(" ", ""))))


def _without_runs(text: str, line: str) -> str:
    """Without any stretch of at least four signs that stand side by side on `line`."""
    for length in range(len(line), _RUN - 1, -1):
        for start in range(len(line) - length + 1):
            text = text.replace(line[start : start + length], " ")
    return text
