"""The code on a branch's wall that shows that somebody is there. It changes every minute, so that a
photograph of it is worth nothing at home."""

import datetime as dt
import hmac

from promises.kernel.ids import crockford, mac, normalise_code

MINUTE = dt.timedelta(minutes=1)
GOOD_FOR = 3
"""How many codes are good at once: the present one, and those that a slow hand may still hold."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CODE_BYTES = 10


def presence_code(token: str, now: dt.datetime) -> str:
    """The branch's code of this minute: 16 characters."""
    return _code(token, (now - _EPOCH) // MINUTE)


def is_presence_code(token: str, typed: str, now: dt.datetime) -> bool:
    """Whether this was the branch's code within the last minutes."""
    minute, given = (now - _EPOCH) // MINUTE, normalise_code(typed)
    return any(hmac.compare_digest(_code(token, minute - ago), given) for ago in range(GOOD_FOR))


def _code(token: str, minute: int) -> str:
    return crockford(mac(token.encode(), f"presence:{minute}")[:_CODE_BYTES])
