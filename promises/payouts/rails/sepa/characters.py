"""Text that every bank of the area takes.

The European Payments Council's basic set, and the letters of Finnish and Swedish beside it, which
the banks of Finland take and by which they compare the payee's name.
"""

import unicodedata

_BASIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
_KEPT = _BASIC | frozenset("åäöÅÄÖ")
_INSTEAD = {
    "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ß": "ss", "ẞ": "SS",
    "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "đ": "d", "Đ": "D", "ł": "l", "Ł": "L",
    "ı": "i", "ŋ": "n", "Ŋ": "N", "ħ": "h", "Ħ": "H",
    "&": "+", "_": "-", "–": "-", "—": "-", "−": "-", "‘": "'", "’": "'", "´": "'", "`": "'",
    '"': "'", "“": "'", "”": "'", "„": "'", ";": ",", "[": "(", "]": ")", "{": "(", "}": ")",
    "€": "EUR",
}  # fmt: skip
_UNSEEN = frozenset({"Cc", "Cf", "Mc", "Me", "Mn"})
"""Controls, signs of direction, and marks that stand on no letter of their own."""


def bank_text(text: str, longest: int) -> str:
    """The text in letters that banks take: å ä ö stay, other marks fall off their letters, what is
    not seen is left out, and what has no likeness becomes a full stop. Never begins or ends with a
    slash or holds two of them, which ISO 20022 gives a meaning of its own."""
    folded = "".join(_letter(one) for one in unicodedata.normalize("NFC", text))
    words = " ".join(folded.split())
    while "//" in words:
        words = words.replace("//", "/")
    return words[:longest].strip("/ ")


def _letter(one: str) -> str:
    if one in _KEPT:
        return one
    if one.isspace():
        return " "
    if one in _INSTEAD:
        return _INSTEAD[one]
    if unicodedata.category(one) in _UNSEEN:
        return ""
    bare = "".join(part for part in unicodedata.normalize("NFKD", one) if part in _BASIC)
    return bare or "."
