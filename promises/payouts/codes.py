"""Voucher codes: derived from the voucher and the organisation's key, never stored.

The customer's page and the desk can show a code again, because it can be derived again. The
database holds a MAC to find it by and its last four characters to name it by.
"""

import hmac
from hashlib import sha256
from uuid import UUID

from promises.kernel.ids import crockford, group_code, mac, normalise_code

CODE_BYTES = 10  # 80 bits
CODE_LENGTH = 16


def voucher_code(key: bytes, voucher_id: UUID, generation: int) -> str:
    """16 Crockford characters, ungrouped; another generation is another code."""
    digest = hmac.new(key, f"voucher:{voucher_id}:{generation}".encode(), sha256).digest()
    return crockford(digest[:CODE_BYTES])


def shown(code: str) -> str:
    """For people: ABCD-EFGH-JKMN-PQRS."""
    return group_code(code)


def code_mac(key: bytes, typed: str) -> bytes:
    """What a code is looked up by, however somebody typed it."""
    return mac(key, f"code:{normalise_code(typed)}")
