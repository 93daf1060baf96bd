"""Reading and writing one place of a JSON document by its pointer (RFC 6901)."""

from typing import Any


class NoSuchPlace(LookupError):
    """The document has no such place."""


def value_at(document: Any, pointer: str) -> Any:
    """None where only the last key is left out. Raises NoSuchPlace for anything further away."""
    parts = _parts(pointer)
    found = document
    for index, part in enumerate(parts):
        if isinstance(found, dict) and (part in found or index == len(parts) - 1):
            found = found.get(part)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            raise NoSuchPlace(pointer)
    return found


def put(document: Any, pointer: str, value: Any) -> None:
    """Writes in place; None takes a key of an object out. Raises NoSuchPlace."""
    *way, last = _parts(pointer)
    home = value_at(document, "".join(f"/{_escaped(part)}" for part in way)) if way else document
    if isinstance(home, list) and last.isdigit() and int(last) < len(home):
        home[int(last)] = value
    elif not isinstance(home, dict):
        raise NoSuchPlace(pointer)
    elif value is None:
        home.pop(last, None)
    else:
        home[last] = value


def _parts(pointer: str) -> list[str]:
    if not pointer.startswith("/"):
        raise NoSuchPlace(pointer)
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
