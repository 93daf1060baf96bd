"""Names for addresses and for terms, made from names for people."""

import re
import unicodedata


def slugify(name: str, *, most: int = 63) -> str:
    """`Keskusta Åbo` → `keskusta-abo`; `branch` where nothing is left."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:most].strip("-") or "branch"
