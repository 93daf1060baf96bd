"""What the files to a company's core system and the calls to it have in common."""

import hashlib
import hmac

from promises.payouts.rails.base import Trouble

LEAST_KEY = 16
"""Characters of a signing key: fewer could be guessed from one file."""

_TROUBLES = {
    "account_closed": Trouble.ACCOUNT_CLOSED,
    "no_such_account": Trouble.DETAILS_WRONG,
    "blocked": Trouble.BLOCKED,
    "no_funds": Trouble.NO_FUNDS,
}


def trouble_of(reason: str | None) -> Trouble:
    return _TROUBLES.get(reason or "", Trouble.OTHER)


def sign(key: str, content: bytes) -> str:
    """HMAC-SHA256 in hexadecimal."""
    return hmac.new(key.encode(), content, hashlib.sha256).hexdigest()


def is_signed(key: str, content: bytes, signature: str) -> bool:
    return hmac.compare_digest(sign(key, content).encode(), signature.encode())
