"""Personal data in free text, hidden before the text is stored.

Found by its shape: addresses, account numbers, Finnish personal identity codes, and runs of digits
as long as a phone or card number. Names have no shape and stay.
"""

import re

MASK = "•••"

_SHAPES = re.compile(
    r"[^\s@<>()\[\],;:]+@[^\s@<>()\[\],;:]+\.[^\W\d_]{2,}"  # an e-mail address
    r"|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]){11,30}\b"  # an account number (IBAN)
    r"|\b\d{6}[-+A-FU-Ya-fu-y]\d{3}[0-9A-Ya-y]\b"  # a Finnish personal identity code
    r"|(?<![\w.,])\+?\(?\d(?:[ \-/().\u00a0\u2010-\u2013]{0,2}\d){6,18}(?!\w)"  # a phone, a card
)
_DATE = re.compile(r"\d{1,2}[./]\d{1,2}[./]\d{4}|\d{4}-\d{2}-\d{2}")


def mask_personal(text: str) -> str:
    """The text with a mark in place of each; dates stay."""
    return _SHAPES.sub(_masked, text)


def _masked(found: re.Match[str]) -> str:
    return found[0] if _DATE.fullmatch(found[0]) else MASK
