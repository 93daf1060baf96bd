"""Keys and codes: ordered inner ids, unguessable tokens, and codes that people can read aloud."""

import hashlib
import hmac
import secrets
import struct
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

from promises.kernel.clock import process_clock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_RANDOM_BITS = (1 << 62) - 1
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans("OIL", "011")
_SEPARATORS = frozenset(" \t\r\n\u00a0\u202f-\u2010\u2011\u2012\u2013\u2014\u2212_.·")

_lock = threading.Lock()
_last_tick = 0


def new_id() -> UUID:
    """A UUID of version 7. Within one process every id is greater than the one before it.

    The 12 bits after the milliseconds hold the fraction of the millisecond (RFC 9562, method 3);
    when the clock stands still or goes back they count on from the last id.
    """
    global _last_tick
    tick = _tick_of_now()
    with _lock:
        tick = max(tick, _last_tick + 1)
        _last_tick = tick
    return _make(tick, secrets.randbits(62))


def _tick_of_now() -> int:
    """Milliseconds since the epoch in the upper bits, the fraction in the lower 12."""
    micros = (process_clock.now() - _EPOCH) // _MICROSECOND
    millis, rest = divmod(micros, 1000)
    return (millis << 12) | (rest * 4096 // 1000)


def _make(tick: int, noise: int) -> UUID:
    millis, fraction = tick >> 12, tick & 0xFFF
    return UUID(int=millis << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | noise)


def new_ids(count: int) -> list[UUID]:
    """Many ids at once, in order, for the price of one look at the clock."""
    global _last_tick
    if count < 1:
        return []
    first = _tick_of_now()
    with _lock:
        first = max(first, _last_tick + 1)
        _last_tick = first + count - 1
    noise = struct.unpack(f"{count}Q", secrets.token_bytes(8 * count))
    return [_make(first + number, bits & _RANDOM_BITS) for number, bits in enumerate(noise)]


def new_token(bits: int = 128) -> str:
    """A URL-safe secret of at least `bits` bits."""
    return secrets.token_urlsafe(-(-bits // 8))


def mac(key: bytes, text: str) -> bytes:
    """HMAC-SHA256 of the UTF-8 text: 32 bytes."""
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def crockford(data: bytes) -> str:
    """Crockford base32, first bits first; 10 bytes give 16 characters. Left-over bits are zeros."""
    width = -(-len(data) * 8 // 5)
    number = int.from_bytes(data) << (width * 5 - len(data) * 8)
    return "".join(_ALPHABET[number >> (5 * i) & 31] for i in reversed(range(width)))


def normalise_code(text: str) -> str:
    """A code as somebody typed it: upper case, no separators, O read as 0 and I or L as 1."""
    kept = "".join(c for c in text.upper() if c not in _SEPARATORS)
    return kept.translate(_LOOKALIKES)


def group_code(code: str) -> str:
    """`ABCDEFGH` → `ABCD-EFGH`."""
    return "-".join(code[i : i + 4] for i in range(0, len(code), 4))
