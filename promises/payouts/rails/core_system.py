"""What the files to a company's core system and the calls to it have in common."""

import hashlib
import hmac
import re

from promises.payouts.rails.base import Trouble

LEAST_KEY = 16
"""Characters of a signing key: fewer could be guessed from one file."""

UNNAMED = "unnamed"
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_TROUBLES = {
    "account_closed": Trouble.ACCOUNT_CLOSED,
    "no_such_account": Trouble.DETAILS_WRONG,
    "blocked": Trouble.BLOCKED,
    "no_funds": Trouble.NO_FUNDS,
}


def code_of(value: object) -> str | None:
    """A code of the core system as it may be kept for ever: free text could name a customer, so it
    is not kept. None where there is none."""
    if not isinstance(value, str) or not value:
        return None
    return value if _CODE.fullmatch(value) else UNNAMED


def trouble_of(reason: str | None) -> Trouble:
    return _TROUBLES.get(reason or "", Trouble.OTHER)


def sign(key: str, content: bytes) -> str:
    """HMAC-SHA256 in hexadecimal."""
    return hmac.new(key.encode(), content, hashlib.sha256).hexdigest()


def is_signed(key: str, content: bytes, signature: str) -> bool:
    return hmac.compare_digest(sign(key, content).encode(), signature.encode())
